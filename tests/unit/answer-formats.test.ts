import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEdits, type Edit } from '#src/domain/answers/edits.ts';
import { chooseMode, formats, type ModeInput } from '#src/domain/answers/formats.ts';
import type { BuilderMode } from '#src/events/define.ts';

const modes = Object.keys(formats) as BuilderMode[];
const template = (mode: BuilderMode): string => readFileSync(new URL(`../../config/prompts/${formats[mode].prompt}.md`, import.meta.url), 'utf8');

/** The example that a template shows, as an answer. */
function exampleOf(mode: BuilderMode): string {
  const text = template(mode);
  if (mode === 'diff') return 'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n';
  return mode === 'ndjson' ? text.split('\n').filter((line) => line.startsWith('{')).join('\n') : text.slice(text.indexOf('\n{') + 1, text.indexOf('}]}') + 3);
}
/** Paths made distinct: an example names the same `...` everywhere. */
const distinct = (text: string): string => { let n = 0; return text.replaceAll('"path": "..."', () => `"path": "f${(n += 1)}"`).replaceAll('"file_path": "..."', () => `"file_path": "f${(n += 1)}"`); };

describe('the table', () => {
  test.each(modes)('E-628 the example that the prompt of %s shows is read by its parser and by no other', (mode) => {
    const answer = distinct(exampleOf(mode));
    expect(formats[mode].parse(answer)).toMatchObject({ ok: true });
    for (const other of modes.filter((name) => name !== mode && !(mode === 'full_file' && name !== 'diff'))) expect(formats[other].parse(answer), other).toMatchObject({ ok: false });
  });

  test.each(modes)('E-628 the prompt of %s describes one format', (mode) => {
    const words: Record<BuilderMode, RegExp> = { full_file: /"new_content"/, structured_edit: /"start_line"/, ndjson: /"total_operations"/, diff: /`@@`|diff --git/ };
    expect(modes.filter((name) => words[name].test(template(mode)))).toEqual([mode]);
  });

  test.each<[Partial<ModeInput>, BuilderMode]>([
    [{}, 'full_file'], [{ wanted: 'diff', deliverables: 9 }, 'diff'], [{ wanted: 'full_file', linesMax: 5000 }, 'full_file'],
    [{ deliverables: 4 }, 'full_file'], [{ deliverables: 5 }, 'ndjson'], [{ deliverables: 5, linesMax: 2000 }, 'ndjson'],
    [{ linesMax: 1000 }, 'full_file'], [{ linesMax: 1001 }, 'structured_edit'], [{ linesMax: 1001, text: 'x\ncreate several modules' }, 'full_file'], [{ linesMax: 1001, text: 'country template\n' }, 'full_file'],
    [{ files: 29 }, 'full_file'], [{ files: 30 }, 'structured_edit'], [{ scopePaths: 6 }, 'full_file'], [{ scopePaths: 7 }, 'structured_edit'],
  ])('E-120 E-629 %j asks for %s, which has a parser', (input, mode) => {
    const chosen = chooseMode({ wanted: null, deliverables: 0, scopePaths: 1, files: 1, linesMax: 10, text: 'n\nd', ...input });
    expect(chosen.mode).toBe(mode);
    expect(formats[chosen.mode].parse).toBeTypeOf('function');
    expect(chosen.reason).not.toBe('');
  });
});

const base: Record<string, string> = { 'a.py': '1\n2\n3\n4\n5\n', 'crlf.txt': 'a\r\nb\r\n', 'open.txt': 'a\nb', 'bom.txt': '\uFEFFa\nb\n', 'stale.txt': 'a\n' };
function result(mode: BuilderMode, answer: string, unseen: readonly string[] = []): Record<string, string | null> | readonly string[] | string {
  const read = formats[mode].parse(answer);
  if (!read.ok) return read.code;
  if (!('edits' in read)) return 'diff';
  const applied = applyEdits(read.edits, { base: (path) => (path in base ? Buffer.from(base[path] ?? '') : path === 'latin.txt' ? Buffer.from([0xe4, 10]) : null), wasShown: (path) => !unseen.includes(path), isAsShown: (path) => path !== 'stale.txt' });
  return applied.ok ? Object.fromEntries(applied.files.map(({ path, content }) => [path, content])) : applied.problems;
}
const edit = (...operations: object[]): string => JSON.stringify({ summary: 's', operations });
const at = (type: string, more: object, file_path = 'a.py'): object => ({ type, file_path, ...more });

