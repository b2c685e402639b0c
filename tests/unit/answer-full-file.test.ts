import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { parseFullFile } from '#src/domain/answers/full-file.ts';
import { canonical } from '#src/record/canonical.ts';

const entry = (changes: object = {}) => ({ path: 'a.ts', mode: 'modify', new_content: 'x\n', ...changes });
const answer = (...files: object[]): string => JSON.stringify({ summary: 's', files });
const codeOf = (text: string): string => {
  const parsed = parseFullFile(text);
  return parsed.ok ? 'ok' : parsed.code;
};

describe('what is read', () => {
  const body = answer(entry());
  test.each([
    ['as it is', body], ['with spaces around', `\n ${body} \n`], ['with a byte order mark', `\ufeff${body}`], ['in a json fence', `\`\`\`json\n${body}\n\`\`\``], ['in a bare fence', `\`\`\`\n${body}\n\`\`\``],
    ['in a fence of another word', `\`\`\`javascript\n${body}\n\`\`\``], ['behind prose', `Here it is:\n${body}`], ['before prose', `${body}\nThat is all.`], ['over several lines', JSON.stringify(JSON.parse(body), null, 2)],
    ['with quotes and braces in the prose around its fence', `Not "{" but:\n\`\`\`json\n${body}\n\`\`\`\n`], ['with raw line ends in its strings', body.replaceAll('\\n', '\n')],
    ['without a summary', JSON.stringify({ files: [entry()] })], ['with more than was asked for', JSON.stringify({ summary: 's', files: [entry()], notes: 1 })],
  ])('E-122 an answer %s is read', (_how, text) => {
    expect(parseFullFile(text)).toEqual({ ok: true, files: [{ path: 'a.ts', mode: 'modify', content: 'x\n' }] });
  });

  test('E-122 braces and quotes inside of contents confuse nobody', () => {
    const content = 'const a = { b: "}" }; // \\" }}} {{ ```\n';
    expect(parseFullFile(`So: ${answer(entry({ new_content: content }))} }`)).toMatchObject({ ok: true, files: [{ content }] });
  });

  test.each([['modify', 'modify'], ['create', 'create'], ['replace', 'modify']])('E-122 mode %s is read as %s', (mode, wanted) => {
    expect(parseFullFile(answer(entry({ mode })))).toMatchObject({ ok: true, files: [{ mode: wanted, content: 'x\n' }] });
  });

  test.each([null, ''])('E-122 a delete has no content: %j', (content) => {
    expect(parseFullFile(answer(entry({ mode: 'delete', new_content: content })))).toEqual({ ok: true, files: [{ path: 'a.ts', mode: 'delete', content: null }] });
  });

  test('E-122 an empty file is a content', () => {
    expect(parseFullFile(answer(entry({ new_content: '' })))).toMatchObject({ ok: true, files: [{ content: '' }] });
  });
});

