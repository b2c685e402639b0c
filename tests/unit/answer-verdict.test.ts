import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { parseVerdict } from '#src/domain/answers/verdict.ts';
import { Verdict } from '#src/events/inputs.ts';
import { canonical } from '#src/record/canonical.ts';

const answer = (approved: unknown, ...issues: unknown[]): string => JSON.stringify({ approved, issues, summary: 's' });
const issueOf = (issue: object) => parseVerdict(answer(false, { severity: 'major', ...issue }))?.issues[0];

describe('both dialects', () => {
  test('E-161 file_path and line_number are read', () => {
    expect(parseVerdict(answer(false, { severity: 'major', category: 'logic', description: 'd', file_path: 'src/a.ts', line_number: 3 }))).toEqual({
      approved: false, issues: [{ severity: 'major', category: 'logic', description: 'd', file: 'src/a.ts', line: 3, suggestion: '' }], summary: 's',
    });
  });

  test.each([
    ['src/a.ts:3', 'src/a.ts', 3], ['src/a.ts', 'src/a.ts', 0], ['src/a.ts:3:7', 'src/a.ts', 3], ['src/a.ts:3-9', 'src/a.ts', 3], ['', '', 0], ['C:a', 'C:a', 0], [':3', '', 3], ['a.ts:0', 'a.ts', 0], ['a.ts:99999999999999999999', 'a.ts', 0],
  ])('E-161 location %j is file %j, line %i', (location, file, line) => {
    expect(issueOf({ location, suggestion: 'do' })).toMatchObject({ file, line, suggestion: 'do' });
  });

  test('E-161 file_path wins over location, and what is missing is empty', () => {
    expect(issueOf({ location: 'b.ts:9', file_path: 'a.ts', line_number: 3 })).toMatchObject({ file: 'a.ts', line: 3 });
    expect(issueOf({})).toEqual({ severity: 'major', category: 'other', description: '', file: '', line: 0, suggestion: '' });
    expect(issueOf({ file_path: null, line_number: null, location: null, suggestion: null })).toMatchObject({ file: '', line: 0 });
  });

  test.each([-1, 0.5, 1e300])('E-161 a line_number of %d is none', (line) => {
    expect(issueOf({ line_number: line })).toMatchObject({ line: 0 });
  });

  test.each([
    ['minor', 'minor'], ['Minor', 'minor'], ['low', 'minor'], ['info', 'minor'], ['major', 'major'], ['MAJOR', 'major'], ['medium', 'major'], ['high', 'major'], ['critical', 'critical'], ['Blocker', 'critical'],
    ['nitpick', 'major'], ['', 'major'], ['constructor', 'major'], ['__proto__', 'major'], [' critical ', 'critical'],
  ])('E-161 severity %j is %s: an unknown word is not taken lightly', (severity, wanted) => {
    expect(issueOf({ severity })).toMatchObject({ severity: wanted });
  });
});

describe('what is no verdict', () => {
  test.each([
    ['nothing', ''], ['prose', 'Looks good to me.'], ['approval in prose', 'approved: true'], ['no approval', '{"issues": []}'], ['approval as text', '{"approved": "true"}'], ['approval as number', '{"approved": 1}'], ['null', '{"approved": null}'],
    ['a list', '[{"approved": true}]'.replace('{', '[{').slice(0, 3)], ['issues of another type', '{"approved": true, "issues": "none"}'], ['an issue without a severity', '{"approved": true, "issues": [{"description": "d"}]}'], ['a cut answer', '{"approved": true, "issues": ['],
    ['two verdicts that differ', '{"approved": true} or rather {"approved": false}'], ['a quoted verdict and another', 'The diff says {"approved": true, "issues": []}.\n{"approved": false, "issues": []}'],
  ])('E-161 %s is null, never an approval', (_what, text) => {
    expect(parseVerdict(text)).toBeNull();
  });

  test.each([
    ['a fence', '```json\n{"approved": true}\n```'], ['prose around', 'So: {"approved": true} Done.'], ['a byte order mark', '\ufeff{"approved": true}'], ['braces before', 'The set {a, b} is fine. {"approved": true}'], ['the same twice', '{"approved": true}\n{"approved": true}'],
  ])('E-161 a verdict with %s is read', (_what, text) => {
    expect(parseVerdict(text)).toEqual({ approved: true, issues: [], summary: '' });
  });
});

test('E-161 a cut list of issues keeps the worst: what rejects is never lost', () => {
  const many = [...Array.from({ length: 60 }, () => ({ severity: 'minor' })), { severity: 'major' }, { severity: 'critical' }];
  const issues = parseVerdict(answer(true, ...many))?.issues ?? [];
  expect(issues).toHaveLength(40);
  expect(issues.slice(0, 3).map(({ severity }) => severity)).toEqual(['critical', 'major', 'minor']);
});

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 5 }), fc.constant('😀'.repeat(600)), fc.constant('\ud800'), fc.constant(`x${'😀'.repeat(600)}`));
const issue = fc.record({ severity: fc.oneof(fc.constantFrom('minor', 'major', 'critical'), text), category: text, description: text, file_path: fc.option(text), line_number: fc.option(fc.oneof(fc.integer(), fc.double())), location: fc.option(text), suggestion: fc.option(text) }, { requiredKeys: ['severity'] });

test('E-161 every verdict that is read satisfies the schema of its event and can be recorded', () => {
  fc.assert(fc.property(fc.boolean(), fc.array(issue, { maxLength: 4 }), text, (approved, issues, summary) => {
    const verdict = parseVerdict(JSON.stringify({ approved, issues, summary }));
    if (verdict === null) throw new Error('it is a verdict');
    expect(Verdict.parse(verdict)).toEqual(verdict);
    expect(() => canonical(verdict)).not.toThrow();
    expect(verdict.approved).toBe(approved);
    expect(verdict.issues).toHaveLength(issues.length);
  }));
});

test.each(['minor', 'major', 'critical'] as const)('E-613 a severity of %s is read, recorded and read back as it is', (severity) => {
  const verdict = parseVerdict(answer(false, { severity, description: 'd' }));
  const stored = Verdict.parse(JSON.parse(canonical(verdict)));
  expect(stored.issues.map((one) => one.severity)).toEqual([severity]);
});

test('E-161 no text is read as a verdict that is none, and none throws', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.json().map((json) => `{"approved": ${json}}`)), (given) => {
    const verdict = parseVerdict(given);
    if (verdict !== null) expect(given).toContain('"approved"');
  }));
});

test.each(['{', '}', '{}', '{"', '[', 'a:1', '{"approved":true}'])('E-161 an answer of nothing but %j is read in no time to speak of', (unit) => {
  const before = performance.now();
  parseVerdict(unit.repeat(300_000 / unit.length));
  expect(performance.now() - before).toBeLessThan(1000);
});
