// The contract on EventStoreDB: the real adapter and the real client against our wire server, and against a real server where
// AUTOPACK_TEST_EVENTSTORE_URL names one.

import { randomBytes } from 'node:crypto';
import { openEventStoreDb, type EventStoreOptions } from '#src/adapters/eventstore/store.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { EventStore, StoredEvent } from '#src/ports/event-store.ts';
import { startWireServer } from '#tests/support/eventstore-wire/server.ts';
import { blobsContract } from './blobs.ts';
import { eventStoreContract } from './event-store.ts';

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

const url = process.env['AUTOPACK_TEST_EVENTSTORE_URL'];
if (url !== undefined && url !== '') {
  eventStoreContract('eventstore, real server', async () => {
    const mark = `${randomBytes(6).toString('hex')}-`;
    return { open: async () => marked((await open({ url })).events, mark), indexesIds: false, dispose: async () => {} };
  });

  blobsContract('eventstore, real server', async () => {
    const mark = randomBytes(6).toString('hex');
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

/** A part of a server that keeps everything: streams `run-<mark>…`, seen as `run-…`. */
function marked(store: EventStore, mark: string): EventStore {
  const inner = (stream: string): string => stream.replace(/^run-/, `run-${mark}`);
  const outer = <T extends StoredEvent>(event: T): T => ({ ...event, stream: event.stream.replace(`run-${mark}`, 'run-') });
  return {
    append: (stream, ...rest) => store.append(inner(stream), ...rest),
    read: async (stream, options) => (await store.read(inner(stream), options)).map(outer),
    async readAll({ limit, ...options } = {}) {
      const all = await store.readAll(options);
      return all.filter(({ stream }) => stream.startsWith(`run-${mark}`)).slice(0, limit).map(outer);
    },
    subscribe: (stream, from, onEvent, onError) => store.subscribe(inner(stream), from, (event) => onEvent(outer(event)), onError),
    close: () => store.close(),
  };
}

const markedMemos = (blobs: Blobs, mark: string): Blobs => ({
  ...blobs,
  memo: (run, effect, result) => blobs.memo(`${mark}${run}`, effect, result),
  recall: (run, effect) => blobs.recall(`${mark}${run}`, effect),
});
