// What cannot be begun: the command, its exit code, what it says, and that it leaves nothing at all.
// Every case is run with --json: stderr speaks to people, stdout holds the one error document.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { autopack, branchesOf, leftBehind, linesOf, makePlace, phase, removePlace, runArgs, shell, start, theirs, writeAnswers, writePlan, BIN, type Options, type Place } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 120_000 }); // several processes each, on a machine that may be busy

interface Case {
  readonly title: string;
  readonly args?: (place: Place) => readonly string[];
  readonly prepare?: (place: Place) => void;
  readonly options?: (place: Place) => Options;
  readonly exit: number;
  readonly code: string;
  /** What stderr holds. */
  readonly says: readonly string[];
}

const plan = (more: Readonly<Record<string, unknown>>) => (place: Place) => writePlan(place, more);
const provider = (name: string) => (place: Place) => ['run', place.plan, '-C', place.repo.root, '--provider', name];

const PLANS: readonly Case[] = [
  { title: 'no plan', args: ({ answers }) => ['run', '--provider', `script:${answers}`], exit: 2, code: 'usage.invalid', says: ['no plan is given', 'autopack run plan.yaml'] },
  { title: 'a plan that is not there', prepare: ({ plan: file }) => renameSync(file, `${file}.away`), exit: 2, code: 'plan.invalid', says: ['plan.yaml does not exist', 'init --example'] },
  { title: 'a folder for a plan', args: ({ folder, answers, repo }) => ['run', folder, '-C', repo.root, '--provider', `script:${answers}`], exit: 2, code: 'plan.invalid', says: ['is a folder'] },
  { title: 'an empty plan', prepare: ({ plan: file }) => writeFileSync(file, ''), exit: 2, code: 'plan.invalid', says: ['plan.yaml:1:1: it is empty', 'phases'] },
  { title: 'a plan of nothing', prepare: ({ plan: file }) => writeFileSync(file, '{}'), exit: 2, code: 'plan.invalid', says: ['plan.yaml:1:1: phases: it is missing'] },
  { title: 'a plan in another encoding', prepare: ({ plan: file }) => writeFileSync(file, Buffer.from('\uFEFFphases:\n- {phase_id: p1}\n', 'utf16le')), exit: 2, code: 'plan.invalid', says: ['plan.yaml is not UTF-8 text', 'save it as UTF-8'] },
  { title: 'a plan without phases', prepare: plan({ phases: [] }), exit: 2, code: 'plan.invalid', says: ['phases: a plan needs at least one phase'] },
  { title: 'text that is no YAML', prepare: ({ plan: file }) => writeFileSync(file, 'phases: [a\n  b: {'), exit: 2, code: 'plan.invalid', says: ['plan.yaml:2:'] },
  { title: 'a cyclic plan', prepare: plan({ phases: [phase('p1', { dependencies: ['p2'] }), phase('p2', { dependencies: ['p1'] })] }), exit: 2, code: 'plan.invalid', says: ['phases[0].dependencies: the dependencies run in a circle: p1 → p2 → p1', 'remove one of them'] },
  { title: 'unknown keys, all at once', prepare: plan({ colour: 'red', phases: [phase('p1', { dependecies: [], scope: { path: ['x'] } })] }), exit: 2, code: 'plan.invalid', says: ['3 problems', 'colour: unknown key', 'did you mean dependencies?', 'did you mean paths?'] },
  { title: 'wrong types, all at once', prepare: plan({ phases: [phase('p1', { dependencies: 'p0' }), { ...phase('p2'), phase_id: 5 }], ci: { command: 7 } }), exit: 2, code: 'plan.invalid', says: ['phases[0].dependencies', 'phases[1].phase_id: an id is text', 'ci.command'] },
  {
    title: 'a dependency on a later tier', exit: 2, code: 'plan.invalid', says: ['phases[0].dependencies[0]: p2 is in the later tier late', 'move one of them'],
    prepare: plan({
      run_id: undefined, run: { run_id: 'tiers' }, tiers: [{ tier_id: 'early', tier_index: 0, name: 'e' }, { tier_id: 'late', tier_index: 1, name: 'l' }],
      phases: [{ ...phase('p1', { dependencies: ['p2'] }), tier_id: 'early', phase_index: 0, name: 'one' }, { ...phase('p2'), tier_id: 'late', phase_index: 0, name: 'two' }],
    }),
  },
  { title: 'a shell line for a command', prepare: plan({ ci: { command: 'make test && echo fine' } }), exit: 2, code: 'plan.invalid', says: ['ci.command', 'no shell runs the command', 'give argv'] },
  { title: 'two plans', args: (place) => runArgs(place, '--plan', 'other.yaml'), exit: 2, code: 'usage.invalid', says: ['two plans are given', 'other.yaml'] },
  { title: 'two arguments', args: (place) => runArgs(place, 'other.yaml'), exit: 2, code: 'usage.invalid', says: ['too many arguments'] },
  { title: 'an unknown option', args: (place) => runArgs(place, '--max-iteration', '3'), exit: 2, code: 'usage.invalid', says: ["unknown option '--max-iteration'", 'Did you mean --max-iterations?'] },
  { title: 'an option that wants a number', args: (place) => runArgs(place, '--token-cap', 'many'), exit: 2, code: 'usage.invalid', says: ['--token-cap', 'a whole number'] },
  { title: 'a recording in a folder that is not there', args: (place) => runArgs(place, '--record', 'nowhere/answers.yaml'), exit: 2, code: 'usage.invalid', says: ['the answers cannot be written to nowhere/answers.yaml', 'give --record a file'] },
  { title: 'a run id that is none', args: (place) => runArgs(place, '--run-id', 'a/b'), exit: 2, code: 'usage.invalid', says: ['--run-id a/b is not a run id', 'a letter'] },
  { title: 'an unknown command', args: () => ['rum'], exit: 2, code: 'usage.invalid', says: ["unknown command 'rum'", 'Did you mean run?'] },
];

