import { expect, test } from 'vitest';
import fc from 'fast-check';
import { parseRevision } from '#src/domain/answers/revision.ts';
import { inputs } from '#src/events/inputs.ts';
import { canonical } from '#src/record/canonical.ts';

const LONG = 'Write the parser first, then its tests.';
const answer = (changes: object = {}): string => JSON.stringify({ description: LONG, reason: 'r', ...changes });

test.each([
  ['as it is', answer()], ['in a fence', `\`\`\`json\n${answer()}\n\`\`\``], ['in prose', `Here: ${answer()} Good luck.`], ['with spaces around the description', answer({ description: `  ${LONG}\n` })], ['with more than was asked for', answer({ steps: [1] })],
])('E-112 a revision %s is read', (_how, text) => {
  expect(parseRevision(text)).toEqual({ description: LONG, reason: 'r' });
});

test.each([
  ['nothing', ''], ['prose', LONG], ['no description', '{"reason": "r"}'], ['a number', '{"description": 12345678901234567890}'], ['a list', JSON.stringify([LONG])], ['a cut answer', answer().slice(0, -3)], ['a description of 19 characters', answer({ description: 'x'.repeat(19) })],
  ['19 characters between spaces', answer({ description: ` ${'x'.repeat(19)} ` })], ['10 characters of two units', answer({ description: '😀'.repeat(10) })], ['a reason of another type', answer({ reason: 1 })],
])('E-112 A-070 %s is no revision', (_what, text) => {
  expect(parseRevision(text)).toBeNull();
});

test('E-112 20 characters are a description, and a reason may be missing', () => {
  expect(parseRevision('{"description": "xxxxxxxxxxxxxxxxxxxx"}')).toEqual({ description: 'x'.repeat(20), reason: '' });
});

const text = fc.oneof(fc.string({ unit: 'binary', minLength: 20, maxLength: 40 }), fc.constant('😀'.repeat(9000)), fc.constant(`x${'😀'.repeat(9000)}`), fc.constant('\ud800'.repeat(30)));

test('E-112 whatever the texts, what is read keeps its limits and can be recorded', () => {
  const { reason: limit } = inputs.revisionAnswered.data.shape;
  fc.assert(fc.property(text, text, (description, reason) => {
    const revision = parseRevision(JSON.stringify({ description, reason }));
    expect(() => canonical(revision)).not.toThrow();
    if (revision === null) return;
    expect(revision.description.length).toBeLessThanOrEqual(16_000);
    expect(limit.safeParse(revision.reason).success).toBe(true);
  }), { numRuns: 50 });
});
