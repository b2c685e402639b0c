// A repository in which everything is in use, and what may have changed in it. Returns data, never expects.

import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Place } from './e2e.ts';
import { fingerprint } from './user-repository.ts';

const HOOKS = [
  'applypatch-msg', 'pre-applypatch', 'post-applypatch', 'pre-commit', 'pre-merge-commit', 'prepare-commit-msg', 'commit-msg', 'post-commit', 'pre-rebase', 'post-checkout',
  'post-merge', 'pre-push', 'pre-receive', 'update', 'proc-receive', 'post-receive', 'post-update', 'reference-transaction', 'push-to-checkout', 'pre-auto-gc', 'post-rewrite',
  'sendemail-validate', 'fsmonitor-watchman', 'post-index-change',
];

const markerOf = ({ folder }: Place): string => join(folder, 'marker');
const userHome = ({ folder }: Place): string => join(folder, 'user');

/**
 * Puts into the user's repository and home what a person has there: changes staged and not, a stash, untracked and
 * ignored files, a second working tree, tags, notes; and everything by which git runs a program for somebody: each
 * hook, each filter, a monitor, a pager, an alias. All of those programs leave a marker.
 *
 * @returns the environment of somebody whose home that is.
 */
export function inhabit(place: Place, files: { readonly tracked: string; readonly ignored: string }): Record<string, string> {
  const { repo, folder } = place;
  repo.git('branch', 'topic');
  repo.git('tag', '-a', '-m', 'a tag', 'v1');
  repo.git('notes', 'add', '-m', 'a note');
  repo.git('worktree', 'add', '-q', '-b', 'side', join(folder, 'side'));
  repo.write({ [files.tracked]: 'stashed\n' });
  repo.git('stash', 'push', '-q', '-m', 'for later');
  repo.git('pack-refs', '--all');
  repo.write({ [files.tracked]: 'staged\n', 'staged.txt': 'new\n' });
  repo.git('add', files.tracked, 'staged.txt');
  repo.write({ [files.tracked]: 'staged, then changed\n', 'untracked/notes.txt': 'mine\n', [files.ignored]: 'ignored\n', '.git/info/exclude': `${files.ignored}\n`, '.git/info/attributes': '* filter=spy diff=spy merge=spy\n' });
  const script = leavingMarker(place);
  for (const hook of HOOKS) script(join(repo.root, '.git/hooks', hook));
  const spy = script(join(folder, 'spy'));
  const config = [
    ['core.fsmonitor', spy], ['core.pager', spy], ['core.editor', spy], ['core.sshCommand', spy], ['core.gitProxy', spy], ['diff.external', spy], ['credential.helper', spy],
    ['filter.spy.clean', spy], ['filter.spy.smudge', spy], ['filter.spy.required', 'true'], ['diff.spy.textconv', spy], ['merge.spy.driver', spy], ['gpg.program', spy], ['commit.gpgSign', 'true'],
    ['alias.status', `!${spy}`], ['alias.rev-parse', `!${spy}`], ['uploadpack.packObjectsHook', spy], ['gc.auto', '1'], ['maintenance.auto', 'true'],
  ] as const;
  for (const [key, value] of config) repo.git('config', key, value);
  inhabitHome(place, script);
  return { HOME: userHome(place), XDG_CONFIG_HOME: join(userHome(place), '.config') };
}

function inhabitHome(place: Place, script: (path: string) => string): void {
  const home = userHome(place);
  mkdirSync(join(home, '.config/git'), { recursive: true });
  for (const hook of HOOKS) script(join(home, 'hooks', hook));
  script(join(home, 'template/hooks/post-checkout'));
  writeFileSync(join(home, '.gitconfig'), `[core]\n\thooksPath = ${home}/hooks\n\tfsmonitor = ${place.folder}/spy\n[init]\n\ttemplateDir = ${home}/template\n[user]\n\tname = u\n`);
}

function leavingMarker(place: Place): (path: string) => string {
  return (path) => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho "$0 $*" >> ${markerOf(place)}\ncat\n`);
    chmodSync(path, 0o755);
    return path;
  };
}

export interface Photo {
  /** Everything of the place but our state folder and the three things that are ours, byte for byte. */
  readonly files: ReadonlyMap<string, string>;
  readonly objects: ReadonlyMap<string, string>;
  readonly ids: ReadonlySet<string>;
}

export function photograph(place: Place): Photo {
  const { repo, folder, home } = place;
  const at = relative(folder, repo.root);
  const ours = [relative(folder, home), `${at}/.autonomous_runs`, `${at}/.git/objects`, `${at}/.git/refs/heads/autopack`];
  const files = fingerprint(folder, (name) => ours.some((own) => name === own || name.startsWith(`${own}/`)));
  const ids = new Set(repo.git('cat-file', '--batch-all-objects', '--batch-check=%(objectname)').split('\n'));
  return { files, objects: fingerprint(join(repo.root, '.git/objects')), ids };
}

export interface Untouched {
  readonly differences: readonly string[];
  readonly files: number;
  readonly newObjects: number;
}

/** What differs but for the three things that are ours; new objects must be those of the run's branch. */
export function compare(place: Place, before: Photo, after: Photo): Untouched {
  const names = new Set([...before.files.keys(), ...after.files.keys()]);
  const changed = [...names].filter((name) => before.files.get(name) !== after.files.get(name)).map((name) => `${name}: ${before.files.get(name) ?? 'absent'} → ${after.files.get(name) ?? 'gone'}`);
  const lost = [...before.objects].filter(([name, state]) => state !== 'folder' && after.objects.get(name) !== state).map(([name]) => `.git/objects/${name} is not what it was`);
  const fresh = [...after.ids].filter((id) => !before.ids.has(id));
  const reached = new Set(place.repo.git('rev-list', '--objects', '--no-object-names', `autopack/run-${place.run}`).split('\n'));
  const stray = fresh.filter((id) => !reached.has(id)).map((id) => `object ${id} belongs to no branch of ours`);
  const refs = place.repo.git('for-each-ref', '--format=%(refname)', 'refs/heads/autopack/').split('\n').filter((ref) => ref !== `refs/heads/autopack/run-${place.run}`).map((ref) => `${ref} is left`);
  const ran = existsSync(markerOf(place)) ? ['a program of the user was run'] : [];
  return { differences: [...changed, ...lost, ...stray, ...refs, ...ran], files: before.files.size, newObjects: fresh.length };
}
