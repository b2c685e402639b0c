// Events in SQLite
// ================
// The EventStore port on one connection. See src/ports/event-store.ts for the promises.

import type { DatabaseSync } from 'node:sqlite';
import { ExecutorError } from '#src/errors/errors.ts';
import type { EventStore, NewEvent, PositionedEvent, ReadOptions, StoredEvent } from '#src/ports/event-store.ts';
import type { CommitQueue, Write } from './commit-queue.ts';
import { isConstraint } from './errors.ts';
import { followers } from './followers.ts';
import type { Reading } from './reading.ts';

interface EventRow {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
  readonly id: string;
  readonly type: string;
  readonly data: string;
  readonly hash: string;
  readonly nonce: string;
}

interface Range {
  readonly from: number;
  readonly limit: number;
  readonly order: 'asc' | 'desc';
}

// The tables are strict, so the casts below hold what the schema already promised.
const COLUMNS = 'stream, revision, position, id, type, data, hash, nonce';

export interface EventsParts {
  readonly db: DatabaseSync;
  readonly queue: CommitQueue;
  readonly path: string;
  readonly reading: Reading;
  /** Closes the store that these events are a part of. */
  readonly close: () => Promise<void>;
}

export function sqliteEvents({ db, queue, path, reading, close }: EventsParts): EventStore {
  const readStream = streamReader(db);
  const readEvery = everyReader(db);
  const appending = appendWriter(db);
  const following = followers(db, path, (stream, from, limit) => readStream(stream, { from, limit, order: 'asc' }));
  return {
    async append(stream, expected, events) {
      const { last, written } = await queue.add(appending(stream, expected, [...events]));
      following.changed(stream, written);
      return last;
    },
    read: (stream, options = {}) => reading(() => readStream(stream, rangeOf(options))),
    readAll: (options = {}) => reading(() => readEvery(rangeOf(options), options.types ?? null)),
    subscribe: (stream, from, onEvent, onError) => following.subscribe({ stream, from, onEvent, onError }),
    async close() {
      following.close();
      await close();
    },
  };
}

function rangeOf({ from, limit, backwards = false }: ReadOptions): Range {
  return { from: from ?? (backwards ? Number.MAX_SAFE_INTEGER : 0), limit: limit ?? -1, order: backwards ? 'desc' : 'asc' };
}

function stored({ stream, revision, position, id, type, data, hash, nonce }: EventRow): PositionedEvent {
  return { stream, revision, position, id, type, data, metadata: { hash, nonce } };
}

function streamReader(db: DatabaseSync): (stream: string, range: Range) => readonly StoredEvent[] {
  const query = {
    asc: db.prepare(`select ${COLUMNS} from event where stream = ? and revision >= ? order by revision asc limit ?`),
    desc: db.prepare(`select ${COLUMNS} from event where stream = ? and revision <= ? order by revision desc limit ?`),
  };
  return (stream, { from, limit, order }) => (query[order].all(stream, from, limit) as unknown as EventRow[]).map(stored);
}

function everyReader(db: DatabaseSync): (range: Range, types: readonly string[] | null) => readonly PositionedEvent[] {
  // Two pairs, so that listing one type goes by its index instead of through every event.
  const all = everyQueries(db, '?1 is null');
  const some = everyQueries(db, 'type in (select value from json_each(?1))');
  return ({ from, limit, order }, types) => {
    const rows = types === null ? all[order].all(null, from, limit) : some[order].all(JSON.stringify(types), from, limit);
    return (rows as unknown as EventRow[]).map(stored);
  };
}

const everyQueries = (db: DatabaseSync, kept: string) => ({
  asc: db.prepare(`select ${COLUMNS} from event where ${kept} and position >= ?2 order by position asc limit ?3`),
  desc: db.prepare(`select ${COLUMNS} from event where ${kept} and position <= ?2 order by position desc limit ?3`),
});

interface Appended {
  readonly last: number;
  /** What this append wrote, for the followers; empty where it is not known to have written (L7). */
  readonly written: readonly StoredEvent[];
}

function appendWriter(db: DatabaseSync): (stream: string, expected: number, events: readonly NewEvent[]) => Write<Appended> {
  const headQuery = db.prepare('select coalesce(max(revision), -1) as head from event where stream = ?');
  const idsQuery = db.prepare('select id from event where stream = ? and revision > ? order by revision limit ?');
  const insert = db.prepare('insert into event (stream, revision, id, type, data, hash, nonce) values (?, ?, ?, ?, ?, ?, ?)');

  return (stream, expected, events) => {
    const last = expected + events.length;
    const find = (): Appended | null => {
      const ids = idsQuery.all(stream, expected, events.length);
      return events.every(({ id }, i) => id === ids[i]?.['id']) ? { last, written: [] } : null;
    };
    const apply = (): Appended => {
      const { head } = headQuery.get(stream) as { head: number };
      if (head === expected) return { last, written: insertAll() };
      const found = events.length === 0 ? null : find();
      if (found === null) throw wrongRevision(`stream ${stream} is at revision ${head}, not at ${expected}`);
      return found;
    };
    const insertAll = (): readonly StoredEvent[] => {
      try {
        return events.map(({ id, type, data, metadata: { hash, nonce } }, i) => {
          const revision = expected + 1 + i;
          const { lastInsertRowid } = insert.run(stream, revision, id, type, data, hash, nonce);
          return { stream, revision, position: Number(lastInsertRowid), id, type, data, metadata: { hash, nonce } };
        });
      } catch (error) {
        if (isConstraint(error)) throw wrongRevision(`an event for stream ${stream} stands elsewhere already`, error);
        throw error;
      }
    };
    return { apply, find };
  };
}

const wrongRevision = (why: string, cause?: unknown): ExecutorError => new ExecutorError('store.wrong_revision', why, { cause });
