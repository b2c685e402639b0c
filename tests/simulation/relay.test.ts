// The relay on adapters in memory: what is in the log is published, whatever dies or leads twice.

import { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { memoryHolders } from '#src/adapters/memory/holder.ts';
import { memoryDisk, memoryStore } from '#src/adapters/memory/store.ts';
import { appendedOf } from '#src/adapters/ledger/wire.ts';
import { messagesOf } from '#src/app/feeds.ts';
import type { Appends } from '#src/app/ledger.ts';
import { RELAY_STREAM, runRelay, type RelayDeps } from '#src/app/relay.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { fromStored, toStored } from '#src/kernel/log.ts';
import type { Bus } from '#src/ports/bus.ts';
import type { Holders } from '#src/ports/holder.ts';
import { seal, sealed, streamOf, type RunRecord } from '#src/record/record.ts';
import { recordRun } from '#tests/support/recorded.ts';

const runs = [3, 5, 11].map((seed) => recordRun(seed, `run${seed}`, ['a', 'b']).records);
/** As a reader of the log has it: its keys in order. */
const read = (record: RunRecord): RunRecord => fromStored(record.run, { ...toStored(sealed(record), 'n'), stream: streamOf(record.run), revision: record.seq, position: 0 });
const wanted = runs.flat().flatMap(messagesOf).map(({ subject, id }) => `${subject} ${id}`).sort();

function world() {
  const [disk, broker] = [memoryDisk(), memoryBroker()];
  const { events } = memoryStore(disk);
  let processes = 0;
  const append = (record: RunRecord): Promise<number> => events.append(streamOf(record.run), record.seq - 1, [toStored(sealed(record), 'n')]);
  /** A relay of its own; `held` is who leads by the bus. */
  const relay = (held: Holders, wrap = (bus: Bus) => bus, beside: Partial<RelayDeps> = {}) => {
    const stop = new AbortController();
    const told: string[] = [];
    const say = (_fields: unknown, why?: string): void => void told.push(why ?? '');
    const ended = runRelay({ events: memoryStore(disk).events, bus: wrap(memoryBus(broker)), holders: held, logger: { warn: say, info: say } as never, nonce: `p${(processes += 1)}`, stop: stop.signal, ...beside });
    return { told, stop: async () => (stop.abort(), ended) };
  };
  const published = (): string[] => [...broker.feeds.values()].flatMap(({ messages }) => messages.map(({ subject, id }) => `${subject} ${id}`)).sort();
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await pause(5);
  };
  const checkpoints = () => events.read(RELAY_STREAM);
  return { append, relay, published, until, checkpoints, disk, broker };
}

test('every record, fact, move and alert is published once, in order of its run, by one relay after another', async () => {
  const { append, relay, published, until, checkpoints, broker } = world();
  const held = new Map();
  for (const records of runs.slice(0, 2)) for (const record of records) await append(record);
  const first = relay(memoryHolders({ held }));
  await until(() => published().length > 100);
  await first.stop();
  const second = relay(memoryHolders({ held }));
  for (const record of runs[2] ?? []) await append(record);
  await until(() => published().length >= wanted.length);
  await second.stop();
  expect(published()).toEqual(wanted);
  const bodies = (messages: readonly { readonly id: string | null; readonly body: Uint8Array }[]): Map<string | null, string> => new Map(messages.map(({ id, body }) => [id, Buffer.from(body).toString()]));
  expect(bodies([...broker.feeds.values()].flatMap(({ messages }) => messages))).toEqual(bodies(runs.flat().map(read).flatMap(messagesOf)));
  const moved = (await checkpoints()).map(({ type }) => type);
  expect([moved.filter((type) => type === 'relay.began').length, moved.at(-1)]).toEqual([2, 'relay.reached']);
});

