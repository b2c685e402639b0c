// Whole runs: one answer, the project's own tests in the real sandbox, the real branch. What tests do is hostile here.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { unchanged } from '#src/events/inputs.ts';
import { scriptedModels } from '#src/adapters/script/models.ts';
import { execute, readPrompts } from '#src/app/execute.ts';
import { machineOf, openStore } from '#src/app/machine.ts';
import { standingOf } from '#src/app/standing.ts';
import { appendRequest, prepareStart } from '#src/app/start.ts';
import { processesOf, theirs } from '#tests/support/e2e.ts';
import { NEVER } from '#tests/support/real-run.ts';
import { temporary } from '#tests/support/user-repository.ts';
import { answerOf, type Mode } from './answers.ts';
import { entry, plant, projects, textOf, type Project, type Tree } from './trees.ts';
import type { Trial } from './trials.ts';

/** What hostile tests are told of the world outside, to reach for it. */
export interface Outside {
  /** Of a server on this machine. */
  readonly port: number;
  /** A folder that is nobody's business. */
  readonly folder: string;
  readonly repo: string;
}

export interface RunCase {
  readonly kind: string;
  readonly project: string;
  readonly modes: readonly Mode[];
  readonly must: 'refused' | 'exact';
  /** The answer's files; null deletes one. */
  readonly files: (tree: Tree, outside: Outside) => Readonly<Record<string, string | null>>;
}

/** Where the runs find Node, python3 and bubblewrap: a person's own tools below a home are hidden in a sandbox. */
const PATH = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
/** Whether a project's tests can be run here. */
export const isRunnable = (name: string): boolean => PATH.split(':').some((folder) => existsSync(join(folder, projects.find((project) => project.name === name)?.command[0] ?? '')));

const STACK = 'stack (JavaScript)';
const LEDGER = 'ledger (Python)';
const sourceOf = (tree: Tree, path: string): string => textOf(tree.get(path)) ?? '';
const CLEAR = "  clear() {\n    this.#items = [];\n    return this;\n  }\n\n  get size() {";
const withClear = (tree: Tree): string => sourceOf(tree, 'src/stack.js').replace('  get size() {', CLEAR);
const CLEAR_TEST = "'use strict';\nconst test = require('node:test');\nconst assert = require('node:assert');\nconst { Stack } = require('../src/stack.js');\n\ntest('clear', () => {\n  assert.strictEqual(new Stack().push(1).clear().size, 0);\n});\n";
const broken = (tree: Tree): string => sourceOf(tree, 'src/stack.js').replace('return this.#items.pop();', 'return this.#items.shift();');
/** A test file whose program does `code` and then passes. */
const passing = (code: string): string => `'use strict';\nconst test = require('node:test');\nconst fs = require('node:fs');\nconst { spawn, spawnSync } = require('node:child_process');\ntest('it does as it likes', async () => {\n${code}\n});\n`;
const tried = (code: string): string => `  try { ${code} } catch {}\n`;

