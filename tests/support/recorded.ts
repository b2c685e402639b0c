// Recorded runs
// =============
// Whole runs by seed as the product records them: record 0 with plan, policy and pins, the shipped charts, the chain.

import { pinsFor, systemFor } from '#src/app/pins.ts';
import type { InputData } from '#src/events/inputs.ts';
import type { CiCommand } from '#src/events/plan.ts';
import { first, next, type SystemFor } from '#src/kernel/log.ts';
import { accepts } from '#src/kernel/step.ts';
import type { RunRecord } from '#src/record/record.ts';
import { play, settingOf, type Setting } from './play.ts';
import { prices } from './policies.ts';
import { generator } from './world.ts';

type Requested = InputData<'run.requested'>;

const START = Date.UTC(2026, 0, 1);

/** What record 0 holds of a setting. */
export function requestOf(name: string, { run, phases }: Setting): Requested {
  const command: CiCommand = { kind: 'command', argv: ['npm', 'test'], timeoutMs: 600_000, workdir: '.', env: [], reports: [], coverage: null, allowWeakerTests: false, newTestsMustFailBefore: false };
  const tiers = [...new Set(phases.map(({ tier }) => tier))].map((tier) => ({ tier_id: `T${tier}`, tier_index: tier, name: `tier ${tier}`, description: null }));
  return {
    run: name,
    plan: {
      run: { run_id: name }, tiers, baseline: run.baseline === 'command' ? command : { kind: 'none', reason: 'the plan says so' }, workspace: { setup: [], include: [], link: [] }, protected: [],
      phases: phases.map(({ id, tier, dependencies, policy }, i) => ({
        phase_id: id, phase_index: i, tier_id: `T${tier}`, name: `phase ${id}`, description: null, task_category: null, complexity: 'medium', builder_mode: policy.builderMode, phase_type: null,
        scope: { paths: [`${id}/`], read_only_context: [], deliverables_manifest: [] }, acceptance_criteria: [], deliverables: [], dependencies: [...dependencies],
        ci: policy.check === 'command' ? command : policy.check === 'skip' ? { kind: 'skip', reason: 'nothing to run' } : { kind: 'none' },
        allow_noop: policy.allowNoop, allow_mass_deletion: policy.allowMassDeletion, allow_mass_addition: false, allow_symbol_removal: false, change_size: null, max_builder_attempts: policy.attemptsMax,
      })),
    },
    policy: {
      run, phases: phases.map(({ id, policy }) => ({ phase: id, policy })), prices: [...prices], context: { tokensSteps: [120_000, 80_000, 50_000], fileBytesMax: 400_000, filesMax: 200, excerptMax: 15_000, heuristic: { filesMax: 40, tokensMax: 20_000 }, patterns: [] },
      guards: { shrinkPercent: 60, growthPercent: 300, churnPercent: 30, linesMin: 10, wholeLinesMax: 1000, symbolsLostPercent: 30, similarLinesMin: 300, similarityPercent: 60, alwaysPreserve: [] },
      protectedPaths: [], criticalPaths: [], vendors: [], setupTimeoutMs: 600_000, project: 'project', sandbox: 'auto', warnings: [],
    },
    pins: pinsFor(new Map()),
  };
}

export interface Recorded {
  readonly records: readonly RunRecord[];
  /** `actor:source|event|index` of every edge taken. */
  readonly edges: ReadonlySet<string>;
}

/** The same seed, the same records. @param phases ids, two to a tier. */
export function recordRun(seed: number, name: string, phases: readonly string[]): Recorded {
  const random = generator(seed);
  return recordPlay(random, requestOf(name, settingOf(random, phases)), systemFor);
}

export function recordPlay(random: ReturnType<typeof generator>, requested: Requested, charts: SystemFor): Recorded {
  const data = requested as unknown as Record<string, unknown>;
  let { head, sealed } = first(requested.run, START, { type: 'run.requested', v: 1, data }, charts(data));
  const records = [sealed.record];
  const edges = new Set<string>();
  const hand = play(random, head.state, START);
  for (let turn = hand.next(); turn.done !== true; turn = hand.next(head.state)) {
    const { seq: _turn, ...input } = turn.value;
    if (!accepts(head.state, input)) continue;
    const made = next(head, input);
    ({ head, sealed } = made);
    records.push(sealed.record);
    made.applied.edges.forEach((edge) => edges.add(edge));
  }
  return { records, edges };
}
