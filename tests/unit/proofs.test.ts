// Proofs: one for every phase that ended, whatever its outcome, from its own attempt's patch and tests.

import { describe, expect, test } from 'vitest';
import { viewFiles, views } from '#projections/files.ts';
import { project } from '#projections/projection.ts';
import { Proof, proofMarkdown, proofs } from '#projections/proofs.ts';
import type { RunRecord } from '#src/record/record.ts';
import { recordRun } from '#tests/support/recorded.ts';

const histories = Array.from({ length: 60 }, (_, i) => recordRun(i + 1, 'run', ['a', 'b', 'c']).records);
const made = histories.flatMap((records) => project(proofs, records).proofs);

type Part = Pick<RunRecord, 'event' | 'facts'>;
const fact = (type: string, data: object) => ({ actor: 'phase:p', type, data: data as Record<string, unknown> });
const input = (type: string, data: object): Part => ({ event: { type, v: 1, data: data as Record<string, unknown> }, facts: [] });
const says = (type: string, data: object): Part => ({ event: { type: 'timer.fired', v: 1, data: {} }, facts: [fact(type, data)] });

const attempt = (n: number): Part => says('attempt.started', { attempt: n });
const candidate = (created: number, modified: number, deleted: number, keyChanges: string[] = []): Part =>
  input('candidate.built', { created, modified, deleted, added: 7, removed: 2, keyChanges, diff: { ref: `sha256:${'d'.repeat(64)}`, bytes: 1 } });
const tests = (run: number, failed: number): Part => input('tests.finished', { testsRun: run, testsFailed: failed, sandbox: 'none' });
const ended = (outcome: string, reason: string | null, commit: string | null = null): Part => says('phase.ended', { outcome, reason, commit });

/** The proof of phase `p` after these records, a second apart. */
function proofOf(...parts: readonly Part[]): Proof {
  const records = [input('run.requested', {}), ...parts].map((part, seq) => ({ run: 'r', seq, at: 1_767_323_045_000 + seq * 1000, to: seq === 0 ? 'kernel' : 'phase:p', moves: [], effects: [], state: '', prev: '', hash: '', ...part }));
  const [proof, ...others] = project(proofs, records as RunRecord[]).proofs;
  expect(others).toEqual([]);
  return Proof.parse(proof);
}

describe('of whole runs', () => {
  test('A-281 every phase that ended has one proof, of every outcome, and one that has not ended has none', () => {
    for (const records of histories) {
      const { run, proofs: { proofs: found } } = project(views, records);
      expect(found.map(({ phase_id, outcome }) => `${phase_id} ${outcome}`).sort()).toEqual(run.phases.flatMap(({ phase_id, outcome }) => (outcome === null ? [] : [`${phase_id} ${outcome}`])).sort());
    }
    expect(new Set(made.map(({ outcome }) => outcome))).toEqual(new Set(['COMPLETE', 'FAILED', 'BLOCKED', 'SKIPPED', 'STOPPED']));
  });

  test('A-280 each holds schema 1.0 and nothing else, and names run and phase', () => {
    expect(made.length).toBeGreaterThan(100);
    for (const proof of made) expect(Proof.parse(proof)).toMatchObject({ schema_version: '1.0', proof_id: `run-${proof.phase_id}`, run_id: 'run', success: proof.outcome === 'COMPLETE' });
  });

  test('A-280 success has no error and every other end says why', () => {
    for (const { success, error_summary: error } of made) expect(error === null).toBe(success);
  });

  test('A-281 a proof is two files, named by the phase', () => {
    const [records = []] = histories.filter((one) => project(proofs, one).proofs.some(({ phase_id }) => phase_id === 'a'));
    expect(viewFiles(project(views, records)).map(({ path }) => path)).toEqual(expect.arrayContaining(['proofs/a.json', 'proofs/a.md']));
  });
});

