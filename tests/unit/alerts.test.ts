// Which records tell whom what: one row per cause.

import { expect, test } from 'vitest';
import { alertsOf, mismatch } from '#projections/alerts.ts';
import { messagesOf } from '#src/app/feeds.ts';
import { isSubject } from '#src/ports/bus.ts';
import type { RunRecord } from '#src/record/record.ts';
import { recordRun } from '#tests/support/recorded.ts';

const record = (more: Partial<RunRecord>): RunRecord => ({
  run: 'r1', seq: 7, at: Date.UTC(2026, 0, 1), to: 'run', event: { type: 'timer.fired', v: 1, data: {} }, moves: [], facts: [], effects: [], state: '', prev: '', hash: 'h', ...more,
});
const fact = (type: string, data: Record<string, unknown>, actor = 'run'): Partial<RunRecord> => ({ facts: [{ actor, type, data }] });
const ended = (outcome: string, reason: string | null) => fact('phase.ended', { outcome, reason, commit: null, quality: null, attempts: 2 }, 'phase:p1');
const over = (outcome: string, reason: string | null) => fact('run.ended', { outcome, reason, head: null, inputTokens: 0, outputTokens: 0, costMicroUsd: 0 });
const asked = { phase: 'p1', kind: 'gate', question: 'Take it?', options: ['approve', 'reject'], default: 'reject', expiresAt: Date.UTC(2026, 0, 2) };

const rows: readonly (readonly [string, Partial<RunRecord>, readonly string[]])[] = [
  ['nothing', {}, []],
  ['a question', { effects: [{ id: 'phase:p1/9', type: 'askHuman', params: asked }] }, ['warn needs_human p1 Take it? (approve, reject; reject at 2026-01-02T00:00:00.000Z) → autopack approve r1/p1/9']],
  ['another effect', { effects: [{ id: 'phase:p1/9', type: 'callBuilder', params: {} }] }, []],
  ['a cap of tokens', fact('run.paused', { reason: 'budget', detail: 'tokens' }), ['critical budget - r1 pauses: budget tokens → autopack resume r1']],
  ['a cap of attempts', fact('run.paused', { reason: 'iterations', detail: '' }), ['critical budget - r1 pauses: iterations → autopack resume r1']],
  ['a cap of time', fact('run.paused', { reason: 'duration', detail: '' }), ['critical budget - r1 pauses: duration → autopack resume r1']],
  ['a provider that stays away', fact('run.paused', { reason: 'provider', detail: 'http_500' }), ['critical provider - r1 pauses: provider http_500 → autopack resume r1']],
  ['no workspace', fact('run.paused', { reason: 'workspace', detail: '' }), ['critical stuck - r1 pauses: workspace → autopack resume r1']],
  ['a loop of crashes', fact('run.paused', { reason: 'crash_loop', detail: '' }), ['critical stuck - r1 pauses: crash_loop → autopack resume r1']],
  ['a phase that failed', ended('FAILED', 'tests'), ['warn failed p1 p1 ended FAILED: tests → autopack show r1 p1']],
  ['a phase that is blocked', ended('BLOCKED', 'dependency p0'), ['warn blocked p1 p1 ended BLOCKED: dependency p0 → autopack show r1 p1']],
  ['a phase that is complete', ended('COMPLETE', null), []],
  ['a phase that is skipped', ended('SKIPPED', null), []],
  ['a branch that was left', fact('publish.refused', { commit: 'abc', reason: 'checked out' }), ['warn blocked - the branch of r1 was not moved to abc: checked out → -']],
  ['a run that is complete', over('COMPLETE', null), ['info finished - r1 is over: COMPLETE → autopack merge r1']],
  ['a run that failed', over('FAILED', 'phases'), ['critical failed - r1 is over: FAILED phases → autopack status r1']],
  ['a run that was stopped', over('STOPPED', 'cancelled'), ['warn finished - r1 is over: STOPPED cancelled → -']],
  ['a take-over', { event: { type: 'run.resumed', v: 1, data: { epoch: 2, downMs: 61_000, tokenCap: null, iterations: null } } }, ['info stale_executor - r1 was taken over after 61 s (epoch 2); an executor of an older epoch writes nothing any more → -']],
];

test.each(rows)('V3 %s', (_cause, more, said) => {
  const alerts = alertsOf(record(more));
  expect(alerts.map(({ severity, kind, phase, message, next }) => `${severity} ${kind} ${phase ?? '-'} ${message} → ${next ?? '-'}`)).toEqual(said);
});

test('V3 two causes of one record are two alerts, each known by its id, with run, record and time', () => {
  const both = record({ facts: [...(ended('FAILED', 'tests').facts ?? []), ...(over('FAILED', 'phases').facts ?? [])] });
  expect(alertsOf(both).map(({ id, runId, seq, at }) => [id, runId, seq, at])).toEqual([['h:0', 'r1', 7, '2026-01-01T00:00:00.000Z'], ['h:1', 'r1', 7, '2026-01-01T00:00:00.000Z']]);
  expect(alertsOf(both)).toEqual(alertsOf(both));
});

test('V3 a damaged record is told of with the place and the way to look', () => {
  expect(mismatch({ runId: 'r1', seq: 3, id: 'e', at: 0 }, 'why')).toMatchObject({ id: 'e:0', kind: 'replay_mismatch', severity: 'critical', seq: 3, next: 'autopack replay r1 --verify' });
});

test('every record of whole runs is published to subjects that are subjects, each message under an id of its own', () => {
  const messages = [3, 5, 11].flatMap((seed) => recordRun(seed, `run${seed}`, ['a', 'b', 'c']).records.flatMap(messagesOf));
  expect(messages.length).toBeGreaterThan(200);
  expect(messages.filter(({ subject }) => !isSubject(subject)).map(({ subject }) => subject)).toEqual([]);
  expect(new Set(messages.map(({ subject, id }) => `${subject.split('.')[3] === 'alert'} ${id}`)).size).toBe(messages.length);
  const kinds = new Set(messages.map(({ subject }) => subject.split('.').slice(0, 4).join('.')));
  expect([...kinds].sort().slice(0, 4)).toEqual(['alert', 'event', 'fact', 'move'].map((kind) => `autopack.v1.run11.${kind}`));
});

test('what a hostile record says of its actors and types makes no other subject', () => {
  const [event, said, move] = messagesOf(record({ facts: [{ actor: 'run', type: 'a b.*.>', data: {} }], moves: [{ actor: 'phase:p.*', from: '', to: 'X..>' }] }));
  expect([event?.subject, said?.subject, move?.subject]).toEqual(['autopack.v1.r1.event.timer.fired', 'autopack.v1.r1.fact.a_b._._', 'autopack.v1.r1.move.phase:p__.X._._']);
});
