// Run view
// ========
// What people and programs ask of a run: where it stands, phase by phase, what it costs, what it waits for.

import type { EffectParams } from '#src/events/effects.ts';
import type { FactData, FactType } from '#src/events/facts.ts';
import type { InputData } from '#src/events/inputs.ts';
import type { Effect, Fact, RunRecord } from '#src/record/record.ts';
import { iso, type Projection } from './projection.ts';

export type Outcome = 'COMPLETE' | 'FAILED' | 'BLOCKED' | 'SKIPPED' | 'STOPPED';

export interface PhaseView {
  readonly phase_id: string;
  readonly tier_id: string;
  readonly name: string;
  readonly category: string;
  /** Dotted path of its chart. */
  readonly state: string;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly quality: 'ok' | 'needs_review' | null;
  readonly attempts: number;
  readonly model: string | null;
  readonly commit: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costMicroUsd: number;
}

export interface QuestionView {
  /** `<run>/<phase>/<n>`, of the run itself `<run>/<n>`: what `approve` and `reject` take. */
  readonly id: string;
  readonly effect: string;
  /** Null where the run itself asks. */
  readonly phase_id: string | null;
  readonly kind: string;
  readonly question: string;
  readonly options: readonly string[];
  readonly default: string;
  readonly expires_at: string;
}

