// The whole chain of a team: who asks, NATS, ledgers, EventStoreDB. On the wire server of ours, and on a real server where
// AUTOPACK_TEST_EVENTSTORE_URL names one.

import { describe } from 'vitest';
import { openEventStoreDb } from '#src/adapters/eventstore/store.ts';
import type { LedgerStore } from '#src/adapters/ledger/store.ts';
import { natsBus } from '#src/adapters/nats/bus.ts';
import { startWireServer } from '#tests/support/eventstore-wire/server.ts';
import { startNatsServer } from '#tests/support/nats-server.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { recordsContract } from './ledger-records.ts';
import { storeContracts, type Backing } from './ledger-world.ts';
import { marked, markedMemos, newMark, realServer } from '#tests/support/real-eventstore.ts';

type Chain = Pick<Backing, 'indexesIds' | 'open' | 'connect' | 'dispose'>;

async function chainTo(url: string): Promise<Chain> {
  const server = await startNatsServer();
  return {
    indexesIds: false,
    async open() {
      const store = await openEventStoreDb({ url, patienceMs: 5_000, timeoutMs: 1_000 });
      return { store, close: store.close };
    },
    connect: () => natsBus({ url: server.url }),
    dispose: () => server.dispose(),
  };
}

async function onWire(): Promise<Backing> {
  const server = await startWireServer();
  const chain = await chainTo(server.url);
  return {
    ...chain,
    damage: ({ ref }) => server.log.damage(`blob-${ref.slice('sha256:'.length)}`),
    async dispose() {
      await chain.dispose();
      await server.kill();
    },
  };
}

const onReal = (url: string) => async (): Promise<Backing> => {
  const mark = newMark();
  const part = ({ events, blobs, close }: LedgerStore): LedgerStore => ({ events: marked(events, mark), blobs: markedMemos(blobs, mark), close });
  return { ...(await chainTo(url)), part, damage: null };
};

describe.skipIf(skipWithout('nats-server'))('with a server', () => {
  storeContracts('ledgers over NATS and EventStoreDB, wire server', onWire);
  recordsContract('ledgers over NATS and EventStoreDB, wire server', onWire);
  if (realServer !== null) {
    const url = realServer;
    storeContracts('ledgers over NATS and EventStoreDB, real server', onReal(url));
    recordsContract('ledgers over NATS and EventStoreDB, real server', async () => ({ ...(await chainTo(url)), damage: null }));
  }
});
