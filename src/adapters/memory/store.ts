// The store in memory
// ===================
// The same promises without a disk. Deterministic: no timers, no clock, only microtasks.
//
// A `MemoryDisk` is what outlives a process; each `memoryStore` on it is one process that opened it.

import { ExecutorError } from '#src/errors/errors.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { EventStore, NewEvent, PositionedEvent, ReadOptions, StoredEvent } from '#src/ports/event-store.ts';
import type { KeptSnapshot, Snapshots } from '#src/ports/snapshots.ts';
import { refOf, type Ref } from '#src/record/ref.ts';

export interface MemoryDisk {
  /** Every event by position. */
  readonly events: PositionedEvent[];
  /** stream -> its events by revision. */
  readonly streams: Map<string, StoredEvent[]>;
  readonly ids: Set<string>;
  /** ref -> body. */
  readonly bodies: Map<string, Uint8Array>;
  /** JSON of [run, effect] -> result. */
  readonly memos: Map<string, Ref>;
  /** run -> its newest snapshot. */
  readonly snapshots: Map<string, KeptSnapshot>;
  /** Called with the stream after each append, by every open store. */
  readonly listeners: Set<(stream: string) => void>;
}

export const memoryDisk = (): MemoryDisk => ({
  events: [],
  streams: new Map(),
  ids: new Set(),
  bodies: new Map(),
  memos: new Map(),
  snapshots: new Map(),
  listeners: new Set(),
});

export interface MemoryStore {
  readonly events: EventStore;
  readonly blobs: Blobs;
  readonly snapshots: Snapshots;
  /** Ends the subscriptions; what is on the disk stays. The same as `events.close`. */
  readonly close: () => Promise<void>;
}

export function memoryStore(disk: MemoryDisk = memoryDisk()): MemoryStore {
  let isOpen = true;
  const assertOpen = (): void => {
    if (!isOpen) throw new ExecutorError('store.unavailable', 'the store in memory is closed');
  };
  const following = followers(disk);
  const events: EventStore = {
    async append(stream, expected, added) {
      assertOpen();
      const last = append(disk, stream, { expected, events: added });
      for (const listener of disk.listeners) listener(stream);
      return last;
    },
    async read(stream, options = {}) {
      assertOpen();
      return cut(disk.streams.get(stream) ?? [], options);
    },
    async readAll({ types, ...options } = {}) {
      assertOpen();
      const { limit, ...unlimited } = options;
      const all = cut(disk.events, unlimited).filter(({ type }) => types?.includes(type) ?? true);
      return all.slice(0, limit);
    },
    subscribe: following.subscribe,
    async close() {
      isOpen = false;
      following.close();
    },
  };
  return { events, blobs: memoryBlobs(disk, assertOpen), snapshots: memorySnapshots(disk, assertOpen), close: () => events.close() };
}

/** `all[i]` stands at revision or position i. */
function cut<T extends StoredEvent>(all: readonly T[], { from, limit, backwards = false }: ReadOptions): readonly T[] {
  const range = backwards ? all.slice(0, (from ?? all.length) + 1).toReversed() : all.slice(Math.max(from ?? 0, 0));
  return range.slice(0, limit);
}

function append(disk: MemoryDisk, stream: string, { expected, events }: { expected: number; events: readonly NewEvent[] }): number {
  const there = disk.streams.get(stream) ?? [];
  const head = there.length - 1;
  const last = expected + events.length;
  const isRepeated = events.length > 0 && events.every(({ id }, i) => there[expected + 1 + i]?.id === id);
  if (isRepeated) return last;
  if (head !== expected) throw new ExecutorError('store.wrong_revision', `stream ${stream} is at revision ${head}, not at ${expected}`);
  if (events.some(({ id }, i) => disk.ids.has(id) || events.findIndex((other) => other.id === id) < i)) {
    throw new ExecutorError('store.wrong_revision', `an event for stream ${stream} stands elsewhere already`);
  }
  for (const [i, { id, type, data, metadata }] of events.entries()) {
    const stored = { stream, revision: expected + 1 + i, position: disk.events.length, id, type, data, metadata: { hash: metadata.hash, nonce: metadata.nonce } };
    disk.ids.add(id);
    disk.events.push(stored);
    there.push(stored);
  }
  if (there.length > 0) disk.streams.set(stream, there);
  return last;
}

function followers(disk: MemoryDisk): { subscribe: EventStore['subscribe']; close(): void } {
  const ends = new Set<() => void>();
  const subscribe: EventStore['subscribe'] = (stream, from, onEvent, onError) => {
    let next = from;
    let isOpen = true;
    const pump = (): void => {
      const there = disk.streams.get(stream) ?? [];
      while (isOpen && next < there.length) {
        const event = there[next] as StoredEvent;
        next += 1; // before the call, so that nothing is given twice
        try {
          onEvent(event);
        } catch (error) {
          end();
          onError(error);
        }
      }
    };
    const listener = (changed: string): void => {
      if (changed === stream) queueMicrotask(pump);
    };
    const end = (): void => {
      isOpen = false;
      disk.listeners.delete(listener);
      ends.delete(end);
    };
    ends.add(end);
    disk.listeners.add(listener);
    queueMicrotask(pump);
    return { close: async () => end() };
  };
  return {
    subscribe,
    close() {
      for (const end of ends) end();
    },
  };
}

const missing = ({ ref, bytes }: Ref): ExecutorError => new ExecutorError('blob.missing', `the body ${ref} (${bytes} bytes) is missing or damaged`);

function isWhole(body: Uint8Array, { ref, bytes }: Ref): boolean {
  const found = refOf(body);
  return found.ref === ref && found.bytes === bytes;
}

function memorySnapshots({ snapshots }: MemoryDisk, assertOpen: () => void): Snapshots {
  return {
    async keep(run, { seq, text, sha256 }) {
      assertOpen();
      snapshots.set(run, { seq, text, sha256 });
    },
    async newest(run) {
      assertOpen();
      return snapshots.get(run) ?? null;
    },
    async drop(run) {
      assertOpen();
      snapshots.delete(run);
    },
  };
}

function memoryBlobs(disk: MemoryDisk, assertOpen: () => void): Blobs {
  return {
    async put(body) {
      assertOpen();
      const ref = refOf(body);
      disk.bodies.set(ref.ref, new Uint8Array(body));
      return ref;
    },
    async get(ref) {
      assertOpen();
      const body = disk.bodies.get(ref.ref);
      if (body === undefined || !isWhole(body, ref)) throw missing(ref);
      return new Uint8Array(body);
    },
    async memo(run, effect, result) {
      assertOpen();
      const key = JSON.stringify([run, effect]);
      const kept = disk.memos.get(key);
      if (kept !== undefined) return kept;
      if (disk.bodies.get(result.ref)?.byteLength !== result.bytes) throw missing(result);
      disk.memos.set(key, { ref: result.ref, bytes: result.bytes });
      return result;
    },
    async recall(run, effect) {
      assertOpen();
      return disk.memos.get(JSON.stringify([run, effect])) ?? null;
    },
  };
}
