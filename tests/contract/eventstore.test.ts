// The contract on EventStoreDB: the real adapter and the real client against our wire server, and against a real server where
// AUTOPACK_TEST_EVENTSTORE_URL names one.

import { openEventStoreDb, type EventStoreOptions } from '#src/adapters/eventstore/store.ts';
import { startWireServer } from '#tests/support/eventstore-wire/server.ts';
import { blobsContract } from './blobs.ts';
import { eventStoreContract } from './event-store.ts';
import { marked, markedMemos, newMark, realServer } from '#tests/support/real-eventstore.ts';

const open = (options: EventStoreOptions) => openEventStoreDb({ patienceMs: 5_000, timeoutMs: 1_000, ...options });

eventStoreContract('eventstore, wire server', async () => {
  const server = await startWireServer();
  return { open: async () => (await open({ url: server.url })).events, indexesIds: false, dispose: () => server.kill() };
});

blobsContract('eventstore, wire server', async () => {
  const server = await startWireServer();
  return {
    open: () => open({ url: server.url }),
    damage: ({ ref }) => server.log.damage(`blob-${ref.slice('sha256:'.length)}`),
    dispose: () => server.kill(),
  };
});

if (realServer !== null) {
  const url = realServer;
  eventStoreContract('eventstore, real server', async () => {
    const mark = newMark();
    return { open: async () => marked((await open({ url })).events, mark), indexesIds: false, dispose: async () => {} };
  });

  blobsContract('eventstore, real server', async () => {
    const mark = newMark();
    return {
      async open() {
        const { blobs, close } = await open({ url });
        return { blobs: markedMemos(blobs, mark), close };
      },
      damage: null, // its disk is its own
      dispose: async () => {},
    };
  });
}
