// Context selection
// =================
// Which files of the base the builder sees, within a budget. Deterministic: the same tree and phase, the same files in
// the same order. Sources: E-152 to E-154, E-157.

import { candidatesOf, categories, type Candidate, type Category, type ContextFile, type ContextTree, type FileLimits, type Wish } from './candidates.ts';
import type { Unseen } from './kinds.ts';

export interface Limits extends FileLimits {
  readonly bytesMax: number;
  readonly filesMax: number;
  /** Without scope and pattern. */
  readonly heuristic: { readonly filesMax: number; readonly bytesMax: number };
}

export interface Selected extends ContextFile {
  /** Why it is there or, for what is never shown, why it is not. */
  readonly category: Category | Unseen;
  readonly mayChange: boolean;
  readonly omitted: boolean;
}

export interface Selection {
  readonly selected: readonly Selected[];
  /** Named by the plan to be changed, and too large for the budget: never left out in silence (E-153). */
  readonly tooLarge: readonly string[];
  /** Named by the plan, not in the tree: of the scope they may be created. */
  readonly missing: { readonly scope: readonly string[]; readonly readOnly: readonly string[] };
}

export function selectContext(tree: ContextTree, wish: Wish, limits: Limits): Selection {
  const missing = (entries: readonly string[]): string[] => entries.filter((entry) => (entry.endsWith('/') ? !tree.paths.some((path) => path.startsWith(entry)) : !tree.files.has(entry)));
  return { ...fit([...candidatesOf(tree, wish, limits)].sort(byUse), wish, limits), missing: { scope: missing(wish.scope), readOnly: missing(wish.readOnly) } };
}

const rank = ({ category, explicit }: Candidate): number => categories.indexOf(category) * 2 + (explicit ? 0 : 1);
/** E-153: by category, what the plan names one by one first, then by words shared with the phase, then the smaller one. */
const byUse = (a: Candidate, b: Candidate): number => rank(a) - rank(b) || b.relevance - a.relevance || a.size - b.size || (a.path < b.path ? -1 : 1);
const byPlace = (a: Candidate, b: Candidate): number => categories.indexOf(a.category) - categories.indexOf(b.category) || (a.path < b.path ? -1 : 1);

/** What does not fit is left out and listed, and the next is still tried. */
function fit(candidates: readonly Candidate[], { source }: Wish, limits: Limits): Pick<Selection, 'selected' | 'tooLarge'> {
  const most = source.kind === 'heuristic' ? { filesMax: Math.min(limits.filesMax, limits.heuristic.filesMax), bytesMax: Math.min(limits.bytesMax, limits.heuristic.bytesMax) } : limits;
  let [bytes, files] = [0, 0];
  const kept = new Set<Candidate>();
  for (const file of candidates) {
    const cost = file.mayChange ? file.size : Math.min(file.size, limits.excerptMax);
    // What the plan names one by one may take all that the window has.
    const { bytesMax, filesMax } = file.explicit ? limits : most;
    if (file.unseen !== null || bytes + cost > bytesMax || files >= filesMax) continue;
    [bytes, files] = [bytes + cost, files + 1];
    kept.add(file);
  }
  const selected = candidates.toSorted(byPlace).map((file) => ({ path: file.path, size: file.size, category: file.unseen ?? file.category, mayChange: file.mayChange && kept.has(file), omitted: !kept.has(file) }));
  return { selected, tooLarge: candidates.filter((file) => !kept.has(file) && mustFit(file)).map(({ path }) => path) };
}

const mustFit = ({ explicit, mayChange, unseen, category }: Candidate): boolean => explicit && mayChange && (unseen === null || unseen === 'huge') && (category === 'modifiable' || category === 'deliverable');