test('who appends while the relay finds nothing new is heard at once, not a second later', async () => {
  const { append, published, disk, broker } = world();
  const { events } = memoryStore(disk);
  const [record] = runs[0] ?? [];
  if (record === undefined) throw new Error('no record');
  const bus = memoryBus(broker);
  let appendedAt = 0;
  const readAll: typeof events.readAll = async (options) => {
    const page = await events.readAll(options);
    if (page.length > 0 || appendedAt > 0) return page;
    await append(record);
    appendedAt = performance.now();
    await bus.publish(appendedOf(streamOf(record.run)), new Uint8Array());
    return page; // read before it
  };
  const stop = new AbortController();
  const ended = runRelay({ events: { ...events, readAll }, bus: memoryBus(broker), holders: memoryHolders({ held: new Map() }), logger: { warn: () => {}, info: () => {} }, nonce: 'n', stop: stop.signal });
  while (published().length === 0) await pause(5);
  expect(performance.now() - appendedAt).toBeLessThan(700);
  stop.abort();
  await ended;
});

test('a relay that rests writes no checkpoint: its own would wake it for ever', async () => {
  const { append, relay, published, until, checkpoints } = world();
  for (const record of runs[0] ?? []) await append(record);
  const only = relay(memoryHolders());
  await until(() => published().length > 0);
  await pause(2500);
  await only.stop();
  expect((await checkpoints()).length).toBeLessThanOrEqual(3);
});

test('of two that believe to lead the older one is refused at its next checkpoint, and nothing is lost or doubled', async () => {
  const { append, relay, published, until } = world();
  const [old, young] = [relay(memoryHolders()), relay(memoryHolders())]; // each is alone by its own holders
  for (const records of runs) for (const record of records) await append(record);
  await until(() => published().length >= wanted.length && [...old.told, ...young.told].includes('another relay leads'));
  await Promise.all([old.stop(), young.stop()]);
  expect(published()).toEqual(wanted);
});

test('a bus that refuses for a while, and one whose answer is lost, lose no message and double none', async () => {
  const { append, relay, published, until } = world();
  const [refused, unanswered] = [runs[0]?.[3]?.hash ?? '', runs[0]?.[7]?.hash ?? ''];
  const times = { refused: 3, unanswered: 2 };
  const failing = (bus: Bus): Bus => ({ ...bus, keep: async (...args) => {
    if (args[2].startsWith(refused) && (times.refused -= 1) >= 0) throw new ExecutorError('bus.unavailable', 'away');
    const kept = await bus.keep(...args);
    if (args[2].startsWith(unanswered) && (times.unanswered -= 1) >= 0) throw new ExecutorError('bus.unavailable', 'the answer was lost');
    return kept;
  } });
  for (const records of runs) for (const record of records) await append(record);
  const only = relay(memoryHolders(), failing);
  await until(() => published().length >= wanted.length);
  await only.stop();
  expect(published()).toEqual(wanted);
  expect(Math.max(times.refused, times.unanswered), 'it met both').toBeLessThan(0);
});

test('a damaged record is told of as replay_mismatch, and the others go on', async () => {
  const { append, relay, published, until, disk } = world();
  for (const record of runs[0] ?? []) await append(record);
  disk.events[2] = { ...(disk.events[2] as (typeof disk.events)[number]), data: '{}' };
  const only = relay(memoryHolders());
  const last = `${runs[0]?.at(-1)?.hash}:0`;
  await until(() => published().some((text) => text.endsWith(last)));
  await only.stop();
  expect(published().filter((text) => text.includes('replay_mismatch'))).toEqual([expect.stringContaining('autopack.v1.run3.alert.critical.replay_mismatch')]);
});

const alerting = runs[0]?.find((record) => messagesOf(record).some(({ isAlert }) => isAlert));
const [alert] = alerting === undefined ? [] : messagesOf(alerting).filter(({ isAlert }) => isAlert);

