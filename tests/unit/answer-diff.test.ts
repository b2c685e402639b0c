import { describe, expect, test } from 'vitest';
import { parseDiff } from '#src/domain/answers/diff.ts';

const HEAD = 'diff --git a/x b/x\n--- a/x\n+++ b/x\n';
const diff = (...lines: string[]): string => `${HEAD}${lines.join('\n')}\n`;
const SIMPLE = diff('@@ -1,2 +1,2 @@', ' a', '-b', '+c');
const problemsOf = (text: string): readonly string[] => {
  const parsed = parseDiff(text);
  return parsed.ok ? [] : parsed.problems;
};

describe('names', () => {
  const named = (old: string, fresh: string): string => `--- ${old}\n+++ ${fresh}\n@@ -1 +1 @@\n-a\n+b\n`;

  test.each([['src/x.js', 'src/x.js'], ['x', 'x'], ['a/x', 'a/x'], ['a/x', 'x'], ['/dev/null', 'x'], ['x', '/dev/null'], ['./x', './x']])('E-132 %s and %s have no prefix that git would strip: they would name another file', (old, fresh) => {
    expect(parseDiff(named(old, fresh))).toMatchObject({ ok: false, problems: ['line 1: the names of a file begin with a/ and b/'] });
  });

  test.each([['a/x', 'b/x'], ['"a/q\\"x"', '"b/q\\"x"'], ['i/x', 'w/x'], ['/dev/null', 'b/x'], ['a/x', '/dev/null'], ['a/x\t2026-01-01', 'b/x\t2026-01-02']])('E-132 %s and %s are names as git writes them', (old, fresh) => {
    expect(parseDiff(named(old, fresh))).toMatchObject({ ok: true });
  });
});

describe('what may be made right', () => {
  test('E-132 empty lines behind the patch and between its files are no prose', () => {
    expect(parseDiff(`${SIMPLE}\n \n`).ok).toBe(true);
    expect(parseDiff(`${SIMPLE}\n${SIMPLE.replaceAll('/x', '/y')}`).ok).toBe(true);
    expect(parseDiff(`${SIMPLE}\n+d\n`).ok).toBe(false);
  });

  test.each([
    ['a diff', SIMPLE], ['one without its last newline', SIMPLE.slice(0, -1)], ['one in a fence', `\`\`\`diff\n${SIMPLE}\`\`\``], ['one in a longer fence', `\`\`\`\`\n${SIMPLE}\`\`\`\`\n`], ['one in tildes', `~~~\n${SIMPLE}~~~`], ['one with a byte order mark', `\ufeff${SIMPLE}`],
    ['one with empty lines before', `\n\n${SIMPLE}`], ['one whose every line ends in CRLF', SIMPLE.replaceAll('\n', '\r\n')], ['one with CRLF in a fence', `\`\`\`diff\n${SIMPLE}\`\`\`\n`.replaceAll('\n', '\r\n')], ['one with CRLF without the last', SIMPLE.replaceAll('\n', '\r\n').slice(0, -2)],
  ])('E-132 %s is read', (_what, text) => {
    expect(parseDiff(text)).toEqual({ ok: true, diff: SIMPLE });
  });

  test('E-132 CRLF of a file stays where the patch itself has LF, also in the last line', () => {
    const mixed = diff('@@ -1,2 +1,2 @@', ' a\r', '-b\r', '+c\r');
    expect(parseDiff(mixed)).toEqual({ ok: true, diff: mixed });
    expect(parseDiff(`\`\`\`diff\n${mixed}\`\`\``)).toEqual({ ok: true, diff: mixed });
  });
});

describe('what a diff may hold', () => {
  test.each([
    ['an empty context line without its space', diff('@@ -1,3 +1,3 @@', ' a', '', '-b', '+c')],
    ['hunks without counts', diff('@@ -1 +1 @@', '-a', '+b')],
    ['a heading behind a hunk', diff('@@ -1 +1 @@ function a() {', '-a', '+b')],
    ['marks of a missing newline', diff('@@ -1 +1 @@', '-a', '\\ No newline at end of file', '+b', '\\ No newline at end of file')],
    ['a new file', 'diff --git a/x b/x\nnew file mode 100644\nindex 0000000..1111111\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n'],
    ['a deleted file', 'diff --git a/x b/x\ndeleted file mode 100644\nindex 1111111..0000000\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n'],
    ['an empty new file', 'diff --git a/x b/x\nnew file mode 100644\nindex 0000000..e69de29\n'],
    ['a rename', 'diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n'],
    ['a change of mode', 'diff --git a/x b/x\nold mode 100644\nnew mode 100755\n'],
    ['two files', `${SIMPLE}${SIMPLE.replaceAll('/x', '/y')}`],
    ['no git header', '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n'],
  ])('E-132 %s comes through unchanged', (_what, text) => {
    expect(parseDiff(text)).toEqual({ ok: true, diff: text });
  });

  test('E-668 a removed line that begins with -- and an added one with ++ are content, not headers', () => {
    const text = diff('@@ -1,3 +1,3 @@', '--- a/y', '-- x', '+++ b/y', '+++ x', ' c');
    expect(parseDiff(text)).toEqual({ ok: true, diff: text });
    expect(problemsOf(diff('@@ -1,2 +1 @@', '--- a/y', ' c'))).toEqual([]);
  });

  test('E-667 a hunk for line 5 among equal lines stays at line 5', () => {
    const text = diff('@@ -5,3 +5,4 @@', ' same', ' same', '+new', ' same');
    expect(parseDiff(text)).toEqual({ ok: true, diff: text });
  });
});