describe('structured_edit', () => {
  test.each<[string, object[], string]>([
    ['insert before a line', [at('insert', { line: 2, content: 'x\ny' })], '1\nx\ny\n2\n3\n4\n5\n'],
    ['insert behind the last', [at('insert', { line: 6, content: 'x\n' })], '1\n2\n3\n4\n5\nx\n'],
    ['replace', [at('replace', { start_line: 2, end_line: 3, content: 'x' })], '1\nx\n4\n5\n'],
    ['delete', [at('delete', { start_line: 2, end_line: 5 })], '1\n'],
    ['append and prepend', [at('append', { content: 'z' }), at('prepend', { content: 'a' })], 'a\n1\n2\n3\n4\n5\nz\n'],
    ['several at one place in their order', [at('append', { content: 'x' }), at('append', { content: 'y' }), at('insert', { line: 6, content: 'w' })], '1\n2\n3\n4\n5\nw\nx\ny\n'],
    ['numbers that do not move', [at('insert', { line: 1, content: 'x' }), at('replace', { start_line: 5, end_line: 5, content: 'y' }), at('delete', { start_line: 2, end_line: 2 })], 'x\n1\n3\n4\ny\n'],
    ['insert before a replaced range', [at('insert', { line: 2, content: 'x' }), at('replace', { start_line: 2, end_line: 2, content: 'y' })], '1\nx\ny\n3\n4\n5\n'],
    ['context that is near', [at('replace', { start_line: 3, end_line: 3, content: 'x', context_before: '1\n2', context_after: '5' })], '1\n2\nx\n4\n5\n'],
  ])('E-129 %s', (_what, operations, wanted) => {
    expect(result('structured_edit', edit(...operations))).toEqual({ 'a.py': wanted });
  });

  test.each<[string, object[], RegExp]>([
    ['a range behind the end', [at('replace', { start_line: 5, end_line: 6, content: '' })], /the file has 5 lines/],
    ['an insert behind the end', [at('insert', { line: 7, content: '' })], /the file has 5 lines/],
    ['a range that ends before it begins', [at('delete', { start_line: 3, end_line: 2 })], /ends before it begins/],
    ['ranges that meet', [at('delete', { start_line: 1, end_line: 3 }), at('replace', { start_line: 3, end_line: 4, content: '' })], /overlap/],
    ['an insert inside a range', [at('delete', { start_line: 2, end_line: 4 }), at('insert', { line: 3, content: '' })], /inside of a range/],
    ['a context that is far', [at('delete', { start_line: 5, end_line: 5, context_before: '1' })], /context_before is not in the 3 lines/],
    ['edits of a file that is not there', [at('insert', { line: 1, content: '' }, 'new.py')], /does not exist/],
    ['a deletion of a file that is not there', [at('delete_file', {}, 'new.py')], /does not exist/],
    ['a file that is no UTF-8', [at('append', { content: 'x' }, 'latin.txt')], /not UTF-8/],
  ])('E-129 E-647 %s is refused, and no other file changes', (_what, operations, problem) => {
    expect(result('structured_edit', edit(at('append', { content: 'x' }, 'open.txt'), ...operations))).toEqual([expect.stringMatching(problem)]);
  });

  test('E-630 an edit by numbers of a file that was not shown whole is refused; an addition at its end is not', () => {
    expect(result('structured_edit', edit(at('delete', { start_line: 1, end_line: 1 })), ['a.py'])).toEqual([expect.stringMatching(/were not shown/)]);
    expect(result('structured_edit', edit(at('append', { content: '6' })), ['a.py'])).toEqual({ 'a.py': '1\n2\n3\n4\n5\n6\n' });
  });

  test('E-129 line ends and a byte order mark follow the base, a last line gets its end when something follows', () => {
    expect(result('structured_edit', edit(at('replace', { start_line: 1, end_line: 1, content: 'x\ny' }, 'crlf.txt')))).toEqual({ 'crlf.txt': 'x\r\ny\r\nb\r\n' });
    expect(result('structured_edit', edit(at('append', { content: 'c' }, 'open.txt')))).toEqual({ 'open.txt': 'a\nb\nc\n' });
    expect(result('structured_edit', edit(at('replace', { start_line: 1, end_line: 1, content: 'c' }, 'open.txt')))).toEqual({ 'open.txt': 'c\nb' });
    expect(result('structured_edit', edit(at('replace', { start_line: 1, end_line: 1, content: 'c' }, 'bom.txt')))).toEqual({ 'bom.txt': '\uFEFFc\nb\n' });
  });

  test('E-129 a byte order mark that an edit repeats stands in the file once', () => {
    expect(result('structured_edit', edit(at('replace', { start_line: 1, end_line: 1, content: '\uFEFFc' }, 'bom.txt')))).toEqual({ 'bom.txt': '\uFEFFc\nb\n' });
    expect(result('ndjson', lines({ type: 'modify', file_path: 'bom.txt', operations: [{ type: 'replace', old_text: '\uFEFFa\n', new_text: '\uFEFFc\n' }] }))).toEqual({ 'bom.txt': '\uFEFFc\nb\n' });
  });

  test('E-129 a last line without an end that is replaced by one without an end has none', () => {
    expect(result('structured_edit', edit(at('replace', { start_line: 2, end_line: 2, content: 'c' }, 'open.txt')))).toEqual({ 'open.txt': 'a\nc' });
    expect(result('structured_edit', edit(at('replace', { start_line: 2, end_line: 2, content: 'c\n' }, 'open.txt')))).toEqual({ 'open.txt': 'a\nc\n' });
    expect(result('structured_edit', edit(at('replace', { start_line: 2, end_line: 2, content: 'c' }, 'open.txt'), at('append', { content: 'd' }, 'open.txt')))).toEqual({ 'open.txt': 'a\nc\nd\n' });
  });

  test('E-650 a deletion removes the file, as an operation and as a converted list of files', () => {
    expect(result('structured_edit', edit(at('delete_file', {})))).toEqual({ 'a.py': null });
    expect(result('structured_edit', JSON.stringify({ files: [{ path: 'a.py', mode: 'delete', new_content: null }, { path: 'n', mode: 'create', new_content: 'x' }] }))).toEqual({ 'a.py': null, n: 'x' });
  });

  test('E-129 no operations change nothing, one append or prepend makes a file', () => {
    expect(result('structured_edit', edit())).toEqual({});
    expect(result('structured_edit', edit(at('prepend', { content: 'x' }, 'n')))).toEqual({ n: 'x\n' });
  });

  test.each<[string, string, string]>([
    ['an unknown operation', edit(at('move', {})), 'structured_edit_schema_invalid'], ['an unknown field', edit(at('append', { content: '', at: 1 })), 'structured_edit_schema_invalid'], ['line 0', edit(at('insert', { line: 0, content: '' })), 'structured_edit_schema_invalid'],
    ['prose', 'no', 'structured_edit_parse_failed'], ['two that differ', `${edit()}\n${edit(at('append', { content: 'x' }))}`, 'structured_edit_ambiguous'], ['an edited and deleted file', edit(at('append', { content: 'x' }), at('delete_file', {})), 'structured_edit_schema_invalid'],
  ])('E-129 %s is refused as a whole', (_what, answer, code) => {
    expect(result('structured_edit', answer)).toBe(code);
  });
});