const PROVIDERS: readonly Case[] = [
  { title: 'no provider', args: ({ plan: file, repo }) => ['run', file, '-C', repo.root], exit: 2, code: 'usage.invalid', says: ['no provider is given', '--provider script:FILE'] },
  { title: 'an unknown provider', args: provider('oracle'), exit: 2, code: 'provider.invalid', says: ['the provider oracle is not known', 'script:FILE'] },
  { title: 'an answers file that is not there', args: provider('script:nowhere.yaml'), exit: 2, code: 'provider.invalid', says: ['nowhere.yaml cannot be read'] },
  { title: 'answers that are no YAML', prepare: ({ answers }) => writeFileSync(answers, 'version: 1\nanswers: [}\n'), exit: 2, code: 'provider.invalid', says: ['answers.yaml:2:'] },
  { title: 'answers in another encoding', prepare: ({ answers }) => writeFileSync(answers, Buffer.from('version: 1\nanswers: [] # f\u00fcr\n', 'latin1')), exit: 2, code: 'provider.invalid', says: ['answers.yaml is not UTF-8 text', 'save it as UTF-8'] },
  { title: 'an empty answers file', prepare: ({ answers }) => writeFileSync(answers, ''), exit: 2, code: 'provider.invalid', says: ['answers.yaml:1:1: it is empty', 'docs/answers.md'] },
  {
    title: 'malformed answers, all at once', exit: 2, code: 'provider.invalid', says: ['answers[0].rol: unknown key', 'did you mean role?', 'answers[1]: one of file, text, json, error is needed, text and json are', 'answers.yaml:'],
    prepare: ({ answers }) => writeFileSync(answers, 'version: 1\nanswers:\n  - {rol: builder, phase: p1, text: a}\n  - {role: builder, phase: p1, text: a, json: {}}\n'),
  },
  { title: 'an answer in a file that is not there', prepare: (place) => writeAnswers(place, [{ role: 'builder', phase: 'p1', file: 'gone.patch' }]), exit: 2, code: 'provider.invalid', says: ['gone.patch cannot be read'] },
  { title: 'an answer outside the folder', prepare: (place) => writeAnswers(place, [{ role: 'builder', phase: 'p1', file: '../../etc/passwd' }]), exit: 2, code: 'provider.invalid', says: ['../../etc/passwd'] },
];

const at = (folder: (place: Place) => string) => (place: Place) => ['run', place.plan, '-C', folder(place), '--provider', `script:${place.answers}`];
const beside = (name: string, ...init: readonly string[]) => ({ folder }: Place) => {
  mkdirSync(join(folder, name));
  if (init.length > 0) execFileSync('git', ['init', '-q', ...init], { cwd: join(folder, name) });
};

