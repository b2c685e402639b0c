// Schedule of a simulation
// ========================
// Simulated time, and one queue for everything that a simulated process waits for. Nothing moves before everything that
// can run by itself has run; then chance takes one of those that are due. The same seed gives the same order.
//
// Each call of a port is two waits: before it happens and before its answer is known. A process can die at both, and at
// a write also while it is under way: then it happens later, perhaps in its successor's time.

import { setImmediate as turn } from 'node:timers/promises';
import { generator } from './world.ts';

/** Where a process dies: at the n-th passing of one point, at its n-th await, or at any with a chance. */
export type Death = { readonly point: string; readonly nth: number } | { readonly nth: number } | { readonly chance: number };

/** What a call comes to instead of its own answer. */
export interface Fault {
  readonly error: unknown;
  /** Whether it happened all the same. */
  readonly happened: boolean;
}

export interface Call<T> {
  readonly name: string;
  readonly isWrite?: boolean;
  /** Milliseconds until its answer is there. */
  readonly delayMs?: number;
  readonly fault?: Fault | null;
  /** Its answer is there at once when it aborts. */
  readonly signal?: AbortSignal;
  act(): T | Promise<T>;
}

interface Waiting {
  readonly process: SimProcess | null;
  ready: number;
  go(): void;
}

export const STUCK = 'nothing will ever happen again';
/** When every story begins. */
export const START_MS = Date.UTC(2026, 0, 1);
const TICK_MS = 3;

/** One process of the simulated machine: alive until its schedule lets it die. */
export class SimProcess {
  readonly name: string;
  readonly death: Death | null;
  readonly passes = new Map<string, number>();
  awaits = 0;
  readonly died = Promise.withResolvers<'died'>();
  /** What the system does with a dead one's connections and locks. */
  readonly atDeath: (() => void)[] = [];
  alive = true;

  constructor(name: string, death: Death | null) {
    this.name = name;
    this.death = death;
  }
}

export class Schedule {
  readonly random: ReturnType<typeof generator>;
  /** Awaits that were passed. */
  awaits = 0;
  /** Point -> how often a process died there. */
  readonly crashed = new Map<string, number>();
  nowMs: number;
  private steps = 0;
  private waiting: Waiting[] = [];

  constructor(seed: number, startMs: number) {
    this.random = generator(seed);
    this.nowMs = startMs;
  }

  /** Runs until `isOver`. @throws when nothing is left to happen, or too much did. */
  async run(isOver: () => boolean, stepsMax: number): Promise<void> {
    for (;;) {
      await turn();
      if (isOver()) return;
      this.steps += 1;
      if (this.steps > stepsMax) throw new Error(`${STUCK}: ${stepsMax} steps did not end it`);
      this.next().go();
    }
  }

  private next(): Waiting {
    if (this.waiting.length === 0) throw new Error(STUCK);
    const soonest = Math.min(...this.waiting.map(({ ready }) => ready));
    this.nowMs = Math.max(this.nowMs, soonest) + Math.floor(this.random.next() * TICK_MS);
    const chosen = this.random.pick(this.waiting.filter(({ ready }) => ready <= this.nowMs));
    this.waiting = this.waiting.filter((other) => other !== chosen);
    return chosen;
  }

  /** One wait; a process that dies here is never heard of again. */
  wait(process: SimProcess | null, point: string, { delayMs = 0, signal }: { delayMs?: number; signal?: AbortSignal | undefined } = {}): Promise<void> {
    return new Promise((resolve) => {
      const waiting = { process, ready: this.nowMs + delayMs, go: () => (this.dies(process, point) ? this.kill(process, point) : resolve()) };
      const now = (): void => { waiting.ready = this.nowMs; };
      if (signal?.aborted === true) now();
      signal?.addEventListener('abort', now, { once: true });
      if (process === null || process.alive) this.waiting.push(waiting);
    });
  }

  async call<T>(process: SimProcess, { name, isWrite = false, delayMs = 0, fault = null, signal, act }: Call<T>): Promise<T> {
    await this.wait(process, `${name}: before`);
    if (isWrite && this.dies(process, `${name}: under way`)) {
      this.kill(process, `${name}: under way`);
      void this.wait(null, '', { delayMs: Math.floor(this.random.next() * 5000) }).then(act).catch(() => undefined);
      return new Promise(() => undefined);
    }
    const happened = fault === null || fault.happened ? await settled(act) : null;
    await this.wait(process, `${name}: after`, { delayMs, signal });
    if (fault !== null) throw fault.error;
    return happened === null ? never() : happened();
  }

  private dies(process: SimProcess | null, point: string): boolean {
    if (process === null || point === '') return false;
    const nth = (process.passes.get(point) ?? 0) + 1;
    process.passes.set(point, nth);
    process.awaits += 1;
    this.awaits += 1;
    const { death } = process;
    if (death === null) return false;
    if ('chance' in death) return this.random.next() < death.chance;
    return 'point' in death ? death.point === point && death.nth === nth : death.nth === process.awaits;
  }

  private kill(process: SimProcess | null, point: string): void {
    if (process === null) return;
    this.crashed.set(point, (this.crashed.get(point) ?? 0) + 1);
    process.alive = false;
    this.waiting = this.waiting.filter((waiting) => waiting.process !== process);
    for (const free of process.atDeath) free();
    process.died.resolve('died');
  }
}

/** The outcome of `act`, to be given out later. */
async function settled<T>(act: () => T | Promise<T>): Promise<() => T> {
  try {
    const value = await act();
    return () => value;
  } catch (error) {
    return () => { throw error; };
  }
}

function never(): never {
  throw new Error('a call without an outcome');
}