export interface RunView {
  readonly run: string;
  readonly project: string;
  readonly description: string | null;
  readonly state: string;
  readonly outcome: 'COMPLETE' | 'FAILED' | 'STOPPED' | null;
  readonly reason: string | null;
  readonly pause: { readonly reason: string; readonly detail: string } | null;
  readonly createdAt: number;
  readonly at: number;
  readonly base: string | null;
  /** Head of the run's branch by the log. */
  readonly commit: string | null;
  readonly published: string | null;
  readonly warnings: readonly string[];
  readonly alerts: readonly string[];
  readonly baseline: string | null;
  readonly phases: readonly PhaseView[];
  readonly questions: readonly QuestionView[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costMicroUsd: number;
  readonly tokenCap: number;
  readonly epoch: number;
  readonly head: { readonly seq: number; readonly hash: string };
}

const EMPTY: RunView = {
  run: '', project: '', description: null, state: 'PREPARING.requested', outcome: null, reason: null, pause: null, createdAt: 0, at: 0, base: null, commit: null,
  published: null, warnings: [], alerts: [], baseline: null, phases: [], questions: [], inputTokens: 0, outputTokens: 0, costMicroUsd: 0, tokenCap: 0, epoch: 0,
  head: { seq: -1, hash: '' },
};

export const runView: Projection<RunView> = {
  name: 'run-view',
  version: 1,
  initial: EMPTY,
  apply(state, record) {
    let view: RunView = { ...byEvent(state, record), at: record.at, head: { seq: record.seq, hash: record.hash } };
    for (const move of record.moves) view = byMove(view, move, record.at);
    for (const fact of record.facts) view = byFact(view, fact, record.at);
    for (const effect of record.effects) view = byEffect(view, effect);
    // A question is over when who asked has moved on, whoever answered.
    return { ...view, questions: view.questions.filter(({ phase_id }) => (phase_id === null ? view.state === 'PREPARING.confirm' : phaseOf(view, phase_id)?.state === 'NEEDS_HUMAN.asked')) };
  },
};

const phaseOf = ({ phases }: RunView, id: string): PhaseView | undefined => phases.find(({ phase_id }) => phase_id === id);
const idOf = (actor: string): string => actor.slice('phase:'.length);

function change(view: RunView, id: string, changes: Partial<PhaseView>): RunView {
  return { ...view, phases: view.phases.map((phase) => (phase.phase_id === id ? { ...phase, ...changes } : phase)) };
}

function byEvent(view: RunView, { event, at }: RunRecord): RunView {
  switch (event.type) {
    case 'run.requested':
      return requested(event.data as InputData<'run.requested'>, at);
    case 'run.forked':
      return renamed(view, (event.data as InputData<'run.forked'>).run);
    case 'run.started':
      return { ...view, epoch: 1 };
    case 'run.resumed': {
      const { epoch, tokenCap } = event.data as InputData<'run.resumed'>;
      return { ...view, epoch, tokenCap: tokenCap ?? view.tokenCap };
    }
    case 'workspace.prepared': {
      const { base, warnings } = event.data as InputData<'workspace.prepared'>;
      return { ...view, base, commit: base, warnings };
    }
    case 'commit.written':
      return { ...view, commit: (event.data as InputData<'commit.written'>).commit };
    case 'workspace.published': {
      const { commit, refused } = event.data as InputData<'workspace.published'>;
      return refused === null ? { ...view, published: commit } : view;
    }
    default:
      return view; // everything else shows in moves, facts and effects
  }
}

function requested({ run, plan, policy }: InputData<'run.requested'>, at: number): RunView {
  const tiers = new Map(plan.tiers.map(({ tier_id, tier_index }) => [tier_id, tier_index]));
  const ordered = [...plan.phases].sort((a, b) => (tiers.get(a.tier_id) ?? 0) - (tiers.get(b.tier_id) ?? 0) || a.phase_index - b.phase_index);
  const phases = ordered.map(({ phase_id, tier_id, name, task_category }): PhaseView => ({
    phase_id, tier_id, name, category: task_category ?? 'general', state: 'QUEUED', outcome: null, reason: null, quality: null, attempts: 0, model: null, commit: null,
    startedAt: null, endedAt: null, inputTokens: 0, outputTokens: 0, costMicroUsd: 0,
  }));
  return { ...EMPTY, run, project: policy.project, createdAt: at, at, phases, tokenCap: policy.run.tokenCap };
}

/** A fork's questions are its own: an answer to one of them is none to its ancestor's. */
function renamed(view: RunView, run: string): RunView {
  return { ...view, run, published: null, questions: view.questions.map((asked) => ({ ...asked, id: questionId(run, asked.effect) })) };
}

function byMove(view: RunView, { actor, to }: RunRecord['moves'][number], at: number): RunView {
  if (actor === 'run') return { ...view, state: to, pause: to === 'PAUSED' ? view.pause : null };
  const id = idOf(actor);
  const startedAt = phaseOf(view, id)?.startedAt ?? (to === 'DONE' ? null : at);
  return change(view, id, { state: to, startedAt, ...(to === 'DONE' ? { endedAt: at } : {}) });
}

function byFact(view: RunView, { actor, type, data }: Fact, at: number): RunView {
  const is = <T extends FactType>(wanted: T): FactData<T> | null => (type === wanted ? (data as FactData<T>) : null);
  const id = idOf(actor);
  const alert = (text: string): RunView => ({ ...view, alerts: [...view.alerts, `${iso(at)} ${text}`] });
  const attempt = is('attempt.started');
  if (attempt !== null) return change(view, id, { attempts: attempt.attempt, model: attempt.model });
  const ended = is('phase.ended');
  if (ended !== null) return change(view, id, { outcome: ended.outcome, reason: ended.reason, commit: ended.commit, quality: ended.quality, attempts: ended.attempts });
  const settled = is('quota.settled');
  if (settled !== null) return spend(view, settled);
  const baseline = is('baseline.judged');
  if (baseline !== null) return { ...view, baseline: baseline.status === 'none' ? 'none' : `${baseline.status} (${baseline.reason}${baseline.testsRun === null ? '' : `, ${baseline.testsRun} tests`})` };
  const paused = is('run.paused');
  if (paused !== null) return { ...alert(`paused: ${paused.reason} ${paused.detail}`.trim()), pause: paused };
  const refused = is('publish.refused');
  if (refused !== null) return alert(`the branch was not moved to ${refused.commit}: ${refused.reason}`);
  const over = is('run.ended');
  return over === null ? view : { ...view, outcome: over.outcome, reason: over.reason };
}

function spend(view: RunView, { phase, inputTokens, outputTokens, costMicroUsd }: FactData<'quota.settled'>): RunView {
  const add = <T extends { inputTokens: number; outputTokens: number; costMicroUsd: number }>(to: T): T => ({
    ...to, inputTokens: to.inputTokens + inputTokens, outputTokens: to.outputTokens + outputTokens, costMicroUsd: to.costMicroUsd + costMicroUsd,
  });
  return { ...add(view), phases: view.phases.map((known) => (known.phase_id === phase ? add(known) : known)) };
}

export const questionId = (run: string, effect: string): string => `${run}/${effect.slice(effect.startsWith('phase:') ? 'phase:'.length : 'run/'.length)}`;

function byEffect(view: RunView, { id, type, params }: Effect): RunView {
  if (type !== 'askHuman') return view;
  const { phase, kind, question, options, default: byDefault, expiresAt } = params as EffectParams<'askHuman'>;
  const asked: QuestionView = { id: questionId(view.run, id), effect: id, phase_id: phase, kind, question, options, default: byDefault, expires_at: iso(expiresAt) };
  return { ...view, questions: [...view.questions.filter(({ phase_id }) => phase_id !== phase), asked] };
}
