// A trial
// =======
// What a fault is given, and what every fault does with its run: judge it when it is over, take it up again, end services.

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Place, Started } from './e2e.ts';
import { NOTHING, over, performances, tally, type Calm, type Tally } from './faulting.ts';
import type { FaultyTeam, Process, Role } from './faulty-team.ts';

export interface Trial {
  readonly team: FaultyTeam;
  /** Its run has this name, or names that begin so. */
  readonly own: Place;
  readonly calm: Calm;
  /** Spreads the moments of a fault over the rounds. */
  readonly round: number;
}

export interface Fault {
  readonly needs: 'store' | null;
  run(trial: Trial): Promise<Tally>;
}

/** Longer than the holds of NATS, which lapse after 15 s, and than its pings. */
export const LAPSED_MS = 60_000;

export async function judged({ team, own, calm }: Trial, executor: Started, times: number): Promise<Tally> {
  const { code, signal, err, late } = await over(executor);
  const bad = code === 0 ? [] : [`${own.run} ${late ? 'does not end' : `exits ${code} (${signal})`}: ${err.slice(-600)}`];
  const told = await tally(team, own.run);
  return { ...NOTHING, ...told, times, problems: [...bad, ...told.problems, ...(await performances(team, { own, calm }))] };
}

export async function end(...services: readonly Started[]): Promise<void> {
  for (const { child } of services) child.kill('SIGKILL');
  await Promise.all(services.map(({ done }) => done));
}

/** After so many appends, another in each round; early enough that more will come. */
export const moment = ({ calm, round }: Trial): number => 2 + ((round * 5) % Math.max(1, calm.said.length - 6));

export async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() - begun > LAPSED_MS) throw new Error('waited in vain');
    await pause(100);
  }
}

/** The exit code of `run.locked`. */
export const LOCKED = 9;

export async function resumed(team: FaultyTeam, run: string, wire: Role = 'executor'): Promise<Started> {
  for (const begun = performance.now(); ; await pause(500)) {
    const executor = team.start({ role: 'executor', args: ['resume', run], wire });
    const { code } = await over(executor);
    if (code !== LOCKED || performance.now() - begun > LAPSED_MS) return executor;
  }
}

/** In a clone and with a state folder of its own, as on another machine. */
export function worker(team: FaultyTeam, { folder, repo, answers, run }: Place, more: Pick<Process, 'killAfter' | 'wire'> = {}): Started {
  const clone = join(folder, `clone-${run}`);
  repo.git('clone', '-q', repo.root, clone);
  return team.start({ role: 'executor', args: ['worker', '-C', clone, '--provider', `script:${answers}`], home: join(folder, `home-${run}`), ...more });
}
