// Measure
// =======
// Two things in turn, medians of five or more rounds, and a probe of the machine before and after. What was measured is
// told as it is; a verdict is given only where the machine was ours and the rounds agree on which side of the goal they are.

import { hash } from 'node:crypto';
import { cpuUsage } from 'node:process';

export interface Pair {
  /** Both in the same unit, one round. */
  value(): Promise<number>;
  baseline(): Promise<number>;
  /** Ends what both need. */
  end?(): Promise<void>;
}

export interface Probe {
  /** Milliseconds for a fixed piece of work. */
  readonly took: number;
  /** Of the time that passed, what this process had: 0 to 1. */
  readonly share: number;
}

export interface Measured {
  readonly value: number;
  readonly baseline: number;
  /** Of each round: a slow minute meets both sides of one. */
  readonly ratios: readonly number[];
  readonly before: Probe;
  readonly after: Probe;
}

export interface Aim {
  readonly goal: number;
  /** True: the ratio may be so high; else it must be so high. */
  readonly atMost?: true;
  /** True: both sides are counted, no clock is read, so it does not matter who else has the machine. */
  readonly counted?: true;
}

const SHARE_MIN = 0.85;
const DRIFT_MAX = 1.25;

/** @param at 0 to 1: 0.5 is the median; between two values in proportion. */
export function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * at;
  const [low = Number.NaN, high = low] = sorted.slice(Math.floor(place), Math.floor(place) + 2);
  return low + (high - low) * (place - Math.floor(place));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The first round of each is thrown away: it compiles. Who begins changes from round to round. */
export async function alternate({ value, baseline }: Pair, rounds: number, probing: () => Probe = probe): Promise<Measured> {
  await value();
  await baseline();
  probing();
  const before = probing();
  const values: number[] = [];
  const baselines: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) values.push(await value());
    baselines.push(await baseline());
    if (round % 2 === 1) values.push(await value());
  }
  const ratios = values.map((each, i) => each / (baselines[i] as number));
  return { value: median(values), baseline: median(baselines), ratios, before, after: probing() };
}

/** `holds`, `missed`, or why there is none. */
export function verdictOf(measured: Measured, { goal, atMost, counted }: Aim): string {
  const { ratios } = measured;
  const disturbed = counted === true ? null : disturbance(measured);
  if (disturbed !== null) return `no verdict: ${disturbed}`;
  const [low, high] = [quantile(ratios, 0.25), quantile(ratios, 0.75)];
  if (low < goal && goal < high) return `no verdict: half of the rounds lie between ${low.toPrecision(3)} and ${high.toPrecision(3)}`;
  return (atMost === true ? median(ratios) <= goal : median(ratios) >= goal) ? 'holds' : 'missed';
}

function disturbance({ before, after }: Measured): string | null {
  const share = Math.min(before.share, after.share);
  if (share < SHARE_MIN) return `others took ${Math.round((1 - share) * 100)} % of the processor`;
  const drift = Math.max(before.took, after.took) / Math.min(before.took, after.took);
  return drift > DRIFT_MAX ? `the same work took ${drift.toFixed(2)} times as long at one end as at the other` : null;
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
