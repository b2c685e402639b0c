// Listing of a tree
// =================
// All files of a repository in so many lines: where they are too many, deep folders stand for what is in them.

interface Depths { readonly files: number[]; readonly folders: number[] }

const partsOf = (path: string): string[] => path.split('/');

/** Files and folders by the number of their segments. @param paths sorted. */
function depthsOf(paths: readonly string[]): Depths {
  const [files, folders]: [number[], number[]] = [[], []];
  let before: readonly string[] = [];
  for (const path of paths) {
    const parts = partsOf(path);
    const depth = parts.length;
    files[depth] = (files[depth] ?? 0) + 1;
    let same = 0;
    while (same < depth - 1 && parts[same] === before[same]) same += 1;
    for (let level = same + 1; level < depth; level += 1) folders[level] = (folders[level] ?? 0) + 1;
    before = parts;
  }
  return { files, folders };
}

export interface Listed {
  /** A file, or a folder with `/` at its end. */
  readonly path: string;
  /** Files that a folder stands for; 0 for a file. */
  readonly files: number;
}

/** @param paths sorted. @returns at most `max` lines, and how many files none of them stands for. */
export function listingOf(paths: readonly string[], max: number): { readonly lines: readonly Listed[]; readonly left: number } {
  const depth = depthWithin(depthsOf(paths), max);
  const lines: { path: string; files: number }[] = [];
  let left = 0;
  for (const path of paths) {
    const parts = partsOf(path);
    const shown = parts.length <= depth ? path : `${parts.slice(0, depth).join('/')}/`;
    const last = lines.at(-1);
    if (last !== undefined && last.path === shown) last.files += 1;
    else if (lines.length < max) lines.push({ path: shown, files: shown === path ? 0 : 1 });
    else left += 1;
  }
  return { lines, left };
}

/** The deepest level that still fits; the first one where none does. */
function depthWithin({ files, folders }: Depths, max: number): number {
  let [best, above] = [1, 0];
  for (let depth = 1; depth < Math.max(files.length, 2); depth += 1) {
    above += files[depth] ?? 0;
    if (above + (folders[depth] ?? 0) <= max) best = depth;
  }
  return best;
}
