import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { mergeVerdicts, settleVerdicts, type AuditIssue, type AuditVerdict } from '#src/domain/merge.ts';
import { canonical } from '#src/record/canonical.ts';

const issue = (changes: Partial<AuditIssue> = {}): AuditIssue => ({ severity: 'major', category: 'logic', description: 'wrong', file: 'src/a.ts', line: 3, suggestion: '', ...changes });
const verdict = (approved: boolean, ...issues: AuditIssue[]): AuditVerdict => ({ approved, issues, summary: 's' });
const merged = (...verdicts: AuditVerdict[]) => mergeVerdicts(verdicts.map((one, i) => ({ role: `auditor${i + 1}`, verdict: one })));

test('E-164 all approve: approved, and no disagreement', () => {
  expect(merged(verdict(true), verdict(true))).toEqual({ approved: true, issues: [], minor: 0, major: 0, critical: 0, disagreement: 'none' });
});

test('E-164 any rejection rejects, also without an issue, and the disagreement is told', () => {
  expect(merged(verdict(true), verdict(false))).toMatchObject({ approved: false, disagreement: 'approval' });
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

describe('E-166 what two auditors disagree on', () => {
  const [minor, major, critical] = (['minor', 'major', 'critical'] as const).map((severity) => issue({ severity })) as [AuditIssue, AuditIssue, AuditIssue];
  const at = (line: number, changes: Partial<AuditIssue> = {}): AuditIssue => issue({ line, ...changes });
  test.each<readonly [string, AuditVerdict, AuditVerdict, string]>([
    ['both approve', verdict(true), verdict(true), 'none'],
    ['both approve, one with minor issues', verdict(true), verdict(true, minor), 'none'],
    ['one approves, one rejects', verdict(true), verdict(false, major), 'approval'],
    ['one rejects and finds nothing above minor', verdict(true), verdict(false, minor), 'approval'],
    ['one approves beside a major issue: it rejects', verdict(true, major), verdict(false, major), 'none'],
    ['one approves, one approves beside a critical issue', verdict(true), verdict(true, critical), 'approval'],
    ['both reject for the same', verdict(false, major), verdict(false, major), 'none'],
    ['both reject, one finds twice as much', verdict(false, at(1)), verdict(false, at(1), at(2)), 'none'],
    ['both reject, one finds more than twice as much', verdict(false, at(1)), verdict(false, at(1), at(2), at(3)), 'severity'],
    ['both reject, nothing counts as one', verdict(false), verdict(false, at(1), at(2), at(3)), 'severity'],
    ['both reject, nothing and two of a kind', verdict(false), verdict(false, at(1), at(2)), 'category'],
    ['both reject, for another kind of fault', verdict(false, issue({ category: 'security' })), verdict(false, issue({ category: 'style' })), 'category'],
    ['both reject, kinds written in another way', verdict(false, issue({ category: 'Logic' })), verdict(false, issue({ category: 'logic' })), 'none'],
  ])('E-166 %s', (_title, a, b, wanted) => {
    expect([merged(a, b).disagreement, merged(b, a).disagreement]).toEqual([wanted, wanted]);
  });

  test('E-166 one auditor disagrees with nobody', () => {
    expect(merged(verdict(false, major, critical)).disagreement).toBe('none');
  });
});

describe('E-166 what a judge makes of it', () => {
  const settled = (judge: AuditVerdict | null, ...verdicts: AuditVerdict[]) => settleVerdicts(verdicts.map((one, i) => ({ role: `auditor${i + 1}`, verdict: one })), judge);
  const [approval, rejection] = [verdict(true), verdict(false, issue())];
  test.each<readonly [string, AuditVerdict | null, readonly AuditVerdict[], object]>([
    ['no judge: the rejection stands', null, [approval, rejection], { approved: false, major: 1, minor: 0, judge: 'none' }],
    ['approves against a lone rejection: what that one found weighs as minor', approval, [approval, rejection], { approved: true, major: 0, minor: 1, judge: 'approved' }],
    ['rejects: its findings count with theirs', verdict(false, issue({ line: 9 })), [approval, rejection], { approved: false, major: 2, judge: 'rejected' }],
    ['rejects without a finding', verdict(false), [approval, verdict(false)], { approved: false, judge: 'rejected' }],
    ['approves beside a major issue of its own: it rejects', verdict(true, issue({ line: 9 })), [approval, rejection], { approved: false, major: 2, judge: 'rejected' }],
    ['approves, and a critical issue stands', approval, [approval, verdict(false, issue({ severity: 'critical' }))], { approved: false, critical: 1, judge: 'approved' }],
    ['approves against two rejections: they stand', approval, [verdict(false, issue({ category: 'a' })), verdict(false, issue({ category: 'b' }))], { approved: false, major: 2, judge: 'approved' }],
    ['finds a critical issue that both missed', verdict(false, issue({ severity: 'critical' })), [approval, rejection], { approved: false, critical: 1, major: 0, judge: 'rejected' }],
  ])('E-166 %s', (_title, judge, verdicts, wanted) => {
    expect(settled(judge, ...verdicts)).toMatchObject(wanted);
  });
});

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.constant('😀'.repeat(225)), fc.constant(`a${'😀'.repeat(220)}`));
const issues = fc.array(fc.record({ severity: fc.constantFrom('minor' as const, 'major' as const, 'critical' as const), category: fc.constantFrom('logic', 'style'), description: text, file: fc.constantFrom('', 'a'), line: fc.nat(1), suggestion: text }), { maxLength: 5 });
const verdicts = fc.array(fc.record({ approved: fc.boolean(), issues, summary: fc.constant('') }), { maxLength: 3 });

test('E-161 E-164 E-675 approval needs everybody and nothing above minor; no issue gets milder; what comes of it can be recorded', () => {
  fc.assert(fc.property(verdicts, (given) => {
    const all = given.flatMap((one) => one.issues);
    const result = merged(...given);
    for (const judge of given) {
      const after = settleVerdicts(given.map((one, i) => ({ role: `auditor${i}`, verdict: one })), judge);
      if (result.approved) expect(after.approved || after.judge === 'rejected').toBe(true);
      if (after.approved) expect([after.major, after.critical, after.judge]).toEqual([0, 0, 'approved']);
    }
    expect(result.approved).toBe(given.length > 0 && given.every(({ approved }) => approved) && all.every(({ severity }) => severity === 'minor'));
    expect(result.critical > 0).toBe(all.some(({ severity }) => severity === 'critical'));
    expect(result.minor + result.major + result.critical).toBe(result.issues.length);
    expect(result.issues.length).toBeLessThanOrEqual(all.length);
    expect(() => canonical(result)).not.toThrow();
    for (const { description, suggestion } of result.issues) expect(Math.max(description.length, suggestion.length)).toBeLessThanOrEqual(500);
  }));
});
