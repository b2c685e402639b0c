// Group commit
// ============
// Writes that meet share one transaction, thus one disk sync. Each is judged on its own: what refuses one is undone
// by its savepoint and the others go on. A failed COMMIT leaves the outcome of all of them open, so each is read back.

import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { storeError } from './errors.ts';
import { patiently, type Patience } from './patience.ts';
import { closed } from './reading.ts';

export interface Write<T> {
  /** Checks and writes inside the transaction; what it throws refuses this write only. */
  readonly apply: () => T;
  /** Asked when a COMMIT failed: the answer of `apply` when the write is there, else null. */
  readonly find: () => T | null;
}

export interface CommitQueue {
  /** Resolves once the write is durable. @throws ExecutorError what `apply` threw, `store.unavailable`, `store.full` */
  add<T>(write: Write<T>): Promise<T>;
  /** Takes no more; resolves when all that was taken is settled. */
  close(): Promise<void>;
}

export interface QueueOptions extends Patience {
  /** Stands around every COMMIT: `now` commits. Tests let one fail before or after. */
  readonly commit: (now: () => void) => void;
}

interface Job {
  apply(): void;
  succeed(): void;
  refuse(error: unknown): void;
  /** After a COMMIT that failed with `error`. */
  readBack(error: unknown): void;
}

export function commitQueue(db: DatabaseSync, options: QueueOptions): CommitQueue {
  const { path } = options;
  let pending: Job[] = [];
  let draining: Promise<void> | null = null;
  let isClosed = false;

  async function drain(): Promise<void> {
    await turn(); // everything asked in this turn of the loop meets in one group
    while (pending.length > 0) {
      const first = new Set(pending);
      try {
        await patiently(options, () => {
          db.exec('begin immediate');
          const group = pending;
          pending = [];
          commitGroup(db, group, options.commit);
        });
      } catch (error) {
        // The lock outlasted our patience. Those who joined meanwhile have patience left.
        pending = pending.filter((job) => !first.has(job));
        for (const job of first) job.refuse(error);
      }
      await turn();
    }
    draining = null;
  }

  return {
    async add<T>(write: Write<T>): Promise<T> {
      if (isClosed) throw closed(path);
      return new Promise<T>((resolve, reject) => {
        pending.push(jobOf(write, resolve, (error) => reject(storeError(error, path))));
        draining ??= drain();
      });
    },
    async close() {
      isClosed = true;
      await draining;
    },
  };
}

function jobOf<T>(write: Write<T>, resolve: (value: T) => void, reject: (error: unknown) => void): Job {
  let answer: { readonly value: T } | null = null;
  return {
    apply() {
      answer = { value: write.apply() };
    },
    succeed() {
      if (answer !== null) resolve(answer.value);
    },
    refuse: reject,
    readBack(error) {
      try {
        const found = write.find();
        if (found === null) reject(error);
        else resolve(found);
      } catch {
        reject(error); // not even readable: still unknown, the caller asks again with the same ids
      }
    },
  };
}

/** Inside `begin immediate`; settles every job, ends the transaction, never throws. */
function commitGroup(db: DatabaseSync, group: readonly Job[], commit: QueueOptions['commit']): void {
  const applied: Job[] = [];
  for (const job of group) {
    const refusal = applyOne(db, job);
    if (refusal === null) applied.push(job);
    else if (db.isTransaction) job.refuse(refusal.error);
    else {
      // SQLite gave up the whole transaction (disk full, I/O): nothing of the group is written.
      const refused = [...applied, ...group.slice(group.indexOf(job))];
      for (const each of refused) each.refuse(refusal.error);
      return;
    }
  }
  try {
    commit(() => db.exec('commit'));
    for (const job of applied) job.succeed();
  } catch (error) {
    rollBack(db);
    for (const job of applied) job.readBack(error);
  }
}

function applyOne(db: DatabaseSync, job: Job): { readonly error: unknown } | null {
  try {
    db.exec('savepoint one');
    job.apply();
    db.exec('release one');
    return null;
  } catch (error) {
    try {
      if (db.isTransaction) db.exec('rollback to one; release one');
    } catch {
      rollBack(db); // without its savepoint undone the group may not commit
    }
    return { error };
  }
}

function rollBack(db: DatabaseSync): void {
  try {
    if (db.isTransaction) db.exec('rollback');
  } catch {
    // The next `begin immediate` fails by itself and says why.
  }
}
