// The demo
// ========
// `npm run demo`: the example repository in a fresh folder, its plan run with scripted models, the log replayed.
// Everything lies in one temporary folder; nothing of yours is touched.

import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/autopack.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'autopack-demo-'));
const repository = join(folder, 'tally');
const home = process.env['AUTOPACK_HOME'] ?? join(folder, 'state');
const run = process.argv[2] ?? 'demo';

function autopack(args: readonly string[], cwd = folder): number {
  const { status } = spawnSync(process.execPath, [BIN, ...args], { cwd, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, AUTOPACK_HOME: home } });
  return status ?? 1;
}

function section(title: string): void {
  process.stdout.write(`\n── ${title} ${'─'.repeat(Math.max(0, 76 - title.length))}\n`);
}

function git(...args: string[]): void {
  spawnSync('git', ['-C', repository, '--no-pager', ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
}

section('a repository, a plan, scripted answers');
let code = autopack(['init', '--example', repository]);
if (code === 0) {
  section('autopack run plan.yaml');
  code = autopack(['run', 'plan.yaml', '--run-id', run, '--provider', 'script:answers.yaml'], repository);
}
if (code === 0) {
  section('commits');
  git('log', '--format=%h %s', `main..autopack/run-${run}`);
  section('verify');
  code = autopack(['replay', run, '--verify']);
  process.stdout.write(`
look around (Node 24 comes with \`npm ci\`; npx finds it):
  git -C ${repository} log --stat autopack/run-${run}
  AUTOPACK_HOME=${home} npx autopack log ${run}
  ${repository}/.autonomous_runs/demo/runs/${run}/${run}/run_summary.md
`);
}
process.exitCode = code;
