// Reads
// =====

import type { DatabaseSync } from 'node:sqlite';
import { ExecutorError } from '#src/errors/errors.ts';
import { patiently, type Patience } from './patience.ts';

/** Does a read when no lock is in its way. @throws ExecutorError `store.unavailable` | `store.damaged` */
export type Reading = <T>(work: () => T) => Promise<T>;

export function readingOf(db: DatabaseSync, patience: Patience): Reading {
  return (work) =>
    patiently(patience, () => {
      if (!db.isOpen) throw closed(patience.path);
      return work();
    });
}

export const closed = (path: string): ExecutorError => new ExecutorError('store.unavailable', `the store ${path} is closed`);
