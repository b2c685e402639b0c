// A small part of `npm run accept`: answers to the commits of one project, whole and damaged, on the real repository.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { fingerprint } from '#tests/support/user-repository.ts';
import { damages } from './damages.ts';
import { complaints, tallyOf } from './tally.ts';
import { benchOf, damagedTrials, isFalseAccept, isFalseReject, wholeTrials, type Bench, type Trial } from './trials.ts';
import { projects } from './trees.ts';

let bench: Bench;
beforeAll(async () => {
  const [project] = projects;
  if (project === undefined) throw new Error('no project');
  bench = await benchOf(project, { seed: 4, count: 9 });
});
afterAll(() => bench.scene.remove());

test('E-132 E-643 a correct answer in each format ends as exactly the tree of its commit, a forbidden one nowhere; nothing of the user changes', async () => {
  const before = fingerprint(bench.scene.repo.root);
  const trials = await wholeTrials(bench);
  expect(complaints(trials)).toEqual([]);
  expect(new Set(trials.map(({ mode }) => mode)).size).toBe(4);
  expect(tallyOf(trials).byKind).toMatchObject({ correct: { wrong: 0, refused: 0 }, 'forbidden path': { exact: 0, wrong: 0 } });
  expect(fingerprint(bench.scene.repo.root)).toEqual(before);
}, 120_000);

test('E-132 E-195 E-653 E-666 a damaged answer is refused, or ends as exactly the tree of the whole one', async () => {
  const before = fingerprint(bench.scene.repo.root);
  const trials = await damagedTrials(bench, 37);
  expect(complaints(trials)).toEqual([]);
  expect(trials.length).toBeGreaterThan(20);
  expect(fingerprint(bench.scene.repo.root)).toEqual(before);
}, 120_000);

test('there are many kinds of damage, each named once', () => {
  expect(new Set(damages.map(({ kind }) => kind)).size).toBe(damages.length);
  expect(damages.length).toBeGreaterThan(60);
});

test('what came out as it must not is told apart', () => {
  const trial: Trial = { kind: 'k', mode: 'diff', where: 'w', must: 'refused', outcome: 'refused', wasPolicy: false, said: '' };
  expect([isFalseAccept(trial), isFalseReject(trial)]).toEqual([false, false]);
  expect([isFalseAccept({ ...trial, outcome: 'exact' }), isFalseAccept({ ...trial, must: 'safe', outcome: 'exact' }), isFalseAccept({ ...trial, must: 'safe', outcome: 'wrong' })]).toEqual([true, false, true]);
  expect([isFalseReject({ ...trial, must: 'exact' }), isFalseReject({ ...trial, must: 'safe' })]).toEqual([true, false]);
  expect(tallyOf([trial, { ...trial, outcome: 'wrong' }, { ...trial, must: 'exact' }])).toMatchObject({ tried: 3, falseAccepts: 1, falseRejects: 1, byKind: { k: { tried: 3, refused: 2, wrong: 1 } } });
});
