// Phase chart
// ===========
// What may happen to one phase, from its turn in the queue to its end. Pure: time is an event, work is an effect.
//
//   P3. COMPLETE only after check, audit, judge and commit of the same attempt.
//   P4. Attempts, calls, re-plans, re-audits, grants and questions are capped on every path.
//   P5. At rest a phase awaits something: an effect, an answer, or a wish that the run actor holds.
//   P6. Every effect is asked of the run actor and performed only when granted, under the id of the wish.
//   P7. Leaving a state closes what it awaited and tells the run actor so.

import { assign, setup } from 'xstate';
import { judgeCheck } from '#src/domain/check.ts';
import { counts, raisedLimit, type FailureKind } from '#src/domain/retry.ts';
import { riskScore } from '#src/domain/risk.ts';
import type { PhaseOutcome } from '#src/domain/schedule.ts';
import {
  afterGate, auditOf, auditorSlots, baselineFor, checkRules, freshAttempt, gateOf, initialContext, isOverridden, retryOf, slotOf, without,
  type PhaseContext, type PhaseInput, type QuestionKind,
} from './phase-context.ts';
import * as said from './phase-says.ts';
import type { PhaseEvent } from './phase-says.ts';
import { say, type Slot } from './vocabulary.ts';

type Args = { context: PhaseContext; event: PhaseEvent };
type End = { outcome: PhaseOutcome; reason: string | null };

const awaitingBuilder = awaitingModel({ type: 'callBuilder', params: said.callBuilder });

