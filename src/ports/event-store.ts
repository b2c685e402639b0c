// Event store port
// ================
// Streams of immutable events. One suite (tests/contract/event-store.ts) holds every adapter to these promises.
//
//   L1. `append` is atomic: all of `events` or none of them.
//   L2. `append` succeeds only at `expected`; a stale writer gets `store.wrong_revision`.
//   L3. What `append` acknowledged is durable and is never changed, reordered or lost.
//   L4. `read` gives the events of a stream in order of revision, forwards or backwards, byte for byte as appended.
//   L5. `readAll` gives the events of every stream in one order that never changes, each with its position.
//   L6. `subscribe` calls once per event from `from` on, in order, also for those appended by another process.
//   L7. Appending the same events (same ids) again at the same `expected` after an uncertain outcome is a no-op that
//       answers as the first did; other ids at that revision are a wrong revision, and so are the same ids elsewhere where
//       the store has an index of them. An id follows from the record, thus from its stream and revision.
//   L8. Appends of many streams that meet are one commit; a conflict of one refuses only that one.

export interface NewEvent {
  /** UUID, made by whoever steps from the record's hash and a nonce of its process. */
  readonly id: string;
  readonly type: string;
  /** Canonical JSON text, stored as it is. */
  readonly data: string;
  readonly metadata: { readonly hash: string; readonly nonce: string };
}

export interface StoredEvent extends NewEvent {
  readonly stream: string;
  /** Position in the stream, from 0. */
  readonly revision: number;
  /** Position among all events of the store; grows, may have gaps. Null where the store tells it in `readAll` alone. */
  readonly position: number | null;
}

export interface PositionedEvent extends StoredEvent {
  readonly position: number;
}

export interface ReadOptions {
  /** First revision (or position, for `readAll`) to give; forwards from 0, backwards from the end unless told. */
  readonly from?: number;
  readonly limit?: number;
  readonly backwards?: boolean;
}

export interface Subscription {
  /** Stops the calls; resolves when none is under way. */
  close(): Promise<void>;
}

/** What `subscribe` is asked, as one value. */
export interface Following {
  readonly stream: string;
  readonly from: number;
  readonly onEvent: (event: StoredEvent) => void;
  readonly onError: (error: unknown) => void;
}

export interface EventStore {
  /**
   * @param expected revision of the last event that the caller has seen, -1 for a new stream.
   * @returns the revision of the last event written.
   * @throws ExecutorError `store.wrong_revision` | `store.unavailable` | `store.full`
   */
  append(stream: string, expected: number, events: readonly NewEvent[]): Promise<number>;
  /** An unknown stream reads as empty. @throws ExecutorError `store.unavailable` | `store.damaged` */
  read(stream: string, options?: ReadOptions): Promise<readonly StoredEvent[]>;
  /** `types` keeps only events of these types (`run.requested` lists the runs). */
  readAll(options?: ReadOptions & { readonly types?: readonly string[] }): Promise<readonly PositionedEvent[]>;
  /** Catches up from revision `from`, then stays live. Errors of `onEvent` reach `onError`, which ends it. */
  subscribe(
    stream: string,
    from: number,
    onEvent: (event: StoredEvent) => void,
    onError: (error: unknown) => void,
  ): Subscription;
  close(): Promise<void>;
}
