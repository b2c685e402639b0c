// What the program loads before it knows what is wanted: help and version are asked for by people who wait.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Tells each module that is resolved, on stderr. */
const SPY = `import { registerHooks } from 'node:module';
import { writeSync } from 'node:fs';
registerHooks({ resolve: (specifier, context, next) => { const found = next(specifier, context); writeSync(2, found.url + '\\n'); return found; } });`;

function start(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(SPY)}`, `${ROOT}bin/autopack.js`, ...args], { cwd: ROOT, encoding: 'utf8' });
  const files = stderr.split('\n').filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url).slice(ROOT.length));
  return {
    status, stdout,
    packages: [...new Set(files.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []))].sort(),
    own: [...new Set(files.filter((file) => !file.startsWith('node_modules/')))].sort(),
  };
}

test.each([['--help', /^Usage: autopack/], ['--version', /^\d+\.\d+\.\d+\n$/], ['run --help', /--provider/]])('%s loads commander and no other package', (args, said) => {
  const { status, stdout, packages, own } = start(...args.split(' '));
  expect(status).toBe(0);
  expect(stdout).toMatch(said);
  expect(packages).toEqual(['commander']);
  expect(own).toEqual(['bin/autopack.js', 'src/app/exit.ts', 'src/app/version.ts', 'src/cli/arguments.ts', 'src/cli/history-program.ts', 'src/cli/look-program.ts', 'src/cli/program.ts', 'src/cli/streams.ts', 'src/cli/team-program.ts', 'src/cli/upkeep-program.ts', 'src/main.ts']);
});

test('a command loads what it needs, so the spy above sees what is loaded', () => {
  expect(start('plan', 'check', 'no-such-plan.yaml').packages).toEqual(expect.arrayContaining(['commander', 'xstate', 'yaml', 'zod']));
});

test('a command on a store of its own loads no client of NATS', () => {
  const { packages } = start('status', '--store', 'memory:');
  expect(packages).toContain('zod');
  expect(packages).not.toContain('nats');
});
