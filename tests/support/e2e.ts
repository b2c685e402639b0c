// What the end-to-end tests share: the product's own bin in a process of its own, a tiny repository of a user with its
// plan and answers, and a look at everything that a command may have left behind. Returns data, never expects.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fingerprint, repositoryAt, temporary, type UserRepo } from './user-repository.ts';

export const BIN = fileURLToPath(new URL('../../bin/autopack.js', import.meta.url));
/** A virtual clock: no wait of a run is waited for. */
export const CLOCK = '2026-01-02T03:04:05Z';

export interface Finished {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly done: Promise<Finished>;
  /** What it has said so far. */
  out(): string;
  err(): string;
}

export interface Options {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly node?: readonly string[];
}

/** A folder of its own for one test: state folder, repository, plan and answers beside it. */
export interface Place {
  readonly folder: string;
  readonly home: string;
  readonly repo: UserRepo;
  readonly plan: string;
  readonly answers: string;
  /** Also the run's id in the plan. */
  readonly run: string;
}

/** What the tests do is told by `mode.txt`, which the builder may write; without that file they pass. */
const TESTS = `case "$(cat mode.txt 2>/dev/null)" in
  hang) sleep 300 ;;
  deaf) trap '' TERM; sleep 300 & wait; sleep 300 ;;
  flood) head -c 100000000 /dev/zero | tr '\\0' x; exit 1 ;;
  children) sleep 300 & setsid sleep 300 & ;;
  empty) echo 'no tests ran in 0.01s'; exit 5 ;;
  once) [ -e "$ONCE" ] || { touch "$ONCE"; sleep 300; } ;;
  fail) echo 'not ok 1 - it is wrong'; exit 1 ;;
esac
`;

let places = 0;

/** A place with a repository of one commit; `files` are added to it. */
export function makePlace(files: Readonly<Record<string, string>> = {}): Place {
  places += 1;
  const folder = temporary('autopack-e2e-');
  const repo = repositoryAt(join(folder, 'repo'));
  mkdirSync(repo.root);
  repo.git('init', '-q', '-b', 'main');
  repo.commit({ 'a.txt': 'one\n', 'test.sh': TESTS, '.gitignore': 'ignored/\n', ...files });
  const place = { folder, home: join(folder, 'home'), repo, plan: join(folder, 'plan.yaml'), answers: join(folder, 'answers.yaml'), run: `tiny${places}` };
  writePlan(place);
  writeAnswers(place, [builds('ok')]);
  return place;
}

export const removePlace = ({ folder }: Place): void => rmSync(folder, { recursive: true, force: true });

const CI = { command: ['sh', 'test.sh'], timeout_seconds: 30 };

/** The test command of a run that is caught alive: in mode `once` it makes this file and hangs the first time only. */
export const onceFile = ({ folder }: Place): string => join(folder, 'once');
export const onceCi = (place: Place): Record<string, unknown> => ({ ci: { ...CI, env: { ONCE: onceFile(place) } } });

/** JSON is YAML. Without phases: one that may write `mode.txt` and `b.txt`. */
export function writePlan(place: Place, plan: Readonly<Record<string, unknown>> = {}): void {
  writeFileSync(place.plan, JSON.stringify({ run_id: place.run, ci: CI, phases: [phase('p1')], ...plan }, null, 1));
}

export const phase = (id: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
  ({ phase_id: id, scope: { paths: ['mode.txt', 'b.txt'] }, acceptance_criteria: ['mode.txt says ok'], ...more });

/** The canonical form, where a phase may say more: `p1`, then one for each of `others`. */
export function writeLongPlan(place: Place, first: Readonly<Record<string, unknown>>, others: readonly Readonly<Record<string, unknown>>[] = []): void {
  const phases = [first, ...others].map((more, i) => ({ ...phase(`p${i + 1}`), phase_index: i, tier_id: 'T0', name: `p${i + 1}`, ...more }));
  writeFileSync(place.plan, JSON.stringify({ run: { run_id: place.run }, ci: CI, tiers: [{ tier_id: 'T0', tier_index: 0, name: 'T0' }], phases }, null, 1));
}

export type Answer = Readonly<Record<string, unknown>>;

/** A builder that writes `mode.txt`: what the tests then do. */
export const builds = (mode: string, more: Answer = {}): Answer =>
  ({ role: 'builder', phase: 'p1', json: { summary: mode, files: [{ path: 'mode.txt', mode: 'replace', new_content: `${mode}\n` }] }, usage: { input: 10, output: 10 }, ...more });

export function writeAnswers(place: Place, answers: readonly Answer[]): void {
  const approve = { json: { approved: true, issues: [], summary: 'fine' }, usage: { input: 10, output: 10 } };
  writeFileSync(place.answers, JSON.stringify({ version: 1, answers, defaults: { auditor: approve, auditor2: approve } }, null, 1));
}

export const runArgs = ({ plan, answers, repo }: Place, ...more: readonly string[]): string[] => ['run', plan, '-C', repo.root, '--provider', `script:${answers}`, ...more];

/** The bin in a process of its own, with a virtual clock unless `env` takes it away. */
export function start(place: Place, args: readonly string[], { env = {}, cwd = place.folder, node = [process.execPath] }: Options = {}): Started {
  const [file = '', ...first] = node;
  const { FORCE_COLOR: _force, NO_COLOR: _none, ...inherited } = process.env;
  const child = spawn(file, [...first, BIN, ...args], { cwd, env: { ...inherited, AUTOPACK_HOME: place.home, AUTOPACK_CLOCK: CLOCK, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  return watched(child);
}

export function watched(child: ChildProcess): Started {
  let [out, err] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text));
  const done = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, out, err }));
  });
  return { child, done, out: () => out, err: () => err };
}

