// Story
// =====
// What happened to each phase, attempt by attempt, in sentences: what was done, what was found wrong, what was decided.
// Each names its record. For `show`, which adds where things stand and what to do next.

import type { FactData, FactType } from '#src/events/facts.ts';
import type { InputData, InputType } from '#src/events/inputs.ts';
import type { Fact, RunRecord } from '#src/record/record.ts';
import type { Projection } from './projection.ts';

export interface Sentence {
  readonly seq: number;
  readonly at: number;
  readonly kind: 'did' | 'bad' | 'decided';
  readonly text: string;
}

export interface AttemptStory {
  /** 0: before the first. */
  readonly attempt: number;
  readonly model: string | null;
  readonly seq: number;
  readonly sentences: readonly Sentence[];
}

export interface PhaseStory {
  readonly phase_id: string;
  readonly dependencies: readonly string[];
  /** First and last record of it; null while it waits for its turn. */
  readonly first: number | null;
  readonly last: number | null;
  readonly attempts: readonly AttemptStory[];
  /** sha256 of the last diff and of the last test output: bodies of the store, carried by `export`. */
  readonly diff: string | null;
  readonly output: string | null;
}

export interface Story {
  readonly phases: readonly PhaseStory[];
}

type Said = Omit<Sentence, 'seq' | 'at'>;

export const story: Projection<Story> = {
  name: 'story',
  version: 1,
  initial: { phases: [] },
  apply(state, record) {
    if (record.event.type === 'run.requested') return { phases: (record.event.data as InputData<'run.requested'>).plan.phases.map(({ phase_id, dependencies }) => ({ phase_id, dependencies, first: null, last: null, attempts: [], diff: null, output: null })) };
    return { phases: state.phases.map((phase) => (concerns(record, `phase:${phase.phase_id}`) ? told(phase, record) : phase)) };
  },
};

const concerns = ({ to, facts, moves }: RunRecord, actor: string): boolean => to === actor || facts.some((fact) => fact.actor === actor) || moves.some((move) => move.actor === actor);

function told(phase: PhaseStory, record: RunRecord): PhaseStory {
  const actor = `phase:${phase.phase_id}`;
  const found = record.to === actor ? ofInput(record) : [];
  let after: PhaseStory = add({ ...phase, ...bodies(record, actor), first: phase.first ?? record.seq, last: record.seq }, record, found);
  for (const fact of record.facts.filter((of) => of.actor === actor)) {
    if (fact.type === 'attempt.started') after = opened(after, record, fact.data as FactData<'attempt.started'>);
    else after = add(after, record, ofFact(fact, record));
  }
  return after;
}

const opened = (phase: PhaseStory, { seq }: RunRecord, { attempt, model }: FactData<'attempt.started'>): PhaseStory => ({ ...phase, attempts: [...phase.attempts, { attempt, model, seq, sentences: [] }] });

function add(phase: PhaseStory, { seq, at }: RunRecord, said: readonly Said[]): PhaseStory {
  if (said.length === 0) return phase;
  const current = phase.attempts.at(-1) ?? { attempt: 0, model: null, seq, sentences: [] };
  return { ...phase, attempts: [...phase.attempts.slice(0, -1), { ...current, sentences: [...current.sentences, ...said.map((one) => ({ seq, at, ...one }))] }] };
}

function bodies({ to, event: { type, data } }: RunRecord, actor: string): Partial<PhaseStory> {
  if (to !== actor) return {};
  if (type === 'candidate.built') return { diff: (data as InputData<'candidate.built'>).diff.ref };
  return type === 'tests.finished' ? { output: (data as InputData<'tests.finished'>).output.ref } : {};
}

const did = (text: string): Said => ({ kind: 'did', text });
const bad = (text: string): Said => ({ kind: 'bad', text });
const decided = (text: string): Said => ({ kind: 'decided', text });