export const phaseMachine = setup({
  types: { context: {} as PhaseContext, events: {} as PhaseEvent, input: {} as PhaseInput },
  actions: {
    ...say,
    // waiting and asking
    begin: assign(({ context, event }) => (event.type === 'phase.started' ? { base: event.head, baseline: baselineFor(context, event.baseline), open: without(context.open, (kind) => kind === 'wait:start') } : {})),
    /** Opens a wish per slot; `same` keeps the number of the call (an interruption is none). */
    ask: assign(({ context }, { slots, same }: { slots: readonly Slot[]; same: boolean }) => said.asked(context, slots, same)),
    granted: assign(({ context, event }) => ({ open: { ...context.open, [causeOf(event)]: `running:${slotOf(context, causeOf(event))}` }, trouble: null })),
    parked: assign(({ context, event }) => said.parkedAt(context, causeOf(event), event.at)),
    close: assign(({ context, event }) => ({ open: without(context.open, (_kind, id) => id === causeOf(event)) })),
    /** Everything but the deadline and the turn ends with the state that awaited it. */
    drop: assign(({ context }) => ({ open: without(context.open, (kind) => kind !== 'timer:deadline' && kind !== 'wait:turn'), tries: 0, interruptions: 0, trouble: null })),
    // time
    arm: assign(({ context, event }) => said.armed(context, event.at)),
    disarm: assign(({ context, event }) => said.disarmed(context, event.at)),
    shift: assign(({ context, event }) => (event.type === 'time.shifted' && context.deadlineAt !== null ? { deadlineAt: context.deadlineAt + event.downMs } : {})),
    waitRetry: assign(({ context, event }) => ({ ...said.opened(context, `timer:retry-${slotOf(context, causeOf(event))}`, causeOf(event)), tries: context.tries + 1 })),
    interrupted: assign(({ context }) => ({
      interruptions: context.interruptions >= context.policy.interruptionsMax ? 0 : context.interruptions + 1,
      trouble: context.interruptions >= context.policy.interruptionsMax ? 'crash_loop' : null,
    })),
    troubled: assign(({ event }) => ({ trouble: event.type === 'effect.failed' ? `${event.code}: ${event.message}`.slice(0, 400) : null, tries: 0 })),
    // attempts
    beginAttempt: assign(({ context }) => ({ ...freshAttempt, attempt: context.attempt + 1 })),
    failed: assign(({ context, event }, { kind }: { kind: FailureKind }) => said.failedWith(context, event, kind)),
    takeNote: assign(({ context, event }) => ({ feedback: said.feedbackWith(context, event, 'format') })),
    advance: assign(({ context }) => ({ step: context.step + (counts(context.failures.at(-1)?.kind ?? 'truncated') ? 1 : 0) })),
    raiseLimit: assign(({ context: { limit, policy } }) => ({ limit: raisedLimit(limit, policy.outputFactorBp, policy.outputTokensMax), limitRaised: true })),
    repair: assign(({ context }) => ({ repairs: context.repairs + 1 })),
    showLess: assign({ promptTooLong: true }),
    // what came back
    keepContext: assign(({ context, event }) => (event.type === 'context.assembled' ? { contextRef: event.context, contextTokens: event.tokens, mode: event.mode, limit: Math.max(context.limit, event.outputTokens), shown: { base: context.base, tree: context.tree, manifest: event.manifest } } : {})),
    keepAnswer: assign(({ event }) => (event.type === 'builder.answered' ? { answer: event.answer, used: event.outputTokens } : {})),
    keepPartial: assign(({ event }) => (event.type === 'builder.answered' ? { partial: event.answer } : {})),
    keepCandidate: assign(({ context, event }) => (event.type === 'candidate.built' ? { tree: event.tree, diff: event.diff, set: event.set, netDeletion: event.removed - event.added, risk: riskScore({ ...event.risk, added: event.added, removed: event.removed, allowMassDeletion: context.policy.allowMassDeletion }) } : {})),
    nextBatch: assign(({ context, event }) => (event.type === 'candidate.built' ? { batch: context.batch + 1, tree: event.tree, partial: null, repairs: 0 } : {})),
    keepChecks: assign(({ context, event }) => said.checked(context, event)),
    skipChecks: assign(({ context: { policy } }) => ({ checks: policy.check === 'skip' ? 'skipped' as const : 'none' as const, checksMessage: 'no test was run', output: null })),
    keepVerdict: assign(({ context, event }) => said.verdictKept(context, event)),
    keepUnreadable: assign(({ context, event }) => (event.type === 'audit.answered' || event.type === 'judge.answered' ? { unreadable: [...context.unreadable, { slot: slotOf(context, event.cause), answer: event.answer }] } : {})),
    merge: assign(({ context }) => ({ audit: mergedOf(context), auditedSet: context.set, answers: [], judgement: null })),
    keepRevision: assign(({ context, event }) => (event.type === 'revision.answered' && event.description !== null ? { revision: event.description, replans: context.replans + 1, failures: [] } : {})),
    replanFailed: assign(({ context }) => ({ replans: context.replans + 1 })),
    replanDenied: assign({ replansDenied: true }),
    // the turn
    queueTurn: assign(({ context }) => (context.turn === 'held' ? {} : { ...said.opened(context, 'wait:turn'), turn: 'queued' as const })),
    holdTurn: assign(({ context }) => ({ turn: 'held' as const, keepTurn: false, open: without(context.open, (kind) => kind === 'wait:turn') })),
    releaseTurn: assign(({ context }) => (context.keepTurn ? {} : { turn: 'none' as const, open: without(context.open, (kind) => kind === 'wait:turn') })),
    moveBase: assign(({ context, event }) => (event.type === 'turn.granted' ? { base: event.head, baseline: baselineFor(context, event.baseline) } : {})),
    reaudit: assign(({ context }) => ({
      reaudits: context.reaudits + 1, keepTurn: context.reaudits >= context.policy.reauditsMax, answers: [], audit: null,
      calls: { ...context.calls, auditor: 0, auditor2: 0, judge: 0 }, unreadable: [],
    })),
    letGoTurn: assign({ keepTurn: false }),
    // questions
    wonder: assign((_, { kind }: { kind: QuestionKind }) => ({ question: kind })),
    openQuestion: assign(({ context }) => said.questionOpened(context)),
    approve: assign(({ context }) => ({ approvedSet: context.set, question: null })),
    grantAgain: assign(({ context, event }) => said.grantedAgain(context, event)),
    // the end
    end: assign((_, { outcome, reason }: End) => ({ outcome, reason })),
    complete: assign(({ context, event }) => ({ outcome: 'COMPLETE' as const, reason: isOverridden(context) && gateOf(context).level === 'blocked' ? 'blocked but overridden by human' : null, quality: gateOf(context).level === 'ok' ? 'ok' as const : 'needs_review' as const, commit: event.type === 'commit.written' ? event.commit : null })),
  },
  guards: {
    /** What is being committed is not left out any more. */
    mayStop: ({ context }) => Object.values(context.open).every((kind) => !kind.endsWith(':commit')),
    isDeadline: ({ context, event }) => kindOf(context, event) === 'timer:deadline',
    isRetry: ({ context, event }) => kindOf(context, event).startsWith('timer:retry-'),
    isExpiry: ({ context, event }) => kindOf(context, event) === 'timer:expiry',
    mayRetryCall: ({ context, event }) => event.type === 'effect.failed' && event.retryable && context.tries + 1 < context.policy.transportTriesMax,
    endsAttempt: ({ event }) => event.type === 'effect.failed' && event.code === 'context_too_large',
    promptTooLong: ({ event }) => event.type === 'effect.failed' && event.code === 'prompt_too_long',
    truncated: ({ event }) => event.type === 'builder.answered' && event.stopReason === 'max_tokens',
    /** E-134: once in an attempt. */
    continuable: ({ context, event }) => event.type === 'builder.answered' && event.stopReason === 'max_tokens' && event.continuable && context.partial === null,
    /** E-133: an answer that filled its limit was cut, whatever it says; it is no wrong one. */
    filledLimit: ({ context, event }) => event.type === 'candidate.refused' && (event.kind === 'format' || event.code === 'deliverables_missing') && context.used * 100 >= context.limit * 95,
    refused: ({ event }) => event.type === 'builder.answered' && event.stopReason === 'refusal',
    formatRepairable: ({ context, event }) => event.type === 'candidate.refused' && event.kind === 'format' && context.repairs < 1,
    refusedAs: ({ event }, { kind }: { kind: string }) => event.type === 'candidate.refused' && event.kind === kind,
    emptyPatch: ({ context, event }) => event.type === 'candidate.built' && isEmpty(event) && !context.policy.allowNoop,
    moreBatches: ({ context }) => context.batch + 1 < context.policy.batches.length,
    hasNoCommand: ({ context }) => context.policy.check !== 'command',
    testsPass: ({ context, event }) => event.type === 'tests.finished' && judgeCheck(event, context.baseline, checkRules(context)).passed,
    unreadableFirst: ({ context, event }) => (event.type === 'audit.answered' || event.type === 'judge.answered') && event.verdict === null && context.unreadable.every(({ slot }) => slot !== slotOf(context, event.cause)),
    allAnswered: ({ context }) => auditorSlots(context).every((slot) => context.answers.some((answer) => answer.slot === slot)),
    /** E-166: a third opinion is worth its price only where two differ. */
    disagree: ({ context }) => context.answers.length > 1 && auditOf(context).disagreement !== 'none',
    approvedByAll: ({ context }) => auditOf(context).approved,
    turnHeld: ({ context }) => context.turn === 'held',
    branchMoved: ({ context, event }) => event.type === 'turn.granted' && event.head !== context.base,
    sameSet: ({ context }) => context.set === context.auditedSet,
    mayReaudit: ({ context }) => context.reaudits <= context.policy.reauditsMax,
    gateLeads: ({ context }, { to }: { to: string }) => afterGate(context) === to,
    nothingToCommit: ({ context }) => afterGate(context) === 'commit' && context.diff?.bytes === 0,
    decides: ({ context }, { is }: { is: string }) => retryOf(context).decision === is,
    revised: ({ event }) => event.type === 'revision.answered' && event.description !== null,
    chose: ({ context, event }, { option }: { option: string }) => said.optionChosen(context, event) === option,
  },
}).createMachine({
  id: 'phase',
  version: '1',
  options: { maxIterations: 100 },
  initial: 'QUEUED',
  context: ({ input }) => initialContext(input),
  on: {
    'time.shifted': { actions: 'shift' },
    'phase.stopped': { target: '.DONE', actions: { type: 'end', params: ({ event }) => ({ outcome: 'STOPPED' as const, reason: event.reason }) } },
    'phase.skip_requested': { guard: 'mayStop', target: '.DONE', actions: { type: 'end', params: ({ event }) => ({ outcome: 'SKIPPED' as const, reason: event.reason }) } },
    'timer.fired': { guard: 'isDeadline', target: '.DONE', actions: { type: 'end', params: { outcome: 'FAILED', reason: 'timeout' } } },
  },
  states: {
    QUEUED: {
      exit: 'drop',
      on: {
        'phase.started': { target: 'BUILDING', actions: 'begin' },
        'phase.blocked': { target: 'DONE', actions: { type: 'end', params: ({ event }) => ({ outcome: 'BLOCKED' as const, reason: `dependency ${event.dependency}` }) } },
      },
    },

    BUILDING: {
      initial: 'context',
      states: {
        context: {
          entry: ['beginAttempt', { type: 'attempt.started', params: said.attemptStarted }, ...wants('context')],
          exit: leave(),
          on: awaitingContext(),
        },
        /** E-116: the next batch sees what those before it made. */
        reload: { entry: wants('context'), exit: leave(), on: awaitingContext() },
        work: {
          entry: wants('builder'),
          exit: leave(),
          on: {
            ...awaitingBuilder,
            'effect.failed': [{ guard: 'promptTooLong', target: '#phase.ESCALATING', actions: [{ type: 'failed', params: { kind: 'context' } }, 'showLess'] }, ...awaitingBuilder['effect.failed']],
            'builder.answered': [
              { guard: 'continuable', target: 'work', reenter: true, actions: 'keepPartial' },
              { guard: 'truncated', target: '#phase.ESCALATING', actions: { type: 'failed', params: { kind: 'truncated' } } },
              { guard: 'refused', target: '#phase.ESCALATING', actions: { type: 'failed', params: { kind: 'refused' } } },
              { target: 'candidate', actions: 'keepAnswer' },
            ],
          },
        },
        candidate: {
          entry: wants('candidate'),
          exit: leave(),
          on: {
            ...awaitingLocal({ type: 'buildCandidate', params: said.buildCandidate }),
            'candidate.built': [
              { guard: 'moreBatches', target: 'reload', actions: 'nextBatch' },
              { guard: 'emptyPatch', target: '#phase.ESCALATING', actions: { type: 'failed', params: { kind: 'empty_patch' } } },
              { guard: 'hasNoCommand', target: '#phase.AUDITING', actions: ['keepCandidate', 'skipChecks', { type: 'check.skipped', params: said.checkSkipped }] },
              { target: 'check', actions: 'keepCandidate' },
            ],
            'candidate.refused': [
              { guard: 'filledLimit', target: '#phase.ESCALATING', actions: { type: 'failed', params: { kind: 'truncated' } } },
              { guard: 'formatRepairable', target: 'work', actions: ['repair', 'takeNote', { type: 'format.repair_asked', params: said.repairAsked }] },
              { guard: { type: 'refusedAs', params: { kind: 'format' } }, target: '#phase.ESCALATING', actions: { type: 'failed', params: { kind: 'format' } } },
              { guard: { type: 'refusedAs', params: { kind: 'truncated' } }, target: '#phase.ESCALATING', actions: { type: 'failed', params: { kind: 'truncated' } } },
              { guard: { type: 'refusedAs', params: { kind: 'policy_refused' } }, target: '#phase.ESCALATING', actions: { type: 'failed', params: { kind: 'policy_refused' } } },
              { target: '#phase.ESCALATING', actions: { type: 'failed', params: { kind: 'apply' } } },
            ],
          },
        },
        check: {
          entry: wants('tests'),
          exit: leave(),
          on: {
            ...awaitingLocal({ type: 'runTests', params: said.runTests }),
            'tests.finished': [
              { guard: 'testsPass', target: '#phase.AUDITING', actions: ['keepChecks', { type: 'check.judged', params: said.checkJudged }] },
              { target: '#phase.ESCALATING', actions: ['keepChecks', { type: 'check.judged', params: said.checkJudged }, { type: 'failed', params: { kind: 'tests' } }] },
            ],
          },
        },
      },
    },

    AUDITING: {
      entry: [{ type: 'tell', params: said.turnReleased }, 'releaseTurn'],
      initial: 'review',
      states: {
        review: {
          entry: [{ type: 'ask', params: ({ context }: Args) => ({ slots: auditorSlots(context), same: false }) }, { type: 'tell', params: said.wishes }, { type: 'model.routed', params: said.auditorsRouted }],
          exit: leave(),
          always: [{ guard: 'disagree', target: 'judge' }, { guard: 'allAnswered', target: 'merge' }],
          on: {
            ...awaitingModel({ type: 'callAuditor', params: said.callAuditor }),
            'audit.answered': [
              repairs(),
              { actions: [settles(), 'keepVerdict', 'close'] },
            ],
          },
        },
        judge: {
          entry: wants('judge'),
          exit: leave(),
          on: {
            ...awaitingModel({ type: 'callJudge', params: said.callJudge }),
            'judge.answered': [
              repairs(),
              { target: 'merge', actions: 'keepVerdict' },
            ],
          },
        },
        merge: {
          always: [
            { guard: 'approvedByAll', target: '#phase.GATED', actions: [{ type: 'audit.merged', params: said.auditMerged }, 'merge'] },
            { target: '#phase.ESCALATING', actions: [{ type: 'audit.merged', params: said.auditMerged }, { type: 'failed', params: { kind: 'audit' } }, 'merge'] },
          ],
        },
      },
    },

    GATED: {
      initial: 'turn',
      states: {
        turn: {
          entry: ['disarm', 'queueTurn', { type: 'tell', params: said.turnWanted }],
          always: { guard: 'turnHeld', target: 'judge' },
          on: {
            'turn.granted': [
              { guard: 'branchMoved', target: 'rebase', actions: ['holdTurn', 'moveBase'] },
              { target: 'judge', actions: 'holdTurn' },
            ],
          },
        },
        rebase: {
          initial: 'apply',
          states: {
            apply: {
              entry: wants('candidate'),
              exit: leave(),
              on: {
                ...awaitingLocal({ type: 'buildCandidate', params: said.buildCandidate }),
                'candidate.built': [
                  { guard: 'hasNoCommand', target: 'compare', actions: 'keepCandidate' },
                  { target: 'retest', actions: 'keepCandidate' },
                ],
                'candidate.refused': { target: '#phase.ESCALATING', actions: { type: 'failed', params: { kind: 'conflict' } } },
              },
            },
            retest: {
              entry: wants('tests'),
              exit: leave(),
              on: {
                ...awaitingLocal({ type: 'runTests', params: said.runTests }),
                'tests.finished': [
                  { guard: 'testsPass', target: 'compare', actions: ['keepChecks', { type: 'check.judged', params: said.checkJudged }] },
                  { target: '#phase.ESCALATING', actions: ['keepChecks', { type: 'check.judged', params: said.checkJudged }, { type: 'failed', params: { kind: 'tests' } }] },
                ],
              },
            },
            compare: {
              always: [
                { guard: 'sameSet', target: '#phase.GATED.judge', actions: { type: 'rebase.compared', params: said.rebaseCompared } },
                { guard: 'mayReaudit', target: '#phase.AUDITING', actions: [{ type: 'rebase.compared', params: said.rebaseCompared }, 'reaudit'] },
                // Only a question in between can come here: it released the turn, and the branch moved once more.
                { target: '#phase.ESCALATING', actions: [{ type: 'rebase.compared', params: said.rebaseCompared }, { type: 'failed', params: { kind: 'conflict' } }] },
              ],
            },
          },
        },
        judge: {
          always: [
            { guard: 'nothingToCommit', target: '#phase.DONE', actions: [{ type: 'gate.judged', params: said.gateJudged }, 'complete'] },
            { guard: { type: 'gateLeads', params: { to: 'commit' } }, target: 'commit', actions: { type: 'gate.judged', params: said.gateJudged } },
            { guard: { type: 'gateLeads', params: { to: 'approval' } }, target: '#phase.NEEDS_HUMAN', actions: [{ type: 'gate.judged', params: said.gateJudged }, { type: 'wonder', params: { kind: 'approval' } }] },
            { target: '#phase.NEEDS_HUMAN', actions: [{ type: 'gate.judged', params: said.gateJudged }, { type: 'wonder', params: { kind: 'blocked' } }] },
          ],
        },
        commit: {
          entry: ['disarm', ...wants('commit')],
          exit: leave(),
          on: {
            ...awaitingLocal({ type: 'writeCommit', params: said.writeCommit }, false),
            'commit.written': { target: '#phase.DONE', actions: ['complete', { type: 'tell', params: said.committed }] },
          },
        },
      },
    },

    ESCALATING: {
      entry: [{ type: 'tell', params: said.attemptFailed }, 'letGoTurn', { type: 'tell', params: said.turnReleased }, 'releaseTurn'],
      initial: 'decide',
      states: {
        decide: {
          always: [
            { guard: { type: 'decides', params: { is: 'larger_limit' } }, target: '#phase.BUILDING', actions: [{ type: 'retry.decided', params: said.retryDecided }, { type: 'limit.raised', params: said.limitRaised }, 'raiseLimit'] },
            { guard: { type: 'decides', params: { is: 'next_model' } }, target: 'model', actions: { type: 'retry.decided', params: said.retryDecided } },
            { guard: { type: 'decides', params: { is: 'replan' } }, target: '#phase.REPLANNING', actions: { type: 'retry.decided', params: said.retryDecided } },
            { guard: { type: 'decides', params: { is: 'retry' } }, target: '#phase.BUILDING', actions: [{ type: 'retry.decided', params: said.retryDecided }, 'advance'] },
            { guard: { type: 'decides', params: { is: 'ask' } }, target: '#phase.NEEDS_HUMAN', actions: [{ type: 'retry.decided', params: said.retryDecided }, { type: 'wonder', params: { kind: 'exhausted' } }] },
            { target: '#phase.DONE', actions: [{ type: 'retry.decided', params: said.retryDecided }, { type: 'end', params: said.exhausted }] },
          ],
        },
        model: {
          always: { target: '#phase.BUILDING', actions: [{ type: 'model.escalated', params: said.modelEscalated }, 'advance'] },
        },
      },
    },

    REPLANNING: {
      initial: 'revise',
      states: {
        revise: {
          entry: wants('planner'),
          exit: leave(),
          on: {
            ...awaitingModel({ type: 'callPlanner', params: said.callPlanner }),
            'revision.answered': [
              { guard: 'revised', target: '#phase.BUILDING', actions: [{ type: 'replan.accepted', params: said.replanAccepted }, 'advance', 'keepRevision'] },
              { target: '#phase.ESCALATING', actions: [{ type: 'replan.refused', params: { reason: 'no usable description' } }, 'replanFailed'] },
            ],
            'effect.denied': { target: '#phase.ESCALATING', actions: [{ type: 'replan.refused', params: ({ event }) => ({ reason: event.reason }) }, 'replanDenied'] },
          },
        },
      },
    },

    NEEDS_HUMAN: {
      entry: ['disarm', 'letGoTurn', { type: 'tell', params: said.turnReleased }, 'releaseTurn'],
      initial: 'asked',
      states: {
        asked: {
          entry: [{ type: 'askHuman', params: said.askHuman }, { type: 'startTimer', params: said.expiry }, 'openQuestion'],
          exit: 'drop',
          on: { 'question.answered': answers(), 'timer.fired': answers() },
        },
      },
    },

    DONE: {
      type: 'final',
      entry: ['disarm', 'letGoTurn', { type: 'tell', params: said.turnReleased }, 'releaseTurn', { type: 'phase.ended', params: said.phaseEnded }, { type: 'tell', params: said.phaseSettled }],
    },
  },
});

