// Projection
// ==========
// A name, a version, one pure fold over records. A stored view is a cache with the seq that it reached.
//
//   V1. The same records give the same view, on every machine: no clock, no file, no environment.
//   V2. Every fact and every input of the catalogue is either read here or named as passed over.

import type { RunRecord } from '#src/record/record.ts';

export interface Projection<S> {
  readonly name: string;
  /** Raise it when `apply` changes: the view is rebuilt from record 0. */
  readonly version: number;
  readonly initial: S;
  apply(state: S, record: RunRecord): S;
}

export function project<S>({ initial, apply }: Projection<S>, records: Iterable<RunRecord>): S {
  let state = initial;
  for (const record of records) state = apply(state, record);
  return state;
}

/** ISO 8601 of a record's time. */
export const iso = (at: number): string => new Date(at).toISOString();
