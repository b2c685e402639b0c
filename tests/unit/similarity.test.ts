import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { normaliseMessage, similarityBp } from '#src/domain/similarity.ts';

const alike = (a: string, b: string): number => similarityBp(normaliseMessage(a), normaliseMessage(b));

describe('normalisation', () => {
  test.each([
    ['case', 'Expected TRUE', 'expected true'],
    ['a path', 'in /home/u/x/a.py and ./src/b.ts', 'in <path> and <path>'],
    ['a path with a line', 'at src/a.ts:12:3', 'at <path>:<line>'],
    ['a bare file with a line', 'a.py:12: wrong', 'a.py:<line>: wrong'],
    ['a line in words', 'on line 42', 'on line <line>'],
    ['a uuid', 'id 123E4567-e89b-12d3-a456-426614174000', 'id <uuid>'],
    ['a timestamp', 'at 2026-01-02T03:04:05.678Z it', 'at <time> it'],
    ['a timestamp with a space', '2026-01-02 03:04 it', '<time> it'],
    ['a clock time', 'at 03:04:05 it', 'at <time> it'],
    ['spaces', '  a \n\t b  ', 'a b'],
    ['numbers that mean something', 'expected 5 to be 7', 'expected 5 to be 7'],
  ])('A-068 %s is made the same', (_what, text, wanted) => {
    expect(normaliseMessage(text)).toBe(wanted);
  });
});

test.each([
  ['AssertionError: expected 1 to equal 2 (src/a.test.ts:12:5)', 'AssertionError: expected 1 to equal 2 (src/a.test.ts:98:5)'],
  ['File "/tmp/x/test_a.py", line 12, in test_sum', 'File "/tmp/y/test_a.py", line 13, in test_sum'],
  ['run 123e4567-e89b-12d3-a456-426614174000 failed', 'run 00000000-e89b-12d3-a456-426614174999 failed'],
])('A-068 two messages that differ only in places, lines or ids are equal: %s', (a, b) => {
  expect(alike(a, b)).toBe(10_000);
});

test('A-068 an assertion error and an import error are not alike', () => {
  const bp = alike("AssertionError: assert 4 == 5", "ImportError: cannot import name 'foo' from 'bar'");
  expect(bp).toBeGreaterThan(2000);
  expect(bp).toBeLessThan(5000);
});

test.each([
  ['', '', 10_000], ['a', '', 0], ['abc', 'abc', 10_000], ['abc', 'xyz', 0], ['abcd', 'bcde', 7500], ['wikimedia', 'wikimania', 7777], ['ab', 'ba', 5000],
])('A-068 the ratio 2M/T of %j and %j is %i basis points', (a, b, wanted) => {
  expect(similarityBp(a, b)).toBe(wanted);
});

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 40 });

test('A-068 similarity lies between 0 and 10,000, is the most for equal texts only, and does not fall by a common beginning', () => {
  fc.assert(fc.property(text, text, (a, b) => {
    const bp = similarityBp(a, b);
    expect(bp).toBeGreaterThanOrEqual(0);
    expect(bp === 10_000).toBe(a === b);
    expect(similarityBp(a, a)).toBe(10_000);
    expect(similarityBp(`${'z'.repeat(41)}${a}`, `${'z'.repeat(41)}${b}`)).toBeGreaterThanOrEqual(bp);
  }));
});

test('A-067 two messages of full length are compared in no time to speak of', () => {
  const before = performance.now();
  alike('ab'.repeat(250), 'ba'.repeat(250));
  normaliseMessage('a.'.repeat(250));
  expect(performance.now() - before).toBeLessThan(500);
});
