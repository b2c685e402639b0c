// A real EventStoreDB, where AUTOPACK_TEST_EVENTSTORE_URL names one. It keeps everything that any suite ever wrote, so each
// world is a part of it that only its own mark shows.

import { randomBytes } from 'node:crypto';
import type { Blobs } from '#src/ports/blobs.ts';
import type { EventStore, StoredEvent } from '#src/ports/event-store.ts';

const given = process.env['AUTOPACK_TEST_EVENTSTORE_URL'] ?? '';

/** Null where none is given. */
export const realServer: string | null = given === '' ? null : given;

/** In no stream, run or body of another time. */
export const newMark = (): string => randomBytes(6).toString('hex');

/** The streams `run-<mark>-…` of a store, seen as `run-…`. */
export function marked(store: EventStore, mark: string): EventStore {
  const inner = (stream: string): string => stream.replace(/^run-/, `run-${mark}-`);
  const outer = <T extends StoredEvent>(event: T): T => ({ ...event, stream: event.stream.replace(`run-${mark}-`, 'run-') });
  return {
    append: (stream, ...rest) => store.append(inner(stream), ...rest),
    read: async (stream, options) => (await store.read(inner(stream), options)).map(outer),
    async readAll({ limit, ...options } = {}) {
      const all = await store.readAll(options);
      return all.filter(({ stream }) => stream.startsWith(`run-${mark}-`)).slice(0, limit).map(outer);
    },
    subscribe: (stream, from, onEvent, onError) => store.subscribe(inner(stream), from, (event) => onEvent(outer(event)), onError),
    close: () => store.close(),
  };
}

export const markedMemos = (blobs: Blobs, mark: string): Blobs => ({
  ...blobs,
  memo: (run, effect, result) => blobs.memo(`${mark}${run}`, effect, result),
  recall: (run, effect) => blobs.recall(`${mark}${run}`, effect),
});
