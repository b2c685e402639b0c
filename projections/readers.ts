// Readers
// =======
// Which fold reads which input and fact; none: it is passed over, what it means for people shows in moves and other facts.
// A new type does not compile until somebody has decided (V2); tests/unit/projections.test.ts holds the table to the folds.

import type { FactType } from '#src/events/facts.ts';
import type { InputType } from '#src/events/inputs.ts';

export type Reader = 'run-view' | 'proofs' | 'telemetry' | 'story' | 'alerts';

export const readers: Readonly<Record<InputType | FactType, readonly Reader[]>> = {
  // inputs
  'run.requested': ['run-view', 'proofs', 'story'],
  'run.forked': ['run-view', 'proofs'],
  'run.started': ['run-view'],
  'run.resumed': ['run-view', 'alerts'],
  'run.cancel_requested': [],
  'effect.late': [],
  'workspace.prepared': ['run-view'],
  'workspace.published': ['run-view'],
  'workspace.cleaned': [],
  'phase.skip_requested': [],
  'context.assembled': [],
  'builder.answered': ['story'],
  'candidate.built': ['proofs', 'story'],
  'candidate.refused': ['story'],
  'tests.finished': ['proofs', 'story'],
  'audit.answered': ['story'],
  'judge.answered': ['story'],
  'revision.answered': [],
  'commit.written': ['run-view'],
  'question.answered': ['story'],
  'effect.failed': ['story'],
  'model.interrupted': ['story'],
  'timer.fired': [],
  // facts
  'attempt.started': ['run-view', 'proofs', 'story'],
  'model.routed': [],
  'check.judged': ['proofs', 'story'],
  'check.skipped': ['proofs', 'story'],
  'audit.merged': ['proofs', 'story'],
  'gate.judged': ['proofs', 'story'],
  'retry.decided': ['story'],
  'call.retried': ['story'],
  'format.repair_asked': ['story'],
  'limit.raised': ['story'],
  'model.escalated': ['story'],
  'replan.accepted': ['story'],
  'replan.refused': ['story'],
  'turn.granted': [],
  'rebase.compared': ['story'],
  'question.settled': ['story'],
  'phase.ended': ['run-view', 'proofs', 'story', 'alerts'],
  'quota.reserved': [],
  'quota.settled': ['run-view', 'telemetry'],
  'wish.parked': [],
  'wish.denied': [],
  'baseline.judged': ['run-view'],
  'run.paused': ['run-view', 'alerts'],
  'publish.refused': ['run-view', 'alerts'],
  'clean_up.failed': [],
  'run.ended': ['run-view', 'alerts'],
};