export const runCases: readonly RunCase[] = [
  { kind: 'correct, with its tests', project: STACK, modes: ['full_file', 'structured_edit', 'ndjson', 'diff'], must: 'exact', files: (tree) => ({ 'src/stack.js': withClear(tree), 'test/clear.test.js': CLEAR_TEST }) },
  { kind: 'correct, with its tests', project: LEDGER, modes: ['structured_edit'], must: 'exact', files: (tree) => ({ 'ledger.py': `${sourceOf(tree, 'ledger.py')}\n    def count(self):\n        return len(self.entries)\n` }) },
  { kind: 'correct, with its tests', project: 'process-warning', modes: ['diff'], must: 'exact', files: (tree) => ({ 'index.js': `${sourceOf(tree, 'index.js')}\nmodule.exports.isWarnings = true\n` }) },
  { kind: 'correct, with its tests', project: '@pinojs/redact', modes: ['ndjson'], must: 'exact', files: (tree) => ({ 'index.js': `${sourceOf(tree, 'index.js')}\nmodule.exports.isRedact = true\n` }) },
  { kind: 'regression', project: STACK, modes: ['diff'], must: 'refused', files: (tree) => ({ 'src/stack.js': broken(tree) }) },
  { kind: 'regression', project: LEDGER, modes: ['full_file'], must: 'refused', files: (tree) => ({ 'ledger.py': sourceOf(tree, 'ledger.py').replace('return sum(cents for _,', 'return max(cents for _,') }) },
  { kind: 'regression', project: 'process-warning', modes: ['structured_edit'], must: 'refused', files: (tree) => ({ 'index.js': sourceOf(tree, 'index.js').replace("'use strict'", "'use strict'\nthrow new Error('no')") }) },
  { kind: 'regression', project: '@pinojs/redact', modes: ['diff'], must: 'refused', files: (tree) => ({ 'index.js': sourceOf(tree, 'index.js').replace("'use strict'", "'use strict'\nthrow new Error('no')") }) },
  { kind: 'a dropped operation', project: STACK, modes: ['structured_edit'], must: 'refused', files: () => ({ 'test/clear.test.js': CLEAR_TEST }) },
  { kind: 'test deleted', project: STACK, modes: ['full_file'], must: 'refused', files: (tree) => ({ 'src/stack.js': broken(tree), 'test/stack.test.js': null }) },
  { kind: 'test weakened', project: STACK, modes: ['ndjson'], must: 'refused', files: (tree) => ({ 'src/stack.js': broken(tree), 'test/stack.test.js': sourceOf(tree, 'test/stack.test.js').replace("test('last in, first out'", "test.skip('last in, first out'") }) },
  { kind: 'tests that end before they ran', project: STACK, modes: ['full_file'], must: 'refused', files: (tree) => ({ 'src/stack.js': broken(tree).replace("'use strict';", "'use strict';\nprocess.exit(0);") }) },
  { kind: 'hanging tests', project: STACK, modes: ['full_file'], must: 'refused', files: () => ({ 'test/hang.test.js': passing('  process.on("SIGTERM", () => {});\n  await new Promise(() => setInterval(() => {}, 1000));') }) },
  { kind: 'ten children', project: STACK, modes: ['full_file'], must: 'exact', files: () => ({ 'test/ten.test.js': passing("  for (let i = 0; i < 10; i += 1) spawn('sleep', ['300'], { detached: true, stdio: 'ignore' }).unref();") }) },
  { kind: '100 MB of output', project: STACK, modes: ['full_file'], must: 'exact', files: () => ({ 'test/flood.test.js': passing("  spawnSync('sh', ['-c', 'yes 123456789012345678901234567890 | head -c 100000000'], { stdio: 'inherit' });") }) },
  { kind: 'network use', project: STACK, modes: ['full_file'], must: 'refused', files: (_tree, { port }) => ({ 'test/net.test.js': passing(`  await new Promise((done, fail) => require('node:net').connect(${port}, '127.0.0.1').on('connect', done).on('error', fail));`) }) },
  { kind: 'writing outside', project: STACK, modes: ['full_file'], must: 'exact', files: (_tree, { folder, repo }) => ({ 'test/out.test.js': passing([join(folder, 'evil'), join(repo, 'evil'), join(repo, '.git/hooks/pre-commit'), '/etc/autopack-evil', '/usr/autopack-evil'].map((path) => tried(`fs.writeFileSync(${JSON.stringify(path)}, 'evil')`)).join('') + tried("fs.writeFileSync('README.md', 'evil')") + tried("fs.mkdirSync('.git/hooks', { recursive: true }); fs.writeFileSync('.git/config', '[core]\\n\\tfsmonitor = touch /tmp/evil')") + tried("fs.symlinkSync('/etc', 'etc')")) }) },
];

/** Statements of a test that wants to get out; `place` is where it wants to. */
const MISCHIEF: readonly ((place: string) => string)[] = [
  (place) => tried(`fs.writeFileSync('${place}/evil', 'evil')`), (place) => tried(`fs.rmSync('${place}', { recursive: true, force: true })`), (place) => tried(`fs.symlinkSync('${place}', 'way-out'); fs.writeFileSync('way-out/evil', 'evil')`),
  (place) => tried(`fs.chmodSync('${place}', 0)`), (place) => tried(`spawnSync('git', ['-C', '${place}', 'commit', '--allow-empty', '-m', 'evil'])`), (place) => tried(`spawn('sh', ['-c', 'sleep 1; echo evil > ${place}/evil'], { detached: true, stdio: 'ignore' }).unref()`),
  () => tried("process.kill(process.ppid, 'SIGKILL')"), () => tried("for (const pid of fs.readdirSync('/proc')) if (Number(pid) > 1) process.kill(Number(pid), 'SIGTERM')"), () => tried("process.chdir('..'); fs.writeFileSync('../../../evil', 'evil')"), () => tried("fs.mkdirSync('.git/hooks', { recursive: true }); fs.writeFileSync('.git/hooks/post-checkout', 'evil')"),
];

/** A test of several such statements in any order. */
export const hostileCase: fc.Arbitrary<RunCase> = fc.array(fc.tuple(fc.nat(MISCHIEF.length - 1), fc.boolean()), { minLength: 2, maxLength: 6 }).map((steps) => ({
  kind: 'random mischief', project: STACK, modes: ['full_file'], must: 'refused',
  files: (_tree, { folder, repo }) => ({ 'test/mischief.test.js': passing(steps.map(([index, isRepo]) => MISCHIEF[index]?.(isRepo ? repo : folder)).join('')) }),
}));

async function listening(): Promise<{ readonly server: Server; readonly port: number; readonly met: () => number }> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.end();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port, met: () => count };
}

