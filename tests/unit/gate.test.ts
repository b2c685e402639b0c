import { describe, expect, test } from 'vitest';
import { judgeGate, type GateInput, type GateVerdict } from '#src/domain/gate.ts';

const audit = (changes: Partial<NonNullable<GateInput['audit']>> = {}) => ({ approved: true, minor: 0, major: 0, critical: 0, ...changes });
const judged = (changes: Partial<GateInput>): GateVerdict => judgeGate({ highRisk: false, isStrict: false, coverageDeltaBp: null, checks: 'passed', audit: audit(), netDeletion: 0, netDeletionMax: 200, allowMassDeletion: false, risk: 0, ...changes });

describe('E-171', () => {
  test.each<readonly [string, Partial<GateInput>, GateVerdict['level'], number]>([
    ['row 1: no auditor result', { audit: null }, 'blocked', 1],
    ['row 1: a critical issue', { audit: audit({ approved: false, critical: 1 }) }, 'blocked', 1],
    ['row 1: a critical issue beside an approval', { audit: audit({ critical: 1 }) }, 'blocked', 1],
    ['row 1: high risk without a test command', { highRisk: true, checks: 'none' }, 'blocked', 1],
    ['row 1 before row 2', { audit: null, netDeletion: 1000 }, 'blocked', 1],
    ['row 2: a net deletion of 201 lines', { netDeletion: 201 }, 'blocked', 2],
    ['row 2 before row 3', { highRisk: true, checks: 'failed', netDeletion: 201 }, 'blocked', 2],
    ['row 2 not: exactly 200 lines', { netDeletion: 200 }, 'ok', 9],
    ['row 2 not: allowed by the phase', { netDeletion: 5000, allowMassDeletion: true }, 'ok', 9],
    ['row 2 not: more added than removed', { netDeletion: -5000 }, 'ok', 9],
    ['row 2: a critical risk', { risk: 70 }, 'blocked', 2],
    ['row 2 not: a high risk', { risk: 69 }, 'ok', 9],
    ['row 3: high risk and failing tests', { highRisk: true, checks: 'failed' }, 'blocked', 3],
    ['row 3 before row 4', { highRisk: true, checks: 'failed', audit: audit({ approved: false }) }, 'blocked', 3],
    ['row 4: high risk and a rejection', { highRisk: true, audit: audit({ approved: false }) }, 'blocked', 4],
    ['row 4: high risk and a major issue beside an approval', { highRisk: true, audit: audit({ major: 1 }) }, 'blocked', 4],
    ['row 5: strict, high risk and less coverage by more than two points', { highRisk: true, isStrict: true, coverageDeltaBp: -201 }, 'needs_review', 5],
    ['row 5: strict, high risk and unknown coverage', { highRisk: true, isStrict: true }, 'needs_review', 5],
    ['row 5 not: exactly two points', { highRisk: true, isStrict: true, coverageDeltaBp: -200 }, 'ok', 6],
    ['row 5 not: not strict', { highRisk: true, coverageDeltaBp: -5000 }, 'ok', 6],
    ['row 4 before row 5', { highRisk: true, isStrict: true, audit: audit({ major: 1 }) }, 'blocked', 4],
    ['row 9: strict without high risk', { isStrict: true, coverageDeltaBp: -5000 }, 'ok', 9],
    ['row 6: high risk and all agree', { highRisk: true }, 'ok', 6],
    ['row 6: high risk with a minor issue', { highRisk: true, audit: audit({ minor: 7 }) }, 'ok', 6],
    ['row 6: high risk with tests skipped for a reason', { highRisk: true, checks: 'skipped' }, 'ok', 6],
    ['row 7: failing tests', { checks: 'failed' }, 'needs_review', 7],
    ['row 7 before row 8', { checks: 'failed', audit: audit({ approved: false }) }, 'needs_review', 7],
    ['row 8: a rejection', { audit: audit({ approved: false }) }, 'needs_review', 8],
    ['row 8: a major issue beside an approval', { audit: audit({ major: 1 }) }, 'needs_review', 8],
    ['row 9: all well', {}, 'ok', 9],
    ['row 9: no test command', { checks: 'none' }, 'ok', 9],
    ['row 9: skipped tests', { checks: 'skipped' }, 'ok', 9],
  ])('E-171 %s', (_title, changes, level, row) => {
    expect(judged(changes)).toMatchObject({ level, row });
  });
});

const all: GateInput[] = [true, false].flatMap((highRisk) => (['passed', 'failed', 'skipped', 'none'] as const).flatMap((checks) =>
  [null, ...[true, false].flatMap((approved) => [0, 1].flatMap((major) => [0, 1].map((critical) => audit({ approved, major, critical }))))].flatMap((result) =>
    [0, 201].flatMap((netDeletion) => [true, false].map((allowMassDeletion) => ({ highRisk, isStrict: false, coverageDeltaBp: null, checks, audit: result, netDeletion, netDeletionMax: 200, allowMassDeletion, risk: 0 }))))));

test('E-171 E-174 less coverage is told as a warning, unknown coverage as nothing', () => {
  expect(judged({ coverageDeltaBp: -1205 }).reasons).toEqual(['tests pass and the audit approves; the coverage falls by 12.05 points']);
  expect(judged({ coverageDeltaBp: 0 }).reasons).toEqual(['tests pass and the audit approves']);
  expect(judged({}).reasons).toEqual(['tests pass and the audit approves']);
});

test('E-171 of all inputs nothing is ok that lacks an audit, an approval or, where risk is high, its tests', () => {
  expect(all).toHaveLength(2 * 4 * 9 * 4);
  for (const given of all) {
    const { level, reasons } = judgeGate(given);
    const rejected = given.audit === null || !given.audit.approved || given.audit.major + given.audit.critical > 0;
    const deletes = given.netDeletion > 200 && !given.allowMassDeletion;
    const ok = !rejected && !deletes && given.checks !== 'failed' && !(given.highRisk && given.checks === 'none');
    expect(level === 'ok').toBe(ok);
    expect(reasons).toHaveLength(1);
  }
});

test('E-171 high risk is never judged milder than the same without it', () => {
  const rank = { ok: 0, needs_review: 1, blocked: 2 };
  for (const given of all) expect(rank[judgeGate({ ...given, highRisk: true }).level]).toBeGreaterThanOrEqual(rank[judgeGate({ ...given, highRisk: false }).level]);
});

test('E-173 skipped tests pass only as skipped: failed ones never do', () => {
  expect(judged({ checks: 'skipped' }).reasons).toEqual(['the audit approves; no test was run']);
  expect(judged({ checks: 'failed' }).level).toBe('needs_review');
  expect(judged({ checks: 'failed', highRisk: true }).level).toBe('blocked');
});
