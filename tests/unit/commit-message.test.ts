import { expect, test } from 'vitest';
import fc from 'fast-check';
import { commitMessage } from '#src/domain/commit-message.ts';

const message = (name: string): string => commitMessage({ run: 'r1', phase: 'p1', name, seq: 7 });
const subject = (name: string): string => message(name).split('\n')[0] ?? '';

test('D1 a message is a subject for people and three trailers for the auditor', () => {
  expect(message('Add the parser')).toBe('p1: Add the parser\n\nAutopack-Run: r1\nAutopack-Phase: p1\nAutopack-Record: 7\n');
});

test.each([
  ['an empty name', '', 'p1: p1'], ['spaces', ' \t ', 'p1: p1'], ['a name of two lines', 'a\n\nAutopack-Phase: p9', 'p1: a Autopack-Phase: p9'],
  ['a line separator', 'a\u2028b', 'p1: a b'], ['a long name', 'x'.repeat(100), `p1: ${'x'.repeat(68)}`], ['a space at the cut', `${'x'.repeat(67)} yz`, `p1: ${'x'.repeat(67)}`], ['characters of two units', '😀'.repeat(100), `p1: ${'😀'.repeat(68)}`],
])('D1 %s gives one line of at most 72 characters', (_what, name, wanted) => {
  expect(subject(name)).toBe(wanted);
});

test('D1 no name can add, change or hide a trailer', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (name) => {
    const lines = message(name).split('\n');
    expect(lines.slice(1)).toEqual(['', 'Autopack-Run: r1', 'Autopack-Phase: p1', 'Autopack-Record: 7', '']);
    expect([...(lines[0] ?? '')].length).toBeLessThanOrEqual(72);
    expect(lines[0]).not.toMatch(/[\r\u0085]/);
  }));
});
