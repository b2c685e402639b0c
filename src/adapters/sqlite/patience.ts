// Patience
// ========
// SQLite blocks the whole thread while it waits for a lock, so it may wait only briefly; the long wait is ours.

import { setTimeout as sleep } from 'node:timers/promises';
import { isBusy, storeError } from './errors.ts';

/** What SQLite itself waits, the thread standing still. */
export const BUSY_TIMEOUT_MS = 50;
export const PATIENCE_MS = 10_000;
/** What is left of it once a stop was asked for: enough for a commit, not for a person to wonder. */
const STOPPING_MS = 1_000;
const FIRST_DELAY_MS = 5;
const DELAY_MS_MAX = 250;

export interface Patience {
  readonly path: string;
  readonly patienceMs: number;
  /** Aborts when the process shall end: a lock is then given up sooner. */
  readonly stop?: AbortSignal | undefined;
}

/**
 * Calls `attempt` until it is not refused by somebody else's lock.
 * @throws ExecutorError `store.unavailable` when the lock outlasts `patienceMs`; any other error at once, in our words.
 */
export async function patiently<T>({ path, patienceMs, stop }: Patience, attempt: () => T): Promise<T> {
  let deadline = performance.now() + patienceMs;
  let isStopping = false;
  for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * 2, DELAY_MS_MAX)) {
    try {
      return attempt();
    } catch (error) {
      if (stop?.aborted === true && !isStopping) {
        isStopping = true;
        deadline = Math.min(deadline, performance.now() + STOPPING_MS);
      }
      if (!isBusy(error) || performance.now() + delay > deadline) throw storeError(error, path);
    }
    await sleep(delay);
  }
}
