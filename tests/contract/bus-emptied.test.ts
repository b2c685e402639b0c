// A NATS that comes back without what it kept: a volume that was lost, or a server set up anew under the same name. What
// was kept is gone; whoever holds, keeps, consumes or leads goes on by itself, on streams that are made again.

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryStore } from '#src/adapters/memory/store.ts';
import { natsBus } from '#src/adapters/nats/bus.ts';
import { busHolders } from '#src/adapters/nats/holder.ts';
import { ALERTS, EVENTS } from '#src/app/feeds.ts';
import { LEADER, runRelay } from '#src/app/relay.ts';
import { toStored } from '#src/kernel/log.ts';
import type { Bus } from '#src/ports/bus.ts';
import { GENESIS, seal } from '#src/record/record.ts';
import { startNatsServer, type NatsServer } from '#tests/support/nats-server.ts';
import { skipWithout } from '#tests/support/tools.ts';

const TTL_MS = 900;
const FEED = { name: 'F', subjects: ['f.>'], maxAgeMs: 3_600_000, windowMs: 120_000 } as const;

let server: NatsServer;
let closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  server = await startNatsServer();
  closing = [() => server.dispose()];
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
});

async function connected(): Promise<Bus> {
  const bus = await natsBus({ url: server.url });
  closing.push(() => bus.close());
  return bus;
}

/** Killed, its folder emptied, and started again. */
async function comesBackEmpty(): Promise<void> {
  await server.stop();
  for (const name of readdirSync(server.folder)) if (name !== 'nats.conf') rmSync(join(server.folder, name), { recursive: true, force: true });
  await server.start();
}

/** Until it does not throw any more. */
async function inTheEnd<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      await pause(50);
    }
  }
}

describe.skipIf(skipWithout('nats-server'))('NATS that comes back empty', () => {
  test('BU6 BU7 keys are made again, and a revision of before fits nothing', async () => {
    const bucket = await (await connected()).bucket('B', 60_000);
    const revision = (await bucket.create('k', 'a')) ?? 0;
    await comesBackEmpty();
    expect(await inTheEnd(() => bucket.get('k'))).toBeNull();
    expect(await bucket.update('k', 'b', revision)).toBeNull();
    await bucket.remove('k', revision);
    const next = await bucket.create('k', 'c');
    expect(await bucket.get('k')).toEqual({ value: 'c', revision: next });
  }, 30_000);

  test('H1 H2 a hold is taken again by who had it, others are held, and new ones are refused or given as ever', async () => {
    const [mine, theirs] = [busHolders(await connected(), { ttlMs: TTL_MS }), busHolders(await connected(), { ttlMs: TTL_MS })];
    const hold = await mine.acquire('r1');
    expect(await theirs.holder('r1')).not.toBeNull();
    await comesBackEmpty();
    while ((await inTheEnd(() => theirs.holder('r1'))) === null) await pause(20);
    await expect(theirs.acquire('r1')).rejects.toMatchObject({ code: 'run.locked' });
    await pause(2 * TTL_MS); // it is renewed as before
    await expect(theirs.acquire('r1')).rejects.toMatchObject({ code: 'run.locked' });
    await hold.release();
    await (await theirs.acquire('r1')).release();
    await (await mine.acquire('r2')).release();
  }, 30_000);

  test.each([['for a while', null, 'new'], ['under a durable name', 'pager', 'new'], ['since a time', null, 0]] as const)('BU5 BU7 who consumes %s is given all that is kept from then on, whatever its number', async (_name, durable, from) => {
    const [bus, other] = [await connected(), await connected()];
    for (const each of [bus, other]) await each.feed(FEED);
    await other.keep('f.a', Buffer.from('x'), 'before');
    const seen: string[] = [];
    await bus.consume({ feed: 'F', filter: 'f.>', durable, from }, async ({ id, seq }) => void seen.push(`${id} ${seq}`));
    for (const id of ['m2', 'm3', 'm4']) await other.keep('f.a', Buffer.from('x'), id);
    while (!seen.includes('m4 4')) await pause(20);
    await comesBackEmpty();
    const again = await natsBus({ url: server.url });
    closing.push(() => again.close());
    await again.feed(FEED); // before the one who consumes looks again, or after it
    for (const id of ['m5', 'm6']) await inTheEnd(() => again.keep('f.a', Buffer.from('x'), id));
    while (!seen.includes('m6 2')) await pause(20);
    expect(seen.slice(from === 0 ? 1 : 0)).toEqual(['m2 2', 'm3 3', 'm4 4', 'm5 1', 'm6 2']);
  }, 30_000);

  test('BU5 BU7 who consumes makes the feed again that it was told of', async () => {
    const bus = await connected();
    await bus.feed(FEED);
    const seen: string[] = [];
    await bus.consume({ feed: 'F', filter: 'f.>', durable: 'pager', from: 'new' }, async ({ id }) => void seen.push(id ?? ''));
    await comesBackEmpty();
    const other = await connected();
    await inTheEnd(() => other.keep('f.a', Buffer.from('x'), 'm1'));
    while (seen.length === 0) await pause(20);
    expect(seen).toEqual(['m1']);
  }, 30_000);

  test('the relay leads again and makes its feeds, and an alert reaches who listened before', async () => {
    const store = memoryStore();
    const stop = new AbortController();
    const [bus, pager] = [await connected(), await connected()];
    const holders = busHolders(bus, { ttlMs: TTL_MS });
    const ended = runRelay({ events: store.events, bus, holders, logger: { warn: () => {}, info: () => {} }, nonce: 'n', stop: stop.signal });
    closing.push(async () => (stop.abort(), ended));
    while ((await holders.holder(LEADER)) === null) await pause(20);
    await pager.feed(ALERTS);
    const seen: string[] = [];
    await pager.consume({ feed: ALERTS.name, filter: 'autopack.v1.*.alert.>', durable: 'pager', from: 'new' }, async ({ subject }) => void seen.push(subject));
    await comesBackEmpty();
    const { record, body } = seal({ run: 'r1', seq: 0, at: 1, to: 'run', event: { type: 'timer.fired', v: 1, data: {} }, moves: [], facts: [{ actor: 'run', type: 'run.paused', data: { reason: 'budget', detail: 'x' } }], effects: [], state: GENESIS, prev: GENESIS });
    await store.events.append('run-r1', -1, [toStored({ record, body }, 'n')]);
    while (seen.length === 0) await pause(20);
    expect(seen).toEqual(['autopack.v1.r1.alert.critical.budget']);
    const events: string[] = [];
    await inTheEnd(() => pager.consume({ feed: EVENTS.name, filter: 'autopack.v1.>', durable: null, from: 0 }, async ({ subject }) => void events.push(subject)));
    while (events.length < 2) await pause(20);
    expect(events).toEqual(['autopack.v1.r1.event.timer.fired', 'autopack.v1.r1.fact.run.paused']);
  }, 40_000);
});
