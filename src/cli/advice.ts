// Advice
// ======
// The next command, from what the log says alone. Whether a process is at work on the run, `status` says.

import type { PhaseStory } from '#projections/story.ts';
import type { PhaseView, QuestionView, RunView } from '#projections/run-view.ts';

const WAYS: Readonly<Record<string, string>> = {
  budget: 'the token cap is reached: autopack resume RUN --token-cap N',
  phase_budget: 'the tokens that one phase may use do not suffice: autopack resume RUN --phase-token-cap N',
  cost: 'the cost cap is reached: autopack resume RUN --cost-cap USD',
  ci_runs: 'the test runs that ci_run_cap allows are used: autopack resume RUN --ci-run-cap N',
  phases: 'the phases that --max-phases allows are begun: autopack resume RUN [--max-phases N]',
  iterations: 'the attempts that --max-iterations allows are used: autopack resume RUN [--max-iterations N]',
  duration: 'the time that max_duration_minutes allows is over: autopack resume RUN',
  health: 'too much failed: look at autopack show RUN, mend it, then autopack resume RUN',
  circuit_breaker_open: 'phase after phase failed: look at autopack show RUN, mend it, wait as long as it says, then autopack resume RUN',
  provider: 'the model gave no answer (see the log above): mend it, then autopack resume RUN [--provider P]',
  workspace: 'the workspace cannot be used (see the log above): mend it, then autopack resume RUN [-C DIR]',
  baseline: 'the tests of the base cannot be trusted: mend them, add `workspace: {setup: […]}`, or say `ci: {baseline: none}` in the plan',
  crash_loop: 'one effect was interrupted again and again: look at the log, then autopack resume RUN',
};

/** Of a paused run; null where it is not. */
export const wayOut = ({ run, pause, outcome }: RunView): string | null => (pause === null || outcome !== null ? null : (WAYS[pause.reason] ?? 'autopack resume RUN').replaceAll('RUN', run));

const answering = ({ id, options }: QuestionView): string[] => [`autopack approve ${id}`, ...options.filter((option) => !['approve', 'reject'].includes(option)).map((option) => `autopack approve ${id} --choose ${option}`), `autopack reject ${id}`];

/** Of a run: the first line is the next command. */
export function runAdvice(view: RunView): string[] {
  const way = wayOut(view);
  if (way !== null) return [way];
  if (view.questions.length > 0) return [...view.questions.flatMap(answering), `then: autopack resume ${view.run}`];
  if (view.outcome === null) return [`autopack resume ${view.run}`];
  if (view.outcome === 'COMPLETE') return [`autopack merge ${view.run}`];
  const failed = view.phases.find(({ outcome }) => outcome === 'FAILED');
  return failed === undefined ? [`autopack log ${view.run}`] : [`autopack show ${view.run} ${failed.phase_id}`];
}

/** Of a phase. */
export function phaseAdvice(view: RunView, phase: PhaseView, { first }: PhaseStory): string[] {
  const asked = view.questions.find(({ phase_id }) => phase_id === phase.phase_id);
  if (asked !== undefined) return [...answering(asked), `then: autopack resume ${view.run}`];
  if (phase.outcome === 'COMPLETE') return phase.commit === null ? runAdvice(view) : [`git show ${phase.commit.slice(0, 12)}`];
  if (phase.outcome === null || phase.outcome === 'SKIPPED' || view.outcome === null) return runAdvice(view);
  const dependency = phase.outcome === 'BLOCKED' ? /^dependency (\S+)$/.exec(phase.reason ?? '')?.[1] : undefined;
  if (dependency !== undefined) return [`autopack show ${view.run} ${dependency}`];
  // A run that is over is not written to any more: another one goes on from before the phase began.
  return first === null ? ['a new plan'] : [`autopack fork ${view.run} --at ${Math.max(0, first - 1)} --run-id ${view.run}-again`];
}
