// The phase chart, walked whole: every state that the alphabet reaches, every answer to everything that is awaited.

import { beforeAll, expect, test } from 'vitest';
import { chartEngine, pathOf, type ChartState } from '#src/kernel/engine.ts';
import { idsOf, retryOf, type PhaseContext } from '#machines/phase-context.ts';
import { phaseMachine } from '#machines/phase.ts';
import { vocabulary } from '#machines/vocabulary.ts';
import { AT, answersTo, results, unasked } from '#tests/support/alphabet.ts';
import { phasePolicy, runPolicy } from '#tests/support/policies.ts';
import { accepts, begin, testSystem } from '#tests/support/world.ts';
import { effects } from '#src/events/effects.ts';
import { facts } from '#src/events/facts.ts';
import { inputs } from '#src/events/inputs.ts';
import { walk, type Seen, type Step } from '#tests/support/walk.ts';

const engine = chartEngine(phaseMachine, vocabulary, { phase: 'p1', policy: phasePolicy() });
const contextOf = (state: ChartState): PhaseContext => state.context as unknown as PhaseContext;

/** Effects that only the run actor asks for. */
const RUN_ALONE = new Set(['prepareWorkspace', 'publish', 'cleanUp']);

/** Everything that a guard reads, and nothing that only grows. */
function key(state: ChartState): string {
  const c = contextOf(state);
  const kinds = Object.values(c.open).sort().join(',');
  // Who is asked again matters as long as somebody may be.
  const path = pathOf(state.value);
  const unreadable = path === 'AUDITING.review' ? c.unreadable.map(({ slot }) => slot).sort() : c.unreadable.some(({ slot }) => path === 'AUDITING.judge' && slot === 'judge');
  const decided = c.failures.length === 0 ? '' : retryOf(c).decision;
  return JSON.stringify([
    path, kinds, c.attempt, c.again, c.step, c.limitRaised, c.tries, c.interruptions, c.repairs, c.batch, c.policy.batches.length, c.partial === null, c.used > 1000, c.trouble, decided, c.failures.at(-1)?.kind, c.failures.length > 1,
    c.replans, c.replansDenied, c.set, c.auditedSet, c.approvedSet, c.reaudits, c.turn, c.keepTurn, c.question, c.deadlineAt === null, c.checks, c.audit, c.diff?.bytes,
    c.answers.map(({ slot, approved }) => `${slot} ${approved}`).sort(), unreadable, c.policy.check, c.policy.highRisk, c.policy.askBeforeCommit, c.policy.profile, c.policy.auditor2Walk === null, c.policy.onExhausted, c.policy.allowNoop, c.policy.attemptsMax,
  ]);
}

const isCommitting = ({ value }: ChartState): boolean => pathOf(value) === 'GATED.commit';
const alphabet = (state: ChartState) => [...Object.entries(contextOf(state).open).flatMap(([id, kind]) => answersTo(id, kind)), ...unasked().filter(({ type }) => type !== 'phase.skip_requested' || !isCommitting(state))];

