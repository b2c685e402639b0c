// Play
// ====
// Whole runs by seed: what a seeded world and its people do to a run, one input after the other. It answers what is
// open in any order, well or badly, lets deadlines pass, cancels, takes over, and brings late results.

import type { Resumption } from '#src/events/inputs.ts';
import type { RunPolicy } from '#src/events/policy.ts';
import type { InputEvent } from '#src/record/record.ts';
import type { Input, KernelState, OpenEffect } from '#src/kernel/step.ts';
import { lostOf } from '#machines/run-context.ts';
import { phasePolicy, runPolicy } from './policies.ts';
import { answers, isDone, pathsOf, runContext, type generator, type TestPhase } from './world.ts';

type Random = ReturnType<typeof generator>;

export interface Setting {
  readonly run: RunPolicy;
  readonly phases: readonly TestPhase[];
}

/** Limits small enough to be met. @param ids of the phases, two to a tier. */
export function settingOf(random: Random, ids: readonly string[]): Setting {
  const phases = ids.map((id, i) => ({
    id, tier: Math.floor(i / 2), dependencies: i > 0 && random.next() < 0.3 ? [ids[i - 1] as string] : [],
    policy: phasePolicy({
      attemptsMax: random.pick([1, 3, 4]), auditor2Walk: random.next() < 0.3 ? ['m1'] : null, onExhausted: random.pick(['ask', 'fail']), askBeforeCommit: random.next() < 0.2,
      check: random.pick(['command', 'command', 'none']), netDeletionMax: random.next() < 0.1 ? 0 : 200, allowNoop: random.next() < 0.2, profile: random.pick(['normal', 'normal', 'safety_critical']),
      questionDefault: random.pick(['reject', 'approve']), reauditsMax: random.pick([0, 1, 2]),
    }),
  }));
  const run = runPolicy({ phasesAtOnce: random.pick([1, 1, 2, 3]), baseline: random.pick(['command', 'none']), tokenCap: random.pick([5_000_000, 60_000, 200]), iterations: random.pick([null, null, 3]), replansMax: random.pick([0, 1, 5]), ...tightness(random), confirm: random.next() < 0.05 ? { question: 'Begin?', waitMs: 900_000 } : null });
  return { run, phases };
}

/** Of the caps that most runs do not have. */
const tightness = (random: Random): Partial<RunPolicy> => (random.next() < 0.6 ? {} : { costCapMicroUsd: random.pick([null, 100_000]), phaseTokenCap: random.pick([null, 40_000]), ciRunCap: random.pick([null, 2]), phasesCap: random.pick([null, 1]), health: { http5xxMax: random.pick([1, 9]), patchesMax: 2, failuresMax: random.pick([3, 9]) }, breaker: { phasesMax: random.pick([1, 2]), resetMs: 2000 } });

const STEPS_MAX = 1500;

/** New caps, or some of the old ones. */
const raised = (random: Random): Resumption => {
  const maybe = (cap: number): number | null => (random.next() < 0.5 ? cap : null);
  return { tokenCap: maybe(9_000_000), costCapMicroUsd: maybe(900_000_000), phaseTokenCap: maybe(9_000_000), ciRunCap: maybe(1000), iterations: maybe(1), phases: maybe(1) };
};

/** Yields inputs, not all of which the run accepts, and is handed the state after each. @throws where the run is stuck. */
export function* play(random: Random, begun: KernelState, startAt: number): Generator<Input & { readonly seq: number }, void, KernelState> {
  const good = random.pick([0.3, 0.6, 0.85, 0.95]);
  const slowRun = random.pick([0, 0.9]);
  const badTests = random.pick([0, 0, 0.8]);
  let state = begun;
  let at = startAt;
  let epoch = 1;
  let seq = 1;
  const to = (address: string, event: InputEvent) => ({ to: address, at, event, seq });
  if (random.next() < 0.02) {
    state = yield to('run', { type: 'run.cancel_requested', v: 1, data: { reason: 'not at all' } });
    seq += 1;
  }
  state = yield to('run', { type: 'run.started', v: 1, data: { epoch } });
  for (seq += 1; !isDone(state); seq += 1) {
    if (seq > STEPS_MAX) throw new Error(`N4 not over after ${STEPS_MAX} steps: ${pathsOf(state).join(' ')} ${JSON.stringify(runContext(state).pause)}`);
    at += Math.floor(random.next() * 2000);
    const open = [...state.open.values()].filter(({ effect }) => effect.type !== 'startTimer' || !['duration', 'deadline'].includes(String(effect.params['kind'])) || random.next() < 0.02);
    const roll = random.next();
    const late = lostOf(runContext(state))[0];
    if (roll < 0.006) {
      state = yield to('run', { type: 'run.cancel_requested', v: 1, data: { reason: 'enough' } });
    } else if (roll < 0.009) {
      state = yield to(`phase:${random.pick(runContext(state).phases).id}`, { type: 'phase.skip_requested', v: 1, data: { reason: 'not wanted' } });
    } else if (roll < 0.03 || (open.length === 0 && runContext(state).pause !== null)) {
      epoch += 1;
      state = yield to('run', { type: 'run.resumed', v: 1, data: { epoch, downMs: Math.floor(random.next() * 3) * 1000, ...raised(random) } });
    } else if (roll < 0.06 && late !== undefined) {
      state = yield to('run', { type: 'effect.late', v: 1, data: { effect: late.id, inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, costMicroUsd: 1 } });
    } else {
      const ofPhases = open.filter(({ owner }) => owner !== 'run');
      const chosen = random.pick(ofPhases.length > 0 && random.next() < slowRun ? ofPhases : open) as OpenEffect | undefined;
      if (chosen === undefined) throw new Error(`stuck: ${pathsOf(state).join(' ')} pause ${JSON.stringify(runContext(state).pause)}`);
      if (chosen.effect.type === 'startTimer') at = Math.max(at, Number(chosen.effect.params['deadline']) + chosen.shiftMs);
      const list = answers(state, chosen.effect.id, seq);
      const stubborn = chosen.effect.type === 'runTests' && chosen.owner !== 'run' && random.next() < badTests;
      state = yield to(chosen.owner, stubborn ? (list[1] as InputEvent) : random.next() < good ? (list[0] as InputEvent) : random.pick(list));
    }
  }
}
