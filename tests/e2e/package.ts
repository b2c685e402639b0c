// Package
// =======
// `npm run e2e:package`: what `npm pack` makes, installed in an empty project without our devDependencies, runs the example
// there; this checkout then verifies that run from the same store, and holds the same pins.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const RUN = 'packed';
const folder = mkdtempSync(join(tmpdir(), 'autopack-package-'));
const project = join(folder, 'project');
const installed = join(project, 'node_modules', 'autopack');
const repository = join(folder, 'tally');
// The Node that runs this comes first, so that the installed bin runs under it, too.
const env = { ...process.env, AUTOPACK_HOME: join(folder, 'home'), PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) };

const call = (cwd: string, command: string, ...args: string[]): string => execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 });
const packed = (...args: string[]): string => call(project, join(project, 'node_modules', '.bin', 'autopack'), ...args);

function expect(ok: boolean, what: string): void {
  if (!ok) throw new Error(what);
  process.stdout.write(`ok  ${what}\n`);
}

function install(): void {
  const [{ filename } = { filename: '' }] = JSON.parse(call(ROOT, 'npm', 'pack', '--json', '--silent', '--pack-destination', folder)) as { filename: string }[];
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{"private": true}');
  call(project, 'npm', 'install', '--silent', '--prefer-offline', '--omit=dev', '--no-audit', '--no-fund', join(folder, filename));
}

/** Every module is found under its new name: one that no command of this test needs would be missed else. */
function importAll(): number {
  const modules = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' }).filter((path) => /^(src|machines|projections)\/.*\.js$/.test(path) && path !== 'src/main.js');
  call(project, process.execPath, '--input-type=module', '-e', modules.map((path) => `await import(${JSON.stringify(join(installed, 'dist', path))});`).join('\n'));
  return modules.length;
}

function runExample(): string {
  packed('init', '--example', repository);
  const result = JSON.parse(packed('run', join(repository, 'plan.yaml'), '-C', repository, '--run-id', RUN, '--provider', `script:${join(repository, 'answers.yaml')}`, '--quiet', '--json').trim().split('\n').at(-1) ?? '') as { outcome: string };
  return result.outcome;
}

try {
  install();
  expect(!existsSync(join(installed, 'src')) && !existsSync(join(project, 'node_modules', 'typescript')), 'no TypeScript source and none of our devDependencies is installed');
  expect(packed('--version') === `${version}\n`, 'its version is that of package.json');
  expect(importAll() > 100, 'every module of it can be imported');
  expect(runExample() === 'COMPLETE', 'it runs the example to the end');
  expect(call(repository, 'git', 'rev-list', '--count', `main..autopack/run-${RUN}`).trim() === '9', 'the example has its nine commits');
  const [there, here] = [packed('replay', RUN, '--verify', '--json'), call(ROOT, process.execPath, 'bin/autopack.js', 'replay', RUN, '--verify', '--json')];
  expect((JSON.parse(there) as { ok: boolean }).ok, 'it verifies its run');
  expect(here === there, 'this checkout verifies the same run: the pins are the same in both forms');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
