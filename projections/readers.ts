// Readers
// =======
// Which fold reads which input and fact; none: it is passed over, what it means for people shows in moves and other facts.
// A new type does not compile until somebody has decided (V2); tests/unit/projections.test.ts holds the table to the folds.

import type { FactType } from '#src/events/facts.ts';
import type { InputType } from '#src/events/inputs.ts';

export type Reader = 'run-view' | 'proofs' | 'telemetry';

export const readers: Readonly<Record<InputType | FactType, readonly Reader[]>> = {
  // inputs
  'run.requested': ['run-view', 'proofs'],
  'run.forked': ['run-view', 'proofs'],
  'run.started': ['run-view'],
  'run.resumed': ['run-view'],
  'run.cancel_requested': [],
  'effect.late': [],
  'workspace.prepared': ['run-view'],
  'workspace.published': ['run-view'],
  'workspace.cleaned': [],
  'context.assembled': [],
  'builder.answered': [],
  'candidate.built': ['proofs'],
  'candidate.refused': [],
  'tests.finished': ['proofs'],
  'audit.answered': [],
  'revision.answered': [],
  'commit.written': ['run-view'],
  'question.answered': [],
  'effect.failed': [],
  'model.interrupted': [],
  'timer.fired': [],
  // facts
  'attempt.started': ['run-view', 'proofs'],
  'model.routed': [],
  'check.judged': ['proofs'],
  'check.skipped': ['proofs'],
  'audit.merged': ['proofs'],
  'gate.judged': ['proofs'],
  'retry.decided': [],
  'call.retried': [],
  'format.repair_asked': [],
  'limit.raised': [],
  'model.escalated': [],
  'replan.accepted': [],
  'replan.refused': [],
  'turn.granted': [],
  'rebase.compared': [],
  'question.settled': [],
  'phase.ended': ['run-view', 'proofs'],
  'quota.reserved': [],
  'quota.settled': ['run-view', 'telemetry'],
  'wish.parked': [],
  'wish.denied': [],
  'baseline.judged': ['run-view'],
  'run.paused': ['run-view'],
  'publish.refused': ['run-view'],
  'clean_up.failed': [],
  'run.ended': ['run-view'],
};
