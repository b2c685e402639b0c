// Recording histories
// ===================
// `npm run histories`: of many seeded runs the few that take every edge of both charts in the fewest bytes, greedily.
// Only for versions of which nobody has a run yet: what was released is kept as it was recorded.

import { systemFor } from '#src/app/pins.ts';
import { canonical } from '#src/record/canonical.ts';
import type { RunRecord } from '#src/record/record.ts';
import { edgeOfChart, edgesNotTaken, writeHistories } from './histories.ts';
import { lockNow, nameOf } from './lock-charts.ts';
import { settingOf, type Setting } from './play.ts';
import { phasePolicy, runPolicy } from './policies.ts';
import { recordPlay, requestOf } from './recorded.ts';
import { generator } from './world.ts';

const SEEDS = 2000;

interface Candidate {
  readonly records: readonly RunRecord[];
  readonly edges: ReadonlySet<string>;
  readonly bytes: number;
}

/** Phases that stand in each other's way: a branch that moves under a question is rare otherwise. */
function contended(): Setting {
  const phases = ['a', 'b', 'c', 'd'].map((id) => ({ id, tier: 0, dependencies: [], policy: phasePolicy({ attemptsMax: 3, askBeforeCommit: true, reauditsMax: 0, check: 'none' }) }));
  return { run: runPolicy({ phasesAtOnce: 3, baseline: 'none', tokenCap: 5_000_000 }), phases };
}

/** A special phase: no drawn one is. */
function batched(): Setting {
  const batches = ['code', 'tests'].map((name) => ({ name, paths: ['a.txt'], deliverables: [] }));
  return { run: runPolicy({ baseline: 'none', tokenCap: 60_000 }), phases: [{ id: 'a', tier: 0, dependencies: [], policy: phasePolicy({ check: 'none', onExhausted: 'fail', batches }) }] };
}

function candidate(seed: number, settingFrom: (random: ReturnType<typeof generator>) => Setting): Candidate {
  const random = generator(seed);
  const { records, edges } = recordPlay(random, requestOf('history', settingFrom(random)), systemFor);
  return { records, edges: new Set([...edges].map(edgeOfChart)), bytes: canonical(records).length };
}

function chosenOf(candidates: readonly Candidate[]): Candidate[] {
  const chosen: Candidate[] = [];
  for (let missing = edgesNotTaken([]); missing.length > 0; missing = edgesNotTaken(chosen.map(({ edges }) => edges))) {
    const worth = ({ edges, bytes }: Candidate): number => missing.filter((edge) => edges.has(edge)).length / bytes;
    const best = candidates.reduce((a, b) => (worth(b) > worth(a) ? b : a));
    if (worth(best) === 0) throw new Error(`no run takes ${missing.join(' ')}`);
    chosen.push(best);
  }
  return busyOf(chosen);
}

/** What was chosen early may have become idle through what came later. */
function busyOf(chosen: readonly Candidate[]): Candidate[] {
  return chosen.reduce<Candidate[]>((kept, one) => {
    const others = kept.filter((other) => other !== one);
    return edgesNotTaken(others.map(({ edges }) => edges)).length === 0 ? others : kept;
  }, [...chosen]);
}

const version = nameOf(lockNow());
const candidates = Array.from({ length: SEEDS }, (_, i) => i + 1).flatMap((seed) => [
  candidate(seed, (random) => settingOf(random, seed % 2 === 0 ? ['a', 'b'] : ['a', 'b', 'c', 'd'])),
  ...(seed <= 1500 ? [candidate(seed, contended)] : []),
  ...(seed <= 500 ? [candidate(seed, batched)] : []),
]);
const chosen = chosenOf(candidates);
writeHistories(version, chosen.map(({ records }) => records));
process.stdout.write(`${version}: ${chosen.length} runs, ${chosen.reduce((sum, { records }) => sum + records.length, 0)} records, ${chosen.reduce((sum, { bytes }) => sum + bytes, 0)} bytes take every edge\n`);
