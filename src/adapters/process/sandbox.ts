// Sandbox
// =======
// A command inside bubblewrap: a read-only system, an empty home, no network unless it is given, nothing writable but
// what the request names, and a process tree that ends with its first process.

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, basename, join, sep } from 'node:path';
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
    ...(sandbox?.writable ?? []).flatMap((folder) => ['--bind', folder, folder]),
    ...(sandbox?.readOnly ?? []).flatMap(({ from, to }) => ['--ro-bind', from, to]),
    '--chdir', cwd, '--', ...argv,
  ];
}

/** Folders of the search path that would be hidden, with what lies beside them: a Node below a home needs its libraries. */
function toolFolders(searchPath: string, hidden: readonly string[], stateFolder: string): string[] {
  const folders = searchPath.split(':').filter((folder) => folder.startsWith('/') && hidden.some((root) => isBelow(folder, root)) && isFolder(folder));
  return [...new Set(folders.map((folder) => {
    const beside = dirname(folder);
    // `~/bin` and `~/.local/bin` stand beside everything that is to be hidden.
    const isPrefix = /^\.?bin$/.test(basename(folder)) && !isBelow(stateFolder, beside) && basename(beside) !== '.local' && !hidden.includes(beside) && !hidden.includes(dirname(beside));
    return isPrefix ? beside : folder;
  }))];
}