const REPOSITORIES: readonly Case[] = [
  { title: 'a folder outside git', prepare: beside('plain'), args: at(({ folder }) => join(folder, 'plain')), exit: 9, code: 'workspace.unusable', says: ['not inside a git repository', 'git init'] },
  { title: 'a folder that is not there', args: at(({ folder }) => join(folder, 'nowhere')), exit: 9, code: 'workspace.unusable', says: ['-C'] },
  { title: 'an unborn HEAD', prepare: beside('plain', '-b', 'main'), args: at(({ folder }) => join(folder, 'plain')), exit: 9, code: 'workspace.unusable', says: ['no commit yet', 'git commit'] },
  { title: 'a bare repository', prepare: beside('plain', '--bare'), args: at(({ folder }) => join(folder, 'plain')), exit: 9, code: 'workspace.unusable', says: ['the repository is bare', 'Clone it'] },
  { title: 'the .git folder', args: at(({ repo }) => join(repo.root, '.git')), exit: 9, code: 'workspace.unusable', says: ['inside the .git folder'] },
  { title: 'a branch named autopack', prepare: ({ repo }) => void repo.git('branch', 'autopack'), exit: 9, code: 'workspace.unusable', says: ['a branch is named `autopack`', 'git branch -m autopack'] },
  { title: 'an unknown --base', args: (place) => runArgs(place, '--base', 'nowhere'), exit: 9, code: 'workspace.unusable', says: ['--base "nowhere" is not a commit here', 'git fetch'] },
  { title: 'an option for a --base', args: (place) => runArgs(place, '--base=--all'), exit: 9, code: 'workspace.unusable', says: ['--base "--all" is not a commit here'] },
  { title: 'a tree for a --base', args: (place) => runArgs(place, '--base', 'HEAD^{tree}'), exit: 9, code: 'workspace.unusable', says: ['is not a commit here'] },
];

function newerStore({ home }: Place): void {
  mkdirSync(home, { recursive: true });
  const db = new DatabaseSync(join(home, 'store.db'));
  db.exec(`pragma application_id = ${0x61757470}; pragma user_version = 99; create table event (position integer)`);
  db.close();
}

const STORES: readonly Case[] = [
  { title: 'a folder for a store', prepare: ({ home }) => mkdirSync(join(home, 'store.db'), { recursive: true }), exit: 7, code: 'store.unavailable', says: ['store.db', '--store'] },
  { title: 'a text file for a store', options: ({ folder }) => ({ env: { AUTOPACK_STORE: `sqlite:${join(folder, 'notes.txt')}` } }), prepare: ({ folder }) => writeFileSync(join(folder, 'notes.txt'), 'milk, bread\n'.repeat(100)), exit: 7, code: 'store.damaged', says: ['notes.txt is not a database', '--store'] },
  { title: 'a store of a newer autopack', prepare: newerStore, exit: 7, code: 'store.newer_schema', says: ['has schema version 99', 'the newer autopack'] },
  { title: 'a store of no known kind', args: (place) => runArgs(place, '--store', 'tape:1'), exit: 2, code: 'usage.invalid', says: ['the store tape:1 is not known', 'sqlite:PATH'] },
  { title: 'a clock that is none', options: () => ({ env: { AUTOPACK_CLOCK: 'noon' } }), exit: 2, code: 'usage.invalid', says: ['AUTOPACK_CLOCK=noon is not a time', 'ISO 8601'] },
  { title: 'an unknown run', args: () => ['resume', 'nobody'], exit: 2, code: 'run.unknown', says: ['there is no run nobody', 'autopack status'] },
  { title: 'an unknown run to cancel', args: () => ['cancel', 'nobody'], exit: 2, code: 'run.unknown', says: ['there is no run nobody'] },
  { title: 'an unknown run to show', args: () => ['status', 'nobody'], exit: 2, code: 'run.unknown', says: ['there is no run nobody'] },
  { title: 'an unknown run to tell of', args: () => ['show', 'nobody'], exit: 2, code: 'run.unknown', says: ['there is no run nobody'] },
  { title: 'an unknown run to list', args: () => ['log', 'nobody'], exit: 2, code: 'run.unknown', says: ['there is no run nobody'] },
  { title: 'an unknown run to replay', args: () => ['replay', 'nobody', '--verify'], exit: 2, code: 'run.unknown', says: ['there is no run nobody'] },
  { title: 'an unknown question', args: () => ['approve', 'nobody/p1/1'], exit: 2, code: 'question.unknown', says: ['there is no question nobody/p1/1', 'autopack status'] },
  { title: 'a question that is none', args: () => ['reject', 'yes'], exit: 2, code: 'question.unknown', says: ['there is no question yes'] },
];

const ALL = [...PLANS, ...PROVIDERS, ...REPOSITORIES, ...STORES];

