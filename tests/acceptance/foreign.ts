// The history of a repository of somebody else, read and never written: `npm run accept -- --repo FOLDER`.

import { execFileSync } from 'node:child_process';
import { pathsOf } from './answers.ts';
import type { Change } from './histories.ts';
import type { Entry, Tree } from './trees.ts';

/** What no phase may touch, whoever wrote it: the paths and kinds of DESIGN 7. */
const FORBIDDEN = /(?:^|\/)(?:\.git[^/]*|\.lfsconfig|\.env(?:\..*)?|\.npmrc|\.netrc|autopack\.yaml|id_rsa.*|[^/]+\.(?:pem|key|p12))(?:\/|$)/i;
const isAllowedHidden = (path: string): boolean => /(?:^|\/)(?:\.gitignore|\.gitkeep|\.github\/|\.gitlab)/.test(path);

const cache = new Map<string, Buffer>();

function treeAt(folder: string, commit: string): Tree | null {
  const git = (args: readonly string[], input = ''): Buffer => execFileSync('git', [...args], { cwd: folder, input, maxBuffer: 1 << 30 });
  const rows = git(['ls-tree', '-r', '-z', commit]).toString('utf8').split('\0').filter((row) => row !== '').map((row) => /^(\d{6}) \w+ (\w+)\t([^]*)$/.exec(row) ?? []);
  if (rows.some(([, mode]) => mode === '160000')) return null;
  const missing = [...new Set(rows.map(([, , blob = '']) => blob))].filter((blob) => !cache.has(blob));
  const bytes = git(['cat-file', '--batch'], missing.map((blob) => `${blob}\n`).join(''));
  for (let at = 0, index = 0; index < missing.length; index += 1) {
    const end = bytes.indexOf(10, at);
    const size = Number(bytes.toString('utf8', at, end).split(' ')[2]);
    cache.set(missing[index] ?? '', Buffer.from(bytes.subarray(end + 1, end + 1 + size)));
    at = end + 2 + size;
  }
  return new Map(rows.map(([, mode = '', blob = '', path = '']) => [path, { mode: mode as Entry['mode'], bytes: cache.get(blob) ?? Buffer.alloc(0) }]));
}

/** The newest commits with one parent, oldest first. */
export function foreignHistory(folder: string, count: number): Change[] {
  const log = execFileSync('git', ['log', '--no-merges', `-${count}`, '--format=%H %P'], { cwd: folder, encoding: 'utf8' }).trim().split('\n').toReversed();
  const known = new Map<string, Tree | null>();
  const tree = (commit: string): Tree | null => known.get(commit) ?? known.set(commit, treeAt(folder, commit)).get(commit) ?? null;
  return log.flatMap((line) => {
    const [commit = '', parent] = line.split(' ');
    const [before, after] = [parent === undefined ? null : tree(parent), tree(commit)];
    if (before === null || after === null) return [];
    const paths = pathsOf(before, after);
    if (paths.length === 0) return [];
    const isForbidden = paths.some((path) => (FORBIDDEN.test(path) && !isAllowedHidden(path)) || [before, after].some((of) => of.get(path)?.mode === '120000'));
    return [{ before, after, kind: commit.slice(0, 10), isForbidden }];
  });
}
