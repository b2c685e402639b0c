import { expect, test } from 'vitest';
import fc from 'fast-check';
import { normaliseOutput } from '#src/domain/normalise-output.ts';

const places = { checkout: '/home/u/.autopack/work/r1/x/files', temp: '/home/u/.autopack/work/r1/x/temp', home: '/home/u/.autopack/work/r1/x/home' };
const normal = (text: string): string => normaliseOutput(text, places);

test.each([
  ['a file of the checkout', `at f (${places.checkout}/src/a.ts:12:3)`, 'at f (./src/a.ts:12:3)'],
  ['a file url', `file://${places.checkout}/a.ts`, 'file://./a.ts'],
  ['the checkout itself', `cwd: ${places.checkout}`, 'cwd: .'],
  ['temporary folder and home', `${places.temp}/x ${places.home}`, '$TMP/x $HOME'],
  ['a longer name that only begins like the checkout', `${places.checkout}-old`, `${places.checkout}-old`],
  ['milliseconds', '✓ works (12ms)', '✓ works (#)'],
  ['seconds with a space', 'done in 1.2 s', 'done in #'],
  ['seconds in parentheses', 'FAILED (0.34s)', 'FAILED (#)'],
  ['pytest', '== 3 passed in 0.05s ==', '== 3 passed in # =='],
  ['minutes and seconds', 'took 1m 5.2s', 'took #'],
  ['node:test in spec', 'ℹ duration_ms 12.345', 'ℹ duration_ms #'],
  ['node:test in TAP', '  duration_ms: 0.5', '  duration_ms: #'],
  ['JUnit', '<testcase name="a" time="0.0012"/>', '<testcase name="a" time="#"/>'],
  ['go test', '--- FAIL: TestX (0.00s)', '--- FAIL: TestX (#)'],
  ['an ISO timestamp', '[2026-11-21T03:04:05.678Z] x', '[#] x'],
  ['a timestamp with a zone', '2026-11-21 03:04:05,678 +0200 x', '# x'],
  ['a clock time', 'Start at 10:53:45', 'Start at #'],
  ['a process id', '(node:12345) Warning; pid=77 PID: 78 pid 79', '(node:#) Warning; pid=# PID: # pid #'],
  ['a sanitiser', '==1234==ERROR at 0x7f3a5c00', '==#==ERROR at #'],
  ['colours and links', '\u001b[32m✓\u001b[39m \u001b]8;;http://x\u0007y\u001b]8;;\u0007', '✓ y'],
  ['CRLF', 'a\r\nb\rc', 'a\nb\nc'],
])('DESIGN 3: %s loses what belongs to machine and moment', (_name, text, wanted) => {
  expect(normal(text)).toBe(wanted);
});

test.each(['# tests 12', '# fail 3', 'expected 5 to be 7', 'src/a.ts:12:34', 'v1.2.3', '0xFF', 'line 10', 'HTTP 404', '3 suites', 'a10s', '2026-11-21'])('DESIGN 3: %j says the same on every machine and stays', (text) => {
  expect(normal(text)).toBe(text);
});

test.each([
  ['a space and letters beyond ASCII', '/home/ü/my work/files', 'file:///home/%C3%BC/my%20work/files/a.js:1:2'],
  ['what a url would read as something else', '/srv/50%/a?b#c/files', 'file:///srv/50%25/a%3Fb%23c/files/a.js:1:2'],
])('DESIGN 3: a checkout below %s is found in a file url too', (_name, checkout, url) => {
  const text = `at ${checkout}/a.js:1:2, at ${url}`;
  expect(normaliseOutput(text, { checkout, temp: '/t/x', home: '/h/x' })).toBe('at ./a.js:1:2, at file://./a.js:1:2');
});

const piece = fc.constantFrom(
  '12', '1.5', 'ms', ' s', 's', ':', '10:11:12', '2026-01-02T', '03:04', 'Z', '+02:00', 'pid ', 'duration_ms ', 'time=', '0x', 'deadbeef', '==', '(node:', ')', '#', '.', '/', ' ', '\n', '\r',
  '\u001b', '[', '[31m', ']8;;', '\u0007', 'm', '$TMP', 'x', '-', places.checkout, places.temp, places.home, '/home/u', '5m', 'process ', '"', 'AM', ',',
);

test('DESIGN 3: what was normalised once is not changed by doing it again', () => {
  fc.assert(fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 14 }).map((parts) => parts.join('')), (text) => {
    expect(normal(normal(text))).toBe(normal(text));
  }), { numRuns: 5_000 });
});

test.each(['\r', ' ', '1', '.', '\u001b]', '\u001b[', 'pid ', '1:', '0x', '12m', '/a', '"time"', '=='])('P3 DESIGN 3: output made of nothing but %j takes no time to speak of', (unit) => {
  const before = performance.now();
  normal(`pid${unit.repeat(300_000 / unit.length)}`);
  expect(performance.now() - before).toBeLessThan(1_000);
});
