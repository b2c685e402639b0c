// buildCandidate with real git: what of an answer reaches a tree, and what is told of the rest.

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { putText } from '#src/effects/performing.ts';
import { fingerprint } from '#tests/support/user-repository.ts';
import { contextFor, sceneOf, type Scene } from '#tests/support/hands.ts';

const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i + 1}\n`).join('');
let scene: Scene;
beforeAll(async () => {
  scene = await sceneOf({ 'src/a.txt': lines(20), 'src/b.txt': 'b\n', 'other.txt': 'o\n', 'keep/c.json': '{}\n' }, {
    protected: ['src/locked/'],
    phases: [{ phase_id: 'p1', scope: { paths: ['src/', 'keep/', 'docs/'] }, deliverables: ['src/a.txt'] }],
  });
});
afterAll(() => scene.remove());

const file = (path: string, new_content: string | null, mode = 'modify') => JSON.stringify({ files: [{ path, mode, new_content }] });
const edits = (...operations: object[]): string => JSON.stringify({ operations });
const ndjson = (...values: object[]): string => [{ type: 'meta', total_operations: values.length }, ...values].map((value) => JSON.stringify(value)).join('\n');
const diff = (path: string, ...hunk: string[]): string => `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n${hunk.join('\n')}\n`;

describe('one change in four formats', () => {
  test.each<[string, string]>([
    ['full_file', file('src/a.txt', lines(20).replace('line 5\n', 'five\n'))],
    ['structured_edit', edits({ type: 'replace', file_path: 'src/a.txt', start_line: 5, end_line: 5, content: 'five' })],
    ['ndjson', ndjson({ type: 'modify', file_path: 'src/a.txt', operations: [{ type: 'replace', old_text: 'line 5\n', new_text: 'five\n' }] })],
    ['diff', diff('src/a.txt', '@@ -4,3 +4,3 @@', ' line 4', '-line 5', '+five', ' line 6')],
  ])('E-122 E-129 E-130 E-132 E-654 %s ends as exactly that tree, whatever lies in the working folder', async (mode, answer) => {
    scene.repo.write({ 'src/a.txt': 'uncommitted\n' });
    const built = await scene.candidate(mode, answer);
    expect(built).toMatchObject({ type: 'candidate.built', data: { modified: 1, created: 0, deleted: 0, added: 1, removed: 1, rung: mode === 'diff' ? 'strict' : 'written', carried: null } });
    expect(await scene.read(String(built.data['tree']), 'src/a.txt')).toBe(lines(20).replace('line 5\n', 'five\n'));
    expect(built.data['tree']).toBe((await scene.candidate('diff', await scene.text(built.data['diff']))).data['tree']);
  });
});

describe('what is refused', () => {
  const bad = (path: string): readonly [string, string][] => [
    ['full_file', file(path, 'x\n', 'create')], ['structured_edit', edits({ type: 'append', file_path: path, content: 'x' })],
    ['ndjson', ndjson({ type: 'create', file_path: 'src/good.txt', content: 'x' }, { type: 'create', file_path: path, content: 'x' })], ['diff', `--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+x\n`],
  ];
  const paths = ['../x', '/etc/x', '.git/hooks/x', 'src/.GIT/x', 'src/../x', 'src//x', '././.git/x', 'src/locked/x', 'autopack.yaml', '.autonomous_runs/x', 'src/.gitattributes', 'src/.env', 'else/x', 'src\\..\\x', 'src/x\u200b', 'src/id_rsa'];

  // Git reads `//` in a patch as `/`: that is its own view, and the path is a good one.
  test.each(paths.flatMap((path) => bad(path).map(([mode, answer]) => [path, mode, answer] as const)).filter(([path, mode]) => path !== 'src//x' || mode !== 'diff'))('E-644 E-648 E-661 E-663 a new file %j in %s is refused, and nothing is written', async (path, mode, answer) => {
    const before = fingerprint(scene.repo.root);
    const refused = await scene.candidate(mode, answer);
    expect(refused.type).toBe('candidate.refused');
    // A diff of a path that git itself refuses never gets as far as the policy.
    if (mode !== 'diff') expect(refused.data).toMatchObject({ kind: 'policy_refused', message: expect.stringContaining(path.replace(/^(?:\.\/)+/, '')) });
    expect(fingerprint(scene.repo.root)).toEqual(before);
  });

  test.each<[string, string, string, string]>([
    ['E-643 E-656 E-658 one operation of three that fails', 'ndjson', ndjson({ type: 'create', file_path: 'src/n', content: 'x' }, { type: 'delete', file_path: 'src/b.txt' }, { type: 'modify', file_path: 'src/a.txt', operations: [{ type: 'insert_after', anchor: 'nowhere', content: 'x' }] }), 'apply'],
    ['E-647 one bad range of two files', 'structured_edit', edits({ type: 'append', file_path: 'src/b.txt', content: 'x' }, { type: 'delete', file_path: 'src/a.txt', start_line: 20, end_line: 21 }), 'apply'],
    ['E-646 fewer operations than counted', 'ndjson', ndjson({ type: 'delete', file_path: 'src/b.txt' }).replace('1', '3'), 'truncated'],
    ['E-653 a cut object', 'full_file', file('src/a.txt', 'x').slice(0, -3), 'truncated'],
    ['E-666 prose inside of a hunk', 'diff', diff('src/b.txt', '@@ -1 +1 @@', 'Now the change:', '-b', '+c'), 'format'],
    ['E-198 a new file for an existing path', 'full_file', file('src/b.txt', 'x', 'create'), 'apply'],
    ['E-191 E-659 E-660 a deliverable that is deleted', 'full_file', file('src/a.txt', null, 'delete'), 'policy_refused'],
    ['E-655 JSON that no program reads', 'full_file', file('keep/c.json', '', 'modify'), 'policy_refused'],
    ['E-651 churn above the limit', 'full_file', file('src/a.txt', lines(20).replaceAll(/1\d/g, 'x')), 'policy_refused'],
    ['E-664 a rename onto a protected path', 'diff', 'diff --git a/src/b.txt b/src/locked/b.txt\nsimilarity index 100%\nrename from src/b.txt\nrename to src/locked/b.txt\n', 'policy_refused'],
    ['E-195 a symlink', 'diff', 'diff --git a/src/l b/src/l\nnew file mode 120000\n--- /dev/null\n+++ b/src/l\n@@ -0,0 +1 @@\n+/etc\n\\ No newline at end of file\n', 'policy_refused'],
    ['E-195 a submodule', 'diff', 'diff --git a/src/s b/src/s\nnew file mode 160000\n--- /dev/null\n+++ b/src/s\n@@ -0,0 +1 @@\n+Subproject commit 1234567890123456789012345678901234567890\n', 'policy_refused'],
    ['E-664 a rename out of the scope, by its old side', 'diff', 'diff --git a/other.txt b/src/o.txt\nsimilarity index 100%\nrename from other.txt\nrename to src/o.txt\n', 'policy_refused'],
  ])('%s is refused as a whole', async (_what, mode, answer, kind) => {
    const refused = await scene.candidate(mode, answer);
    expect(refused).toMatchObject({ type: 'candidate.refused', data: { kind } });
    expect(await scene.text(refused.data['problems'])).toMatch(/^- /);
  });

  test('E-662 what is protected is protected below, and in no longer name', async () => {
    expect(await scene.candidate('full_file', file('src/locked-not/x', 'x\n', 'create'))).toMatchObject({ type: 'candidate.built' });
  });
});