test('an alert of what the ledger beside it appended is told before the log is read, and not again when it is', async () => {
  const { append, relay, published, until, disk } = world();
  if (alert === undefined) throw new Error('no alert');
  const appends = new EventEmitter<Appends>();
  const gate = { isOpen: false };
  const { events } = memoryStore(disk);
  const readAll: typeof events.readAll = async (options) => (gate.isOpen ? events.readAll(options) : []);
  const heard: string[] = [];
  const hearing = (bus: Bus): Bus => ({ ...bus, keep: (...args) => (heard.push(args[2]), bus.keep(...args)) });
  const only = relay(memoryHolders(), hearing, { appends, events: { ...events, readAll } });
  for (const record of runs[0] ?? []) await append(record);
  await until(() => appends.listenerCount('appended') > 0);
  appends.emit('appended', runs[0] ?? []);
  await until(() => published().some((text) => text.endsWith(alert.id)));
  expect(heard.filter((id) => !(runs[0] ?? []).flatMap(messagesOf).some((message) => message.id === id && message.isAlert)), 'alerts alone').toEqual([]);
  gate.isOpen = true;
  await until(() => published().length >= (runs[0] ?? []).flatMap(messagesOf).length);
  await only.stop();
  expect(heard.filter((id) => id === alert.id)).toHaveLength(1);
  expect([heard.length, appends.listenerCount('appended')]).toEqual([(runs[0] ?? []).flatMap(messagesOf).length, 0]);
});

test('an alert that could not be told at once is told when the log is read', async () => {
  const { append, relay, published, until } = world();
  if (alert === undefined) throw new Error('no alert');
  const appends = new EventEmitter<Appends>();
  const refusals = { left: 1 };
  const failing = (bus: Bus): Bus => ({ ...bus, keep: async (...args) => {
    if (args[2] === alert.id && (refusals.left -= 1) >= 0) throw new ExecutorError('bus.unavailable', 'away');
    return bus.keep(...args);
  } });
  const only = relay(memoryHolders(), failing, { appends });
  await until(() => appends.listenerCount('appended') > 0);
  appends.emit('appended', runs[0] ?? []);
  expect(refusals.left).toBe(0);
  for (const record of runs[0] ?? []) await append(record);
  await until(() => published().some((text) => text.endsWith(alert.id)));
  await only.stop();
});

/** What a ledger takes, for it runs no charts: the record is whole, and says what no chart would. */
const hostile: Record<string, Partial<RunRecord>> = {
  'a question without options': { effects: [{ id: 'run/1', type: 'askHuman', params: {} }] },
  'a pause without a reason': { facts: [{ actor: 'run', type: 'run.paused', data: {} }] },
  'a time that no calendar has': { at: Number.MAX_SAFE_INTEGER },
  'names of kilobytes': { moves: [{ actor: 'run', from: 'A', to: 'B.'.repeat(5_000) }], facts: [{ actor: 'run', type: `x${'.y'.repeat(5_000)}`, data: {} }] },
};

test.each(Object.entries(hostile))('%s stops no relay: what lies behind it is published', async (_name, said) => {
  const { append, relay, published, until } = world();
  const [first, ...others] = runs[0] ?? [];
  if (first === undefined) throw new Error('no record');
  const { hash: _, ...unsealed } = first;
  await append(seal({ ...unsealed, run: 'bad', ...said }).record);
  for (const record of [first, ...others]) await append(record);
  const only = relay(memoryHolders());
  const last = `${others.at(-1)?.hash}:0`;
  await until(() => published().some((text) => text.endsWith(last)));
  await only.stop();
  expect(Math.max(...published().map((text) => text.length))).toBeLessThan(1_500);
});

test('a message above what the bus takes is passed over and said, and all others are published', async () => {
  const { append, relay, published, until } = world();
  const messages = (runs[0] ?? []).flatMap(messagesOf);
  const largest = Math.max(...messages.map(({ body }) => body.byteLength));
  const small = messages.filter(({ body }) => body.byteLength < largest);
  for (const record of runs[0] ?? []) await append(record);
  const only = relay(memoryHolders(), (bus) => ({ ...bus, maxBytes: largest + 200 }));
  await until(() => published().length >= small.length);
  await only.stop();
  expect(published()).toEqual(small.map(({ subject, id }) => `${subject} ${id}`).sort());
  expect(only.told).toEqual([expect.stringContaining('passed over')]);
});

test('no two messages of a log have one id: who hears records and alerts takes neither for a repeat of the other', () => {
  const messages = runs.flat().flatMap(messagesOf);
  expect(messages.some(({ subject }) => subject.includes('.alert.'))).toBe(true);
  expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
});