describe('what is refused', () => {
  test.each([
    ['nothing', '', 'diff_empty', 'the answer is empty'], ['spaces', ' \n\t\n', 'diff_empty', 'the answer is empty'], ['an empty fence', '```diff\n```', 'diff_empty', 'the answer is empty'],
    ['prose', 'I cannot do that.', 'diff_malformed', 'line 1: neither header nor hunk: prose cannot stand in a patch'],
    ['prose before', `Here it is:\n${SIMPLE}`, 'diff_malformed', 'line 1: neither header nor hunk: prose cannot stand in a patch'],
    ['prose behind', `${SIMPLE}That is all.`, 'diff_malformed', 'line 8: neither header nor hunk: prose cannot stand in a patch'],
    ['a sentence inside a hunk', diff('@@ -1,2 +1,2 @@', ' a', 'Now I change b:', '-b', '+c'), 'diff_malformed', 'line 6: a hunk ends before its counted lines'],
    ['a fence around half of it', `${HEAD}\`\`\`\n@@ -1 +1 @@\n-a\n+b\n\`\`\``, 'diff_malformed', 'line 4: neither header nor hunk: prose cannot stand in a patch'],
    ['a hunk without a header', '@@ -1 +1 @@\n-a\n+b\n', 'diff_malformed', 'line 1: a hunk without a file header'],
    ['a hunk of nothing', diff('@@ -1,0 +1,0 @@'), 'diff_malformed', 'line 4: a hunk of nothing'],
    ['a hunk without numbers', diff('@@ ... @@', '-a', '+b'), 'diff_malformed', 'line 4: neither header nor hunk: prose cannot stand in a patch'],
    ['a cut hunk', diff('@@ -1,5 +1,5 @@', ' a', '-b', '+c'), 'diff_truncated', 'the last hunk is cut: 3 lines are missing'],
    ['a hunk cut before the next', diff('@@ -1,5 +1,5 @@', ' a', '-b', '@@ -9 +9 @@', '-x', '+y'), 'diff_malformed', 'line 7: a hunk ends before its counted lines'],
    ['a hunk with too many lines', diff('@@ -1 +1,2 @@', '-a', '-b', '+c', '+d'), 'diff_malformed', 'line 6: a hunk has more lines than it counts'],
    ['a line behind the count', diff('@@ -1 +1 @@', '-a', '+b', '+c'), 'diff_malformed', 'line 7: neither header nor hunk: prose cannot stand in a patch'],
    ['JSON', '{"files": []}', 'diff_malformed', 'line 1: neither header nor hunk: prose cannot stand in a patch'],
  ])('E-132 E-666 %s is refused with its line', (_what, text, code, problem) => {
    const parsed = parseDiff(text);
    expect(parsed).toMatchObject({ ok: false, code });
    expect(problemsOf(text)).toContain(problem);
  });

  test.each(['...', '  ...', '…', '# ...', '// ...', '/* ... */', '<!-- ... -->', '// rest of the file', '# ... rest of code', '# more code here', '// code omitted for brevity', '// ... existing code ...', '# unchanged'])('E-132 an added line %j stands for left-out content', (line) => {
    expect(problemsOf(diff('@@ -1 +1,2 @@', ' a', `+${line}`))).toEqual(['line 6: an added line stands for left-out content']);
  });

  test.each(['const a = [...b];', 'f(...args)', '"..."', 'return ...;x', 'unchanged = true', 'rest of', '# more codes', '....'])('E-132 an added line %j is content', (line) => {
    expect(problemsOf(diff('@@ -1 +1,2 @@', ' a', `+${line}`))).toEqual([]);
  });

  test('E-132 a line that the patch moves, or sees in the file, is content', () => {
    expect(problemsOf(diff('@@ -1,2 +1,2 @@', '+# ...', ' a', '-  # ...'))).toEqual([]);
  });

  test('E-132 removed and kept lines may be anything', () => {
    expect(problemsOf(diff('@@ -1,2 +1 @@', '-...', ' // rest of the file'))).toEqual([]);
  });

  test('E-132 ten problems are enough to tell', () => {
    expect(problemsOf(`${HEAD}${'x\n'.repeat(100)}`)).toHaveLength(10);
  });
});

test.each(['@@ ', '+ ', '-', '\n', '```\n', `${HEAD}@@ -1 +1 @@\n+`, `${HEAD}@@ -1 +1 @@\n+#`])('E-132 an answer that begins with %j and goes on with spaces is read in no time to speak of', (start) => {
  const before = performance.now();
  parseDiff(`${start}${' '.repeat(200_000)}x`);
  parseDiff(start.repeat(100_000 / start.length));
  expect(performance.now() - before).toBeLessThan(1000);
});
