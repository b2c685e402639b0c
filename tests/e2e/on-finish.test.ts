// `--on-finish`: the command that is told, what it sees, and that it changes nothing of the run.

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { autopack, builds, linesOf, makePlace, removePlace, runArgs, writeAnswers, type Place } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 120_000 }); // several processes each, on a machine that may be busy

/** A script that keeps its standard input and its environment. */
function listener(place: Place, more = ''): { readonly command: string; readonly told: () => unknown; readonly env: () => string } {
  const [file, told, env] = ['listen er.sh', 'told.json', 'env.txt'].map((name) => join(place.folder, name)) as [string, string, string];
  writeFileSync(file, `#!/bin/sh\ncat > "$1"\nenv > "${env}"\necho heard\n${more}`);
  chmodSync(file, 0o755);
  return { command: `'${file}' '${told}'`, told: () => JSON.parse(readFileSync(told, 'utf8')), env: () => readFileSync(env, 'utf8') };
}

test.concurrent('it is told what run --json says last, without a shell and without keys', async () => {
  const place = makePlace();
  const { command, told, env } = listener(place);
  const keys = { OPENAI_API_KEY: 'key-of-nobody-1', AUTOPACK_API_KEY: 'key-of-nobody-2', MY_TOKEN: 'key-of-nobody-3', PLAIN_NAME: 'sk-ant-0123456789012345678901234567', HARMLESS: 'yes' };
  const finished = await autopack(place, [...runArgs(place, '--on-finish', command), '--json'], { env: keys });
  expect(finished.code, finished.err).toBe(0);
  expect(told()).toEqual(linesOf(finished).at(-1));
  expect(told()).toMatchObject({ type: 'run.result', outcome: 'COMPLETE', exit: 0 });
  expect(env()).toContain('HARMLESS=yes');
  for (const value of [keys.OPENAI_API_KEY, keys.AUTOPACK_API_KEY, keys.MY_TOKEN, keys.PLAIN_NAME]) expect(env()).not.toContain(value);
  expect(finished.err).toContain('heard');
  removePlace(place);
});

test.concurrent('a run that rests is told too, and the resume that ends it again', async () => {
  const place = makePlace();
  const { command, told } = listener(place);
  writeAnswers(place, [builds('fail'), builds('ok', { attempt: 2 })]);
  expect((await autopack(place, runArgs(place, '--max-iterations', '1', '--on-finish', command))).code).toBe(5);
  expect(told()).toMatchObject({ outcome: 'PAUSED', reason: 'iterations', exit: 5 });
  expect((await autopack(place, ['resume', place.run, '--on-finish', command])).code).toBe(0);
  expect(told()).toMatchObject({ outcome: 'COMPLETE', exit: 0 });
  removePlace(place);
});

test.concurrent.each([
  ['fails', (place: Place) => listener(place, 'exit 7\n').command, /warning: --on-finish: .*listen er\.sh ended with exit 7/],
  ['is not there', () => 'no-such-command at all', /warning: --on-finish: no-such-command cannot be started: ENOENT/],
  ['reads nothing', () => 'true', /^(?![^]*on-finish)/],
])('one that %s changes neither exit code nor outcome', async (_title, command, says) => {
  const place = makePlace();
  const finished = await autopack(place, runArgs(place, '--on-finish', command(place)));
  expect(finished.code).toBe(0);
  expect(finished.err).toMatch(says);
  removePlace(place);
});

test.concurrent('what only a shell could do is refused before anything is begun', async () => {
  const place = makePlace();
  const finished = await autopack(place, runArgs(place, '--on-finish', 'echo done | mail me'));
  expect([finished.code, finished.out]).toEqual([2, '']);
  expect(finished.err).toMatch(/--on-finish: "\|" has no meaning: no shell runs the command\n.*path of a script/);
  expect(existsSync(place.home)).toBe(false);
  removePlace(place);
});
