// Workspace with git: candidates. A new tree with its changes and diff, or problems and no trace.

import { rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import type { Candidate, Workspace } from '#src/ports/workspace.ts';
import { temporary, userRepository } from '#tests/support/user-repository.ts';

const home = temporary('autopack-home-');
const roots: string[] = [];
afterAll(() => {
  for (const folder of [home, ...roots]) rmSync(folder, { recursive: true, force: true });
});

interface Scene {
  readonly space: Workspace;
  readonly tree: string;
  /** The text of a path in a tree. */
  text(tree: string, path: string): Promise<string>;
}

/** Candidates change no repository, so the same files share one. */
const scenes = new Map<string, Promise<Scene>>();
function scene(files: Readonly<Record<string, string | Buffer>>, format = 'sha1'): Promise<Scene> {
  const key = JSON.stringify([files, format]);
  const made = scenes.get(key) ?? newScene(files, format);
  scenes.set(key, made);
  return made;
}

async function newScene(files: Readonly<Record<string, string | Buffer>>, format = 'sha1'): Promise<Scene> {
  const repo = userRepository(files, format);
  roots.push(repo.root);
  const space = gitWorkspace({ userRepo: repo.root, home });
  const { tree } = await space.prepare('r1', null);
  const text = async (at: string, path: string): Promise<string> => {
    const file = (await space.files(at)).find((entry) => entry.path === path);
    return file === undefined ? '(absent)' : Buffer.from((await space.readAll([file.blob]))[0] ?? []).toString('utf8');
  };
  return { space, tree, text };
}

const accepted = (candidate: Candidate): Candidate & { ok: true } => {
  if (!candidate.ok) throw new Error(`refused: ${candidate.problems.join('\n')}`);
  return candidate;
};
const refusedWith = (problem: RegExp) => ({ ok: false, problems: expect.arrayContaining([expect.stringMatching(problem)]) });
const patch = (path: string, ...hunks: string[]): string => `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n${hunks.join('\n')}\n`;
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const numbered = (count: number): string => Array.from({ length: count }, (_, at) => `line ${at + 1}\n`).join('');

describe('unified diffs', () => {
  test('W3 a diff gives the changes of git with modes, blobs and counts, and its own diff gives the same tree again', async () => {
    const { space, tree, text } = await scene({ 'a.txt': 'one\ntwo\nthree\n', 'gone.txt': 'x\n' });
    const diff = `${patch('a.txt', '@@ -1,3 +1,3 @@', ' one', '-two', '+2', ' three')}--- a/gone.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n--- /dev/null\n+++ b/new/file.txt\n@@ -0,0 +1,2 @@\n+n\n+m\n`;
    const candidate = accepted(await space.applyDiff(tree, diff));
    expect(candidate.changes.map(({ oldBlob: _o, newBlob: _n, ...rest }) => rest)).toEqual([
      { path: 'a.txt', oldMode: '100644', newMode: '100644', added: 1, removed: 1, binary: false },
      { path: 'gone.txt', oldMode: '100644', newMode: '000000', added: 0, removed: 1, binary: false },
      { path: 'new/file.txt', oldMode: '000000', newMode: '100644', added: 2, removed: 0, binary: false },
    ]);
    expect(await text(candidate.tree, 'a.txt')).toBe('one\n2\nthree\n');
    expect(candidate.diff).toContain('@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n');
    expect(accepted(await space.applyDiff(tree, candidate.diff)).tree).toBe(candidate.tree);
  });

  test('W3 an empty diff, and one that changes nothing in the end, is a candidate without changes', async () => {
    const { space, tree } = await scene({ 'a.txt': 'one\n' });
    expect(await space.applyDiff(tree, '\n')).toEqual({ ok: true, tree, changes: [], diff: '', rung: 'strict' });
    expect(await space.applyFiles(tree, [])).toEqual({ ok: true, tree, changes: [], diff: '', rung: 'written' });
    expect(await space.applyFiles(tree, [{ path: 'a.txt', content: 'one\n' }])).toEqual({ ok: true, tree, changes: [], diff: '', rung: 'written' });
  });

  test('W3 the same diff gives the same tree and text in another repository and in sha256', async () => {
    const diff = patch('a.txt', '@@ -1 +1 @@', '-one', '+two');
    const [first, second, third] = await Promise.all(['sha1', 'sha1', 'sha256'].map((format) => newScene({ 'a.txt': 'one\n' }, format)));
    const results = await Promise.all([first, second, third].map((at) => at?.space.applyDiff(at.tree, diff)));
    expect(results[0]).toEqual(results[1]);
    expect(results[2]).toMatchObject({ ok: true, tree: expect.stringMatching(/^[0-9a-f]{64}$/), changes: [{ path: 'a.txt', added: 1 }] });
  });

  test.each([
    ['prose without a patch', 'I changed the file as you asked.\n', /No valid patches/],
    ['context that is not there', patch('a.txt', '@@ -1,2 +1,2 @@', ' one', '-zwei', '+2'), /^patch failed: a\.txt:1$/],
    ['an unknown file', patch('b.txt', '@@ -1 +1 @@', '-one', '+two'), /^b\.txt: does not exist/],
    ['E-666 a sentence inside a hunk', patch('a.txt', '@@ -1,3 +1,3 @@', ' one', 'Here I change it:', '-two', '+2', ' three'), /^a\.txt, patch line 4: .*fewer lines/],
    ['E-132 a hunk with fewer lines than it says', patch('a.txt', '@@ -1,3 +1,3 @@', ' one', '-two', '+2'), /a\.txt, patch line 4: .*fewer lines/],
    ['E-132 a hunk with more lines than it says', patch('a.txt', '@@ -1,2 +1,2 @@', ' one', '-two', '+2', '+lost'), /a\.txt, patch line 4: .*more lines .*line 8/],
    ['E-132 a hunk of no lines', patch('a.txt', '@@ -0,0 +0,0 @@'), /a hunk of no lines/],
    ['E-132 a hunk header without numbers', patch('a.txt', '@@ ... @@', '-two', '+2'), /not a hunk header/],
    ['E-132 a header without hunks', '--- a/a.txt\n+++ b/a.txt\n', /header without hunks/],
    ['a file that is there already', '--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+x\n', /^a\.txt: already exists/],
    ['a path out of the repository', '--- /dev/null\n+++ b/../../evil\n@@ -0,0 +1 @@\n+x\n', /invalid path '\.\.\/\.\.\/evil'/],
    ['a path into .git', '--- /dev/null\n+++ b/.git/hooks/pre-commit\n@@ -0,0 +1 @@\n+x\n', /invalid path/],
    ['.git as HFS reads it', '--- /dev/null\n+++ b/.g\u200cit/config\n@@ -0,0 +1 @@\n+x\n', /invalid path|\.g.it/],
    ['.git as NTFS reads it', '--- /dev/null\n+++ b/git~1/config\n@@ -0,0 +1 @@\n+x\n', /invalid path/],
    ['a file below a file', '--- /dev/null\n+++ b/a.txt/x\n@@ -0,0 +1 @@\n+x\n', /a\.txt/],
    ['a symlink of the same patch', '--- /dev/null\n+++ b/l\nnew file mode 120000\n@@ -0,0 +1 @@\n+/etc\n\\ No newline at end of file\n--- /dev/null\n+++ b/l/x\n@@ -0,0 +1 @@\n+x\n', /l/],
    ['one good and one bad file', `${patch('a.txt', '@@ -1,3 +1,3 @@', ' one', '-two', '+2', ' three')}${patch('b.txt', '@@ -1 +1 @@', '-x', '+y')}`, /b\.txt/],
  ])('W4 %s is refused, with the place and without a path of the machine', async (_name, diff, problem) => {
    const { space, tree } = await scene({ 'a.txt': 'one\ntwo\nthree\n' });
    const candidate = await space.applyDiff(tree, diff);
    expect(candidate).toEqual(refusedWith(problem));
    expect(JSON.stringify(candidate)).not.toContain(home);
  });

  test('E-668 removed and added lines that begin with dashes or pluses are content', async () => {
    const { space, tree, text } = await scene({ 'q.sql': '-- old\n-- keep\n' });
    const candidate = accepted(await space.applyDiff(tree, patch('q.sql', '@@ -1,2 +1,3 @@', '--- old', '+-- new', '+++ x', ' -- keep')));
    expect(await text(candidate.tree, 'q.sql')).toBe('-- new\n++ x\n-- keep\n');
  });

  test('E-667 a shifted hunk is accepted where its context is unique and refused where it is not', async () => {
    const lines = numbered(30).replaceAll(/line (10|20)\n/g, 'same\n').replaceAll(/line (11|21)\n/g, 'here\n').replaceAll(/line (12|22)\n/g, 'too\n');
    const { space, tree, text } = await scene({ 'a.txt': lines });
    const unique = accepted(await space.applyDiff(tree, patch('a.txt', '@@ -3,3 +3,3 @@', ' line 5', '-line 6', '+LINE 6', ' line 7')));
    expect(await text(unique.tree, 'a.txt')).toBe(lines.replace('line 6', 'LINE 6'));
    const twice = patch('a.txt', '@@ -12,3 +12,3 @@', ' same', '-here', '+HERE', ' too');
    expect(await space.applyDiff(tree, twice)).toEqual(refusedWith(/^a\.txt:12: .* occurs 2 times/));
    const right = accepted(await space.applyDiff(tree, twice.replaceAll('-12,3 +12,3', '-20,3 +20,3')));
    expect((await text(right.tree, 'a.txt')).split('\n').indexOf('HERE')).toBe(20);
    // Old and new start that contradict each other lead to two places.
    expect(await space.applyDiff(tree, twice.replaceAll('-12,3 +12,3', '-20,3 +10,3'))).toEqual(refusedWith(/occurs 2 times/));
  });

  test('W3 line ends follow the base: a patch with LF fits a CRLF file, one with CRLF an LF file, and neither mixes them', async () => {
    const { space, tree, text } = await scene({ 'crlf.txt': 'a\r\nb\r\nc\r\n', 'lf.txt': 'a\nb\nc\n' });
    const hunk = ['@@ -1,3 +1,4 @@', ' a', '-b', '+B', '+b2', ' c'];
    const apply = async (diff: string, path: string) => text(accepted(await space.applyDiff(tree, diff)).tree, path);
    expect(await apply(patch('crlf.txt', ...hunk), 'crlf.txt')).toBe('a\r\nB\r\nb2\r\nc\r\n');
    expect(await apply(patch('lf.txt', ...hunk).replaceAll('\n', '\r\n'), 'lf.txt')).toBe('a\nB\nb2\nc\n');
    expect(await apply(patch('crlf.txt', ...hunk).replaceAll('\n', '\r\n'), 'crlf.txt')).toBe('a\r\nB\r\nb2\r\nc\r\n');
    expect(await apply(patch('crlf.txt', '@@ -1,3 +1,3 @@', ' a\r', '-b\r', '+B', ' c\r'), 'crlf.txt')).toBe('a\r\nB\r\nc\r\n');
    expect(await apply(patch('lf.txt', '@@ -1,3 +1,3 @@', ' a', '-b', '+B\r', ' c'), 'lf.txt')).toBe('a\nB\nc\n');
    const converted = patch('crlf.txt', '@@ -1,3 +1,3 @@', '-a\r', '-b\r', '-c\r', '+a', '+b', '+c');
    expect(await apply(converted, 'crlf.txt')).toBe('a\nb\nc\n');
    expect(await apply(`--- /dev/null\r\n+++ b/n.txt\r\n@@ -0,0 +1 @@\r\n+n\r\n`, 'n.txt')).toBe('n\n');
  });

  test('E-132 a patch that git made must come to the blobs that it names: one that lost a hunk or the end of a line is refused', async () => {
    const { space, tree } = await scene({ 'a.txt': numbered(30), 'b.txt': 'b\n' });
    const whole = await space.applyFiles(tree, [{ path: 'a.txt', content: `first\n${numbered(30).replace('line 25\n', 'other\n')}last\n` }, { path: 'new.txt', content: 'some words\n' }]);
    const { diff, tree: wanted } = accepted(whole);
    expect(accepted(await space.applyDiff(tree, diff)).tree).toBe(wanted);
    const [head = '', ...hunks] = diff.slice(0, diff.indexOf('diff --git a/new.txt')).split(/^(?=@@)/m);
    expect(hunks).toHaveLength(2);
    expect(await space.applyDiff(tree, `${head}${hunks[0]}`)).toMatchObject(refusedWith(/^a\.txt: the patch names its result [0-9a-f]{40}, but comes to [0-9a-f]{40}: a part of it is missing/));
    expect(await space.applyDiff(tree, diff.replace(/words\n$/, 'wo'))).toMatchObject(refusedWith(/^new\.txt: the patch names its result/));
    // What a model makes up says nothing.
    expect(accepted(await space.applyDiff(tree, diff.replace(/^index .*$/gm, 'index 1234567..89abcde 100644'))).tree).toBe(wanted);
  });

  test('W3 a patch that git made may mix line ends, as it says', async () => {
    const { space, tree } = await scene({ 'a.txt': 'one\ntwo\nthree\n' });
    const mixed = accepted(await space.applyFiles(tree, [{ path: 'a.txt', content: 'one\r\ntwo\nthree\n' }]));
    expect(accepted(await space.applyDiff(tree, mixed.diff)).tree).toBe(mixed.tree);
  });

  test('E-132 a missing final newline of the patch is added, a signature below it is no content', async () => {
    const { space, tree, text } = await scene({ 'a.txt': 'one\n' });
    const diff = patch('a.txt', '@@ -1 +1,2 @@', ' one', '+two').replace(/\n$/, '');
    expect(await text(accepted(await space.applyDiff(tree, diff)).tree, 'a.txt')).toBe('one\ntwo\n');
    expect(await text(accepted(await space.applyDiff(tree, `${diff}\n-- \n2.39.5\n`)).tree, 'a.txt')).toBe('one\ntwo\n');
  });

  test('W3 .gitattributes of the tree blind neither diff nor counts, nor do they choose hunk headings', async () => {
    const { space, tree } = await scene({ '.gitattributes': '*.py binary -diff diff=python\n*.txt -diff -text\n', 'a.py': `def f():\n${numbered(9)}`, 'b.txt': 'x\n' });
    const candidate = accepted(await space.applyFiles(tree, [{ path: 'a.py', content: `def f():\n${numbered(8)}evil\n` }, { path: 'b.txt', content: 'y\n' }]));
    expect(candidate.diff).toMatch(/-line 9\n\+evil/);
    expect(candidate.changes).toMatchObject([{ path: 'a.py', added: 1, removed: 1, binary: false }, { path: 'b.txt', added: 1, removed: 1, binary: false }]);
  });

  test('W3 binary content is marked, counts nothing, and is in the diff as text', async () => {
    const { space, tree } = await scene({ 'x.bin': Buffer.from([0, 1, 2, 10]) });
    const candidate = accepted(await space.applyFiles(tree, [{ path: 'x.bin', content: '\0new\n' }]));
    expect(candidate.changes).toMatchObject([{ binary: true, added: 0, removed: 0 }]);
    expect(candidate.diff).toContain('+\0new');
  });
});

describe('the ladder', () => {
  const abc = 'function a() {\n\treturn 1;\n}\n';
  const spaces = patch('a.js', '@@ -1,3 +1,4 @@', ' function a() {', '-    return 1;', '+    log();', '+    return 1;', ' }');

  test('E-199 a patch that fits is taken strictly, and its rung is recorded', async () => {
    const { space, tree } = await scene({ 'a.txt': 'one\n' });
    expect(accepted(await space.applyDiff(tree, patch('a.txt', '@@ -1 +1 @@', '-one', '+two'))).rung).toBe('strict');
  });

  test('E-199 white space of context may differ where indentation is for people and the place is one', async () => {
    const { space, tree, text } = await scene({ 'a.js': abc, 'a.py': abc, 'twice.js': abc + abc });
    const candidate = accepted(await space.applyDiff(tree, spaces));
    expect([candidate.rung, await text(candidate.tree, 'a.js')]).toEqual(['whitespace', 'function a() {\n    log();\n    return 1;\n}\n']);
    expect(await space.applyDiff(tree, spaces.replaceAll('a.js', 'a.py'))).toEqual(refusedWith(/^patch failed: a\.py:1/));
    expect(await space.applyDiff(tree, spaces.replaceAll('a.js', 'twice.js'))).toEqual(refusedWith(/^patch failed: twice\.js:1/));
  });

  test('E-199 a patch against an older version of its file is merged three-way by the blob that it names, or refused', async () => {
    const { space, tree, text } = await scene({ 'a.txt': numbered(9) });
    const mine = accepted(await space.applyFiles(tree, [{ path: 'a.txt', content: numbered(9).replace('line 2', 'LINE 2') }])).diff;
    const moved = async (from: string, to: string) => accepted(await space.applyFiles(tree, [{ path: 'a.txt', content: numbered(9).replace(from, to) }])).tree;
    const apart = await moved('line 3', 'line 3\nand a half');
    const merged = accepted(await space.applyDiff(await moved('line 6', 'LINE 6'), mine));
    expect([merged.rung, await text(merged.tree, 'a.txt')]).toEqual(['strict', numbered(9).replace('line 2', 'LINE 2').replace('line 6', 'LINE 6')]);
    const near = accepted(await space.applyDiff(apart, mine));
    expect([near.rung, await text(near.tree, 'a.txt')]).toEqual(['three_way', numbered(9).replace('line 2', 'LINE 2').replace('line 3', 'line 3\nand a half')]);
    expect(await space.applyDiff(await moved('line 2', 'other'), mine)).toEqual(refusedWith(/^patch failed: a\.txt:1/));
    expect(await space.applyDiff(apart, mine.replace(/^index .*$/m, 'index 1234567..89abcde 100644'))).toEqual(refusedWith(/^patch failed: a\.txt:1/));
  });

  test('E-199 a hunk that fails is reported with the lines of the file that are most like it', async () => {
    const { space, tree } = await scene({ 'a.txt': numbered(30) });
    const candidate = await space.applyDiff(tree, patch('a.txt', '@@ -3,3 +3,3 @@', ' line 19', '-line twenty', '+x', ' line 21'));
    expect(candidate).toMatchObject({ ok: false, problems: expect.arrayContaining(['a.txt:3: the nearest lines of the file are\n19 | line 19\n20 | line 20\n21 | line 21']) });
  });

  test('W4 a change is carried onto a tree that moved: elsewhere as it is, in the same file merged, on the same lines refused', async () => {
    const { space, tree, text } = await scene({ 'a.txt': numbered(9), 'b.bin': Buffer.from([0, 1, 10]), 'c.txt': 'c\n' });
    const to = accepted(await space.applyFiles(tree, [{ path: 'a.txt', content: numbered(9).replace('line 2', 'LINE 2') }, { path: 'c.txt', content: null }, { path: 'n.txt', content: 'n\n' }])).tree;
    const onto = async (path: string, content: string) => accepted(await space.applyFiles(tree, [{ path, content }])).tree;
    const elsewhere = accepted(await space.carry({ from: tree, to, onto: await onto('b.bin', '\0\n') }));
    expect([elsewhere.rung, elsewhere.changes.map(({ path }) => path)]).toEqual(['strict', ['a.txt', 'c.txt', 'n.txt']]);
    const same = accepted(await space.carry({ from: tree, to, onto: await onto('a.txt', numbered(9).replace('line 8', 'LINE 8')) }));
    expect([same.rung, await text(same.tree, 'a.txt')]).toEqual(['three_way', numbered(9).replace('line 2', 'LINE 2').replace('line 8', 'LINE 8')]);
    expect(await space.carry({ from: tree, to, onto: await onto('a.txt', numbered(9).replace('line 2', 'other')) })).toEqual(refusedWith(/^a\.txt: it changed on the branch/));
    expect(await space.carry({ from: tree, to, onto: await onto('n.txt', 'other\n') })).toEqual(refusedWith(/^n\.txt: it changed on the branch/));
    expect(await space.carry({ from: tree, to: tree, onto: to })).toMatchObject({ ok: true, tree: to, changes: [] });
  });
});

test('W4 a change of mode alone is carried onto a tree that moved elsewhere', async () => {
  const { space, tree } = await scene({ 'a.sh': 'a\n', 'b.txt': 'b\n' });
  const to = accepted(await space.applyDiff(tree, 'diff --git a/a.sh b/a.sh\nold mode 100644\nnew mode 100755\n')).tree;
  const onto = accepted(await space.applyFiles(tree, [{ path: 'c.txt', content: 'c\n' }])).tree;
  const carried = accepted(await space.carry({ from: tree, to, onto }));
  expect(carried.changes).toMatchObject([{ path: 'a.sh', newMode: '100755' }]);
});

describe('whole files', () => {
  const names = ['with space.txt', 'quo"te.txt', 'ä/ö ü.txt', 'new\nline.txt', 'tab\t.txt', '-dash', 'back`tick $(x).txt'];

  test('E-665 names with spaces, quotes, letters beyond ASCII and line breaks are exactly those names', async () => {
    const { space, tree } = await scene(Object.fromEntries(names.map((name) => [name, 'x\n'])));
    const candidate = accepted(await space.applyFiles(tree, [...names.map((path) => ({ path, content: 'y\n' })), { path: 'new ñ.txt', content: '' }]));
    expect(candidate.changes.map(({ path }) => path).toSorted()).toEqual([...names, 'new ñ.txt'].toSorted());
    expect((await space.files(candidate.tree)).map(({ path }) => path).toSorted()).toEqual([...names, 'new ñ.txt'].toSorted());
    expect(accepted(await space.applyDiff(tree, candidate.diff)).tree).toBe(candidate.tree);
  });

  test('W3 an existing file keeps its mode, a new one gets 100644, and content is kept to the byte', async () => {
    const { space, tree, text } = await scene({ 'run.sh': 'x' });
    const executable = accepted(await space.applyDiff(tree, 'diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n')).tree;
    const content = 'Grüße\r\n\tno end 🎉';
    const candidate = accepted(await space.applyFiles(executable, [{ path: 'run.sh', content }, { path: 'd/new', content }]));
    expect(candidate.changes).toMatchObject([{ path: 'd/new', oldMode: '000000', newMode: '100644' }, { path: 'run.sh', oldMode: '100755', newMode: '100755' }]);
    expect(await text(candidate.tree, 'run.sh')).toBe(content);
  });

  test('W3 a file may give way to a folder and a folder to a file, whatever the order', async () => {
    const { space, tree } = await scene({ a: 'x', 'b/c': 'y' });
    const candidate = accepted(await space.applyFiles(tree, [{ path: 'a/new', content: '1' }, { path: 'b', content: '2' }, { path: 'b/c', content: null }, { path: 'a', content: null }]));
    expect((await space.files(candidate.tree)).map(({ path }) => path)).toEqual(['a/new', 'b']);
  });

  test.each([
    ['../evil'], ['/etc/passwd'], ['a//b'], ['a/./b'], ['a/'], [''], ['nul\0'], ['.git/config'], ['sub/.GIT/x'], ['.git. /x'], ['GIT~1/x'], ['.git::$INDEX_ALLOCATION/x'],
    ['.g\u200dit/x'], ['file.txt/below'], ['dir'], ['link'], ['link/below'],
  ])('W4 content for %j is refused, all problems at once, and the good file beside it is not written', async (path) => {
    const { space, tree } = await scene({ 'file.txt': 'x', 'dir/y': 'y' });
    const linked = accepted(await space.applyDiff(tree, 'diff --git a/link b/link\nnew file mode 120000\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+/etc\n\\ No newline at end of file\n')).tree;
    const result = await space.applyFiles(linked, [{ path: 'good.txt', content: 'g' }, { path, content: 'x' }, { path: 'none.txt', content: null }]);
    const problems = result.ok ? [] : result.problems.toSorted((a) => (a.includes('none.txt') ? 1 : -1));
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${escaped(JSON.stringify(path))}: `)), expect.stringMatching(/^"none\.txt": /)]);
  });

  test('W4 one path twice, text that is no Unicode and a deleted stranger are refused', async () => {
    const { space, tree } = await scene({ a: 'x' });
    expect(await space.applyFiles(tree, [{ path: 'b', content: '1' }, { path: 'b', content: '2' }])).toEqual(refusedWith(/"b": written twice/));
    expect(await space.applyFiles(tree, [{ path: 'b', content: 'x\ud800' }])).toEqual(refusedWith(/Unicode/));
    expect(await space.applyFiles(tree, [{ path: 'b', content: null }])).toEqual(refusedWith(/no such file/));
  });

  test('W4 many candidates at once do not meet each other', async () => {
    const { space, tree, text } = await scene({ a: 'x\n' });
    const candidates = await Promise.all(Array.from({ length: 8 }, (_, at) => space.applyFiles(tree, [{ path: `n${at}`, content: `${at}` }])));
    for (const [at, candidate] of candidates.entries()) {
      expect(accepted(candidate).changes.map(({ path }) => path)).toEqual([`n${at}`]);
      expect(await text(accepted(candidate).tree, `n${at}`)).toBe(`${at}`);
    }
  });
});
