// The rules that need nothing but Node: this project's own tests where no package is installed.
// `npm run e2e:self` builds autopack with autopack, and these are its test command.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeGate } from '../../src/domain/gate.ts';
import { similarityBp } from '../../src/domain/similarity.ts';
import { canonical } from '../../src/record/canonical.ts';
import { readSummary } from '../../src/domain/reports/summaries.ts';

test('R1 canonical JSON sorts keys and has no spaces', () => {
  assert.equal(canonical({ b: [1, null, 'é'], a: true }), '{"a":true,"b":[1,null,"é"]}');
});

test('E-171 a failing test never passes the gate', () => {
  const audit = { approved: true, minor: 0, major: 0, critical: 0 };
  for (const highRisk of [true, false]) {
    assert.notEqual(judgeGate({ highRisk, isStrict: false, coverageDeltaBp: null, checks: 'failed', audit, risk: 0, netDeletion: 0, netDeletionMax: 200, allowMassDeletion: false }).level, 'ok');
  }
});

test('A-068 similarity of equal texts is 10,000 and of strangers 0', () => {
  assert.equal(similarityBp('abc', 'abc'), 10_000);
  assert.equal(similarityBp('abc', 'xyz'), 0);
});

test('E-185 node:test tells its number of tests in both of its dialects', () => {
  assert.deepEqual(readSummary('# tests 12\n# pass 11\n# fail 1\n'), { dialect: 'node_test', run: 12, failed: 1, skipped: 0 });
  assert.deepEqual(readSummary('ℹ tests 0\nℹ fail 0\n'), { dialect: 'node_test', run: 0, failed: 0, skipped: 0 });
});
