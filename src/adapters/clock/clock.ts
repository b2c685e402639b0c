// Clocks
// ======
// The machine's clock, and a virtual one that moves only when it is told to (`AUTOPACK_CLOCK=<ISO>`).

import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#src/ports/clock.ts';

// setTimeout holds 31 bits; a longer wait is woken and asked again.
const WAIT_MAX_MS = 60 * 60 * 1000;

export interface TimeSources {
  /** Milliseconds since the epoch, as the machine says now. Read once. */
  wall(): number;
  /** Milliseconds that have passed, whatever the wall clock does meanwhile. */
  elapsed(): number;
  /** Ends early when `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/**
 * The wall clock of the moment when it was made, moved on by what really passes: when somebody sets the machine's clock,
 * a leap second is smeared or repeated, or the zone changes, no deadline comes sooner or later. While the machine sleeps
 * it stands still, as a run does without a holder; the next process begins at the wall clock again.
 */
export function steadyClock({ wall, elapsed, sleep: rest }: TimeSources): Clock {
  const began = wall() - elapsed();
  const now = (): number => Math.floor(began + elapsed());
  return {
    virtual: false,
    now,
    tick: () => {},
    jumpTo: () => {},
    until: (at, signal) => rest(Math.min(Math.max(0, at - now()), WAIT_MAX_MS), signal),
  };
}

export const systemClock: Clock = steadyClock({
  wall: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
});

/** @param start milliseconds since the epoch. */
export function virtualClock(start: number): Clock {
  let now = start;
  return {
    virtual: true,
    now: () => now,
    tick: () => {
      now += 1;
    },
    jumpTo: (at) => {
      now = Math.max(now, at);
    },
    until: () => Promise.reject(new Error('a virtual clock is never waited for')),
  };
}
