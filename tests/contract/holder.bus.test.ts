import { setTimeout as pause } from 'node:timers/promises';
import { describe } from 'vitest';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { natsBus } from '#src/adapters/nats/bus.ts';
import { busHolders } from '#src/adapters/nats/holder.ts';
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

describe.skipIf(skipWithout('nats-server'))('with a server', () => {
  holdersContract('the bus on NATS', async () => {
    const server = await startNatsServer();
    return worldOf(() => natsBus({ url: server.url }), () => server.dispose());
  });
});
