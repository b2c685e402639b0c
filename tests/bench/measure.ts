// Measure
// =======
// Two things in turn, medians of five or more rounds, and a probe of the machine before and after: a ratio measured while
// somebody else has the processor is told as it is, but is no verdict.

import { hash } from 'node:crypto';
import { cpuUsage } from 'node:process';

export interface Pair {
  /** Both in the same unit, one round. */
  value(): Promise<number>;
  baseline(): Promise<number>;
}

export interface Measured {
  readonly value: number;
  readonly baseline: number;
  /** Median of the rounds' own ratios: a slow minute meets both sides of a round. */
  readonly ratio: number;
  /** Null when the machine was ours. */
  readonly disturbed: string | null;
}

const SHARE_MIN = 0.85;
const DRIFT_MAX = 1.25;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, high = low] = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return (low + high) / 2;
}

/** The first round of each is thrown away: it compiles. Who begins changes from round to round. */
export async function alternate({ value, baseline }: Pair, rounds: number): Promise<Measured> {
  await value();
  await baseline();
  const before = probe();
  const values: number[] = [];
  const baselines: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) values.push(await value());
    baselines.push(await baseline());
    if (round % 2 === 1) values.push(await value());
  }
  const after = probe();
  const ratio = median(values.map((each, i) => each / (baselines[i] as number)));
  return { value: median(values), baseline: median(baselines), ratio, disturbed: disturbance(before, after) };
}

interface Probe {
  /** Milliseconds for a fixed piece of work. */
  readonly took: number;
  /** Of the time that passed, what this process had. */
  readonly share: number;
}

function probe(): Probe {
  const cpu = cpuUsage();
  const start = performance.now();
  let text = '';
  for (let i = 0; i < 100_000; i += 1) text = hash('sha256', text);
  const took = performance.now() - start;
  const { user, system } = cpuUsage(cpu);
  return { took, share: (user + system) / 1000 / took };
}

function disturbance(before: Probe, after: Probe): string | null {
  const share = Math.min(before.share, after.share);
  const drift = Math.max(before.took, after.took) / Math.min(before.took, after.took);
  if (share < SHARE_MIN) return `others took ${Math.round((1 - share) * 100)} % of the processor`;
  if (drift > DRIFT_MAX) return `the same work took ${drift.toFixed(2)} times as long at one end as at the other`;
  return null;
}
