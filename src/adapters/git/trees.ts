// Reading trees
// =============
// Files, blobs and the difference of two trees, the same on every machine.

import { ExecutorError } from '#src/errors/errors.ts';
import type { TreeChange, TreeFile } from '#src/ports/workspace.ts';
import type { Ours } from './bare.ts';
import { git, resolveRevision, runGit, zeroSeparated } from './git.ts';

/** What was asked of our repository last. A name stands for one content for ever, so nothing in here grows old. */
interface Known {
  readonly trees: Map<string, Promise<string>>;
  readonly files: Map<string, Promise<readonly TreeFile[]>>;
}

/** Trees of a phase: the base's, the candidate's, and where a branch moved meanwhile. */
const KNOWN_MAX = 4;
const known = new WeakMap<Ours, Known>();

function knownOf(ours: Ours): Known {
  const found = known.get(ours) ?? { trees: new Map(), files: new Map() };
  known.set(ours, found);
  return found;
}

/** The answers that were used last stay; a failure is no answer. */
function once<T>(answers: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const answer = answers.get(key) ?? ask();
  answers.delete(key);
  answers.set(key, answer);
  for (const oldest of [...answers.keys()].slice(0, -KNOWN_MAX)) answers.delete(oldest);
  answer.catch(() => answers.delete(key));
  return answer;
}

export const filesOf = (ours: Ours, tree: string): Promise<readonly TreeFile[]> => once(knownOf(ours).files, tree, () => listTree(ours, tree));

async function listTree(ours: Ours, tree: string): Promise<TreeFile[]> {
  const entries = zeroSeparated(await git(['ls-tree', '-r', '-l', '-z', '--full-tree', tree], ours.call));
  return entries.map((entry) => {
    const tab = entry.indexOf('\t');
    const [mode = '', , blob = '', ...rest] = entry.slice(0, tab).split(' ');
    const size = rest.at(-1) ?? '-'; // padded
    return { path: entry.slice(tab + 1), mode, blob, size: size === '-' ? 0 : Number(size) };
  });
}

/** In the order asked. */
export async function readBlobs(ours: Ours, blobs: readonly string[]): Promise<Buffer[]> {
  if (blobs.length === 0) return [];
  const bytes = await git(['cat-file', '--batch'], { ...ours.call, input: `${blobs.join('\n')}\n` });
  const contents: Buffer[] = [];
  let at = 0;
  for (const blob of blobs) {
    const end = bytes.indexOf(10, at);
    const [, type, size] = bytes.toString('utf8', at, end).split(' ');
    if (type !== 'blob') throw new ExecutorError('workspace.unusable', `the object ${blob} is not in the repository`, { hint: 'Run `git fsck` in the repository.' });
    contents.push(bytes.subarray(end + 1, end + 1 + Number(size)));
    at = end + 2 + Number(size);
  }
  return contents;
}

export const treeOf = (ours: Ours, commit: string): Promise<string> => once(knownOf(ours).trees, commit, () => askTree(ours, commit));

async function askTree(ours: Ours, commit: string): Promise<string> {
  const tree = await resolveRevision(`${commit}^{tree}`, ours.call);
  if (tree === null) throw new ExecutorError('workspace.unusable', `the commit ${commit} is not in the repository`, { hint: 'Bring it back with `git fetch`, then resume.' });
  return tree;
}

/** Whether a commit and its tree are there. */
export async function hasTree(ours: Ours, commit: string): Promise<boolean> {
  const { code, stdout } = await runGit(['cat-file', '--batch-check=%(objecttype)'], { ...ours.call, input: `${commit}^{tree}\n` });
  return code === 0 && stdout.toString('utf8') === 'tree\n';
}

/** Git reads every object that it lists, so a missing one shows. */
export const isWhole = async (ours: Ours, id: string, base: string): Promise<boolean> => (await runGit(['rev-list', '--objects', '--quiet', id, '--not', base], ours.call)).code === 0;

const PLAIN = ['-r', '--no-renames', '--no-ext-diff', '--no-textconv', '--full-index', '--ignore-submodules=none', '--no-color'];
const TEXT = ['-p', '--text', '-U3', '--diff-algorithm=histogram', '--indent-heuristic', '--inter-hunk-context=0', '--src-prefix=a/', '--dst-prefix=b/', '--submodule=short'];

export async function compareTrees(ours: Ours, from: string, to: string): Promise<{ changes: TreeChange[]; diff: string }> {
  if (from === to) return { changes: [], diff: '' };
  const [raw, text] = await Promise.all([
    git(['diff-tree', ...PLAIN, '-z', '--raw', '--numstat', from, to], ours.call),
    git(['diff-tree', ...PLAIN, ...TEXT, from, to], ours.call),
  ]);
  return { changes: parseChanges(zeroSeparated(raw)), diff: text.toString('utf8') };
}

/** With every byte, for git to apply again. */
export const binaryDiff = (ours: Ours, from: string, to: string): Promise<Buffer> => git(['diff-tree', ...PLAIN, '-p', '--binary', '--src-prefix=a/', '--dst-prefix=b/', from, to], ours.call);

/** Raw records (`:100644 100644 old new M`, then the path), after them numstat (`1\t2\tpath`). */
function parseChanges(parts: readonly string[]): TreeChange[] {
  const raw: { path: string; oldMode: string; oldBlob: string; newMode: string; newBlob: string }[] = [];
  const lines = new Map<string, readonly [added: string, removed: string]>();
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at] ?? '';
    if (part.startsWith(':')) {
      const [oldMode = '', newMode = '', oldBlob = '', newBlob = ''] = part.slice(1).split(' ');
      at += 1;
      raw.push({ path: parts[at] ?? '', oldMode, oldBlob, newMode, newBlob });
    } else {
      const [, added = '0', removed = '0', path = ''] = /^(-|\d+)\t(-|\d+)\t([^]*)$/.exec(part) ?? [];
      lines.set(path, [added, removed]);
    }
  }
  return raw.map((change) => {
    const [added, removed] = lines.get(change.path) ?? ['0', '0'];
    const binary = added === '-';
    return { ...change, added: binary ? 0 : Number(added), removed: binary ? 0 : Number(removed), binary };
  });
}