const lines = (...values: object[]): string => [{ type: 'meta', summary: 's', total_operations: values.length }, ...values].map((value) => JSON.stringify(value)).join('\n');
const modify = (...operations: object[]): object => ({ type: 'modify', file_path: 'a.py', operations });

describe('ndjson', () => {
  test.each<[string, object[], Record<string, string | null>]>([
    ['create, modify and delete', [{ type: 'create', file_path: 'n', content: 'x' }, modify({ type: 'append', content: '6' }), { type: 'delete', file_path: 'open.txt' }], { n: 'x', 'a.py': '1\n2\n3\n4\n5\n6\n', 'open.txt': null }],
    ['operations in their order', [modify({ type: 'replace', old_text: '3', new_text: '3 4' }, { type: 'replace_all', old_text: '4', new_text: 'x' }, { type: 'insert_after', anchor: '3', content: 'y' })], { 'a.py': '1\n2\n3 x\ny\nx\n5\n' }],
    ['aliases and inferred types', [{ path: 'n', mode: 'create', new_content: 'x' }, { file_path: 'a.py', operations: [{ type: 'append', content: 'x' }] }, { path: 'open.txt', mode: 'replace', new_content: 'q' }], { n: 'x', 'a.py': '1\n2\n3\n4\n5\nx\n', 'open.txt': 'q' }],
    ['two lines of one file', [modify({ type: 'append', content: 'x' }), modify({ type: 'append', content: 'y' })], { 'a.py': '1\n2\n3\n4\n5\nx\ny\n' }],
    ['line ends of the base', [{ type: 'modify', file_path: 'crlf.txt', operations: [{ type: 'replace', old_text: 'a\nb', new_text: 'c\nd' }] }], { 'crlf.txt': 'c\r\nd\r\n' }],
  ])('E-130 %s', (_what, values, wanted) => {
    expect(result('ndjson', lines(...values))).toEqual(wanted);
    expect(result('ndjson', `Here it is:\n\`\`\`\n\n${lines(...values)}\n\`\`\`\nDone.`)).toEqual(wanted);
  });

  test.each<[string, object[], RegExp]>([
    ['a missing anchor', [modify({ type: 'insert_after', anchor: '9', content: 'x' })], /no line holds the anchor/], ['a missing text', [modify({ type: 'append', content: 'x' }, { type: 'replace', old_text: '9', new_text: 'x' })], /operation 2 \(replace\): old_text does not occur/],
    ['replace_all without a match', [modify({ type: 'replace_all', old_text: '9', new_text: 'x' })], /does not occur/], ['a create of what exists', [{ type: 'create', file_path: 'a.py', content: 'x' }], /exists; use modify/],
  ])('E-643 E-645 %s fails, and no file of the answer changes', (_what, values, problem) => {
    expect(result('ndjson', lines({ type: 'create', file_path: 'n', content: 'x' }, ...values))).toEqual([expect.stringMatching(problem)]);
  });

  test('E-645 an unknown sub-type is refused, and so is an empty text', () => {
    expect(result('ndjson', lines(modify({ type: 'insert_before', anchor: '1', content: 'x' })))).toBe('ndjson_schema_invalid');
    expect(result('ndjson', lines(modify({ type: 'replace', old_text: '', new_text: 'x' })))).toBe('ndjson_schema_invalid');
  });

  test('E-646 fewer operations than meta counts, or a last line that ends in its middle, is a cut answer; a broken inner line is not', () => {
    const whole = lines({ type: 'create', file_path: 'n', content: 'x' }, { type: 'create', file_path: 'm', content: 'x' }, modify({ type: 'append', content: 'x' }));
    const inner = whole.split('\n').map((line, i) => (i === 2 ? '{broken' : line)).join('\n');
    expect(formats.ndjson.parse(whole.split('\n').slice(0, 3).join('\n'))).toMatchObject({ ok: false, code: 'ndjson_incomplete', cut: true });
    expect(formats.ndjson.parse(whole.slice(0, -5))).toMatchObject({ ok: false, code: 'ndjson_truncated', cut: true });
    expect(formats.ndjson.parse(inner)).toMatchObject({ ok: false, code: 'ndjson_line_broken', cut: false });
    expect(formats.ndjson.parse(lines().replace('0', '1'))).toMatchObject({ ok: false, code: 'ndjson_incomplete', cut: true });
  });

  test.each<[string, string, string]>([
    ['no meta', JSON.stringify({ type: 'create', file_path: 'n', content: 'x' }), 'ndjson_meta_missing'], ['more operations than meta counts', lines({ type: 'delete', file_path: 'n' }).replace('"total_operations":1', '"total_operations":0'), 'ndjson_incomplete'],
    ['the whole answer twice', `${lines({ type: 'delete', file_path: 'n' })}\n${lines({ type: 'delete', file_path: 'n' })}`, 'ndjson_ambiguous'], ['one file created twice', lines({ type: 'create', file_path: 'n', content: 'x' }, { type: 'create', file_path: 'n', content: 'y' }), 'ndjson_schema_invalid'], ['prose', 'I cannot', 'ndjson_parse_failed'],
  ])('E-130 %s is refused', (_what, answer, code) => {
    expect(result('ndjson', answer)).toBe(code);
  });
});

