// The user's repository
// =====================
// Finds it, refuses what we cannot work in, names what a run will not see. Reads only; the branch is made in publish.ts.

import path from 'node:path';
import { realpath } from 'node:fs/promises';
import { ExecutorError } from '#src/errors/errors.ts';
import type { ObjectFormat } from '#src/ports/workspace.ts';
import { type GitCall, git, gitLine, resolveRevision, runGit } from './git.ts';

export interface UserRepository {
  /** Absolute root of the working tree that `-C` lies in. */
  readonly root: string;
  /** Absolute; of this working tree. */
  readonly gitDir: string;
  /** Absolute, real; of all working trees of the repository. */
  readonly commonDir: string;
  /** Of `-C` below the root, with `/` at its end; `` for the root. */
  readonly subfolder: string;
  readonly objectFormat: ObjectFormat;
  readonly shallow: boolean;
  /** How to ask this repository: explicit folders, its filters disarmed. */
  readonly call: GitCall;
}

export const unusable = (why: string, hint: string): ExecutorError => new ExecutorError('workspace.unusable', why, { hint });

/** @throws ExecutorError `workspace.unusable` */
export async function findRepository(relative: string): Promise<UserRepository> {
  const folder = path.resolve(relative);
  await refuseForeign(folder);
  const asked = ['--show-toplevel', '--absolute-git-dir', '--git-common-dir', '--show-prefix', '--show-object-format', '--is-shallow-repository'];
  const lines = (await gitLine(['-C', folder, 'rev-parse', '--path-format=absolute', ...asked], { cwd: '/', asUser: true })).split('\n');
  const [root, gitDir, common, subfolder, objectFormat, shallow] = lines;
  if (lines.length !== asked.length || root === undefined || gitDir === undefined || common === undefined || subfolder === undefined) {
    throw unusable('the path of the repository contains a line break', 'Rename the folder.');
  }
  if (objectFormat !== 'sha1' && objectFormat !== 'sha256') throw unusable('the object format of the repository is unknown', 'Use a sha1 or sha256 repository.');
  const commonDir = await realpath(common);
  const plain = { cwd: root, gitDir, workTree: root };
  const call = { ...plain, config: await disarmedFilters(plain) };
  return { root, gitDir, commonDir, subfolder, objectFormat, shallow: shallow === 'true', call };
}

/** The user's own git decides whether it trusts the folder (`safe.directory`); what it refuses we refuse. */
async function refuseForeign(folder: string): Promise<void> {
  const { code, stdout, stderr } = await runGit(['-C', folder, 'rev-parse', '--is-bare-repository', '--is-inside-work-tree'], { cwd: '/', asUser: true });
  if (/dubious ownership|unsafe repository/.test(stderr)) {
    throw unusable('the repository belongs to another user', 'If you trust it: git config --global --add safe.directory <its folder>');
  }
  if (code !== 0) throw unusable('-C is not inside a git repository', 'Run `git init` and commit once, or give another folder with -C.');
  const [bare, inside] = stdout.toString('utf8').split('\n');
  if (bare === 'true') throw unusable('the repository is bare', 'Clone it, and give the clone with -C.');
  if (inside !== 'true') throw unusable('-C is inside the .git folder', 'Give a folder of the working tree with -C.');
}

/** `git status` would run clean filters of the repository's own configuration. */
async function disarmedFilters(call: GitCall): Promise<(readonly [string, string])[]> {
  const names = new Set<string>();
  for (const key of await configKeys('^filter\\..*\\.[a-z]+$', call)) names.add(key.slice(0, key.lastIndexOf('.')));
  return [...names].flatMap((name) => [[`${name}.clean`, ''], [`${name}.smudge`, ''], [`${name}.process`, ''], [`${name}.required`, 'false']] as const);
}

async function configKeys(pattern: string, call: GitCall): Promise<string[]> {
  const { stdout } = await runGit(['config', '--null', '--name-only', '--get-regexp', pattern], call);
  return stdout.toString('utf8').split('\0').filter((key) => key !== '');
}

/** @throws ExecutorError `workspace.unusable` for a partial clone or a branch in the way of ours. */
export async function refuseUnsuitable({ call }: UserRepository): Promise<void> {
  const keys = new Set(await configKeys('^(extensions\\.partialclone|remote\\..*\\.(promisor|partialclonefilter))$', call));
  if (keys.size > 0) throw unusable('the repository is a partial clone: files of the base may be missing', await completion([...keys], call));
  if ((await resolveRevision('refs/heads/autopack', call)) !== null) {
    throw unusable('a branch is named `autopack`, so autopack/run-… cannot be made', 'Rename it: git branch -m autopack <another name>');
  }
}

async function completion(keys: readonly string[], call: GitCall): Promise<string> {
  const remotes = keys.map((key) => /^remote\.(.*)\.[a-z]+$/.exec(key)?.[1]).filter((name) => name !== undefined);
  const remote = remotes[0] ?? (await gitLine(['config', '--get', 'extensions.partialClone'], call));
  const unset = keys.map((key) => ` && git config --unset-all ${key}`).join('');
  return `Complete it: git fetch --refetch --no-filter ${remote}${unset}`;
}

/** @returns the commit id the run starts from. @throws ExecutorError `workspace.unusable` */
export async function resolveBase({ call }: UserRepository, base: string | null): Promise<string> {
  const commit = base?.startsWith('-') === true ? null : await resolveRevision(`${base ?? 'HEAD'}^{commit}`, call);
  if (commit !== null) return commit;
  if (base === null) throw unusable('the repository has no commit yet', 'Commit once: git add -A && git commit');
  throw unusable(`--base ${JSON.stringify(base)} is not a commit here`, 'Give a branch, tag or commit id; `git fetch` may bring it.');
}

/** Names of uncommitted and untracked files, as git tells them; ours left out. */
export async function uncommitted({ call }: UserRepository): Promise<string[]> {
  const args = ['status', '--porcelain=v1', '-z', '--untracked-files=normal', '--ignore-submodules=dirty', '--no-renames', '--no-ahead-behind'];
  const config = [...(call.config ?? []), ['core.excludesFile', await excludesFile(call.cwd)] as const];
  const lines = (await git(args, { ...call, config })).toString('utf8').split('\0');
  return lines.filter((line) => line !== '').map((line) => line.slice(3)).filter((name) => !/^\.autonomous_runs(\/|$)/.test(name));
}

/** The user's own list of what is never worth a word; data, so it is read although their configuration is not. */
async function excludesFile(folder: string): Promise<string> {
  const { code, stdout } = await runGit(['-C', folder, 'config', '--type=path', '--get', 'core.excludesFile'], { cwd: '/', asUser: true });
  if (code === 0) return stdout.toString('utf8').trim();
  const config = process.env['XDG_CONFIG_HOME'] ?? path.join(process.env['HOME'] ?? '/nonexistent', '.config');
  return path.join(config, 'git', 'ignore');
}
