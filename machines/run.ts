// Run chart
// =========
// What may happen to a run: it prepares, picks phases, owns the budgets and the turn, pauses, settles and ends.
//
//   N4. It ends only when no phase can be executed any more, or by a cancel; after DONE nothing is appended.
//   N5. Paused, nothing costly is granted and no phase starts; what runs is recorded.
//   N6. SETTLING ends even if each of its effects fails twice.

import { assign, setup } from 'xstate';
import { judgeBaseline } from '#src/domain/check.ts';
import {
  awaits, begun, capped, closed, costSpent, failedAttempt, heldBack, initialRun, isDrained, isOver, mayFinish, nextId, opened, outcomeOf, passedTurn, pauseFor, reserve, resumedWith, rule, settle,
  settledAtEstimate, settlePhase, unpark, wishOf, withdraw, type RunContext, type RunEvent, type RunInput,
} from './run-context.ts';
import * as said from './run-says.ts';
import { say } from './vocabulary.ts';

type Args = { context: RunContext; event: RunEvent };

export const runMachine = setup({
  types: { context: {} as RunContext, events: {} as RunEvent, input: {} as RunInput },
  actions: {
    ...say,
    open: assign(({ context }, { kind }: { kind: string }) => opened(context, kind)),
    close: assign(({ context, event }) => ({ open: closed(context, 'cause' in event ? event.cause : '') })),
    drop: assign({ open: {} }),
    dropDuration: assign(({ context }) => ({ open: Object.fromEntries(Object.entries(context.open).filter(([, kind]) => kind !== 'timer:duration')) })),
    openPublish: assign(({ context }) => (context.head === context.base || awaits(context, 'publish') ? {} : opened(context, 'publish'))),
    openSettle: assign(({ context }) => (isDrained(context) ? {} : opened(context, 'timer:settle'))),
    prepared: assign({ prepared: true }),
    resumed: assign(({ context, event }) => (event.type === 'run.started' || event.type === 'run.resumed' ? resumedWith(context, event) : {})),
    keepWorkspace: assign(({ event }) => (event.type === 'workspace.prepared' ? { base: event.base, head: event.base, published: event.base, tree: event.tree } : {})),
    keepBaseline: assign(({ event }) => (event.type === 'tests.finished' ? { baseline: judgeBaseline(event).baseline } : {})),
    pause: assign((_, params: { reason: string; detail: string }) => ({ pause: params })),
    unpause: assign({ pause: null }),
    // phases
    schedule: assign(({ context }) => begun(context)),
    settlePhase: assign(({ context, event }) => (event.type === 'phase.settled' ? settlePhase(context, event) : {})),
    /** What was tested before the commit is the baseline of what follows. */
    moveHead: assign(({ context, event }) => (event.type === 'phase.committed' ? { head: event.commit, baseline: event.tested ?? context.baseline } : {})),
    keepPublished: assign(({ event }) => (event.type === 'workspace.published' ? { published: event.commit } : {})),
    cancel: assign({ stopped: 'cancelled' as const, parked: [] }),
    refuse: assign({ stopped: 'estimate_rejected' as const }),
    openConfirmation: assign(({ context }) => { const asked = opened(context, 'question'); return opened({ ...context, ...asked }, 'timer:expiry'); }),
    // accounts
    reserve: assign(({ context, event }) => (event.type === 'effect.wanted' ? reserve(context, wishOf(event)) : {})),
    park: assign(({ context, event }) => (event.type === 'effect.wanted' ? { parked: [...context.parked, wishOf(event)] } : {})),
    unpark: assign(({ context }) => { const after = unpark(context).context; return { parked: after.parked, ledger: after.ledger }; }),
    settle: assign(({ context, event }) => (event.type === 'effect.settled' ? settle(context, event) : event.type === 'effect.late' ? settle(context, { ...event, id: event.effect, estimated: false }) : {})),
    settleAll: assign(({ context }) => settledAtEstimate(context, context.ledger.reservations)),
    attemptFailed: assign(({ context, event }) => (event.type === 'attempt.failed' ? failedAttempt(context, event.kind) : {})),
    withdraw: assign(({ context, event }) => (event.type === 'effect.withdrawn' ? withdraw(context, event.ids) : {})),
    // the turn
    queueTurn: assign(({ context: { turn }, event }) => (event.type === 'turn.wanted' ? { turn: turn.holder === null ? { ...turn, holder: event.phase } : { ...turn, queue: [...turn.queue, { id: event.id, phase: event.phase }] } } : {})),
    passTurn: assign(({ context: { turn }, event }) => (event.type === 'turn.released' ? { turn: passedTurn(turn, event.phase) } : {})),
    triedAgain: assign(({ context }) => ({ settleTries: context.settleTries + 1 })),
    freshTries: assign({ settleTries: 0 }),
  },
  guards: {
    nextEpoch: ({ context, event }) => event.type === 'run.resumed' && event.epoch === context.epoch + 1,
    mustConfirm: ({ context }) => context.policy.confirm !== null,
    isApproval: ({ event }) => said.isApproval(event),
    neverHeld: ({ context }) => context.epoch === 0,
    hasBaseline: ({ context }) => context.policy.baseline === 'command',
    baselineStops: ({ event }) => event.type === 'tests.finished' && judgeBaseline(event).pause !== null,
    over: ({ context }) => isOver(context),
    heldBack: ({ context }) => heldBack(context) !== null,
    granted: ({ context, event }) => event.type === 'effect.wanted' && event.trouble === null && rule(context, wishOf(event)).grant,
    denied: ({ context, event }) => event.type === 'effect.wanted' && event.trouble === null && 'deny' in rule(context, wishOf(event)),
    mayFinish: ({ context, event }) => event.type === 'effect.wanted' && event.trouble === null && mayFinish(context, wishOf(event)),
    stillCapped: ({ context, event }) => event.type === 'run.resumed' && event.epoch === context.epoch + 1 && capped(context, event) !== null,
    unprepared: ({ context, event }) => event.type === 'run.resumed' && event.epoch === context.epoch + 1 && !context.prepared,
    behind: ({ context, event }) => event.type === 'workspace.published' && event.commit !== context.head,
    isDuration: ({ context, event }) => event.type === 'timer.fired' && context.open[event.cause] === 'timer:duration',
    drained: ({ context }) => isDrained(context),
    nothingToPublish: ({ context }) => context.head === context.base,
    onceMore: ({ context }) => context.settleTries < 1,
  },
}).createMachine({
  id: 'run',
  version: '1',
  options: { maxIterations: 100 },
  initial: 'PREPARING',
  context: ({ input }) => initialRun(input),
  on: {
    'run.resumed': { guard: 'nextEpoch', actions: [...takesOver(), { type: 'tell', params: said.shifted }] },
    'effect.settled': { actions: [{ type: 'quota.settled', params: said.settledFact }, 'settle'] },
    'effect.late': { actions: [{ type: 'quota.settled', params: said.settledFact }, 'settle'] },
    'effect.withdrawn': { actions: 'withdraw' },
    'attempt.failed': { actions: 'attemptFailed' },
    'turn.wanted': { actions: [{ type: 'tell', params: said.turnGranted }, { type: 'turn.granted', params: said.turnFact }, 'queueTurn'] },
    'turn.released': { actions: [{ type: 'tell', params: said.turnPassed }, { type: 'turn.granted', params: said.turnPassedFact }, 'passTurn'] },
    'phase.settled': { actions: 'settlePhase' },
  },
  states: {
    PREPARING: {
      initial: 'requested',
      on: cancels(),
      states: {
        requested: { on: { 'run.started': [{ guard: 'mustConfirm', target: 'confirm', actions: 'resumed' }, { target: 'workspace', actions: 'resumed' }] } },
        confirm: {
          entry: [{ type: 'askHuman', params: said.confirmation }, { type: 'startTimer', params: said.confirmExpiry }, 'openConfirmation'],
          exit: 'drop',
          on: {
            'question.answered': [{ guard: 'isApproval', target: 'workspace', actions: { type: 'question.settled', params: said.confirmed } }, refused()],
            'timer.fired': refused(),
          },
        },
        workspace: {
          entry: [{ type: 'prepareWorkspace', params: ({ context }: Args) => ({ id: nextId(context), base: context.policy.base }) }, { type: 'open', params: { kind: 'workspace' } }],
          exit: 'drop',
          on: {
            'workspace.prepared': [
              { guard: 'hasBaseline', target: 'baseline', actions: 'keepWorkspace' },
              { target: '#run.RUNNING', actions: ['keepWorkspace', { type: 'baseline.judged', params: { status: 'none', exitCode: null, testsRun: null, reason: 'no test command' } }] },
            ],
            'effect.failed': { target: '#run.PAUSED', actions: pauses(({ event }) => ({ reason: 'workspace', detail: event.type === 'effect.failed' ? `${event.code}: ${event.message}`.slice(0, 500) : '' })) },
          },
        },
        baseline: {
          entry: [{ type: 'runTests', params: ({ context }: Args) => ({ id: nextId(context), phase: null, attempt: 0, tree: context.tree, base: null, baseline: null }) }, { type: 'open', params: { kind: 'tests' } }],
          exit: 'drop',
          on: {
            'tests.finished': [
              { guard: 'baselineStops', target: '#run.PAUSED', actions: [{ type: 'baseline.judged', params: said.baselineFact }, ...pauses(({ event }) => ({ reason: 'baseline', detail: event.type === 'tests.finished' ? `${judgeBaseline(event).pause}: ${event.message}`.slice(0, 500) : '' }))] },
              { target: '#run.RUNNING', actions: ['keepBaseline', { type: 'baseline.judged', params: said.baselineFact }] },
            ],
            'effect.failed': { target: '#run.PAUSED', actions: pauses(({ event }) => ({ reason: 'workspace', detail: event.type === 'effect.failed' ? event.code : '' })) },
          },
        },
      },
    },

    RUNNING: {
      entry: [
        'prepared',
        { type: 'startTimer', params: ({ context, event }: Args) => ({ id: nextId(context), kind: 'duration', deadline: event.at + context.policy.durationMs, absolute: false, passive: true }) },
        { type: 'open', params: { kind: 'timer:duration' } },
        ...schedules(),
      ],
      exit: 'dropDuration',
      always: [
        { guard: 'over', target: 'SETTLING' },
        { guard: 'heldBack', target: 'PAUSED', actions: pauses(({ context }) => heldBack(context) ?? { reason: 'budget', detail: '' }) },
      ],
      on: {
        ...cancels(),
        'run.resumed': { guard: 'nextEpoch', actions: [...takesOver(), { type: 'tell', params: said.shifted }, { type: 'publish', params: said.publishing }, 'openPublish'] },
        'effect.wanted': [
          { guard: 'granted', actions: grants() },
          { guard: 'denied', actions: [{ type: 'wish.denied', params: said.refusedWish }, { type: 'tell', params: said.denial }] },
          { target: 'PAUSED', actions: [...parks(), ...pauses(({ context, event }) => (event.type === 'effect.wanted' ? pauseFor(context, wishOf(event), event.trouble) : null) ?? { reason: 'budget', detail: '' })] },
        ],
        'phase.settled': { actions: ['settlePhase', ...schedules()] },
        'phase.committed': { actions: ['moveHead', { type: 'publish', params: said.publishing }, 'openPublish'] },
        'workspace.published': published(),
        'effect.failed': { actions: [{ type: 'publish.refused', params: said.publishFailed }, 'close'] },
        'timer.fired': { guard: 'isDuration', target: 'PAUSED', actions: pauses(() => ({ reason: 'duration', detail: 'max_duration_minutes' })) },
      },
    },

    PAUSED: {
      on: {
        ...cancels(),
        'run.resumed': [
          { guard: 'unprepared', target: '#run.PREPARING.workspace', actions: [...takesOver(), 'unpause'] },
          { guard: 'stillCapped', actions: [...takesOver(), { type: 'tell', params: said.shifted }, ...pauses(said.stillPaused)] },
          { guard: 'nextEpoch', target: 'RUNNING', actions: [...takesOver(), { type: 'tell', params: said.shifted }, 'unpause', { type: 'quota.reserved', params: said.unparkFacts }, { type: 'tell', params: said.unparked }, 'unpark'] },
        ],
        'effect.wanted': [{ guard: 'mayFinish', actions: grants() }, { actions: parks() }],
        'phase.committed': { actions: ['moveHead', { type: 'publish', params: said.publishing }, 'openPublish'] },
        'workspace.published': published(),
        'effect.failed': { actions: [{ type: 'publish.refused', params: said.publishFailed }, 'close'] },
      },
    },

    SETTLING: {
      entry: ['drop', 'freshTries'],
      initial: 'drain',
      // Cancelled before anybody held it: its first holder settles it.
      on: { 'run.started': { guard: 'neverHeld', actions: 'resumed' } },
      states: {
        drain: {
          entry: [{ type: 'startTimer', params: said.settleTimer }, 'openSettle'],
          exit: 'drop',
          always: { guard: 'drained', target: 'publish' },
          on: { 'timer.fired': { target: 'publish', actions: [{ type: 'quota.settled', params: said.unknownCosts }, 'settleAll'] } },
        },
        publish: {
          entry: [{ type: 'publish', params: said.publishing }, 'openPublish'],
          exit: 'drop',
          always: { guard: 'nothingToPublish', target: 'clean' },
          on: {
            'workspace.published': { target: 'clean', actions: ['keepPublished', { type: 'publish.refused', params: said.refusals }] },
            'effect.failed': [
              { guard: 'onceMore', target: 'publish', reenter: true, actions: 'triedAgain' },
              { target: 'clean', actions: [{ type: 'publish.refused', params: said.publishFailed }] },
            ],
          },
        },
        clean: {
          entry: ['freshTries', { type: 'cleanUp', params: ({ context }: Args) => ({ id: nextId(context), success: outcomeOf(context).outcome === 'COMPLETE' }) }, { type: 'open', params: { kind: 'clean' } }],
          exit: 'drop',
          on: {
            'workspace.cleaned': '#run.DONE',
            'effect.failed': [
              { guard: 'onceMore', actions: ['close', 'triedAgain', { type: 'cleanUp', params: ({ context }: Args) => ({ id: nextId(context), success: outcomeOf(context).outcome === 'COMPLETE' }) }, { type: 'open', params: { kind: 'clean' } }] },
              { target: '#run.DONE', actions: { type: 'clean_up.failed', params: ({ event }: Args) => ({ code: event.type === 'effect.failed' ? event.code : 'unknown' }) } },
            ],
          },
        },
      },
    },

    DONE: {
      type: 'final',
      entry: { type: 'run.ended', params: ({ context }: Args) => ({ ...outcomeOf(context), head: context.base === '' ? null : context.head, inputTokens: context.inputTokens, outputTokens: context.outputTokens, costMicroUsd: costSpent(context) }) },
    },
  },
});

