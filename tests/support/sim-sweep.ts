// A sweep of crashes
// ==================
// One seed in a steady world, and then again with a crash at its first await, its second, and so on to the last: each
// time the phases go the same way, answer by answer, and end in the same tree as in the run that nobody disturbed.

import type { RunRecord } from '#src/record/record.ts';
import type { Problem } from './sim-hands.ts';
import { play, World, type Simulated } from './sim-run.ts';
import type { Death } from './sim-schedule.ts';

/** The one that asks for the run, and the one that drives it to its end. */
const LIVES_WITHOUT_PEOPLE = 2;

export interface Swept {
  readonly problems: readonly Problem[];
  readonly crashes: number;
}

/** @returns null where it is longer than wanted, and where people or a pause decide what comes next: then a crash may change whose turn it is. */
export async function sweep(seed: number, prompts: ReadonlyMap<string, string>, awaitsMax = Infinity): Promise<Swept | null> {
  const told = async (death: Death | null): Promise<Simulated & { readonly way: string }> => {
    const world = new World(seed, prompts, true);
    const simulated = await play(world, world.tellSteadily(death));
    return { ...simulated, way: wayOf(world) };
  };
  const calm = await told(null);
  if (calm.lives !== LIVES_WITHOUT_PEOPLE || calm.awaits > awaitsMax) return null;
  const problems = [...calm.problems];
  for (let nth = 1; nth <= calm.awaits; nth += 1) {
    const crashed = await told({ nth });
    problems.push(...crashed.problems.map(({ kind, what }) => ({ kind, what: `crashed at await ${nth}: ${what}` })));
    if (crashed.way !== calm.way) problems.push({ kind: 'divergence', what: `a crash at await ${nth} leads another way` });
  }
  return { problems, crashes: calm.awaits };
}

/** What a crash may not change: each phase's answers, how it ended, and the branch's trees. Commits hold the time. */
function wayOf({ stored, repo }: World): string {
  const records = stored.map(({ data }) => JSON.parse(data) as RunRecord);
  const answers = records.filter(({ to }) => to.startsWith('phase:')).map(({ to, event: { type, cause, data } }) => [to, type, cause, type === 'commit.written' ? null : data]);
  const ends = records.flatMap(({ facts }) => facts).filter(({ type }) => type === 'phase.ended' || type === 'run.ended').map(({ actor, data }) => [actor, data['outcome'], data['reason']]);
  const trees: string[] = [];
  for (let at = repo.branch; at !== null; at = repo.commits.get(at)?.parent ?? null) trees.push(repo.commits.get(at)?.tree ?? 'nothing');
  return JSON.stringify([answers, ends, trees]);
}
