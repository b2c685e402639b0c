// Running git
// ===========
// One place that starts git: argv only, an environment by an allow-list, and configuration that keeps foreign code out.
// Source: DESIGN 7 "Git's manners".

import { spawn } from 'node:child_process';
import { ExecutorError } from '#src/errors/errors.ts';

export interface GitCall {
  readonly cwd: string;
  /** Absolute; without it git looks for a repository upwards from `cwd`. */
  readonly gitDir?: string;
  readonly workTree?: string;
  readonly indexFile?: string;
  readonly input?: string | Uint8Array;
  /** Wins over every file of configuration. */
  readonly config?: readonly (readonly [key: string, value: string])[];
  /** Reads the user's own global and system configuration too; for questions about it alone. */
  readonly asUser?: boolean;
}

export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const TIMEOUT_MS = 600_000;

/** What would run foreign code, write behind our back or make output depend on the machine. */
const QUIET = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['core.excludesFile', '/dev/null'],
  ['core.alternateRefsCommand', 'true'],
  ['core.logAllRefUpdates', 'false'],
  ['core.quotePath', 'false'],
  ['core.pager', 'cat'],
  ['color.ui', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['submodule.recurse', 'false'],
] as const;

const FIXED = {
  LC_ALL: 'C',
  TZ: 'UTC',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '/bin/false',
  GIT_EDITOR: ':',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_ALLOW_PROTOCOL: 'file',
} as const;

const WITHOUT_USER = {
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
} as const;

/** The names that git itself needs to find the user's configuration and to judge ownership. */
const AS_USER = ['HOME', 'XDG_CONFIG_HOME', 'SUDO_UID'] as const;

function environment(call: GitCall): Record<string, string> {
  const config = [...QUIET, ...(call.config ?? [])];
  const env: Record<string, string> = { ...FIXED, PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
  if (call.asUser === true) {
    for (const name of AS_USER) {
      const value = process.env[name];
      if (value !== undefined) env[name] = value;
    }
    return env;
  }
  Object.assign(env, WITHOUT_USER, { GIT_CONFIG_COUNT: String(config.length) });
  for (const [at, [key, value]] of config.entries()) {
    env[`GIT_CONFIG_KEY_${at}`] = key;
    env[`GIT_CONFIG_VALUE_${at}`] = value;
  }
  if (call.gitDir !== undefined) env['GIT_DIR'] = call.gitDir;
  if (call.workTree !== undefined) env['GIT_WORK_TREE'] = call.workTree;
  if (call.indexFile !== undefined) env['GIT_INDEX_FILE'] = call.indexFile;
  return env;
}

/** Any exit code is a result. @throws ExecutorError `workspace.unusable` when git cannot be started or does not end. */
export function runGit(args: readonly string[], call: GitCall): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { cwd: call.cwd, env: environment(call), stdio: ['pipe', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => {}); // git may end before it has read everything; its exit code tells
    child.on('error', (cause) => {
      reject(new ExecutorError('workspace.unusable', 'git could not be started', { cause, hint: 'Install git 2.36 or newer and make sure that the folder exists.' }));
    });
    child.on('close', (code, signal) => {
      if (signal !== null) reject(new ExecutorError('workspace.unusable', `git ${args[0]} was ended by ${signal}`, { hint: 'Try again.' }));
      else resolve({ code: code ?? -1, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString('utf8') });
    });
    child.stdin.end(call.input ?? '');
  });
}

/** @throws ExecutorError `workspace.unusable` when git says no. */
export async function git(args: readonly string[], call: GitCall): Promise<Buffer> {
  const result = await runGit(args, call);
  if (result.code !== 0) throw gitFailed(args, result.stderr);
  return result.stdout;
}

export async function gitLine(args: readonly string[], call: GitCall): Promise<string> {
  return (await git(args, call)).toString('utf8').replace(/\n$/, '');
}

/** The id a revision stands for, or null. */
export async function resolveRevision(revision: string, call: GitCall): Promise<string | null> {
  const { code, stdout } = await runGit(['rev-parse', '--verify', '--quiet', revision], call);
  return code === 0 ? stdout.toString('utf8').trim() : null;
}

function gitFailed(args: readonly string[], stderr: string): ExecutorError {
  // Of a full disk git says little: often not even the system's reason.
  const isUnwritable = /No space left|Out of diskspace|Disk quota|unable to write|couldn't write|write error/.test(stderr);
  const [what, hint] = isUnwritable ? ['could not write', 'Make sure that the state folder can be written and has free space, then resume.'] : ['failed', 'Run `git fsck` in the repository.'];
  return new ExecutorError('workspace.unusable', `git ${args[0]} ${what}`, { cause: new Error(stderr.slice(0, 2000)), hint });
}

/** Parts of a `-z` answer. */
export const zeroSeparated = (bytes: Buffer): string[] => bytes.toString('utf8').split('\0').filter((part) => part !== '');