// Builders of what several states have in common.

type PauseParams = (args: Args) => { reason: string; detail: string };

function pauses(params: PauseParams) {
  return [{ type: 'run.paused', params }, { type: 'pause', params }] as const;
}

function cancels() {
  return { 'run.cancel_requested': { target: '#run.SETTLING', actions: [{ type: 'tell', params: said.stopAll }, 'cancel'] } } as const;
}

function refused() {
  return { target: '#run.SETTLING', actions: [{ type: 'question.settled', params: said.confirmed }, { type: 'tell', params: said.refuseAll }, 'refuse'] } as const;
}

/** Phases that can never begin are told so, the next ones begin. */
function schedules() {
  return [{ type: 'tell', params: said.scheduled }, 'schedule'] as const;
}

/** Calls that were lost with the process before are settled, then come the caps that it brings. */
function takesOver() {
  return [{ type: 'quota.settled', params: said.lostFacts }, 'resumed'] as const;
}

/** N1: reserved before it is granted. */
function grants() {
  return [{ type: 'quota.reserved', params: said.reservedFact }, 'reserve', { type: 'tell', params: said.grant }] as const;
}

function parks() {
  return [{ type: 'wish.parked', params: said.refusedWish }, 'park', { type: 'tell', params: said.parking }] as const;
}

function published() {
  const kept = ['keepPublished', { type: 'publish.refused', params: said.refusals }, 'close'] as const;
  return [
    { guard: 'behind', actions: [...kept, { type: 'publish', params: said.publishing }, 'openPublish'] },
    { actions: kept },
  ] as const;
}
