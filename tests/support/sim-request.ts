// What a simulated run is asked to do
// ===================================
// Record 0 and the mood of the world, drawn from the seed: small plans, small caps, every policy that changes the way.

import { pinsFor } from '#src/app/pins.ts';
import type { Requested } from '#src/effects/performing.ts';
import { inputs } from '#src/events/inputs.ts';
import type { RunPolicy } from '#src/events/policy.ts';
import type { Mood } from './sim-hands.ts';
import { requestOf as recordZeroOf } from './recorded.ts';
import { phasePolicy, runPolicy } from './policies.ts';
import type { generator } from './world.ts';

type Random = ReturnType<typeof generator>;

export const RUN = 'simulated';

/** Only a plan that cannot work is revised. */
const wantsPlanner = (own: string): boolean => own.startsWith('callPlanner');
/** Only a branch that moved under a phase has something carried onto it. */
const wantsMoved = (own: string): boolean => own.includes('workspace.carry');

/** @param own the await point that the seed shall come by. */
export function moodOf({ next, pick }: Random, own: string): Mood {
  const idempotent = !own.includes('blobs.memo') && pick([true, false]); // only calls that cost again are marked
  const good = pick(wantsMoved(own) ? [0.95, 1] : [0.6, 0.8, 0.95, 1]);
  return { good, machineFaults: (1 - good) / 10, stubborn: next() < (wantsPlanner(own) ? 0.9 : 0.25), storeFaults: pick([0, 0, 0.005, 0.03]), idempotent, slowMs: pick([1000, 60_000, 1_200_000]) };
}

/** Where nothing but answers is left to chance: the machine works, and a call that is made again is answered alike. */
export const STEADY = { machineFaults: 0, storeFaults: 0, idempotent: true } satisfies Partial<Mood>;
/** Limits that a crash could bring nearer, out of reach. */
const STEADY_POLICY = { tokenCap: 5_000_000, iterations: null, durationMs: 7_200_000 } satisfies Partial<RunPolicy>;

export function requestOf({ next, pick }: Random, { own, isSteady }: { readonly own: string; readonly isSteady: boolean }, prompts: ReadonlyMap<string, string>): Requested {
  const ids = ['a', 'b', 'c'].slice(0, pick(wantsMoved(own) ? [3] : [1, 2, 2, 3]));
  const check = next() < 0.2 ? 'none' : 'command';
  const phases = ids.map((id, i) => ({
    id, tier: 0, dependencies: i > 0 && next() < 0.3 ? [ids[i - 1] as string] : [],
    policy: phasePolicy({
      attemptsMax: pick(wantsPlanner(own) ? [4] : [1, 3, 4]), auditor2Walk: next() < 0.3 ? ['m1'] : null, onExhausted: pick(['ask', 'fail']), askBeforeCommit: next() < 0.2, check,
      netDeletionMax: next() < 0.1 ? 0 : 200, allowNoop: next() < 0.1, replanMessageMin: 10,
    }),
  }));
  const drawn = runPolicy({ phasesAtOnce: pick(wantsMoved(own) ? [3] : [1, 1, 2, 3]), baseline: pick(['command', 'none']), tokenCap: pick([5_000_000, 5_000_000, 60_000]), iterations: pick([null, null, 3]), replansMax: pick(wantsPlanner(own) ? [5] : [0, 1, 5]), durationMs: pick([7_200_000, 7_200_000, 900_000]) });
  const { plan, policy, run } = recordZeroOf(RUN, { run: isSteady ? { ...drawn, ...STEADY_POLICY } : drawn, phases });
  const scoped = plan.phases.map((phase) => ({ ...phase, scope: { ...phase.scope, paths: [`${phase.phase_id}.txt`] } }));
  const prices = ['m1', 'm2'].map((model) => ({ model, input: 1_000_000, output: 2_000_000, cacheRead: 0, cacheWrite: 0 }));
  return inputs.runRequested.data.parse({ run, plan: { ...plan, phases: scoped }, policy: { ...policy, prices, sandbox: pick(['none', 'auto']) }, pins: pinsFor(prompts) });
}
