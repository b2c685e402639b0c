// Blobs in SQLite
// ===============
// The Blobs port, in the same file and the same commits as the events. See src/ports/blobs.ts for the promises.

import type { DatabaseSync } from 'node:sqlite';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import { refOf, type Ref } from '#src/record/ref.ts';
import type { CommitQueue, Write } from './commit-queue.ts';
import type { Reading } from './reading.ts';

export interface BlobsParts {
  readonly db: DatabaseSync;
  readonly queue: CommitQueue;
  readonly reading: Reading;
}

export function sqliteBlobs({ db, queue, reading }: BlobsParts): Blobs {
  const putting = putWriter(db);
  const { remembering, recallNow } = memoWriter(db);
  const bodyQuery = db.prepare('select body from body where sha256 = ?');
  return {
    // The copy keeps what was hashed, whatever the caller does with its buffer before the commit.
    put: (body) => queue.add(putting(refOf(body), new Uint8Array(body))),
    async get(ref) {
      const body = await reading(() => bodyQuery.get(keyOf(ref))?.['body']).catch((error: unknown) => {
        if (error instanceof ExecutorError && error.code === 'store.damaged') throw missing(ref, 'cannot be read', error);
        throw error;
      });
      if (!(body instanceof Uint8Array)) throw missing(ref, 'is not in the store');
      if (!isSame(refOf(body), ref)) throw missing(ref, 'is damaged');
      return body;
    },
    memo: (run, effect, result) => queue.add(remembering(run, effect, result)),
    recall: (run, effect) => reading(() => recallNow(run, effect)),
  };
}

const keyOf = ({ ref }: Ref): string => ref.slice('sha256:'.length);
const isSame = (a: Ref, b: Ref): boolean => a.ref === b.ref && a.bytes === b.bytes;

const missing = (ref: Ref, why: string, cause?: unknown): ExecutorError =>
  new ExecutorError('blob.missing', `the body ${ref.ref} (${ref.bytes} bytes) ${why}`, { cause });

function putWriter(db: DatabaseSync): (ref: Ref, body: Uint8Array) => Write<Ref> {
  // Putting a body again mends a damaged one, and writes nothing when it is whole.
  const upsert = db.prepare(
    'insert into body (sha256, body) values (?, ?) on conflict (sha256) do update set body = excluded.body where body <> excluded.body',
  );
  const present = db.prepare('select 1 from body where sha256 = ? and body = ?');
  return (ref, body) => ({
    apply() {
      upsert.run(keyOf(ref), body);
      return ref;
    },
    find: () => (present.get(keyOf(ref), body) === undefined ? null : ref),
  });
}

function memoWriter(db: DatabaseSync) {
  const kept = db.prepare('select sha256, bytes from memo where run = ? and effect = ?');
  const insert = db.prepare('insert into memo (run, effect, sha256, bytes) values (?, ?, ?, ?)');
  const present = db.prepare('select 1 from body where sha256 = ? and length(body) = ?');

  const recallNow = (run: string, effect: string): Ref | null => {
    const row = kept.get(run, effect) as { sha256: string; bytes: number } | undefined;
    return row === undefined ? null : { ref: `sha256:${row.sha256}`, bytes: row.bytes };
  };
  const remembering = (run: string, effect: string, result: Ref): Write<Ref> => ({
    apply() {
      const first = recallNow(run, effect);
      if (first !== null) return first;
      if (present.get(keyOf(result), result.bytes) === undefined) throw missing(result, `is not in the store, so effect ${effect} of ${run} cannot name it`);
      insert.run(run, effect, keyOf(result), result.bytes);
      return result;
    },
    find: () => recallNow(run, effect),
  });
  return { remembering, recallNow };
}