test('E-129 the base of every edited file is held against the hash that its context recorded', async () => {
  const { data } = await scene.perform('assembleContext', contextFor(scene.base));
  const recorded = await scene.text(data['manifest']);
  const hash = createHash('sha256').update(lines(20)).digest('hex');
  expect(recorded).toContain(hash);
  const manifest = await putText(scene.hands.blobs, recorded.replace(hash, '0'.repeat(64)));
  const answer = await putText(scene.hands.blobs, edits({ type: 'append', file_path: 'src/a.txt', content: 'x' }));
  const refused = await scene.perform('buildCandidate', { phase: 'p1', attempt: 1, batch: 0, mode: 'structured_edit', answer, partial: null, shown: { base: scene.base, tree: null, manifest }, base: scene.base });
  expect(refused.data).toMatchObject({ kind: 'apply', message: expect.stringContaining('src/a.txt: it is not the file that was shown') });
});

describe('a cut answer', () => {
  const two = JSON.stringify({ files: [{ path: 'src/n1', mode: 'create', new_content: 'one\n' }, { path: 'src/n2', mode: 'create', new_content: 'two\n' }] });

  test('E-694 is one candidate with its continuation: the first file of the one, the second of the other', async () => {
    const built = await scene.candidate('full_file', file('src/n2', 'two\n', 'create'), { cut: two.slice(0, -8) });
    expect(built).toMatchObject({ type: 'candidate.built', data: { created: 2 } });
    expect([await scene.read(String(built.data['tree']), 'src/n1'), await scene.read(String(built.data['tree']), 'src/n2')]).toEqual(['one\n', 'two\n']);
  });

  test('E-653 alone is refused, whatever of it is whole', async () => {
    expect(await scene.candidate('full_file', two.slice(0, -8))).toMatchObject({ type: 'candidate.refused', data: { kind: 'truncated' } });
  });
});