// Builders of what every working state has in common.

/** Asks the run actor for one effect. */
function wants(slot: Slot) {
  return [{ type: 'ask', params: { slots: [slot], same: false } }, { type: 'tell', params: said.wishes }, ...(slot === 'builder' || slot === 'judge' || slot === 'planner' ? [{ type: 'model.routed' as const, params: said.routed }] : [])] as const;
}

/** P7: what was awaited is settled or withdrawn, and closed. Exit actions run first: the slot is still known to them. */
function leave() {
  return [settles(), { type: 'tell', params: said.withdrawals }, 'drop'] as const;
}

function settles() {
  return { type: 'tell', params: said.settled } as const;
}

/** The wish is opened again, under a new id; `same` keeps the number of the call. */
function again(same: boolean) {
  return [
    { type: 'ask', params: ({ context, event }: Args) => ({ slots: [said.slotAgain(context, event)], same }) },
    'close',
    { type: 'tell', params: said.wishes },
  ] as const;
}

/** Grants and waits are the same wherever an effect is awaited; `timed` says whether the phase's deadline counts. */
function grants<const E extends { type: string; params: unknown }>(effect: E, timed = true) {
  const arming = timed ? ([{ type: 'startTimer', params: said.deadline }, 'arm'] as const) : [];
  return { 'effect.granted': { actions: [...arming, 'granted', effect] }, 'effect.parked': { actions: 'parked' } } as const;
}

