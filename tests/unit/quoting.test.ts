import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import fc from 'fast-check';
import { splitCommand } from '#src/plan/quoting.ts';

test.each<readonly [string, readonly string[]]>([
  ['npm test', ['npm', 'test']], ['  a \t b ', ['a', 'b']], ["'a b' c", ['a b', 'c']], ['"a b"c', ['a bc']], ["a''b", ['ab']], ["a ''", ['a', '']], ['a\\ b', ['a b']], ["'a\\b'", ['a\\b']],
  ['"a\\b"', ['a\\b']], ['"a\\"b\\\\c\\$d\\`e"', ['a"b\\c$d`e']], ["'$HOME' '*'", ['$HOME', '*']], ['"a*b" "c|d"', ['a*b', 'c|d']], ['a\\|b', ['a|b']], ['a~ b#c', ['a~', 'b#c']], ['a X=1', ['a', 'X=1']],
  ['"a\nb"', ['a\nb']], ['a \\\n  b', ['a', 'b']], ['a\\\nb "c\\\nd"', ['ab', 'cd']], ["'a\\\nb'", ['a\\\nb']], ['ä 😀', ['ä', '😀']], ['a\\😀', ['a😀']],
])('E-015 %j is %j', (text, argv) => {
  expect(splitCommand(text)).toEqual({ ok: true, argv });
});

test.each([
  ['', 'it is empty'], ['  ', 'it is empty'], ["a 'b", "a ' is not closed"], ['a "b', 'a " is not closed'], ['a \\', 'it ends in a backslash'], ['a\0', 'it holds a NUL'], ['X=1 a', 'it begins with a variable'],
  ...[...'|&;<>()$`*?[]{}\n'].map((char): [string, string] => [`a ${char} b`, `${JSON.stringify(char)} has no meaning`]), ['a #b', '"#" has no meaning'], ['~/a', '"~" has no meaning'], ['"$a"', '$ has no meaning'], ['"`a`"', '` has no meaning'],
])('E-015 %j is refused: %s', (text, message) => {
  expect(splitCommand(text)).toEqual({ ok: false, message: expect.stringContaining(message) });
});

/** The words as `sh` reads them; each ends in a NUL. */
const bySh = (text: string): string[] => execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8', env: {} }).split('\0').slice(0, -1);

test('E-015 a command is split into the words that sh reads', () => {
  const plain = fc.string({ unit: fc.constantFrom('a', 'B', '0', '-', '_', '.', '/', '=', ',', ':', '@', '%', '+', 'ö'), minLength: 1 });
  const inside = fc.string({ unit: fc.constantFrom('a', ' ', '\t', '|', '&', '*', '#', '~', '\\', '"', '\n', ';', 'ö') });
  const piece = fc.oneof(plain, inside.map((text) => `'${text}'`), inside.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`), fc.constantFrom('\\ ', "\\'", '\\"', '\\\\', '\\a', '\\|', '\\$', '"\\a"', '"\\\\"', '"\'"', "'\"'", '""', "''", 'a\\\nb', '"a\\\nb"'));
  const command = fc.array(fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')), { minLength: 1, maxLength: 4 }).map((words) => `x ${words.join(' ')}`);
  fc.assert(fc.property(command, (text) => {
    expect(splitCommand(text)).toEqual({ ok: true, argv: bySh(text) });
  }), { numRuns: 150 });
});

test('E-015 words without a metacharacter are themselves, whatever stands between them', () => {
  const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\s|&;<>()$`*?[\]{}"'\\~#=\0]/u.test(text));
  fc.assert(fc.property(fc.array(word, { minLength: 1 }), fc.constantFrom(' ', '  ', '\t'), (words, between) => {
    expect(splitCommand(words.join(between))).toEqual({ ok: true, argv: words });
  }), { numRuns: 300 });
});

test('E-015 any text is split or refused, never a crash', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    const split = splitCommand(text);
    expect(split.ok ? split.argv.length : split.message.length).toBeGreaterThan(0);
  }), { numRuns: 500 });
});
