// Listing of a tree
// =================
// All files of a repository in so many lines: where they are too many, deep folders stand for what is in them.

interface Depths { readonly files: number[]; readonly folders: number[] }

/** Where the folders of a path end: the places of its `/`. */
function slashesOf(path: string): number[] {
  const places: number[] = [];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) places.push(at);
  return places;
}

/** Files and folders by the number of their segments. @param paths sorted, so that a folder's files stand together. */
function depthsOf(paths: readonly string[]): Depths {
  const [files, folders]: [number[], number[]] = [[], []];
  let before = '';
  for (const path of paths) {
    const slashes = slashesOf(path);
    files[slashes.length + 1] = (files[slashes.length + 1] ?? 0) + 1;
    for (let level = slashes.length; level > 0 && !before.startsWith(path.slice(0, (slashes[level - 1] ?? 0) + 1)); level -= 1) folders[level] = (folders[level] ?? 0) + 1;
    before = path;
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
    const end = slashesOf(path)[depth - 1];
    const shown = end === undefined ? path : path.slice(0, end + 1);
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
