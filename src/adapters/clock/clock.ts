// Clocks
// ======
// The machine's clock, and a virtual one that moves only when it is told to (`AUTOPACK_CLOCK=<ISO>`).

import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#src/ports/clock.ts';

// setTimeout holds 31 bits; a longer wait is woken and asked again.
const WAIT_MAX_MS = 60 * 60 * 1000;

export const systemClock: Clock = {
  virtual: false,
  now: () => Date.now(),
  tick: () => {},
  jumpTo: () => {},
  async until(at, signal) {
    const ms = Math.min(Math.max(0, at - Date.now()), WAIT_MAX_MS);
    await sleep(ms, undefined, { signal }).catch(() => {});
  },
};

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