function ofInput({ event }: RunRecord): Said[] {
  const is = <T extends InputType>(wanted: T): InputData<T> | null => (event.type === wanted ? (event.data as InputData<T>) : null);
  const answered = is('builder.answered');
  if (answered !== null) return [answered.stopReason === 'end' ? did(`${answered.model} answered with ${answered.outputTokens} tokens`) : bad(`${answered.model} ${answered.stopReason === 'refusal' ? 'refused to answer' : `was cut at ${answered.outputTokens} tokens`}`)];
  const built = is('candidate.built');
  if (built !== null) return [did(`${built.created + built.modified + built.deleted} files, +${built.added} −${built.removed}: ${built.keyChanges.slice(0, 3).join(', ')}${built.keyChanges.length > 3 ? ', …' : ''}`)];
  const refused = is('candidate.refused');
  if (refused !== null) return [bad(`the answer was refused (${refused.kind}): ${refused.message}`)];
  const audit = is('audit.answered');
  if (audit !== null) return [ofAudit(audit)];
  const judged = is('judge.answered');
  if (judged !== null) return [ofAudit({ ...judged, model: `the judge, ${judged.model},` })];
  const failed = is('effect.failed');
  if (failed !== null) return [bad(`${failed.code}: ${failed.message}`)];
  if (is('model.interrupted') !== null) return [bad('a call was lost with its process; it counts at its estimate')];
  const note = is('question.answered')?.note ?? '';
  return note === '' ? [] : [did(`a human wrote: ${note}`)];
}

const WORST_FIRST = ['critical', 'major', 'minor'];

function ofAudit({ model, verdict }: InputData<'audit.answered'>): Said {
  if (verdict === null) return bad(`${model} audited, and its answer cannot be read`);
  if (verdict.approved) return did(`${model} approves${verdict.summary === '' ? '' : `: ${verdict.summary}`}`);
  const [worst, ...others] = [...verdict.issues].sort((a, b) => WORST_FIRST.indexOf(a.severity) - WORST_FIRST.indexOf(b.severity));
  if (worst === undefined) return bad(`${model} rejects: ${verdict.summary}`);
  const place = worst.file === '' ? '' : ` ${worst.file}${worst.line === 0 ? '' : `:${worst.line}`}`;
  return bad(`${model} rejects: ${worst.severity}${place} ${worst.description}${others.length === 0 ? '' : ` (and ${others.length} more)`}`);
}

type Tellers = { readonly [T in FactType]?: (data: FactData<T>, record: RunRecord) => Said | null };

const FACTS: Tellers = {
  'check.judged': (check, { event }) => {
    const message = event.type === 'tests.finished' ? (event.data as InputData<'tests.finished'>).message : '';
    return check.passed ? did(`the tests pass: ${check.reason}${check.testsRun === null ? '' : `, ${check.testsRun} run`}`) : bad(`the tests fail (${check.reason})${message === '' ? '' : `: ${message}`}`);
  },
  'check.skipped': ({ reason }) => did(`no test was run: ${reason}`),
  'audit.merged': ({ disagreement, judge, approved }) => (disagreement === 'none' ? null : decided(`the auditors disagree (${disagreement}), the judge ${judge}: ${approved ? 'it passes' : 'it does not pass'}`)),
  'gate.judged': ({ level, row, reasons, overridden }) => (level === 'ok' ? did('the gate lets it pass') : bad(`the gate says ${level} (row ${row})${overridden ? ', overridden by a human' : ''}: ${reasons.join('; ')}`)),
  'retry.decided': ({ decision, reason }) => decided(`${decision.replaceAll('_', ' ')}: ${reason}`),
  'call.retried': ({ code, waitMs }) => decided(`${code}: the call is made again after ${waitMs} ms`),
  'format.repair_asked': ({ code }) => decided(`${code}: asked once more for a readable answer`),
  'limit.raised': ({ from, to }) => decided(`output limit ${from} → ${to}`),
  'model.escalated': ({ from, to }) => decided(`${from} → ${to}`),
  'replan.accepted': ({ reason }) => decided(`re-planned: ${reason}`),
  'replan.refused': ({ reason }) => bad(`no re-plan: ${reason}`),
  'rebase.compared': ({ same }) => did(same ? 'the branch had moved; the change is the same on it' : 'the branch had moved; the change is another on it'),
  'question.settled': ({ kind, option, by }) => decided(`the question (${kind}) was answered by ${by} with ${option}`),
  'phase.ended': ({ outcome, reason }) => decided(`${outcome}${reason === null ? '' : `: ${reason}`}`),
};

function ofFact({ type, data }: Fact, record: RunRecord): Said[] {
  const tell = FACTS[type as FactType] as ((of: unknown, record: RunRecord) => Said | null) | undefined;
  const said = tell?.(data, record) ?? null;
  return said === null ? [] : [said];
}
