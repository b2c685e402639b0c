import { expect, test } from 'vitest';
import { inconsistentHunks, lineEndsOf, parsePatch, sanitisePatch } from '#src/adapters/git/patch-lines.ts';

const hunk = (header: string, ...body: string[]): string => [`--- a/x`, `+++ b/x`, header, ...body].join('\n');

test('E-132 only line ends of headers are changed, unless all lines have them from the transport', () => {
  expect(sanitisePatch('--- a/x\r\n+++ b/x\r\n@@ -1 +1 @@\r\n-a\r\n+b\n')).toBe('--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\r\n+b\n');
  expect(sanitisePatch('--- a/x\r\n+++ b/x\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n')).toBe('--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n');
});

test('E-665 names with spaces, tabs behind them and octal escapes are read as git reads them', () => {
  const oldPath = (line: string) => parsePatch(`${line}\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n`).files[0]?.oldPath;
  expect(oldPath('--- a/my file.txt\t2026-01-01')).toBe('my file.txt');
  expect(oldPath('--- "a/t\\303\\251 \\"q\\".txt"')).toBe('té "q".txt');
  expect(oldPath('--- /dev/null')).toBeNull();
});

test('E-132 empty lines count as context, and no-newline marks count as nothing', () => {
  expect(parsePatch(hunk('@@ -1,3 +1,3 @@', ' a', '', '-b', '\\ No newline at end of file', '+c', '\\ No newline at end of file', '')).problems).toEqual([]);
});

test('E-132 hunks whose starts contradict each other are found, insertions and deletions allowed for', () => {
  const file = (...headers: string[]) => inconsistentHunks(parsePatch(`--- a/x\n+++ b/x\n${headers.join('\n')}\n`).files[0] ?? { oldPath: null, newPath: null, named: null, isWhole: false, hunks: [] });
  expect([...file('@@ -1,0 +2,2 @@\n+a\n+b', '@@ -5 +7 @@\n-c\n+d', '@@ -8,2 +9,0 @@\n-e\n-f')]).toEqual([]);
  expect([...file('@@ -1 +1 @@\n-a\n+b', '@@ -5 +9 @@\n-c\n+d')]).toEqual([1]);
});

test.each([['a\nb\n', 'lf'], ['a\r\nb\r\n', 'crlf'], ['a\r\nb\n', 'mixed'], ['a', 'none'], ['', 'none'], ['\0\n', 'none']])('W3 the line ends of %j are %s', (text, ends) => {
  expect(lineEndsOf(Buffer.from(text))).toBe(ends);
});
