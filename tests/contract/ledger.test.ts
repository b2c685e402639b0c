// The store contracts through a ledger: first over a bus and a store in memory, then over NATS and SQLite.

import { describe } from 'vitest';
import { openLedgerStore } from '#src/adapters/ledger/store.ts';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { memoryDisk, memoryStore } from '#src/adapters/memory/store.ts';
import { natsBus } from '#src/adapters/nats/bus.ts';
import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { serveLedger, type LedgerDeps } from '#src/app/ledger.ts';
import type { Bus } from '#src/ports/bus.ts';
import type { Ref } from '#src/record/ref.ts';
import { startNatsServer } from '#tests/support/nats-server.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { DatabaseSync } from 'node:sqlite';
import { blobsContract } from './blobs.ts';
import { eventStoreContract } from './event-store.ts';
import { temporaryFolder } from './support.ts';

/** The suites' events are no records: what a ledger refuses is tested in tests/unit/ledger-rules.test.ts. */
const anything: LedgerDeps['rules'] = { append: async () => [], appended: () => {}, run: () => {} };
const logger = { warn: () => {}, debug: () => {} };

interface Backing {
  open(): Promise<{ readonly store: LedgerDeps['store']; close(): Promise<void> }>;
  connect(): Promise<Bus>;
  damage(ref: Ref): void;
  dispose(): Promise<void>;
}

/** One ledger: the suites ask without waiting, and between two such requests have no order. More: tests/simulation/ledger.test.ts. */
async function served({ open, connect, damage, dispose }: Backing) {
  const { store, close: closeStore } = await open();
  const bus = await connect();
  const ledger = await serveLedger({ bus, store, rules: anything, logger });
  const closing: (() => Promise<void>)[] = [() => ledger.close(), () => bus.close(), closeStore];
  return {
    async open() {
      const own = await connect();
      closing.push(() => own.close());
      return openLedgerStore({ bus: own, stop: new AbortController().signal, tell: () => {} });
    },
    damage,
    async dispose() {
      for (const close of closing) await close();
      await dispose();
    },
  };
}

async function inMemory() {
  const [disk, broker] = [memoryDisk(), memoryBroker()];
  return served({
    open: async () => ({ store: memoryStore(disk), close: async () => {} }),
    connect: async () => memoryBus(broker),
    damage: ({ ref }) => void disk.bodies.get(ref)?.fill(0, 0, 1),
    dispose: async () => {},
  });
}

async function onNats() {
  const [server, folder] = [await startNatsServer(), temporaryFolder()];
  const path = folder.file('store.db');
  return served({
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
  });
}

function storeContracts(name: string, make: typeof inMemory): void {
  eventStoreContract(name, async () => {
    const world = await make();
    return { open: async () => (await world.open()).events, indexesIds: true, dispose: world.dispose };
  });
  blobsContract(name, make);
}

storeContracts('ledgers over memory', inMemory);

describe.skipIf(skipWithout('nats-server'))('with a server', () => {
  storeContracts('ledgers over NATS and SQLite', onNats);
});