/** For a place where files say who may touch them: root may touch all unless it gives that up. */
export const plainNode: readonly string[] = process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', process.execPath] : [process.execPath];

export const autopack = (place: Place, args: readonly string[], options: Options = {}): Promise<Finished> => start(place, args, options).done;

/** A command line of a shell; `$NODE $BIN` is the product. */
export function shell(place: Place, line: string): Promise<Finished> {
  return watched(spawn('bash', ['-o', 'pipefail', '-c', line], { cwd: place.folder, env: { ...process.env, NODE: process.execPath, BIN, AUTOPACK_HOME: place.home, AUTOPACK_CLOCK: CLOCK }, stdio: ['ignore', 'pipe', 'pipe'] })).done;
}

/** Waits until `holds`; bounded. @throws when it never does. */
export async function until(what: string, holds: () => boolean, ms = 60_000): Promise<number> {
  const started = performance.now();
  while (!holds()) {
    if (performance.now() - started > ms) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await sleep(20);
  }
  return performance.now() - started;
}

// What is left

/** The three things that are ours, and objects: git keeps what a branch reaches. */
const OURS = /^(?:\.autonomous_runs|\.git\/objects|\.git\/refs\/heads\/autopack)(?:\/|$)/;

/** Everything of a user's folder but what is ours, byte for byte. */
export const theirs = (folder: string): string[] => [...fingerprint(folder, (name) => OURS.test(name))].map(([name, state]) => `${name} ${state}`);

/** Processes that were started in, for or by this place: all of them have its folder in their environment. */
export function processesOf({ folder }: Pick<Place, 'folder'>): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).flatMap((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder) ? [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`] : [];
    } catch {
      return []; // gone meanwhile, or another user's
    }
  });
}

function below(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
}

/** What no command may leave, whatever became of it: names of checkouts, side rows, half written files, processes. */
export function leftBehind(place: Place): string[] {
  const half = [...below(place.home), ...below(join(place.repo.root, '.autonomous_runs'))].filter((name) => name.endsWith('.tmp') || name.endsWith('.new'));
  const checkouts = below(join(place.home, 'work')).filter((name) => name.includes('/')); // a run that waits keeps its empty folder
  return [...checkouts, ...below(join(place.home, 'children')), ...half, ...processesOf(place)];
}

/** Whether a place is as it must be after a command about its run, whatever became of the run. */
export async function aftermath(place: Place, before: readonly string[]): Promise<{ readonly left: string[]; readonly touched: string[]; readonly verified: boolean }> {
  const now = theirs(place.repo.root);
  const touched = [...before.filter((line) => !now.includes(line)), ...now.filter((line) => !before.includes(line))];
  const left = leftBehind(place);
  return { left, touched, verified: (await autopack(place, ['replay', place.run, '--verify'])).code === 0 };
}

/** Branches that are ours, without their common part. */
export function branchesOf({ repo }: Place): string[] {
  return repo.git('for-each-ref', '--format=%(refname)', 'refs/heads/autopack/').split('\n').filter((name) => name !== '').map((name) => name.slice('refs/heads/autopack/'.length));
}

export interface RunResult {
  readonly type: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly exit: number;
  readonly questions: readonly { readonly id: string }[];
  readonly phases: readonly { readonly phase_id: string; readonly outcome: string | null; readonly attempts: number; readonly reason: string | null }[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string | null };
}

/** The lines of `--json`. @throws when one is not JSON. */
export const linesOf = ({ out }: Finished): RunResult[] => out.trim().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as RunResult);