test.each<[BuilderMode, string]>([
  ['full_file', JSON.stringify({ files: [{ path: 'stale.txt', mode: 'modify', new_content: 'x' }] })], ['structured_edit', edit(at('append', { content: 'x' }, 'stale.txt'))],
  ['ndjson', lines({ type: 'delete', file_path: 'stale.txt' })],
])('E-129 an edit in %s of a file whose hash is not the one that was shown is refused, never applied by guess', (mode, answer) => {
  expect(result(mode, answer)).toEqual([expect.stringMatching(/^stale\.txt: .* its hash is another/)]);
});

test.each<[BuilderMode, string]>([
  ['full_file', JSON.stringify({ files: [{ path: './n', mode: 'create', new_content: 'x\n' }] })], ['structured_edit', edit(at('append', { content: 'x' }, './/./n'))], ['ndjson', lines({ type: 'create', file_path: './n', content: 'x\n' })],
])('E-195 a leading ./ in %s says nothing', (mode, answer) => {
  expect(result(mode, answer)).toEqual({ n: 'x\n' });
});

test.each<[BuilderMode, string]>([
  ['full_file', '{"files": [{"path": "a", "mode": "create", "new_content": "x"}], "files": [{"path": "b", "mode": "create", "new_content": "x"}]}'], ['full_file', '{"files": [{"path": "a", "p\\u0061th": "b", "mode": "create", "new_content": "x"}]}'],
  ['structured_edit', '{"operations": [], "operations": [{"type": "append", "file_path": "n", "content": "x"}]}'], ['ndjson', '{"type": "meta", "total_operations": 1}\n{"type": "create", "file_path": "n", "content": "x", "content": "y"}'],
])('E-122 an answer in %s that says a thing twice is refused: JSON alone would drop one of the two', (mode, answer) => {
  expect(formats[mode].parse(answer)).toMatchObject({ ok: false, cut: false });
});