/** A run that leaves or touches anything is wrong, whatever became of its answer. */
export async function run(one: RunCase, mode: Mode): Promise<Trial> {
  const project = projects.find(({ name }) => name === one.project);
  if (project === undefined) throw new Error(`no project ${one.project}`);
  const folder = temporary('autopack-accept-');
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  const { server, port, met } = await listening();
  let root: string | null = null;
  try {
    const wanted = (repo: string): Tree => changed(project.tree, one.files(project.tree, { port, folder: outside, repo }));
    // The answer may name the repository, whose place is not known before: it is planted twice.
    const first = plant([{ parent: null, tree: project.tree }], 0);
    rmSync(first.repo.root, { recursive: true, force: true });
    const after = wanted(first.repo.root);
    const { repo, ids: [from, to] } = plant([{ parent: null, tree: project.tree }, { parent: 0, tree: after }], 0);
    root = repo.root;
    if (from === undefined || to === undefined) throw new Error('nothing was planted');
    const answer = answerOf(mode, { repo, before: project.tree, after, from, to, variant: 0 });
    if (answer === null) throw new Error(`${one.kind} cannot be said as ${mode}`);
    const before = theirs(root);
    const paths = [...new Set([...project.tree.keys(), ...after.keys()])].filter((path) => textOf(project.tree.get(path)) !== textOf(after.get(path)));
    const said = await drive({ folder, root, project, mode, answer, paths });
    const branch = repo.git('for-each-ref', '--format=%(tree)', 'refs/heads/autopack/run-accept');
    const now = theirs(root);
    const left = [
      ...[...before.filter((line) => !now.includes(line)), ...now.filter((line) => !before.includes(line))].map((line) => `touched: ${line}`),
      ...(await lasting(folder)), ...readdirSync(outside).map((name) => `written outside: ${name}`), ...(met() > 0 ? ['the network was reached'] : []),
    ];
    const outcome = left.length > 0 ? 'wrong' : branch === '' || branch === from.tree ? 'refused' : branch === to.tree ? 'exact' : 'wrong';
    return { kind: one.kind, mode, where: one.project, must: one.must, outcome, wasPolicy: false, said: [...left, said].join('; ') };
  } finally {
    await new Promise((resolve) => void server.close(resolve));
    for (const path of [folder, root]) if (path !== null) rmSync(path, { recursive: true, force: true });
  }
}

/** A killed process may take a moment to go. */
async function lasting(folder: string): Promise<string[]> {
  for (let round = 0; round < 20 && processesOf({ folder }).length > 0; round += 1) await sleep(50);
  return processesOf({ folder }).map((line) => `still running: ${line}`);
}

function changed(tree: Tree, files: Readonly<Record<string, string | null>>): Tree {
  const after = new Map(tree);
  for (const [path, text] of Object.entries(files)) {
    if (text === null) after.delete(path);
    else after.set(path, entry(text));
  }
  return after;
}

interface Driven {
  readonly folder: string;
  readonly root: string;
  readonly project: Project;
  readonly mode: Mode;
  readonly answer: string;
  readonly paths: readonly string[];
}

/** @returns why the phase ended. */
async function drive({ folder, root, project, mode, answer, paths }: Driven): Promise<string> {
  const phase = { phase_id: 'p1', phase_index: 0, tier_id: 't', name: 'Change it', scope: { paths }, complexity: 'low', builder_mode: mode, max_builder_attempts: 1, allow_mass_deletion: true, allow_mass_addition: true, allow_symbol_removal: true, change_size: 'large_refactor' };
  const approve = { json: { approved: true, issues: [], summary: 'fine' } };
  writeFileSync(join(folder, 'plan.json'), JSON.stringify({ run: { run_id: 'accept' }, ci: { command: project.command, timeout_seconds: 15 }, tiers: [{ tier_id: 't', tier_index: 0, name: 'T' }], phases: [phase] }));
  writeFileSync(join(folder, 'answers.json'), JSON.stringify({ version: 1, answers: [{ role: 'builder', phase: 'p1', text: answer }], defaults: { auditor: approve, auditor2: approve } }));
  const provider = `script:${join(folder, 'answers.json')}`;
  const machine = machineOf({ AUTOPACK_HOME: join(folder, 'home'), AUTOPACK_LOG_LEVEL: 'silent', PATH }, { store: 'memory:' });
  const store = await openStore('memory:', NEVER);
  const prepared = await prepareStart(machine, { plan: join(folder, 'plan.json'), runId: 'accept', workspace: root, provider, flags: { base: null, caps: unchanged, dualAudit: true, sandbox: 'required' } });
  await appendRequest(machine, store, prepared);
  const models = { ...(await scriptedModels(join(folder, 'answers.json'))), secrets: [] };
  const reasons: string[] = [];
  await execute({
    run: 'accept', machine, store, standing: await standingOf(machine, store, 'accept'), snapshotEvery: 1000, workspace: root, models, prompts: await readPrompts(), wait: false, stop: NEVER, resume: unchanged,
    onRecord: ({ facts }) => void reasons.push(...facts.flatMap(({ type, data }) => ('reason' in data ? [`${type} ${String(data['reason'])}`] : []))),
  });
  await store.close();
  return reasons.slice(-6).join('; ');
}
