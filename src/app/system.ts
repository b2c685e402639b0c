// System
// ======
// The charts as the kernel is handed them, and the registry of the versions that are kept: a run is verified and
// continued only by the charts that record 0 pins.

import { chartEngine } from '#src/kernel/engine.ts';
import { apartOf } from '#src/domain/schedule.ts';
import type { System } from '#src/kernel/step.ts';
import type { InputData } from '#src/events/inputs.ts';
import { actorOf, type PhaseInput } from '#machines/phase-context.ts';
import { phaseMachine } from '#machines/phase.ts';
import type { RunInput } from '#machines/run-context.ts';
import { runMachine } from '#machines/run.ts';
import { vocabulary } from '#machines/vocabulary.ts';

type Requested = InputData<'run.requested'>;

const samplePolicy = { outputTokens: 1, deadlineMs: 1 } as PhaseInput['policy'];
export const runEngine = chartEngine(runMachine, vocabulary, { run: 'sample', policy: {}, prices: [], phases: [] });
export const phaseEngine = chartEngine(phaseMachine, vocabulary, { phase: 'sample', policy: samplePolicy });

/** Record 0 makes the run's cell and one per phase. */
export const system: System = {
  vocabulary,
  actors(data) {
    const { run, plan, policy } = data as unknown as Requested;
    const tierIndex = new Map(plan.tiers.map(({ tier_id, tier_index }) => [tier_id, tier_index]));
    const apart = policy.run.phasesAtOnce === 1 ? null : apartOf(plan.phases.map(({ phase_id, scope }) => ({ id: phase_id, paths: scope.paths, reads: scope.read_only_context.map(({ path }) => path) })));
    const phases = plan.phases.map((phase) => ({
      id: phase.phase_id, tier: tierIndex.get(phase.tier_id) ?? 0, index: phase.phase_index, dependencies: phase.dependencies, apart: apart?.get(phase.phase_id) ?? [],
    }));
    const runInput: RunInput = { run, policy: policy.run, prices: policy.prices, phases };
    return [
      { address: 'run', engine: runEngine, input: runInput },
      ...policy.phases.map(({ phase, policy: ofPhase }) => ({ address: actorOf(phase), engine: phaseEngine, input: { phase, policy: ofPhase } satisfies PhaseInput })),
    ];
  },
};
