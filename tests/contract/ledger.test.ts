// The store contracts through a ledger, and its own with real records: first over a bus and a store in memory, then over NATS
// and SQLite. Over EventStoreDB: ledger-eventstore.test.ts.

import { DatabaseSync } from 'node:sqlite';
import { describe } from 'vitest';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { memoryDisk, memoryStore } from '#src/adapters/memory/store.ts';
import { natsBus } from '#src/adapters/nats/bus.ts';
import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { startNatsServer } from '#tests/support/nats-server.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { recordsContract } from './ledger-records.ts';
import { storeContracts, type Backing } from './ledger-world.ts';
import { temporaryFolder } from './support.ts';

async function inMemory(): Promise<Backing> {
  const [disk, broker] = [memoryDisk(), memoryBroker()];
  return {
    indexesIds: true,
    open: async () => ({ store: memoryStore(disk), close: async () => {} }),
    connect: async () => memoryBus(broker),
    damage: ({ ref }) => void disk.bodies.get(ref)?.fill(0, 0, 1),
    dispose: async () => {},
  };
}

async function onNats(): Promise<Backing> {
  const [server, folder] = [await startNatsServer(), temporaryFolder()];
  const path = folder.file('store.db');
  return {
    indexesIds: true,
    async open() {
      const store = await openSqliteStore({ path });
      return { store, close: store.close };
    },
    connect: () => natsBus({ url: server.url }),
    damage({ ref }) {
      using db = new DatabaseSync(path);
      db.prepare(`update body set body = cast('x' || substr(body, 2) as blob) where sha256 = ?`).run(ref.slice('sha256:'.length));
    },
    async dispose() {
      await server.dispose();
      folder.remove();
    },
  };
}

storeContracts('ledgers over memory', inMemory);
recordsContract('ledgers over memory', inMemory);

describe.skipIf(skipWithout('nats-server'))('with a server', () => {
  storeContracts('ledgers over NATS and SQLite', onNats);
  recordsContract('ledgers over NATS and SQLite', onNats);
});