describe('its numbers', () => {
  test('A-282 are those of the attempt that ended it, not of one before', () => {
    const proof = proofOf(attempt(1), candidate(9, 9, 9, ['old (+9 −9)']), tests(50, 9), attempt(2), candidate(1, 2, 3, ['new (+7 −2)']), tests(5, 1), ended('COMPLETE', null, 'c'.repeat(40)));
    expect(proof).toMatchObject({ changes: { files_created: 1, files_modified: 2, files_deleted: 3, key_changes: ['new (+7 −2)'] }, verification: { tests_passed: 4, tests_failed: 1 }, metrics_placeholder: false, attempt_index: 2, duration_seconds: 6 });
  });

  test('A-282 are marked as a placeholder exactly where the attempt built nothing', () => {
    expect(proofOf(attempt(1), candidate(1, 0, 0), attempt(2), ended('FAILED', 'format after 2 of 2 attempts'))).toMatchObject({ metrics_placeholder: true, changes: { files_created: 0, change_summary: 'nothing was built' }, verification: { tests_passed: 0 } });
    expect(proofOf(ended('BLOCKED', 'dependency q'))).toMatchObject({ metrics_placeholder: true, attempt_index: 0, error_summary: 'dependency q' });
  });

  test('A-282 of a change that was tried again on a branch that moved are those of the last time', () => {
    expect(proofOf(attempt(1), candidate(2, 0, 0), tests(1, 0), candidate(1, 1, 0), tests(3, 0), ended('COMPLETE', null))).toMatchObject({ changes: { files_created: 1, files_modified: 1 }, verification: { tests_passed: 3 } });
  });
});

describe('its words', () => {
  test('A-281 a phase that ends again has a new proof in place of the old one', () => {
    expect(proofOf(attempt(1), ended('FAILED', 'first'), attempt(2), candidate(1, 0, 0), ended('COMPLETE', null))).toMatchObject({ success: true, error_summary: null, attempt_index: 2 });
  });

  test.each([['letters', 'x'], ['characters of two units', '😀']])('A-280 A-285 are cut at their bound before they are held against it: %s', (_what, letter) => {
    const { error_summary: error, changes } = proofOf(attempt(1), candidate(20, 0, 0, Array.from({ length: 10 }, () => letter.repeat(letter.length === 1 ? 200 : 100))), ended('FAILED', letter.repeat(600)));
    for (const text of [error ?? '', changes.change_summary]) {
      expect(text.length).toBeLessThanOrEqual(500);
      expect(text.isWellFormed()).toBe(true);
    }
    expect(error?.length).toBeGreaterThan(450);
  });

  test('A-285 of more than five files the others are a count that the bound never takes away', () => {
    expect(proofOf(attempt(1), candidate(7, 0, 0, Array.from({ length: 7 }, (_, i) => `${i}`)), ended('COMPLETE', null)).changes.change_summary).toBe('7 files, +7 −2: 0, 1, 2, 3, 4 +2 more');
    expect(proofOf(attempt(1), candidate(20, 0, 0, Array.from({ length: 10 }, () => 'x'.repeat(200))), ended('COMPLETE', null)).changes.change_summary).toMatch(/ \+15 more$/);
  });

  test('A-286 the Markdown says title, state, changes, verification and, only where it failed, the error, in that order', () => {
    const headings = (proof: Proof): string[] => proofMarkdown(proof).split('\n').filter((line) => line.startsWith('#'));
    expect(headings(proofOf(attempt(1), candidate(1, 0, 0), ended('COMPLETE', null)))).toEqual(['# p', '## Changes', '## Verification']);
    expect(headings(proofOf(attempt(1), ended('FAILED', 'tests')))).toEqual(['# p', '## Changes', '## Verification', '## Error']);
    expect(proofMarkdown(proofOf(attempt(1), ended('FAILED', 'tests')))).toContain('\nFAILED, 1.0 s, completed 2026-01-02T03:04:07.000Z\n');
  });
});
