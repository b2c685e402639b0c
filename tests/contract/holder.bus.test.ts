import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { natsBus } from '#src/adapters/nats/bus.ts';
import { busHolders } from '#src/adapters/nats/holder.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Bus } from '#src/ports/bus.ts';
import { startNatsServer } from '#tests/support/nats-server.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { holdersContract, type HoldersWorld } from './holder.ts';

const TTL_MS = 600;

/** A process dies with its connection; the system gives its runs back when the key has lapsed. */
function worldOf(connect: () => Promise<Bus>, dispose: () => Promise<void>): HoldersWorld {
  const open: Bus[] = [];
  const connected = async (): Promise<Bus> => {
    const bus = await connect();
    open.push(bus);
    return bus;
  };
  return {
    process: async () => busHolders(await connected(), { ttlMs: TTL_MS }),
    async mortal(run) {
      const bus = await connected();
      await busHolders(bus, { ttlMs: TTL_MS }).acquire(run);
      return {
        async die() {
          await bus.close();
          const looking = busHolders(await connected(), { ttlMs: TTL_MS });
          while ((await looking.holder(run)) !== null) await pause(50);
        },
      };
    },
    async dispose() {
      await Promise.all(open.map((bus) => bus.close()));
      await dispose();
    },
  };
}

holdersContract('the bus in memory', async () => {
  const broker = memoryBroker();
  return worldOf(async () => memoryBus(broker), async () => {});
});

/** Whose renewals are made, and every second answer to one is lost. */
function losing(bus: Bus, lost: { count: number }): Bus {
  return {
    ...bus,
    async bucket(name, ttlMs) {
      const bucket = await bus.bucket(name, ttlMs);
      let beats = 0;
      return {
        ...bucket,
        async update(key, value, revision) {
          const next = await bucket.update(key, value, revision);
          beats += 1;
          if (next === null || beats % 2 === 0) return next;
          lost.count += 1;
          throw new ExecutorError('bus.unavailable', 'the answer was lost');
        },
      };
    },
  };
}

test('H1 a hold whose renewal was made, but the answer lost, is kept on and given back', async () => {
  const [broker, lost] = [memoryBroker(), { count: 0 }];
  const [first, second] = [busHolders(losing(memoryBus(broker), lost), { ttlMs: TTL_MS }), busHolders(memoryBus(broker), { ttlMs: TTL_MS })];
  const hold = await first.acquire('r1');
  await pause(3 * TTL_MS);
  expect(lost.count).toBeGreaterThan(2);
  await expect(second.acquire('r1')).rejects.toMatchObject({ code: 'run.locked' });
  await hold.release();
  await (await second.acquire('r1')).release();
});

test('H1 a hold that lapsed and was taken by another is let go of for good', async () => {
  const broker = memoryBroker();
  const away = { is: false };
  const bus = memoryBus(broker);
  const cut: Bus = {
    ...bus,
    async bucket(name, ttlMs) {
      const bucket = await bus.bucket(name, ttlMs);
      const reached = <A extends unknown[], T>(work: (...args: A) => Promise<T>) => async (...args: A): Promise<T> => {
        if (away.is) throw new ExecutorError('bus.unavailable', 'cut off');
        return work(...args);
      };
      return { get: reached(bucket.get), create: reached(bucket.create), update: reached(bucket.update), remove: reached(bucket.remove) };
    },
  };
  const [first, second] = [busHolders(cut, { ttlMs: TTL_MS }), busHolders(memoryBus(broker), { ttlMs: TTL_MS })];
  const old = await first.acquire('r1');
  away.is = true;
  await pause(2 * TTL_MS);
  const hold = await second.acquire('r1');
  away.is = false;
  await pause(TTL_MS);
  await old.release();
  await expect(first.acquire('r1')).rejects.toMatchObject({ code: 'run.locked' });
  await hold.release();
  await (await first.acquire('r1')).release();
});

test.each(['not json', '{"host":"elsewhere"}'])('H3 a key that holds %s is held by nobody known until it lapses', async (value) => {
  const bus = memoryBus(memoryBroker());
  const holders = busHolders(bus, { ttlMs: TTL_MS });
  await (await bus.bucket('autopack-holders', TTL_MS)).create('r1', value);
  await expect(holders.acquire('r1')).rejects.toMatchObject({ code: 'run.locked', message: expect.stringContaining('an unknown host') });
  while ((await holders.holder('r1')) !== null) await pause(50);
  await (await holders.acquire('r1')).release();
});

describe.skipIf(skipWithout('nats-server'))('with a server', () => {
  holdersContract('the bus on NATS', async () => {
    const server = await startNatsServer();
    return worldOf(() => natsBus({ url: server.url }), () => server.dispose());
  });

  test('H2 a server that is held still keeps nobody from letting go', async () => {
    const server = await startNatsServer();
    try {
      const bus = await natsBus({ url: server.url });
      const hold = await busHolders(bus, { ttlMs: TTL_MS }).acquire('r1');
      server.freeze(true);
      await pause(TTL_MS); // a renewal is under way
      const begun = performance.now();
      await hold.release();
      expect(performance.now() - begun).toBeLessThan(2_000);
      await bus.close();
    } finally {
      await server.dispose();
    }
  }, 30_000);
});
