// The completion scripts against the help that people read, and in the shells that this machine has.

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { autopack, linesOf, makePlace, removePlace } from '#tests/support/e2e.ts';

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

/** What the help lists: commands, and the long flags of each. */
async function helped(): Promise<Map<string, string[]>> {
  const place = makePlace();
  const { out } = await autopack(place, ['--help']);
  const names = [...(/Commands:\n([\s\S]*?)\n\n/.exec(out)?.[1] ?? '').matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name ?? '').filter((name) => name !== 'help');
  const flags = await Promise.all(names.map(async (name) => [name, [...(await autopack(place, [name, '--help'])).out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag ?? '')] as const));
  removePlace(place);
  return new Map(flags);
}

test.each(['bash', 'zsh', 'fish'])('the script for %s holds every command and every option of the help', async (shell) => {
  const place = makePlace();
  const { code, out, err } = await autopack(place, ['completions', shell]);
  expect([code, err]).toEqual([0, '']);
  const known = await helped();
  expect(known.size).toBeGreaterThan(15);
  for (const [name, flags] of known) {
    const lines = out.split('\n').filter((line) => (shell === 'fish' ? line.includes(`from ${name}'`) : line.trimStart().startsWith(`${name})`))).join('\n');
    for (const flag of flags) expect(lines, `${name} ${flag}`).toContain(shell === 'fish' ? `-l ${flag.slice(2)}` : flag);
  }
  if (has(shell)) expect(spawnSync(shell, ['-n'], { input: out, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  removePlace(place);
}, 120_000);

test.skipIf(!has('bash'))('bash completes commands, options of the command, and the commands below plan', async () => {
  const place = makePlace();
  const { out } = await autopack(place, ['completions', 'bash']);
  const complete = (...words: string[]): string => {
    const line = `${out}\nCOMP_WORDS=(autopack ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _autopack; echo "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', line], { encoding: 'utf8' }).stdout.trim();
  };
  expect([complete('sho'), complete('log', '--si'), complete('plan', ''), complete('plan', 'check', '--js'), complete('merge', '--no-f')]).toEqual(['show', '--since', expect.stringMatching(/^check /), '--json', '--no-ff']);
  removePlace(place);
});

test('an unknown shell is refused with those that are known', async () => {
  const place = makePlace();
  const { code, out, err } = await autopack(place, ['completions', 'tcsh']);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(/tcsh.*bash, zsh, fish/);
  expect(linesOf(await autopack(place, ['completions', 'tcsh', '--json']))[0]).toMatchObject({ error: { code: 'usage.invalid' } });
  removePlace(place);
});