/** E-161: what cannot be read is asked for once more, by the same auditor or judge. */
function repairs() {
  return { guard: 'unreadableFirst', actions: [settles(), 'keepUnreadable', { type: 'format.repair_asked', params: said.repairAsked }, ...again(false)] } as const;
}

function trouble() {
  return { actions: [settles(), 'troubled', ...again(false)] } as const;
}

/** Work on this machine: what fails is the machine's trouble. */
function awaitingLocal<const E extends { type: string; params: unknown }>(effect: E, timed = true) {
  return { ...grants(effect, timed), 'effect.failed': trouble() } as const;
}

/** What the builder will see, of the base or of the batches before. */
function awaitingContext() {
  return {
    ...grants({ type: 'assembleContext', params: said.assembleContext }),
    'effect.failed': [{ guard: 'endsAttempt', target: '#phase.ESCALATING', actions: { type: 'failed', params: { kind: 'context' } } }, trouble()],
    'context.assembled': { target: '#phase.BUILDING.work', actions: 'keepContext' },
  } as const;
}

/** A paid call: transport retries with their waits, lost answers, then the provider's trouble. */
function awaitingModel<const E extends { type: string; params: unknown }>(effect: E) {
  const retry = { guard: 'mayRetryCall', actions: [settles(), { type: 'call.retried', params: said.callRetried }, { type: 'startTimer', params: said.retryTimer }, 'waitRetry'] } as const;
  return {
    ...grants(effect),
    'effect.failed': [retry, trouble()],
    'model.interrupted': { actions: [settles(), 'interrupted', ...again(true)] },
    'timer.fired': { guard: 'isRetry', actions: again(false) },
  } as const;
}

/** Where each answer to a question leads. */
function answers() {
  const settled = { type: 'question.settled', params: said.questionSettled } as const;
  return [
    { guard: { type: 'chose', params: { option: 'approve' } }, target: '#phase.GATED', actions: [settled, 'approve'] },
    { guard: { type: 'chose', params: { option: 'again' } }, target: '#phase.BUILDING', actions: [settled, 'grantAgain'] },
    { guard: { type: 'chose', params: { option: 'reject' } }, target: '#phase.DONE', actions: [settled, { type: 'end', params: said.rejectedByHuman }] },
  ] as const;
}

function causeOf(event: PhaseEvent): string {
  return 'cause' in event ? event.cause : '';
}

function kindOf({ open }: PhaseContext, event: PhaseEvent): string {
  return open[causeOf(event)] ?? '';
}

function isEmpty(event: { created: number; modified: number; deleted: number }): boolean {
  return event.created + event.modified + event.deleted === 0;
}

function mergedOf(context: PhaseContext) {
  const { approved, minor, major, critical } = auditOf(context);
  return { approved, minor, major, critical };
}
