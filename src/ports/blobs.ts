// Blobs port
// ==========
// Bodies by content, and the memo of finished answers.
//
//   B1. `put` is idempotent, and the body is durable when it resolves.
//   B2. `get` gives exactly the bytes that were put, verified by their hash; a damaged body is `blob.missing`, never given out.
//   B3. The first `memo` of (run, effect) wins; every later one answers with the first.
//   B4. A memo names only a body that is durable.

import type { Ref } from '#src/record/ref.ts';

export interface Blobs {
  /** @throws ExecutorError `store.unavailable` | `store.full` */
  put(body: Uint8Array): Promise<Ref>;
  /** @throws ExecutorError `blob.missing` | `store.unavailable` */
  get(ref: Ref): Promise<Uint8Array>;
  /** Keeps `result` for (run, effect) unless one is kept already. @returns the one that is kept. */
  memo(run: string, effect: string, result: Ref): Promise<Ref>;
  /** @returns the kept result, or null. */
  recall(run: string, effect: string): Promise<Ref | null>;
}
