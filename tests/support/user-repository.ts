// A user's repository under the temporary folder, made with plain git; returns data, never expects.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ENV = {
  PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C',
  GIT_AUTHOR_NAME: 'u', GIT_AUTHOR_EMAIL: 'u@u', GIT_COMMITTER_NAME: 'u', GIT_COMMITTER_EMAIL: 'u@u',
  GIT_AUTHOR_DATE: '2026-01-02T03:04:05Z', GIT_COMMITTER_DATE: '2026-01-02T03:04:05Z',
};

export const temporary = (name = 'autopack-'): string => realpathSync(mkdtempSync(path.join(tmpdir(), name)));

export interface UserRepo {
  readonly root: string;
  git(...args: string[]): string;
  write(files: Readonly<Record<string, string | Buffer>>): void;
  /** @returns the commit id. */
  commit(files: Readonly<Record<string, string | Buffer>>): string;
}

export function repositoryAt(root: string): UserRepo {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, env: ENV, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trimEnd();
  const write = (files: Readonly<Record<string, string | Buffer>>): void => {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), content);
    }
  };
  const commit = (files: Readonly<Record<string, string | Buffer>>): string => {
    write(files);
    git('add', '-A', '-f', '--', ...Object.keys(files));
    git('commit', '-q', '-m', 'user', '--allow-empty');
    return git('rev-parse', 'HEAD');
  };
  return { root, git, write, commit };
}

export function userRepository(files: Readonly<Record<string, string | Buffer>> = { 'a.txt': 'one\ntwo\nthree\n' }, format = 'sha1'): UserRepo {
  const repo = repositoryAt(temporary('autopack-user-'));
  repo.git('init', '-q', '-b', 'main', `--object-format=${format}`);
  repo.commit(files);
  return repo;
}

/** Everything below a folder: path -> mode and content; what `skip` accepts is left out. */
export function fingerprint(folder: string, skip: (name: string) => boolean = () => false): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (name: string): void => {
    for (const entry of readdirSync(path.join(folder, name)).toSorted()) {
      const below = path.join(name, entry);
      if (skip(below)) continue;
      const full = path.join(folder, below);
      const stat = lstatSync(full);
      if (stat.isDirectory()) walk(below);
      const content = stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? readlinkSync(full) : createHash('sha256').update(readFileSync(full)).digest('hex');
      found.set(below, `${stat.mode.toString(8)} ${content}`);
    }
  };
  walk('');
  return found;
}
