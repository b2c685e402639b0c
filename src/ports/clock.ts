// Clock port
// ==========
//   C1. `now` is integer milliseconds; the kernel makes it monotone per run.
//   C2. A virtual clock moves only by `tick` (an input was taken, 1 ms) and `jumpTo` (nothing runs, the next deadline).

export interface Clock {
  /** True when time passes only by `tick` and `jumpTo`. */
  readonly virtual: boolean;
  now(): number;
  tick(): void;
  jumpTo(at: number): void;
  /** Real clocks wait; resolves early when `signal` aborts. Never called on a virtual clock. */
  until(at: number, signal: AbortSignal): Promise<void>;
}
