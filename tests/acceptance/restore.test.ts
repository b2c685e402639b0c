// What a refusal, a failure or a crash leaves: everything as it was, or exactly the change once.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { theirs } from '#tests/support/e2e.ts';
import { sceneOf } from '#tests/support/hands.ts';
import { driven, finishedRun, requestedRun } from '#tests/support/real-run.ts';
import { fingerprint } from '#tests/support/user-repository.ts';

const ndjson = (...values: object[]): string => [{ type: 'meta', total_operations: values.length }, ...values].map((value) => JSON.stringify(value)).join('\n');

test('E-672 a failure at the third of three files leaves all three as they were, in the tree and in the working folder', async () => {
  const scene = await sceneOf({ 'a.txt': 'a\n', 'b.txt': 'b\n', 'c.txt': 'c\n' }, { phases: [{ phase_id: 'p1', scope: { paths: ['a.txt', 'b.txt', 'c.txt'] } }] });
  const before = fingerprint(scene.repo.root);
  const refused = await scene.candidate('ndjson', ndjson({ type: 'modify', file_path: 'a.txt', content: 'x\n' }, { type: 'delete', file_path: 'b.txt' }, { type: 'modify', file_path: 'c.txt', operations: [{ type: 'replace', old_text: 'nowhere', new_text: 'x' }] }));
  expect(refused).toMatchObject({ type: 'candidate.refused', data: { kind: 'apply' } });
  expect(fingerprint(scene.repo.root)).toEqual(before);
  const next = await scene.candidate('ndjson', ndjson({ type: 'modify', file_path: 'a.txt', content: 'x\n' }));
  expect([await scene.read(String(next.data['tree']), 'b.txt'), await scene.read(String(next.data['tree']), 'c.txt')]).toEqual(['b\n', 'c\n']);
  scene.remove();
});

test('E-671 E-673 a mark of the start stands before anything is applied; untracked and uncommitted files stay, and are in no commit', async () => {
  const small = await requestedRun({ a: 'one\n' });
  const { repo } = small;
  repo.write({ 'untracked.txt': 'mine\n', 'readme.txt': 'changed, not committed\n' });
  const before = theirs(repo.root);
  await driven(small, ({ event }) => event.type === 'builder.answered');
  expect(repo.git('rev-parse', 'refs/heads/autopack/pre-run-small')).toBe(repo.git('rev-parse', 'main'));
  await driven(small);
  expect(theirs(repo.root)).toEqual(before);
  expect(repo.git('ls-tree', '-r', '--name-only', 'autopack/run-small').split('\n')).toEqual(['a.txt', 'readme.txt']);
  expect(repo.git('show', 'autopack/run-small:readme.txt')).toBe('a small project');
});

test('E-610 a commit that the user makes meanwhile survives the end of a run that fails', async () => {
  const small = await requestedRun({ a: '<<<<<<< ours\nnever ended\n' });
  await driven(small, ({ event }) => event.type === 'builder.answered');
  const own = small.repo.commit({ 'own.txt': 'mine\n' });
  await driven(small);
  expect(small.repo.git('rev-parse', 'main')).toBe(own);
  expect(readFileSync(join(small.repo.root, 'own.txt'), 'utf8')).toBe('mine\n');
  expect(existsSync(join(small.repo.root, 'a.txt'))).toBe(false);
});

test('E-674 a run that stops after any of its records goes on to exactly one commit of the change', async () => {
  const whole = await finishedRun({ a: 'one\n' });
  const wanted = whole.repo.git('rev-parse', 'autopack/run-small^{tree}');
  for (const type of ['candidate.built', 'audit.answered', 'commit.written']) {
    const small = await requestedRun({ a: 'one\n' });
    await driven(small, ({ event }) => event.type === type);
    await driven(small);
    expect(small.repo.git('rev-list', '--count', 'main..autopack/run-small'), type).toBe('1');
    expect(small.repo.git('rev-parse', 'autopack/run-small^{tree}'), type).toBe(wanted);
  }
});
