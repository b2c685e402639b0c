// Exit codes
// ==========
// A contract (ecosystem 3). Of several causes the first in this list wins: 1, 8, 7, 9, 6, 5, 4, 3, 0.

import type { RunView } from '#projections/run-view.ts';

const BY_PAUSE: Readonly<Record<string, number>> = { workspace: 9, baseline: 9, crash_loop: 9, provider: 6, budget: 5, phase_budget: 5, cost: 5, ci_runs: 5, iterations: 5, phases: 5, duration: 5, health: 5, circuit_breaker_open: 5 };

export function exitOf(view: RunView): number {
  if (view.outcome === null && view.pause !== null) return BY_PAUSE[view.pause.reason] ?? 1;
  if (view.questions.length > 0) return 4;
  if (view.outcome === 'COMPLETE') return 0;
  return view.outcome === null ? 1 : 3;
}

/** `outcome` of `run.result`. */
export const resultOutcome = (view: RunView): 'COMPLETE' | 'FAILED' | 'PAUSED' | 'STOPPED' => view.outcome ?? 'PAUSED';

export const exitCodes: readonly (readonly [code: string, meaning: string, resumable: string])[] = [
  ['0', 'every phase DONE, nothing waiting', '-'],
  ['1', 'unexpected error (a bug)', 'maybe'],
  ['2', 'usage, configuration or plan invalid (the message has file:line:column)', 'no'],
  ['3', 'run over, at least one phase failed or blocked', 'new plan'],
  ['4', 'waits for a human', 'yes'],
  ['5', 'budget or attempt limit reached, nothing spent beyond it', 'yes'],
  ['6', 'provider unreachable, unauthorised or rate limited after the retries', 'yes'],
  ['7', 'event store or NATS unreachable', 'yes'],
  ['8', 'replay differs, log damaged', 'no'],
  ['9', 'workspace unusable (conflict, locked by another run, no tests)', 'yes'],
  ['10', 'a command was rejected by the run', '-'],
  ['124', 'wall-clock limit', 'yes'],
  ['130', 'SIGINT after a clean checkpoint', 'yes'],
  ['143', 'SIGTERM after a clean checkpoint', 'yes'],
];
