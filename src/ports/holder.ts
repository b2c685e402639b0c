// Holder port
// ===========
// Who performs a run's effects. It decides whether to take over, never safety: that is the log's expected revision.
//
//   H1. At most one live process of a machine holds a run.
//   H2. The system releases a dead process's hold; nobody has to clean up.
//   H3. A refused hold names the holder: host, pid and when it started.
//   H4. What is kept of a run that nobody holds can be forgotten; of one that is held never.

export interface HolderRow {
  readonly host: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly started: string;
}

export interface Hold {
  release(): Promise<void>;
}

export interface Holders {
  /** @throws ExecutorError `run.locked`, its message naming the holder; `store.unavailable` */
  acquire(run: string): Promise<Hold>;
  /** @returns the live holder, or null. Takes nothing. */
  holder(run: string): Promise<HolderRow | null>;
  /** Whether something is kept of it that `forget` would remove: it is over, or its process died. */
  isKept(run: string): Promise<boolean>;
  /** Removes what is kept of a run. @returns false where somebody holds it: then nothing is removed. */
  forget(run: string): Promise<boolean>;
}