describe('what is refused', () => {
  test.each([
    ['nothing', '', 'full_file_parse_failed'], ['prose', 'I cannot do that.', 'full_file_parse_failed'], ['a list', '[]', 'full_file_parse_failed'], ['a text', '"x"', 'full_file_parse_failed'], ['no JSON', '{files: []}', 'full_file_parse_failed'],
    ['a git diff', 'diff --git a/x b/x\n--- a/x\n+++ b/x\n', 'full_file_parse_failed_diff_detected'], ['a plain diff', '--- a/x\n+++ b/x\n', 'full_file_parse_failed_diff_detected'], ['a diff of a new file', '--- /dev/null\n+++ b/x\n', 'full_file_parse_failed_diff_detected'],
    ['a diff in a fence', '```diff\ndiff --git a/x b/x\n```', 'full_file_parse_failed_diff_detected'],
    ['no list of files', '{"summary": "s"}', 'full_file_schema_invalid'], ['an empty list', '{"files": []}', 'empty_files_array'], ['files of another type', '{"files": {"a": 1}}', 'full_file_schema_invalid'],
    ['no path', answer({ mode: 'modify', new_content: '' }), 'full_file_schema_invalid'], ['an empty path', answer(entry({ path: '' })), 'full_file_schema_invalid'], ['a number as path', answer(entry({ path: 1 })), 'full_file_schema_invalid'], ['a long path', answer(entry({ path: 'x'.repeat(513) })), 'full_file_schema_invalid'],
    ['no mode', answer({ path: 'a', new_content: '' }), 'full_file_schema_invalid'], ['an unknown mode', answer(entry({ mode: 'append' })), 'full_file_schema_invalid'],
    ['no content', answer({ path: 'a', mode: 'modify' }), 'full_file_schema_invalid'], ['null as content', answer(entry({ new_content: null })), 'full_file_schema_invalid'], ['a list as content', answer(entry({ new_content: ['x'] })), 'full_file_schema_invalid'],
    ['a delete with content', answer(entry({ mode: 'delete' })), 'full_file_schema_invalid'], ['an unknown key', answer(entry({ content: 'x' })), 'full_file_schema_invalid'], ['a path twice', answer(entry(), entry()), 'full_file_schema_invalid'],
    ['a NUL in the content', answer(entry({ new_content: 'a\0' })), 'full_file_schema_invalid'], ['half a character in the content', answer(entry({ new_content: '\ud800' })), 'full_file_schema_invalid'],
  ])('E-122 %s is refused', (_what, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  test('E-122 all problems are told at once, each with its path', () => {
    const parsed = parseFullFile(answer(entry({ new_content: null }), entry({ path: 'b', mode: 'delete' }), entry({ path: 'b' })));
    expect(parsed).toMatchObject({ ok: false, problems: ['a.ts: new_content is null, which only a delete may have', 'b: a delete has no new_content', 'b stands in the answer twice'] });
  });
});

test('E-653 an answer that was cut anywhere is never closed: no prefix of it is accepted', () => {
  const whole = answer(entry({ new_content: 'a{b}\n' }), entry({ path: 'b.ts', new_content: '{"files": [{"path": "x", "mode": "create", "new_content": ""}]}' }));
  for (const text of [whole, `Here:\n\`\`\`json\n${whole}`]) {
    const end = text.indexOf(whole) + whole.length;
    for (let length = 0; length < end; length += 1) expect(codeOf(text.slice(0, length))).not.toBe('ok');
    expect(codeOf(text)).toBe('ok');
  }
});

const anything = fc.oneof(fc.jsonValue(), fc.constantFrom('modify', 'create', 'delete', 'replace', 'a.ts', '', null, '\ud800', '\0'));
const broken = fc.record({ path: anything, mode: anything, new_content: anything, '\ud800': anything }, { requiredKeys: [] });

test('E-122 whatever the entries, files or problems come back, and both can be recorded', () => {
  fc.assert(fc.property(fc.array(broken, { maxLength: 3 }), (files) => {
    const parsed = parseFullFile(JSON.stringify({ files }));
    expect(() => canonical(parsed.ok ? parsed.files : parsed.problems)).not.toThrow();
    if (!parsed.ok) expect(parsed.problems.length).toBeGreaterThan(0);
    else for (const { mode, content } of parsed.files) expect(content === null).toBe(mode === 'delete');
  }));
});

test('E-122 any whole content comes through byte for byte', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')), (content) => {
    expect(parseFullFile(`Sure.\n\`\`\`json\n${answer(entry({ new_content: content }))}\n\`\`\``)).toMatchObject({ ok: true, files: [{ content }] });
  }));
});

test.each(['{', '}', '{"', '```\n', '{}', '\\', '"'])('E-122 an answer of nothing but %j is read in no time to speak of', (unit) => {
  const before = performance.now();
  parseFullFile(unit.repeat(300_000 / unit.length));
  expect(performance.now() - before).toBeLessThan(1000);
});
