// Sandbox
// =======
// A command inside bubblewrap: a read-only system, an empty home, no network unless it is given, nothing writable but
// what the request names, and a process tree that ends with its first process.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { ProcessRequest } from '#src/ports/processes.ts';

/** Other people's and our own things: homes, sockets of agents and daemons, what lies in temporary folders. */
const HIDDEN = ['/home', '/root', '/tmp', '/var/tmp', '/run', '/mnt', '/media', '/srv'];
const CORE = ['--unshare-all', '--die-with-parent', '--new-session', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'];
const PROBE_MS = 10_000;

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();
const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);

/** Absolute path of a working bubblewrap on this search path, or null: not installed, or not allowed here. */
export function findBubblewrap(searchPath: string): string | null {
  const file = searchPath.split(':').filter((folder) => folder.startsWith('/')).map((folder) => join(folder, 'bwrap')).find((path) => existsSync(path));
  if (file === undefined) return null;
  const { status } = spawnSync(file, [...CORE, 'true'], { env: { PATH: searchPath }, timeout: PROBE_MS, stdio: 'ignore' });
  return status === 0 ? file : null;
}

/**
 * @param stateFolder absolute; ours, hidden like the homes.
 * @returns the command line that runs the request's command inside.
 */
export function sandboxed(bubblewrap: string, stateFolder: string, { argv, cwd, env, sandbox }: ProcessRequest): string[] {
  const hidden = [...HIDDEN.filter(isFolder), stateFolder].filter(isFolder);
  const tools = toolFolders(env['PATH'] ?? '', hidden, stateFolder);
  return [
    bubblewrap, ...CORE, ...(sandbox?.network === true ? ['--share-net'] : []),
    ...hidden.flatMap((folder) => ['--tmpfs', folder]),
    ...tools.flatMap((folder) => ['--ro-bind', folder, folder]),
    ...tools.flatMap(keyFiles).flatMap((file) => ['--ro-bind', '/dev/null', file]),
    ...(sandbox?.writable ?? []).flatMap((folder) => ['--bind', folder, folder]),
    ...(sandbox?.readOnly ?? []).flatMap(({ from, to }) => ['--ro-bind', from, to]),
    '--chdir', cwd, '--', ...argv,
  ];
}

/** Folders of the search path that would be hidden, with what their commands start. */
function toolFolders(searchPath: string, hidden: readonly string[], stateFolder: string): string[] {
  const folders = searchPath.split(':').filter((folder) => folder.startsWith('/') && isFolder(folder));
  return [...new Set(folders.flatMap((folder) => {
    const root = hidden.find((each) => isBelow(folder, each));
    return root === undefined ? [] : [toolFolder(folder, root, stateFolder)];
  }))];
}

/**
 * A Node below a home needs its libraries, a version manager's shims need the manager: both stand beside the commands.
 * What would show a whole home, or our own things, is not shown: `~/bin`, `~/.local/bin`.
 *
 * @param root the hidden folder that holds `folder`.
 */
export function toolFolder(folder: string, root: string, stateFolder: string): string {
  const beside = dirname(folder);
  const depth = relative(root, beside).split(sep).filter((part) => part !== '').length;
  const isTool = /^(?:\.?bin|shims)$/.test(basename(folder)) && depth >= (root === '/root' ? 1 : 2) && basename(beside) !== '.local';
  return isTool && !isBelow(stateFolder, beside) ? beside : folder;
}

/** Managers keep the keys of their registries at their top. */
const keyFiles = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && /credential|token|secret|^auth|^\.(?:netrc|npmrc|pypirc|git-credentials)$/i.test(entry.name)).map(({ name }) => join(folder, name));
