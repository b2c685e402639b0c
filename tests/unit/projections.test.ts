// What every fold of the log holds, on whole recorded runs: repeatable anywhere, and nothing of the catalogue forgotten.

import { describe, expect, test, vi } from 'vitest';
import { compare } from '#projections/comparison.ts';
import { alertsOf } from '#projections/alerts.ts';
import { viewFiles, views } from '#projections/files.ts';
import { project, type Projection } from '#projections/projection.ts';
import { proofs } from '#projections/proofs.ts';
import { readers, type Reader } from '#projections/readers.ts';
import { runView } from '#projections/run-view.ts';
import { story } from '#projections/story.ts';
import { telemetry } from '#projections/telemetry.ts';
import { systemFor } from '#src/app/pins.ts';
import { fold, forkOff, type Head } from '#src/kernel/log.ts';
import { forbid } from '#src/kernel/purity.ts';
import type { RunRecord } from '#src/record/record.ts';
import { recordRun } from '#tests/support/recorded.ts';

const alerts: Projection<readonly unknown[]> = { name: 'alerts', version: 1, initial: [], apply: (all, record) => [...all, ...alertsOf(record)] };
const FOLDS: readonly Projection<unknown>[] = [runView, proofs, telemetry, story, alerts] as readonly Projection<unknown>[];

const histories = [3, 4, 7, 9, 11, 17, 20, 27, 42, 50].map((seed) => recordRun(seed, 'run', ['a', 'b', 'c']).records);
const [some = []] = histories.toSorted((a, b) => b.length - a.length);

/** The same past under another name: what only a fork's first record says. */
function forked(records: readonly RunRecord[]): RunRecord[] {
  const past = records.slice(0, Math.floor(records.length / 2));
  const { head } = fold(past, systemFor);
  return [...past, forkOff(head as Head, 'fork', head?.at ?? 0).sealed.record];
}

describe('a projection', () => {
  test('V1 E-693 gives the same from the same records: no clock, random, file or environment, in any zone', () => {
    for (const records of histories) {
      const plain = JSON.stringify(viewFiles(project(views, records)));
      vi.stubEnv('TZ', 'Pacific/Kiritimati');
      vi.stubEnv('LANG', 'tr_TR.UTF-8');
      expect(JSON.stringify(forbid(() => viewFiles(project(views, records))))).toBe(plain);
      vi.unstubAllEnvs();
    }
  });

  test('V1 goes on from its state as JSON, after any record, as if it had never stopped', () => {
    const whole = project(views, some);
    for (let seq = 0; seq < some.length; seq += 7) {
      const kept = JSON.parse(JSON.stringify(project(views, some.slice(0, seq)))) as typeof views.initial;
      expect(project({ ...views, initial: kept }, some.slice(seq))).toEqual(whole);
    }
  });

  test('V1 leaves the records and the state before as they were', () => {
    const frozen = JSON.parse(JSON.stringify(some), (_key, value: unknown) => Object.freeze(value)) as RunRecord[];
    const deep = <T>(value: T): T => JSON.parse(JSON.stringify(value), (_key, inner: unknown) => Object.freeze(inner)) as T;
    let state = deep(views.initial);
    for (const record of frozen) state = deep(views.apply(state, record));
    expect(state).toEqual(project(views, some));
  });

  test('V2 reads what the table of readers says, and passes over all else', () => {
    const [seen, read] = [new Set<string>(), new Map<string, Set<Reader>>()];
    for (const records of [...histories, forked(some)]) {
      for (const type of new Set(records.flatMap(({ event, facts }) => [event.type, ...facts.map((fact) => fact.type)]))) {
        seen.add(type);
        for (const projection of FOLDS) if (changes(projection, records, type)) read.set(type, (read.get(type) ?? new Set()).add(projection.name as Reader));
      }
    }
    const known = Object.entries(readers).filter(([type]) => seen.has(type));
    expect(known.map(([type, names]) => [type, [...names].sort()])).toEqual(known.map(([type]) => [type, [...(read.get(type) ?? [])].sort()]));
    expect(Object.entries(readers).filter(([type, names]) => names.length > 0 && !seen.has(type))).toEqual([]);
    expect(known.length).toBeGreaterThanOrEqual(40);
  });
});

/** Whether the view is another one when nobody knows the type. */
function changes(projection: Projection<unknown>, records: readonly RunRecord[], type: string): boolean {
  const without = records.map((record) => ({
    ...record,
    event: record.event.type === type ? { ...record.event, type: 'nobody.knows', data: {} } : record.event,
    facts: record.facts.filter((fact) => fact.type !== type),
  }));
  return JSON.stringify(project(projection, records)) !== JSON.stringify(project(projection, without));
}

describe('a comparison', () => {
  const later = (records: readonly RunRecord[]): RunRecord[] => JSON.parse(JSON.stringify(records), (_key, value: unknown) => (typeof value === 'number' && value > 1e12 ? value + 86_400_000 : value)) as RunRecord[];
  const resealed = (records: readonly RunRecord[]): RunRecord[] => later(records).map((record) => ({ ...record, run: 'other', hash: `x${record.hash}` }));

  test('of a run with itself shares all of its records and finds no difference', () => {
    expect(compare(some, some)).toMatchObject({ shared: some.length, first: null });
    expect(compare(some, some).phases.every(({ isAlike }) => isAlike)).toBe(true);
  });

  test('passes over the name of a run, the day, and whose answer came first', () => {
    const other = resealed(some);
    const at = other.findIndex(({ seq, to }, i) => seq > 5 && to.startsWith('phase:') && other[i + 1] !== undefined && to !== other[i + 1]?.to);
    expect(at).toBeGreaterThan(5);
    other.splice(at, 2, other[at + 1] as RunRecord, other[at] as RunRecord);
    expect(compare(some, other)).toMatchObject({ shared: 0, first: null });
  });

  test.each(['event', 'moves', 'facts', 'effects'] as const)('names the first record that differs in its %s, and the field', (part) => {
    const other = resealed(some);
    const seq = other.findIndex((record) => record.seq > 10 && !record.event.type.startsWith('run.') && (part === 'event' || record[part].length > 0));
    const record = other[seq] as RunRecord;
    const [path, target, key] = part === 'event' ? ['event.type', record.event, 'type'] : part === 'moves' ? ['moves.0.to', record.moves[0], 'to'] : [`${part}.0.type`, record[part][0], 'type'];
    Object.assign(target as object, { [key]: 'other' });
    expect(compare(some, other).first).toMatchObject({ part, a: { seq }, b: { seq }, fields: [{ path, b: 'other' }] });
  });

  test('tells of a record that one side alone has', () => {
    const short = some.slice(0, some.findLastIndex(({ event }) => event.type !== 'run.resumed')); // a take-over alone is no difference
    expect(compare(some, short)).toMatchObject({ shared: short.length, first: { part: 'end', a: { seq: short.length }, b: null } });
    expect(compare(short, some).first).toMatchObject({ part: 'end', a: null, b: { seq: short.length } });
  });
});
