// A worker among runs that are damaged or over: what is wrong with one keeps it from no other (K17), and what is over costs a
// read.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { memoryHolders } from '#src/adapters/memory/holder.ts';
import { memoryDisk, memoryStore } from '#src/adapters/memory/store.ts';
import { busHolders } from '#src/adapters/nats/holder.ts';
import { readPrompts } from '#src/app/execute.ts';
import { machineOf, type Store } from '#src/app/machine.ts';
import { configuration, prepareStart } from '#src/app/start.ts';
import { submitRun } from '#src/app/submission.ts';
import { work } from '#src/app/worker.ts';
import { ExecutorError, type ErrorCode } from '#src/errors/errors.ts';
import { unchanged } from '#src/events/inputs.ts';
import type { Fate } from '#src/kernel/group.ts';
import { streamOf } from '#src/record/record.ts';
import { CLOCK, makePlace, removePlace } from '#tests/support/e2e.ts';

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Seen {
  readonly taken: string[];
  readonly ended: Fate[];
}

/** Runs on a store of this process, and workers on it, each behind what is wrong with the store. */
async function place() {
  const [made, disk] = [makePlace(), memoryDisk()];
  closing.push(() => removePlace(made));
  const machine = machineOf({ AUTOPACK_HOME: made.home, AUTOPACK_CLOCK: CLOCK, AUTOPACK_LOG_LEVEL: 'silent', PATH: process.env['PATH'] }, {});
  const store: Store = { ...memoryStore(disk), holders: memoryHolders(), close: async () => {} };
  const submit = async (run: string): Promise<void> => {
    const prepared = await prepareStart(machine, { plan: made.plan, runId: run, workspace: made.repo.root, provider: 'vendors', flags: { base: null, caps: unchanged, dualAudit: true, sandbox: 'none' }, isElsewhere: true });
    await submitRun(machine, store, { prepared, labels: [] });
  };
  /** @returns what the worker did by the time that it was `enough`; rejects where it ended by itself */
  const worked = async (wrong: (store: Store) => Partial<Store>, enough: (seen: Seen) => boolean): Promise<Seen> => {
    const [stop, seen]: [AbortController, Seen] = [new AbortController(), { taken: [], ended: [] }];
    const working = work({
      machine, store: { ...store, ...wrong(store) }, root: made.repo.root, provider: `script:${made.answers}`, table: (await configuration()).models, prompts: await readPrompts(), labels: new Set(), sandbox: 'none',
      capacity: 1, snapshotEvery: 100, lookMs: 20, stop: stop.signal, taken: (run) => void seen.taken.push(run), ended: (fate) => void seen.ended.push(fate),
    });
    let isOver = false;
    const over = working.finally(() => (isOver = true));
    over.catch(() => {});
    while (!isOver && !enough(seen)) await pause(5);
    stop.abort();
    await over;
    return seen;
  };
  return { store, submit, worked };
}

const isDone = (run: string) => ({ ended }: Seen): boolean => ended.some((fate) => fate.run === run && 'driven' in fate);
const bad = (code: ErrorCode) => async (): Promise<never> => {
  throw new ExecutorError(code, 'it is damaged');
};
const isOld = (stream: string): boolean => stream === streamOf('old');

/** Where only what concerns the run `old` goes wrong. */
const WRONG: readonly (readonly [what: string, wrong: (store: Store) => Partial<Store>])[] = [
  ['whose stream was deleted', ({ events }) => ({ events: { ...events, read: (stream, options) => (isOld(stream) ? bad('store.damaged')() : events.read(stream, options)) } })],
  ['whose mark is missing', ({ blobs }) => ({ blobs: { ...blobs, recall: (run, effect) => (run === 'old' ? bad('blob.missing')() : blobs.recall(run, effect)) } })],
  ['whose mark cannot be read for a reason of our own', ({ blobs }) => ({ blobs: { ...blobs, recall: (run, effect) => (run === 'old' ? Promise.reject(new TypeError('x is not a function')) : blobs.recall(run, effect)) } })],
  ['whose stream alone gives no answer', ({ events }) => ({ events: { ...events, read: (stream, options) => (isOld(stream) ? bad('store.unavailable')() : events.read(stream, options)) } })],
  ['whose holder cannot be told', ({ holders }) => ({ holders: { ...holders, holder: (run) => (run === 'old' ? Promise.reject(new SyntaxError('no JSON')) : holders.holder(run)) } })],
  ['that cannot be held', ({ holders }) => ({ holders: { ...holders, acquire: (run) => (run === 'old' ? bad('bus.refused')() : holders.acquire(run)) } })],
];

test.each(WRONG)('K17 a run %s is left, and the next one is seen through', async (_what, wrong) => {
  const { submit, worked } = await place();
  await submit('old');
  await submit('new');
  expect((await worked(wrong, isDone('new'))).taken).toEqual(['new']);
});

test('K17 a key in the holders\' bucket that is no row of ours is held by nobody known, and the next run is seen through', async () => {
  const { submit, worked } = await place();
  const bus = memoryBus(memoryBroker());
  await submit('old');
  await submit('new');
  await (await bus.bucket('autopack-holders', 60_000)).create('old', 'not json');
  expect((await worked(() => ({ holders: busHolders(bus, { ttlMs: 60_000 }) }), isDone('new'))).taken).toEqual(['new']);
});

test('a store that was away for a while is gone on with as soon as it is back, whatever was asked of it meanwhile', async () => {
  const { submit, worked } = await place();
  await submit('one');
  let refusals = 0;
  const away: typeof WRONG[number][1] = ({ events }) => ({ events: { ...events, read: (stream, options) => (refusals < 2 ? ((refusals += 1), bad('store.unavailable')()) : events.read(stream, options)) } });
  const begun = performance.now();
  await worked(away, isDone('one'));
  expect(performance.now() - begun).toBeLessThan(8_000); // a rest after each refusal, none of them longer than the first
});

test('runs that are over are not held and not folded again when a worker starts', async () => {
  const { store, submit, worked } = await place();
  for (const run of ['one', 'two']) await submit(run);
  await worked(() => ({}), (seen) => isDone('one')(seen) && isDone('two')(seen));
  await submit('three');
  const [held, read]: [string[], Map<string, number>] = [[], new Map()];
  const counting: typeof WRONG[number][1] = ({ events, holders }) => ({
    holders: { ...holders, acquire: (run) => (held.push(run), holders.acquire(run)) },
    events: { ...events, read: (stream, options) => (read.set(stream, (read.get(stream) ?? 0) + 1), events.read(stream, options)) },
  });
  await worked(counting, isDone('three'));
  expect(held).toEqual(['three']);
  expect([read.get(streamOf('one')), read.get(streamOf('two'))]).toEqual([1, 1]);
  expect((await store.events.readAll({ types: ['run.resumed'] })).length).toBe(0);
});
