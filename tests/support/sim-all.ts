// Simulated runs, one seed after the other, and what they come to.

import { points } from './sim-awaits.ts';
import type { Problem } from './sim-hands.ts';
import { simulate, type Simulated } from './sim-run.ts';
import { sweep } from './sim-sweep.ts';

const TWICE_EVERY = 20;
/** Many seeds cannot be swept; about one in 250 is. */
const SWEPT_EVERY = 100;

export interface Summary {
  readonly seeds: number;
  readonly runs: number;
  readonly lives: number;
  readonly records: number;
  readonly crashes: number;
  /** Steady runs in which each await was crashed at in turn. */
  readonly swept: number;
  readonly divergences: number;
  readonly lost: number;
  readonly doubled: number;
  readonly stuck: number;
  /** Other promises that did not hold. */
  readonly broken: number;
  readonly seconds: number;
  /** Where a process can die, and how often one did, sweeps not counted. */
  readonly awaitPoints: readonly { readonly name: string; readonly hits: number }[];
}

interface Wanted {
  readonly first: number;
  readonly seeds: number;
  readonly prompts: ReadonlyMap<string, string>;
}

/** @param onProblem is told of each as it is found. */
export async function simulateAll({ first, seeds, prompts }: Wanted, onProblem: (seed: number, problem: Problem) => void): Promise<Summary> {
  const started = performance.now();
  const tally = new Tally(onProblem);
  for (let seed = first; seed < first + seeds; seed += 1) {
    const once = await simulate(seed, prompts);
    tally.add(seed, once);
    if (seed % TWICE_EVERY === 0) tally.again(seed, once, await simulate(seed, prompts));
    if (seed % SWEPT_EVERY === 0) tally.sweep(seed, await sweep(seed, prompts));
  }
  return { seeds, ...tally.figures(), seconds: Math.round((performance.now() - started) / 100) / 10, awaitPoints: [...tally.hits].map(([name, hits]) => ({ name, hits })) };
}

class Tally {
  readonly hits = new Map(points.map((point) => [point, 0]));
  private readonly found: Problem[] = [];
  private readonly onProblem: (seed: number, problem: Problem) => void;
  private counts = { runs: 0, lives: 0, records: 0, crashes: 0, swept: 0 };

  constructor(onProblem: (seed: number, problem: Problem) => void) {
    this.onProblem = onProblem;
  }

  add(seed: number, { lives, log, crashed, problems }: Simulated): void {
    const { counts, hits } = this;
    for (const [point, count] of crashed) hits.set(point, (hits.get(point) ?? 0) + count);
    const crashes = [...crashed.values()].reduce((sum, n) => sum + n, 0);
    this.counts = { ...counts, runs: counts.runs + 1, lives: counts.lives + lives, records: counts.records + log.split('\n').length, crashes: counts.crashes + crashes };
    this.tell(seed, problems);
  }

  again(seed: number, once: Simulated, twice: Simulated): void {
    this.counts.runs += 1;
    if (once.log !== twice.log) this.tell(seed, [{ kind: 'divergence', what: 'K12 the same seed gives other bytes' }]);
  }

  sweep(seed: number, swept: Awaited<ReturnType<typeof sweep>>): void {
    if (swept === null) return;
    this.counts = { ...this.counts, swept: this.counts.swept + 1, runs: this.counts.runs + swept.crashes, crashes: this.counts.crashes + swept.crashes };
    this.tell(seed, swept.problems);
  }

  figures() {
    const count = (kind: Problem['kind']): number => this.found.filter((problem) => problem.kind === kind).length;
    return { ...this.counts, divergences: count('divergence'), lost: count('lost'), doubled: count('doubled'), stuck: count('stuck'), broken: count('broken') };
  }

  private tell(seed: number, problems: readonly Problem[]): void {
    for (const problem of problems) this.onProblem(seed, problem);
    this.found.push(...problems);
  }
}
