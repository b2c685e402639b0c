// Snapshots port
// ==============
// One cached state per run, beside the log: what a long run is resumed from instead of its first record. It can be lost
// at any time; who reads it holds it against the log (src/kernel/snapshot.ts).
//
//   S1. `keep` replaces the run's snapshot as a whole: a crash leaves the one before or this one.
//   S2. `newest` gives exactly what was kept last; runs do not touch each other.
//   S3. A snapshot says nothing to the log: keeping and dropping change no event, body or memo.

export interface KeptSnapshot {
  /** The record after which it was taken. */
  readonly seq: number;
  readonly text: string;
  /** Of the text, as it was kept. */
  readonly sha256: string;
}

export interface Snapshots {
  /** @throws ExecutorError `store.unavailable` | `store.full` */
  keep(run: string, snapshot: KeptSnapshot): Promise<void>;
  /** @throws ExecutorError `store.unavailable` | `store.damaged` */
  newest(run: string): Promise<KeptSnapshot | null>;
  drop(run: string): Promise<void>;
}