function judge({ before, event, after, emissions }: Step): string | null {
  const [was, is] = [contextOf(before), contextOf(after)];
  const { policy } = is;
  const done = after.status === 'done';
  const path = pathOf(after.value);
  if (is.attempt > policy.attemptsMax + is.again || is.again > policy.againMax) return 'P4 attempts';
  if (is.batch > Math.max(0, policy.batches.length - 1)) return 'P4 batches';
  if (emissions.some(({ type }) => type === 'runTests' || type === 'callAuditor' || type === 'writeCommit') && is.batch + 1 < policy.batches.length) return 'E-116 tested, audited or committed before the last batch';
  if (is.replans > policy.replansMax || is.reaudits > policy.reauditsMax + 1 || is.tries >= policy.transportTriesMax || is.interruptions > policy.interruptionsMax) return 'P4 caps';
  if (is.unreadable.length > 3 || new Set(is.unreadable.map(({ slot }) => slot)).size !== is.unreadable.length || is.unreadable.some(({ slot }) => !/^(auditor2?|judge)$/.test(slot))) return 'P4 an unreadable answer is asked again twice';
  if (is.step < was.step) return 'E-142 the place in the walk falls';
  if (done && Object.keys(is.open).length > 0) return 'P7 a done phase awaits something';
  if (!done && Object.values(is.open).every((kind) => kind === 'timer:deadline')) return 'P5 at rest with nothing awaited';
  if (idsOf(is, 'timer:deadline').length > 1 || idsOf(is, 'wait:turn').length > 1) return 'P7 two of one kind';
  if (isCommitting(before) && engine.handles(before, { type: 'phase.skip_requested', at: AT, reason: 'too late' } as never)) return 'P3 what is being committed can be skipped';
  if (event.type === 'phase.skip_requested' && is.outcome !== 'SKIPPED') return 'a skipped phase is not SKIPPED';
  if (done && is.outcome === 'COMPLETE') {
    if (is.commit === null && is.diff?.bytes !== 0) return 'P3 COMPLETE without a commit';
    if (is.audit === null || is.checks === null || is.set === null) return 'P3 COMPLETE without check and audit of this attempt';
    if (is.approvedSet !== is.set && (!is.audit.approved || is.checks === 'failed' || is.auditedSet !== is.set)) return 'P3 COMPLETE of what was not audited and not overridden';
  }
  if (emissions.some(({ type }) => type === 'writeCommit') && !(was.approvedSet === was.set || (was.audit?.approved === true && was.auditedSet === was.set))) return 'P3 a commit of what was not audited';
  const counting = !['QUEUED', 'NEEDS_HUMAN.asked', 'GATED.turn', 'GATED.commit', 'DONE'].includes(path);
  if (!counting && is.deadlineAt !== null) return 'the deadline counts where it stands still';
  if (counting && Object.values(is.open).some((kind) => kind.startsWith('running:')) && is.deadlineAt === null) return 'work without a deadline';
  const held = is.turn !== 'none';
  if (held && !path.startsWith('GATED') && !(path.startsWith('AUDITING') && is.reaudits > policy.reauditsMax)) return 'N3 the turn is kept outside of GATED';
  const released = emissions.some(({ params }) => params['type'] === 'turn.released');
  if (was.turn !== 'none' && !held && !released) return 'the turn is dropped without a word';
  const asked = emissions.filter(({ params }) => params['type'] === 'effect.wanted').map(({ params }) => String(params['id']));
  const withdrawn = new Set(emissions.filter(({ params }) => params['type'] === 'effect.withdrawn').flatMap(({ params }) => params['ids'] as string[]));
  for (const [id, kind] of Object.entries(was.open)) {
    if (/^(asked|parked|running):/.test(kind) && kind !== 'running:question' && !(id in is.open) && id !== event.cause && !withdrawn.has(id)) return `P7 ${kind} is closed in silence`;
  }
  const answered = was.open[event.cause ?? ''] ?? '';
  const settled = emissions.filter(({ params }) => params['type'] === 'effect.settled').map(({ params }) => params['id']);
  if (/^running:(builder|auditor2?|judge|planner)$/.test(answered) !== (settled.length === 1) || settled.some((id) => id !== event.cause)) return `N2 the result of ${answered} is settled ${settled.length} times`;
  if (asked.some((id) => !(id in is.open))) return 'P6 a wish that nobody awaits';
  const begun = emissions.filter(({ type }) => vocabulary.effects.has(type)).map(({ params }) => String(params['id']));
  if (begun.some((id) => !(id in is.open))) return 'P1 an effect that is not awaited';
  // A wish that the run has not answered yet is told again; every other id is new.
  const fresh = [...asked.filter((id) => !was.open[id]?.startsWith('asked:')), ...emissions.filter(({ type }) => type === 'startTimer' || type === 'askHuman').map(({ params }) => String(params['id']))];
  if (fresh.some((id) => !/^phase:p1\/\d+$/.test(id) || Number(id.slice('phase:p1/'.length)) <= was.counter)) return 'P2 an id that was given before';
  if (new Set(fresh).size !== fresh.length) return 'P2 one id for two';
  const performed = emissions.filter(({ type }) => vocabulary.effects.has(type) && type !== 'startTimer' && type !== 'askHuman');
  if (performed.some(({ params }) => params['id'] !== event.cause || event.type !== 'effect.granted')) return 'P6 an effect that was not granted';
  return null;
}

