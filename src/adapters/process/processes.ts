// Processes of this machine
// =========================
// The adapter of the Processes port with node:child_process.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessOutcome, ProcessRequest, Processes } from '#src/ports/processes.ts';
import { type ChildTable, childTable } from './children.ts';
import { type OutputRing, outputRing } from './output.ts';
import { findBubblewrap, sandboxed } from './sandbox.ts';
import { bootId, kill, killAll, markOf, processRow, processTable } from './process-table.ts';

/** Between the polite signal and the other one. */
const GRACE_MS = 2_000;
/** For the pipes, once everybody who could write is dead. */
const DRAIN_MS = 500;
/** For the system to let go of a killed process. */
const REAP_MS = 10_000;

/** @param home absolute; the state folder, which exists. @param searchPath where bubblewrap is looked for; empty for none. */
export function nodeProcesses({ home, searchPath }: { readonly home: string; readonly searchPath: string }): Processes {
  const table = childTable(home);
  const ours = markIn(home);
  let found: string | null | undefined;
  const bubblewrap = (): string | null => (found === undefined ? (found = findBubblewrap(searchPath)) : found);
  return {
    sandbox: () => (bubblewrap() === null ? null : 'bubblewrap'),
    run(given, signal) {
      const request = { ...given, mark: ours(given.mark) };
      if (request.sandbox === null) return run(table, request, signal);
      const [file, argv] = [bubblewrap(), findCommand(request)];
      if (file === null || argv === null) return Promise.resolve(notStarted(Object.assign(new Error('not found'), { code: file === null ? 'no sandbox' : 'ENOENT' })));
      return run(table, { ...request, argv: sandboxed(file, home, { ...request, argv }) }, signal);
    },
    endLeftovers: (prefix) => endLeftovers(table, ours(prefix)),
  };
}

/** Runs of other state folders may have the same names, and their commands are none of our business. */
export function markIn(home: string): (mark: string) => string {
  const owner = createHash('sha256').update(realpathSync(home)).digest('hex').slice(0, 12);
  return (mark) => `${owner}:${mark}`;
}

async function run(table: ChildTable, request: ProcessRequest, signal: AbortSignal): Promise<ProcessOutcome> {
  if (signal.aborted) return { ended: 'aborted', exitCode: null, signal: null, output: '', outputBytes: 0 };
  const row = { mark: request.mark, pid: null, start: null, boot: bootId() };
  const key = table.add(row);
  try {
    const child = start(request);
    if (child instanceof Error) return notStarted(child);
    const { pid } = child;
    if (pid === undefined) return notStarted(await failure(child));
    child.on('error', () => {}); // a signal that could not be sent; the table of processes tells the rest
    return await outcomeOf(child, pid, { request, signal, started: () => table.set(key, { ...row, pid, start: processRow(pid)?.start ?? null }) });
  } finally {
    table.remove(key);
  }
}

/** Inside a sandbox the system's own "not found" would look like an exit of the command. @returns its words, or null. */
function findCommand({ argv, cwd, env }: ProcessRequest): readonly string[] | null {
  const [file = ''] = argv;
  const places = file.includes('/') ? [resolve(cwd, file)] : (env['PATH'] ?? '').split(':').map((folder) => join(folder, file));
  return file !== '' && !argv.some((word) => word.includes('\0')) && places.some(isExecutable) ? argv : null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const failure = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('error', resolve));

/** Node throws for what it can see (NUL in an argument), and tells the rest by an event. */
function start({ argv, cwd, env, mark }: ProcessRequest): ChildProcess | Error {
  const [file = '', ...args] = argv;
  try {
    return spawn(file, args, { cwd, env: { ...env, AUTOPACK_EFFECT: mark }, detached: true, shell: false, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    return error as Error;
  }
}

function notStarted(error: unknown): ProcessOutcome {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return { ended: 'spawn_failed', exitCode: null, signal: null, output: `the command could not be started: ${code}`, outputBytes: 0 };
}

interface Running {
  readonly request: ProcessRequest;
  readonly signal: AbortSignal;
  /** Writes down who was started. */
  started(): void;
}

/** @param group the child's number, which is that of its group. */
async function outcomeOf(child: ChildProcess, group: number, { request: { mark, timeoutMs }, signal, started }: Running): Promise<ProcessOutcome> {
  const output = collect(child);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exited = new Promise<Pick<ProcessOutcome, 'exitCode' | 'signal'>>((resolve) => {
    child.once('exit', (exitCode, by) => resolve({ exitCode, signal: by }));
  });
  let cut: 'timed_out' | 'aborted' | null = null;
  try {
    started();
    cut = await interruption(exited, timeoutMs, signal);
    if (cut !== null) await endLeader(group, exited);
  } finally {
    await endTree(group, mark);
  }
  const end = await within(exited, REAP_MS, { exitCode: null, signal: 'SIGKILL' });
  await within(closed, DRAIN_MS, undefined);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return { ended: cut ?? 'exited', ...end, output: output.text(), outputBytes: output.bytes() };
}

function collect(child: ChildProcess): OutputRing {
  const output = outputRing();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => output.push(chunk));
    stream?.on('error', () => {});
  }
  return output;
}

/** Why we end it, or null when it ended by itself. */
async function interruption(exited: Promise<unknown>, timeoutMs: number, signal: AbortSignal): Promise<'timed_out' | 'aborted' | null> {
  const over = new AbortController();
  const late = sleep(timeoutMs, 'timed_out' as const, { signal: over.signal }).catch(() => null);
  const aborted = new Promise<'aborted'>((resolve) => {
    signal.addEventListener('abort', () => resolve('aborted'), { signal: over.signal });
    if (signal.aborted) resolve('aborted');
  });
  try {
    return await Promise.race([exited.then(() => null), late, aborted]);
  } finally {
    over.abort();
  }
}

async function endLeader(group: number, exited: Promise<unknown>): Promise<void> {
  kill(-group, 'SIGTERM');
  await within(exited, GRACE_MS, undefined);
}

/** Everything in the group, and everything that left it but carries the mark. */
async function endTree(group: number, mark: string): Promise<void> {
  kill(-group, 'SIGKILL');
  await killAll(() => processTable().filter((row) => row.group === group || markOf(row.pid) === mark).map(({ pid }) => pid));
}

async function within<T>(promise: Promise<T>, ms: number, otherwise: T): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([promise, sleep(ms, otherwise, { signal: over.signal }).catch(() => otherwise)]);
  } finally {
    over.abort();
  }
}

async function endLeftovers(table: ChildTable, prefix: string): Promise<number> {
  const rows = table.rows(prefix);
  const groups = new Set(rows.flatMap(({ pid, start, boot }) => (pid !== null && boot === bootId() && isSame(pid, start) ? [pid] : [])));
  const ended = await killAll(() =>
    processTable().filter((row) => groups.has(row.group) || markOf(row.pid)?.startsWith(prefix) === true).map(({ pid }) => pid));
  table.removeAll(prefix);
  return ended;
}

/** The number may belong to somebody else by now. */
const isSame = (pid: number, start: number | null): boolean => start !== null && processRow(pid)?.start === start;