test('E-122 keys that stand in two objects, and texts that look like keys, are no repetition', () => {
  const answer = JSON.stringify({ summary: '{"files": 1, "files": 2}', files: [{ path: 'a', mode: 'create', new_content: '"a": "a": "a":' }, { path: 'b', mode: 'create', new_content: 'x' }] });
  expect(formats.full_file.parse(answer)).toMatchObject({ ok: true });
});

test.each(['I begin it with "{" as you said.\n', 'Use {"a: b} there.\n'])('E-134 a brace of the prose is no sign of a cut answer: %j', (prose) => {
  expect(formats.full_file.parse(`${prose}{"files": [{"path": "a", "mode": "create", "new_content": "x"}]}`)).toMatchObject({ ok: false, cut: false });
});

describe('whole files', () => {
  const file = (path: string, new_content: string): string => JSON.stringify({ files: [{ path, mode: 'modify', new_content }] });

  test('E-122 line ends follow the base, unless they are all that changes', () => {
    expect(result('full_file', file('crlf.txt', 'a\nc\n'))).toEqual({ 'crlf.txt': 'a\r\nc\r\n' });
    expect(result('full_file', file('a.py', '1\r\n'))).toEqual({ 'a.py': '1\n' });
    expect(result('full_file', file('crlf.txt', 'a\nb\n'))).toEqual({ 'crlf.txt': 'a\nb\n' });
  });

  test('E-122 a line that stands for left-out content is refused; one that was there, or is a statement, is content', () => {
    expect(result('full_file', file('a.py', '1\n# ... rest of the code\n'))).toEqual([expect.stringMatching(/left-out content/)]);
    expect(result('full_file', file('a.py', 'def f():\n    ...\n'))).toEqual({ 'a.py': 'def f():\n    ...\n' });
    expect(result('full_file', file('a.js', '// unchanged files are skipped\n// the rest of the list is read below, and stays\n'))).toEqual({ 'a.js': '// unchanged files are skipped\n// the rest of the list is read below, and stays\n' });
  });

  test('E-122 the whole answer twice is read once, two that differ are refused', () => {
    expect(result('full_file', file('a.py', 'x') + file('a.py', 'x'))).toEqual({ 'a.py': 'x' });
    expect(result('full_file', file('a.py', 'x') + file('a.py', 'y'))).toBe('full_file_ambiguous');
  });
});

