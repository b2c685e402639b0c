// What the acceptance items promise of every run, held against the recorded ones, which take every edge of both charts.

import { expect, test } from 'vitest';
import { versions } from '#src/app/pins.ts';
import type { RunRecord } from '#src/record/record.ts';
import { historiesOf } from '#tests/support/histories.ts';
import { nameOf } from '#tests/support/lock-charts.ts';

const histories = historiesOf(nameOf(versions));

interface Said { readonly seq: number; readonly actor: string; readonly type: string; readonly data: Readonly<Record<string, unknown>> }
const factsOf = (records: readonly RunRecord[]): Said[] => records.flatMap(({ seq, facts }) => facts.map((fact) => ({ seq, ...fact })));
const inputsAt = (records: readonly RunRecord[], seq: number): RunRecord['event'] | undefined => records.find((record) => record.seq === seq)?.event;

/** What stands between one saying of an actor and its next. */
function between(facts: readonly Said[], type: string): { readonly first: Said; readonly others: readonly Said[] }[] {
  return facts.flatMap((first, i) => {
    if (first.type !== type) return [];
    const rest = facts.slice(i + 1).filter(({ actor }) => actor === first.actor);
    const next = rest.findIndex((fact) => fact.type === type);
    return next === -1 ? [] : [{ first, others: rest.slice(0, next) }];
  });
}

test('E-678 the gate judges an attempt once: again only in another one, after a human has answered, or after another audit', () => {
  const pairs = histories.flatMap(({ records }) => between(factsOf(records), 'gate.judged'));
  expect(pairs.length).toBeGreaterThan(3);
  const reasons = new Set(['attempt.started', 'question.settled', 'audit.merged']);
  expect(pairs.filter(({ others }) => !others.some(({ type }) => reasons.has(type))).map(({ first }) => first)).toEqual([]);
});

test('E-677 an auditor or judge that cannot be reached is no rejection: the attempt and its failures stay as they are', () => {
  const outages = histories.flatMap(({ records }) => {
    const facts = factsOf(records);
    const slots = new Map(facts.filter(({ type }) => type === 'quota.reserved').map(({ data }) => [String(data['effect']), String(data['slot'])]));
    return records.filter(({ event }) => event.type === 'effect.failed' && /^(?:auditor2?|judge)$/.test(slots.get(event.cause ?? '') ?? ''));
  });
  expect(outages.length).toBeGreaterThan(3);
  expect(outages.flatMap(({ facts }) => facts).filter(({ type }) => /^(?:retry\.decided|attempt\.started|audit\.merged|gate\.judged)$/.test(type))).toEqual([]);
  expect(outages.flatMap(({ facts }) => facts).some(({ type }) => type === 'call.retried'), 'it is asked again after a wait').toBe(true);
});

test('E-679 no attempt begins before the baseline is judged, or the run says that it has none', () => {
  for (const { name, records } of histories) {
    const facts = factsOf(records);
    const judged = facts.findIndex(({ type }) => type === 'baseline.judged');
    const begun = facts.findIndex(({ type }) => type === 'attempt.started');
    expect(begun === -1 || (judged !== -1 && judged < begun), name).toBe(true);
    const status = facts[judged]?.data['status'];
    if (status !== undefined) expect(status === 'none', name).toBe(inputsAt(records, facts[judged]?.seq ?? -1)?.type === 'workspace.prepared');
  }
});

test('E-166 a judge is asked only where two auditors disagree, and wherever they do', () => {
  const merged = histories.flatMap(({ records }) => factsOf(records)).filter(({ type }) => type === 'audit.merged').map(({ data }) => data);
  expect(merged.filter(({ judge }) => judge !== 'none').length).toBeGreaterThan(0);
  expect(merged.filter(({ judge, disagreement }) => (judge === 'none') !== (disagreement === 'none'))).toEqual([]);
});
