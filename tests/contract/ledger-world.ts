// What the suites of the ledger share: ledgers on a bus before one store, and who asks them.

import { openLedgerStore, type LedgerStore } from '#src/adapters/ledger/store.ts';
import { serveLedger, type LedgerDeps } from '#src/app/ledger.ts';
import type { Bus } from '#src/ports/bus.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import type { Ref } from '#src/record/ref.ts';
import { blobsContract } from './blobs.ts';
import { eventStoreContract } from './event-store.ts';

const logger = { warn: () => {}, debug: () => {} };

/** The general suites' events are no records: what a ledger refuses is tested in tests/unit/ledger-rules.test.ts. */
const anything: LedgerDeps['rules'] = { append: async () => [], appended: () => {}, run: () => {} };

/** What ledgers stand before, and the bus that they listen on. */
export interface Backing {
  /** Whether the store knows every id that it holds. */
  readonly indexesIds: boolean;
  open(): Promise<{ readonly store: LedgerDeps['store']; close(): Promise<void> }>;
  connect(): Promise<Bus>;
  /** Of what is asked: a part of a store that others fill too. */
  readonly part?: (store: LedgerStore) => LedgerStore;
  /** Null where nobody can. */
  readonly damage: ((ref: Ref) => void) | null;
  dispose(): Promise<void>;
}

export interface LedgerWorld {
  /** Whoever asks the ledgers, with a connection of its own. */
  open(): Promise<LedgerStore>;
  dispose(): Promise<void>;
}

export interface Ledgers {
  readonly rules: (events: EventStore) => LedgerDeps['rules'];
  readonly count: number;
}

export async function ledgersOn({ open, connect, part = (store) => store, dispose }: Backing, { rules, count }: Ledgers): Promise<LedgerWorld> {
  const closing: (() => Promise<void>)[] = [];
  for (let i = 0; i < count; i += 1) {
    const { store, close } = await open();
    const bus = await connect();
    const ledger = await serveLedger({ bus, store, rules: rules(store.events), logger });
    closing.push(() => ledger.close(), () => bus.close(), close);
  }
  return {
    async open() {
      const own = await connect();
      closing.push(() => own.close());
      return part(await openLedgerStore({ bus: own, stop: new AbortController().signal, tell: () => {} }));
    },
    async dispose() {
      for (const close of closing) await close();
      await dispose();
    },
  };
}

/** One ledger: the suites ask without waiting, and between two such requests have no order. More: tests/simulation/ledger.test.ts. */
export function storeContracts(name: string, make: () => Promise<Backing>): void {
  const one: Ledgers = { rules: () => anything, count: 1 };
  eventStoreContract(name, async () => {
    const backing = await make();
    const { open, dispose } = await ledgersOn(backing, one);
    return { open: async () => (await open()).events, indexesIds: backing.indexesIds, dispose };
  });
  blobsContract(name, async () => {
    const backing = await make();
    const { open, dispose } = await ledgersOn(backing, one);
    return { open, damage: backing.damage, dispose };
  });
}
