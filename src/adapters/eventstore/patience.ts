// Patience
// ========
// The same call again, with growing pauses, until it is answered or patience ends.

import { setTimeout as sleep } from 'node:timers/promises';
import { closed, refusal, unavailable } from './errors.ts';

const FIRST_PAUSE_MS = 50;
const PAUSE_MS_MAX = 1_000;

export interface Patience {
  /** The store as people may see it: without credentials. */
  readonly place: string;
  readonly patienceMs: number;
  /** Aborts when the process shall end: then each attempt is the last one. */
  readonly stop: AbortSignal;
  /** Aborts when the store is closed: then there is no attempt any more. */
  readonly closed: AbortSignal;
}

/**
 * @param attempt throws what the client threw; ExecutorErrors end the patience.
 * @throws ExecutorError `store.unavailable` after all patience, what `refusal` says at once.
 */
export async function patiently<T>({ place, patienceMs, stop, closed: end }: Patience, attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, PAUSE_MS_MAX)) {
    if (end.aborted) throw closed(place);
    try {
      return await attempt();
    } catch (error) {
      const refused = refusal(error, place);
      if (refused !== null) throw refused;
      if (stop.aborted || end.aborted || performance.now() + pause > deadline) throw unavailable(error, place);
    }
    await sleep(pause, null, { signal: AbortSignal.any([stop, end]) }).catch(() => {});
  }
}