test.concurrent.each(ALL.map((item) => [item.title, item] as const))('%s is refused with its code and its way out, and leaves nothing', async (_title, { args = runArgs, prepare, options, exit, code, says }) => {
  const place = makePlace();
  prepare?.(place);
  const before = theirs(place.folder);
  const finished = await autopack(place, [...args(place), '--json'], options?.(place));
  expect(finished.code, finished.err).toBe(exit);
  for (const fragment of says) expect(finished.err).toContain(fragment);
  expect(finished.err, 'a stack is for us, not for people').not.toMatch(/^\s+at /m);
  const lines = linesOf(finished);
  expect(lines).toEqual([{ error: { code, message: expect.any(String), hint: lines[0]?.error?.hint ?? null } }]);
  expect(lines[0]?.error?.message.length).toBeGreaterThan(0);
  expect(theirs(place.folder).filter((line) => !line.startsWith('home'))).toEqual(before.filter((line) => !line.startsWith('home')));
  expect(existsSync(join(place.repo.root, '.autonomous_runs')), 'no files for people without a run').toBe(false);
  expect(branchesOf(place)).toEqual([]);
  expect(leftBehind(place)).toEqual([]);
  removePlace(place);
});

test.concurrent('a partial clone is refused with the line that completes it, and that line does', async () => {
  const place = makePlace();
  const source = place.repo.root;
  place.repo.git('config', 'uploadpack.allowFilter', 'true');
  const clone = join(place.folder, 'clone');
  execFileSync('git', ['clone', '-q', '--filter=blob:none', '--no-checkout', `file://${source}`, clone], { stdio: 'ignore' });
  const args = ['run', place.plan, '-C', clone, '--provider', `script:${place.answers}`, '--json'];
  const before = theirs(clone);
  const refused = await autopack(place, args);
  expect(refused.code).toBe(9);
  const [line] = linesOf(refused);
  expect(line?.error).toMatchObject({ code: 'workspace.unusable', message: expect.stringContaining('partial clone') });
  expect(theirs(clone)).toEqual(before);
  const completes = /Complete it: (.*)$/.exec(line?.error?.hint ?? '')?.[1] ?? 'false';
  const completed = spawnSync('sh', ['-c', completes], { cwd: clone, encoding: 'utf8' });
  expect(completed.status, completed.stderr).toBe(0);
  const finished = await autopack(place, args);
  expect(finished.code, finished.err).toBe(0);
  expect(leftBehind(place)).toEqual([]);
  removePlace(place);
});

/** The least Node on PATH that is too old; null where there is none. */
function oldNode(): string | null {
  const folders = (process.env['PATH'] ?? '').split(':');
  const nodes = [...new Set(folders.map((folder) => join(folder, 'node')))].filter((file) => existsSync(file));
  return nodes.find((file) => Number(/^v(\d+)/.exec(spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout)?.[1] ?? 24) < 24) ?? null;
}

test.concurrent('a Node that is too old says so in two lines and exits 2', async () => {
  const place = makePlace();
  const old = oldNode();
  // Without one on this machine its version is faked: the check itself runs all the same.
  const fake = join(place.folder, 'fake.cjs');
  writeFileSync(fake, "Object.defineProperty(process.versions, 'node', { value: '20.11.1' });\n");
  const refused = await start(place, runArgs(place), { node: old === null ? [process.execPath, '--require', fake] : [old] }).done;
  expect(refused.code).toBe(2);
  expect(refused.out).toBe('');
  expect(refused.err).toMatch(/^error: autopack needs Node 24 or newer, this is Node \d+\.\d+\.\d+\n {2}In a checkout/);
  expect(refused.err.trim().split('\n')).toHaveLength(2);
  expect(existsSync(place.home)).toBe(false);
  removePlace(place);
});

test.concurrent.each(['--version', 'plan check plan.yaml'])('a result of %s that cannot be written is said once, without a stack, and exits 1', async (args) => {
  const place = makePlace();
  const finished = await shell(place, `$NODE $BIN ${args} > /dev/full`);
  expect(finished.code).toBe(1);
  expect(finished.err.split('\n').filter((line) => !line.startsWith('warning'))).toEqual(['error: the result cannot be written (ENOSPC)', '']);
  removePlace(place);
});

test('the check of an old Node is written for old Nodes', () => {
  expect(readFileSync(BIN, 'utf8')).not.toMatch(/from '(?:node:|[^a-z])|\?\?|\?\.|await /m);
});

test.concurrent('without a command the help goes to stderr and the exit is 2; --help and --version are results', async () => {
  const place = makePlace();
  const [bare, help, version] = await Promise.all([autopack(place, []), autopack(place, ['--help']), autopack(place, ['--version'])]);
  expect([bare.code, bare.out]).toEqual([2, '']);
  expect(bare.err).toContain('Usage: autopack');
  expect([help.code, help.err, version.code, version.err]).toEqual([0, '', 0, '']);
  for (const line of ['Usage: autopack', 'Exit codes:', '  10  a command was rejected', 'Examples:']) expect(help.out).toContain(line);
  expect(existsSync(place.home)).toBe(false);
  removePlace(place);
});
