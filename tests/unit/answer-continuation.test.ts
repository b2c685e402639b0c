// What of a cut answer is kept, and what it makes with the rest.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { remainingOf } from '#src/domain/answers/continuation.ts';
import { formats } from '#src/domain/answers/formats.ts';
import type { BuilderMode } from '#src/events/define.ts';

const file = (path: string, content: string) => ({ path, mode: 'create', new_content: content });
const full = (...files: object[]): string => JSON.stringify({ summary: 'a "summary" with {braces}', files });
const section = (path: string): string => `diff --git a/${path} b/${path}\nnew file mode 100644\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1,2 @@\n+one\n+two\n`;
const ways = (mode: BuilderMode) => {
  const { continuation } = formats[mode];
  if (continuation === null) throw new Error(`${mode} has no continuation`);
  return continuation;
};

test.each<[BuilderMode, string, readonly string[]]>([
  ['full_file', full(file('a', 'x{"\\'), file('b', 'y'), file('c', 'z')).slice(0, -8), ['a', 'b']],
  ['full_file', `\`\`\`json\n${JSON.stringify({ files: [file('a', 'x'), file('b', 'y')] }, null, 2).slice(0, -14)}`, ['a']],
  ['full_file', `${full(file('a', 'x')).slice(0, -2)},`, ['a']],
  ['diff', `${section('a')}${section('b')}${section('c').slice(0, -3)}`, ['a', 'b']],
  ['diff', `\`\`\`diff\n${section('a')}diff --git a/b b/b\n`, ['a']],
])('E-134 of a cut %s answer those files are kept that are surely whole', (mode, cut, paths) => {
  const whole = ways(mode).whole(cut);
  expect(whole?.paths).toEqual(paths);
  expect(formats[mode].parse(whole?.answer ?? '')).toMatchObject({ ok: true });
});

test.each<[BuilderMode, string]>([
  ['full_file', full(file('a', 'x')).slice(0, -6)], ['full_file', '{"files": ['], ['full_file', 'I begin with'], ['full_file', `${full({ path: 'a', mode: 'odd', new_content: 'x' }).slice(0, -2)},{"path"`],
  ['diff', section('a').slice(0, -3)], ['diff', ''], ['diff', `prose\n${section('a')}${section('b').slice(0, -3)}`],
])('E-134 E-653 of a cut %s answer without a whole file nothing is kept', (mode, cut) => {
  expect(ways(mode).whole(cut)).toBeNull();
});

test('E-134 edits by lines and ndjson are not continued: nothing tells whether a file has all of its edits', () => {
  expect([formats.structured_edit.continuation, formats.ndjson.continuation]).toEqual([null, null]);
});

describe('joining', () => {
  test('E-694 a full_file answer cut in its second file keeps the first and takes the second of its continuation', () => {
    const { whole, joined } = ways('full_file');
    const cut = full(file('a', 'first\n'), file('b', 'second, which is cut')).slice(0, -12);
    const answer = joined(whole(cut)?.answer ?? '', `\`\`\`\n${full(file('b', 'second\n'))}\n\`\`\``);
    expect(formats.full_file.parse(answer)).toMatchObject({ ok: true, edits: [{ path: 'a', content: 'first\n' }, { path: 'b', content: 'second\n' }] });
  });

  test('E-694 a file that is given again alike counts once, one that is given otherwise is refused', () => {
    const { whole, joined } = ways('full_file');
    const kept = whole(full(file('a', 'x'), file('b', 'y')).slice(0, -4))?.answer ?? '';
    expect(formats.full_file.parse(joined(kept, full(file('a', 'x'), file('b', 'y'))))).toMatchObject({ ok: true, edits: [{ path: 'a' }, { path: 'b' }] });
    expect(formats.full_file.parse(joined(kept, full(file('a', 'other'))))).toMatchObject({ ok: false, problems: ['a stands in the answer twice'] });
  });

  test('E-134 the rest of a diff is put behind its whole files; one that gives all once more stands for itself', () => {
    const { whole, joined } = ways('diff');
    const kept = whole(section('a') + section('b').slice(0, -3))?.answer ?? '';
    expect(joined(kept, `\`\`\`\n${section('b')}\`\`\``)).toBe(section('a') + section('b'));
    expect(formats.diff.parse(joined(kept, section('a') + section('b')))).toEqual({ ok: true, diff: section('a') + section('b') });
  });

  test.each<[BuilderMode, string]>([['full_file', ''], ['full_file', 'no'], ['full_file', full(file('b', 'y')).slice(0, -5)], ['full_file', full()], ['diff', ''], ['diff', '\n'], ['diff', 'no'], ['diff', section('b').slice(0, -6)]])(
    'E-653 what is kept of %s is nothing without a rest that can be read: %j', (mode, rest) => {
      const { whole, joined } = ways(mode);
      const cut = mode === 'diff' ? section('a') + section('b').slice(0, -3) : full(file('a', 'x'), file('b', 'y')).slice(0, -6);
      expect(formats[mode].parse(joined(whole(cut)?.answer ?? '', rest))).toMatchObject({ ok: false });
    });
});

test('E-631 a deliverable is covered by its own path or, a folder, by one below it, never by a part of a name', () => {
  expect(remainingOf(['src/a.ts', 'lib/src/a.ts', 'docs/', 'doc'], ['src/a.ts', 'docs/x.md'])).toEqual(['lib/src/a.ts', 'doc']);
});

test('E-134 E-653 wherever an answer is cut, what is kept are files of the answer with all of their content', () => {
  const entry = fc.record({ path: fc.uuid(), mode: fc.constant('create'), new_content: fc.string() });
  fc.assert(fc.property(fc.uniqueArray(entry, { minLength: 1, maxLength: 5, selector: ({ path }) => path }), fc.double({ min: 0, max: 1, noNaN: true }), (files, share) => {
    const text = full(...files);
    const whole = ways('full_file').whole(text.slice(0, Math.floor(text.length * share)));
    if (whole === null) return;
    expect((JSON.parse(whole.answer) as { files: unknown }).files).toEqual(files.slice(0, whole.paths.length));
  }));
});

test.each(['{"files": [', '{"a": "b", ', '{"files": [{"path": "', '{ "summary": "\\"'])('E-134 an answer that begins with %j and goes on for ever is read in no time to speak of', (start) => {
  const before = performance.now();
  ways('full_file').whole(start + ' '.repeat(200_000));
  ways('full_file').whole(start.repeat(10_000));
  expect(performance.now() - before).toBeLessThan(1000);
});