describe('a branch that moved', () => {
  const answer = file('src/a.txt', lines(20).replace('line 2\n', 'two\n'));

  test('E-199 a change in another place of the file stays, and how the two met is recorded', async () => {
    const onto = scene.repo.commit({ 'src/a.txt': lines(20).replace('line 15\n', 'fifteen\n') });
    const built = await scene.candidate('full_file', answer, { onto });
    expect(built).toMatchObject({ type: 'candidate.built', data: { rung: 'written', carried: 'three_way', added: 1, removed: 1 } });
    expect(await scene.read(String(built.data['tree']), 'src/a.txt')).toBe(lines(20).replace('line 2\n', 'two\n').replace('line 15\n', 'fifteen\n'));
  });

  test('E-129 line numbers speak of the file as it was shown, also when the branch has other lines now', async () => {
    const onto = scene.repo.commit({ 'src/a.txt': `new first\n${lines(20)}` });
    const built = await scene.candidate('structured_edit', edits({ type: 'replace', file_path: 'src/a.txt', start_line: 10, end_line: 10, content: 'ten' }), { onto });
    expect(await scene.read(String(built.data['tree']), 'src/a.txt')).toBe(`new first\n${lines(20).replace('line 10\n', 'ten\n')}`);
  });

  test('E-199 a change of the same lines is a conflict, never markers', async () => {
    const onto = scene.repo.commit({ 'src/a.txt': lines(20).replace('line 2\n', 'zwei\n') });
    expect(await scene.candidate('full_file', answer, { onto })).toMatchObject({ type: 'candidate.refused', data: { kind: 'apply', message: 'src/a.txt: it changed on the branch meanwhile, and both changes meet' } });
  });
});

test('E-120 E-630 the context says which format it is for, and numbers every line of what may change where numbers are asked for', async () => {
  const other = await sceneOf({ 'a.txt': lines(3), 'b.txt': 'b\n' }, { phases: [{ phase_id: 'p1', description: 'as in b.txt', scope: { paths: ['a.txt', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6'] } }] });
  const context = await other.perform('assembleContext', contextFor(other.base));
  expect(context.data).toMatchObject({ mode: 'structured_edit', modeReason: '7 paths of scope' });
  expect(await other.text(context.data['context'])).toContain('1 | line 1\n2 | line 2\n3 | line 3\n');
  expect(await other.text(context.data['context'])).not.toContain('1 | b');
  other.remove();
});

test('E-632 a missing file in the scope is not written by loading', async () => {
  const other = await sceneOf({ 'a.txt': 'a\n' }, { phases: [{ phase_id: 'p1', scope: { paths: ['a.txt', 'package-lock.json'] } }] });
  const before = fingerprint(other.repo.root);
  await other.perform('assembleContext', contextFor(other.base));
  expect(fingerprint(other.repo.root)).toEqual(before);
  other.remove();
});