test.each<[BuilderMode, string]>([
  ['full_file', JSON.stringify({ files: [{ path: 'a.py', mode: 'modify', new_content: '{"x": [1]}\n' }, { path: 'b', mode: 'create', new_content: 'x\n' }] })],
  ['structured_edit', edit(at('append', { content: '{"files": []}\n' }), at('insert', { line: 1, content: 'x' }))],
  ['ndjson', lines({ type: 'create', file_path: 'n', content: '{}\n' }, modify({ type: 'append', content: 'x' }), { type: 'delete', file_path: 'crlf.txt' })],
  ['diff', 'diff --git a/x b/x\nindex 1111111..2222222 100644\n--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\ndiff --git a/y b/y\nnew file mode 100644\nindex 0000000..2222222\n--- /dev/null\n+++ b/y\n@@ -0,0 +1,2 @@\n+a\n+b\n'],
])('E-653 an answer in %s that is cut at any of its tenths is refused', (mode, whole) => {
  expect(formats[mode].parse(whole)).toMatchObject({ ok: true });
  for (let tenth = 0; tenth < 10; tenth += 1) expect(formats[mode].parse(whole.slice(0, Math.floor((whole.length * tenth) / 10))), `${tenth}/10`).toMatchObject({ ok: false });
});

test('E-649 parsing is a function of the answer alone: the same bytes give the same edits, and any bytes give an outcome', () => {
  fc.assert(fc.property(fc.constantFrom(...modes), fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(edit(), lines()).chain((text) => fc.nat(text.length).map((end) => text.slice(0, end) + text)), fc.json()), (mode, answer) => {
    const read = formats[mode].parse(answer);
    expect(formats[mode].parse(answer)).toEqual(read);
    if (!read.ok) expect(read.problems.every((problem) => problem.isWellFormed())).toBe(true);
  }));
});

/** Any edits by lines that are within the file: the model is a splice from the bottom up. */
test('E-129 whatever ranges are replaced, all other lines stay as they are', () => {
  const ranges = fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 8 });
  fc.assert(fc.property(ranges, (numbers) => {
    const text = Array.from({ length: 20 }, (_, i) => `line ${i + 1}\n`).join('');
    const edits: Edit[] = [{ kind: 'lines', path: 'f', operations: numbers.map((n) => ({ type: 'replace', start_line: n, end_line: n, content: `new ${n}` })) }];
    const applied = applyEdits(edits, { base: () => Buffer.from(text), wasShown: () => true, isAsShown: () => true });
    expect(applied).toEqual({ ok: true, files: [{ path: 'f', whole: false, content: text.replace(/line (\d+)\n/g, (line, n: string) => (numbers.includes(Number(n)) ? `new ${n}\n` : line)) }] });
  }));
});
