// Comparison
// ==========
// Two runs side by side: the past that they share, the first record that says something else, then phase by phase how it
// ended, what was built and what it cost.

import type { InputData } from '#src/events/inputs.ts';
import type { RunRecord } from '#src/record/record.ts';
import { project } from './projection.ts';
import { runView, type PhaseView, type RunView } from './run-view.ts';

/** What a phase built last. */
export interface Patch {
  /** Hash of the set of paths with old and new mode and blob: equal sets, equal patches. */
  readonly set: string;
  /** sha256 of its diff: the body of that name in store and file. */
  readonly diff: string;
  readonly added: number;
  readonly removed: number;
  /** Up to ten, with their lines. */
  readonly files: readonly string[];
}

export interface Both<T> {
  readonly a: T;
  readonly b: T;
}

export interface PhaseComparison {
  readonly phase_id: string;
  readonly view: Both<PhaseView | null>;
  readonly patch: Both<Patch | null>;
  /** Outcome, tries, patch and cost are the same. */
  readonly isAlike: boolean;
}

type Leaf = string | number | boolean | null;

/** A value of a record; null where that side has none. */
export interface Field extends Both<Leaf> {
  readonly path: string;
}

/** `end`: one run has a further record for an actor, the other has none. */
export type Part = 'event' | 'moves' | 'facts' | 'effects' | 'end';

export interface Comparison {
  readonly view: Both<RunView>;
  /** Records that both have, byte for byte: a fork's past. */
  readonly shared: number;
  /** The first that says something else; a side is null where that run has no further record. Null: they tell the same. */
  readonly first: ({ readonly part: Part; readonly fields: readonly Field[] } & Both<RunRecord | null>) | null;
  readonly phases: readonly PhaseComparison[];
}

export function compare(a: readonly RunRecord[], b: readonly RunRecord[]): Comparison {
  const end = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < end && a[shared]?.hash === b[shared]?.hash) shared += 1;
  const view = { a: project(runView, a), b: project(runView, b) };
  const patches = { a: patchesOf(a), b: patchesOf(b) };
  const ids = [...new Set([...view.a.phases, ...view.b.phases].map(({ phase_id }) => phase_id))];
  return { view, shared, first: firstDifference(a, b, shared), phases: ids.map((id) => phaseOf(id, view, patches)) };
}

function phaseOf(phase_id: string, view: Both<RunView>, patches: Both<ReadonlyMap<string, Patch>>): PhaseComparison {
  const of = ({ phases }: RunView): PhaseView | null => phases.find((phase) => phase.phase_id === phase_id) ?? null;
  const both = { a: of(view.a), b: of(view.b) };
  const patch = { a: patches.a.get(phase_id) ?? null, b: patches.b.get(phase_id) ?? null };
  const essence = (side: PhaseView | null, built: Patch | null): string => JSON.stringify([side?.outcome, side?.reason, side?.attempts, side?.inputTokens, side?.outputTokens, side?.costMicroUsd, built?.set]);
  return { phase_id, view: both, patch, isAlike: essence(both.a, patch.a) === essence(both.b, patch.b) };
}

/** Phase -> the last candidate that applied. */
function patchesOf(records: readonly RunRecord[]): Map<string, Patch> {
  const patches = new Map<string, Patch>();
  for (const { to, event } of records) {
    if (event.type !== 'candidate.built') continue;
    const { set, diff, added, removed, keyChanges } = event.data as InputData<'candidate.built'>;
    patches.set(to.slice('phase:'.length), { set, diff: diff.ref, added, removed, files: keyChanges });
  }
  return patches;
}

/** What tells of holders alone: a run that was taken over, or forked, is no other run for that. */
const OF_HOLDERS = new Set(['run.forked', 'run.resumed']);

/** Actor by actor, in the order of A: whose answer came first is the world's, and no difference. */
function firstDifference(a: readonly RunRecord[], b: readonly RunRecord[], shared: number): Comparison['first'] {
  const behind = (records: readonly RunRecord[]): RunRecord[] => {
    const ofHolders = records.filter(({ event }) => OF_HOLDERS.has(event.type));
    const asked = new Set(ofHolders.flatMap(({ effects }) => effects.filter(({ type }) => type === 'publish').map(({ id }) => id))); // again, at a take-over
    return records.slice(shared).filter((record) => !ofHolders.includes(record) && !asked.has(record.event.cause ?? ''));
  };
  const [tellA, tellB] = [telling(a), telling(b)];
  const waiting = Map.groupBy(behind(b), ({ to }) => to);
  for (const one of behind(a)) {
    const other = waiting.get(one.to)?.shift();
    if (other === undefined) return { part: 'end', fields: [], a: one, b: null };
    for (const part of PARTS) {
      const fields = different(tellA(one, part), tellB(other, part));
      if (fields.length > 0) return { part, fields, a: one, b: other };
    }
  }
  const [more] = [...waiting.values()].flat().sort((one, other) => one.at - other.at);
  return more === undefined ? null : { part: 'end', fields: [], a: null, b: more };
}

const PARTS = ['event', 'moves', 'facts', 'effects'] as const;
const YEAR_MS = 366 * 24 * 3600 * 1000;

const EFFECT_ID = /^(run|phase:[A-Za-z0-9_-]+)\/\d+$/;

type Told = ReadonlyMap<string, Leaf>;

/** Dotted path -> value, without what is another in every run: its name, its times, the ids of its commits, how many effects came before. */
function telling(records: readonly RunRecord[]): (record: RunRecord, part: (typeof PARTS)[number]) => Told {
  const ids = records.flatMap(({ event: { type, data } }) => (type === 'workspace.prepared' ? [data['base']] : type === 'commit.written' ? [data['commit']] : []));
  const commits = new Map(ids.map((id, i) => [id, i === 0 ? 'the base' : `commit ${i}`]));
  return (record, part) => {
    const told = new Map<string, Leaf>();
    const walk = (value: unknown, path: string): void => {
      if (typeof value === 'object' && value !== null) for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`);
      else if (typeof value === 'number' && Math.abs(value - record.at) < YEAR_MS) told.set(path, `${value - record.at} ms later`);
      else if (!/\.run(_id)?$/.test(path)) told.set(path, commits.get(value) ?? (typeof value === 'string' ? value.replace(EFFECT_ID, '$1/n') : (value as Leaf)));
    };
    walk(record[part], part);
    return told;
  };
}

function different(a: Told, b: Told): Field[] {
  const paths = [...new Set([...a.keys(), ...b.keys()])];
  return paths.filter((path) => a.get(path) !== b.get(path)).map((path) => ({ path, a: a.get(path) ?? null, b: b.get(path) ?? null }));
}