const BATCH = { name: 'part', paths: ['a'], deliverables: [] };

let seen: Seen;
beforeAll(() => {
  const policies = [
    phasePolicy({ attemptsMax: 1 }),
    phasePolicy({ attemptsMax: 3, check: 'none', interruptionsMax: 0, againMax: 0, reauditsMax: 0, onExhausted: 'fail' }),
    phasePolicy({ auditor2Walk: ['m1'], attemptsMax: 1, highRisk: true, againMax: 0, transportTriesMax: 1, interruptionsMax: 0 }),
    phasePolicy({ auditor2Walk: ['m1'], attemptsMax: 1, check: 'none', replansMax: 0, reauditsMax: 0, againMax: 0, interruptionsMax: 0, onExhausted: 'fail' }),
    phasePolicy({ check: 'none', askBeforeCommit: true, attemptsMax: 1, allowNoop: true, onExhausted: 'fail' }),
    phasePolicy({ check: 'skip', highRisk: true, attemptsMax: 1, profile: 'safety_critical', replansMax: 0, againMax: 0 }),
    phasePolicy({ attemptsMax: 1, replansMax: 0, againMax: 0, interruptionsMax: 0, reauditsMax: 0, transportTriesMax: 1, onExhausted: 'fail', check: 'none', batches: [BATCH, BATCH] }),
    phasePolicy({ attemptsMax: 1, profile: 'safety_critical', netDeletionMax: 0, questionDefault: 'approve' }),
  ];
  seen = walk({ engine, inputs: policies.map((policy) => ({ phase: 'p1', policy })), key, alphabet, judge, statesMax: 250_000 });
}, 300_000);

test('P1 P2 P3 P4 P5 P6 P7 every step on every path keeps the promises of the chart', () => {
  expect(seen.problems).toEqual([]);
  expect(seen.states).toBeGreaterThan(1000);
});

test('every edge of the phase chart is taken', () => {
  expect(engine.allEdges.filter((edge) => !seen.edges.has(edge))).toEqual([]);
});

test('every input of a phase is accepted somewhere, and the chart says everything that its vocabulary has for it', () => {
  const ofPhase = Object.values(inputs).filter(({ answers, type }) => type === 'effect.failed' || answers.some((effect) => !RUN_ALONE.has(effect))).map(({ type }) => type);
  expect(ofPhase.filter((type) => !seen.events.has(type))).toEqual([]);
  const ofRun = new Set([...RUN_ALONE, 'turn.granted', 'quota.reserved', 'quota.settled', 'wish.parked', 'wish.denied', 'baseline.judged', 'run.paused', 'publish.refused', 'clean_up.failed', 'run.ended']);
  const words = [...Object.keys(effects), ...Object.keys(facts)].filter((word) => !ofRun.has(word));
  expect(words.filter((word) => !seen.said.has(word))).toEqual([]);
});

test('K5 no answer is accepted under an id that the phase does not await', () => {
  const machine = testSystem(runPolicy(), [{ id: 'a', tier: 0, dependencies: [], policy: phasePolicy() }]);
  const { state } = begin(machine, {});
  const stale = Object.entries(results).flatMap(([, list]) => list.map(([type, data]) => ({ type, v: 1, data: { ...data }, cause: 'phase:a/999' })));
  expect(stale.length).toBeGreaterThan(30);
  expect(stale.filter((event) => accepts(state, { to: 'phase:a', at: AT, event }))).toEqual([]);
});
