import { expect, test } from 'vitest';
import fc from 'fast-check';
import { mergeVerdicts, type AuditIssue, type AuditVerdict } from '#src/domain/merge.ts';
import { canonical } from '#src/record/canonical.ts';

const issue = (changes: Partial<AuditIssue> = {}): AuditIssue => ({ severity: 'major', category: 'logic', description: 'wrong', file: 'src/a.ts', line: 3, suggestion: '', ...changes });
const verdict = (approved: boolean, ...issues: AuditIssue[]): AuditVerdict => ({ approved, issues, summary: 's' });
const merged = (...verdicts: AuditVerdict[]) => mergeVerdicts(verdicts.map((one, i) => ({ role: `auditor${i + 1}`, verdict: one })));

test('E-164 all approve: approved, and no disagreement', () => {
  expect(merged(verdict(true), verdict(true))).toEqual({ approved: true, issues: [], minor: 0, major: 0, critical: 0, disagreement: false });
});

test('E-164 any rejection rejects, also without an issue, and the disagreement is told', () => {
  expect(merged(verdict(true), verdict(false))).toMatchObject({ approved: false, disagreement: true });
});

test('E-164 no verdict at all approves nothing', () => {
  expect(merged().approved).toBe(false);
});

test.each(['major', 'critical'] as const)('E-161 an approval beside a %s issue is a rejection', (severity) => {
  expect(merged(verdict(true, issue({ severity })))).toMatchObject({ approved: false, [severity]: 1 });
});

test('E-161 minor issues do not reject', () => {
  expect(merged(verdict(true, issue({ severity: 'minor' })), verdict(true))).toMatchObject({ approved: true, minor: 1 });
});

test('E-675 a critical issue of either auditor stays critical, whatever the other calls it', () => {
  for (const pair of [['minor', 'critical'], ['critical', 'minor']] as const) {
    expect(merged(...pair.map((severity) => verdict(severity === 'minor', issue({ severity }))))).toMatchObject({ approved: false, critical: 1, minor: 0 });
  }
});

test('E-676 two issues of one auditor under one key keep the worse severity', () => {
  expect(merged(verdict(true, issue({ severity: 'minor' }), issue({ severity: 'major' })))).toMatchObject({ major: 1, minor: 0, approved: false });
});

test('E-696 the same bug seen by both auditors is one issue with two sources', () => {
  const both = merged(verdict(false, issue()), verdict(false, issue({ file: 'SRC/A.ts', category: 'Logic', description: 'also wrong' })));
  expect(both.issues).toHaveLength(1);
  expect(both.issues[0]).toMatchObject({ sources: ['auditor1', 'auditor2'], description: 'wrong / also wrong' });
});

test('E-696 bugs of one auditor in two files, on two lines or of two kinds stay apart', () => {
  expect(merged(verdict(false, issue(), issue({ file: 'src/b.ts' }), issue({ line: 9 }), issue({ category: 'style' }))).issues).toHaveLength(4);
});

test('E-164 issues without a place are one only when they say the same', () => {
  const nowhere = { file: '', line: 0 };
  expect(merged(verdict(false, issue(nowhere), issue({ ...nowhere, description: 'WRONG' }), issue({ ...nowhere, description: 'else' }))).issues).toHaveLength(2);
});

test('E-164 descriptions and suggestions of both are kept, equal and empty ones once', () => {
  const both = (a: string, b: string) => merged(verdict(false, issue({ suggestion: a })), verdict(false, issue({ suggestion: b }))).issues[0]?.suggestion;
  expect([both('x', 'y'), both('x', 'x'), both('', 'y'), both('x', '')]).toEqual(['x / y', 'x', 'y', 'x']);
});

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.constant('😀'.repeat(225)), fc.constant(`a${'😀'.repeat(220)}`));
const issues = fc.array(fc.record({ severity: fc.constantFrom('minor' as const, 'major' as const, 'critical' as const), category: fc.constantFrom('logic', 'style'), description: text, file: fc.constantFrom('', 'a'), line: fc.nat(1), suggestion: text }), { maxLength: 5 });
const verdicts = fc.array(fc.record({ approved: fc.boolean(), issues, summary: fc.constant('') }), { maxLength: 3 });

test('E-161 E-164 E-675 approval needs everybody and nothing above minor; no issue gets milder; what comes of it can be recorded', () => {
  fc.assert(fc.property(verdicts, (given) => {
    const all = given.flatMap((one) => one.issues);
    const result = merged(...given);
    expect(result.approved).toBe(given.length > 0 && given.every(({ approved }) => approved) && all.every(({ severity }) => severity === 'minor'));
    expect(result.critical > 0).toBe(all.some(({ severity }) => severity === 'critical'));
    expect(result.minor + result.major + result.critical).toBe(result.issues.length);
    expect(result.issues.length).toBeLessThanOrEqual(all.length);
    expect(() => canonical(result)).not.toThrow();
    for (const { description, suggestion } of result.issues) expect(Math.max(description.length, suggestion.length)).toBeLessThanOrEqual(500);
  }));
});
