// Context selection
// =================
// Which files of the base the builder sees, within a budget: what it may change first, then what the phase names,
// then read-only entries. Deterministic: by path inside each kind. Source: E-150, E-153, E-154, E-157.

export interface ContextFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

export type ContextCategory = 'modifiable' | 'named' | 'read_only';

export interface Selected extends ContextFile {
  readonly category: ContextCategory;
  readonly omitted: boolean;
}

export interface SelectionInput {
  readonly files: readonly ContextFile[];
  readonly scope: readonly string[];
  readonly readOnly: readonly string[];
  /** Description, criteria, deliverables: where files are named. */
  readonly text: string;
  readonly bytesMax: number;
  readonly fileBytesMax: number;
  readonly filesMax: number;
}

const within = (path: string, entry: string): boolean => (entry.endsWith('/') ? path.startsWith(entry) : path === entry);
/** Never read into a prompt, whatever the plan says. */
const HIDDEN = /(^|\/)(\.env(\.[\w-]+)?|[^/]*\.(pem|key|p12|pfx|sqlite|db)|id_(rsa|dsa|ecdsa|ed25519)|\.npmrc|\.netrc|\.git-credentials)$/i;
const VENDORED = /(^|\/)(node_modules|\.venv|venv|dist|build|__pycache__)\//;

export function selectContext(input: SelectionInput): { readonly selected: readonly Selected[]; readonly tooLarge: readonly string[] } {
  const visibleFiles = input.files.filter(({ path }) => !HIDDEN.test(path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  const categoryOf = ({ path }: ContextFile): ContextCategory | null => {
    if (input.scope.some((entry) => within(path, entry))) return 'modifiable';
    if (input.readOnly.some((entry) => within(path, entry))) return 'read_only';
    if (VENDORED.test(path) || !names(input.text, path)) return null;
    return input.scope.length === 0 ? 'modifiable' : 'named';
  };
  const order: readonly ContextCategory[] = ['modifiable', 'named', 'read_only'];
  const candidates = visibleFiles.flatMap((file) => { const category = categoryOf(file); return category === null ? [] : [{ ...file, category }]; });
  candidates.sort((a, b) => order.indexOf(a.category) - order.indexOf(b.category));
  return fit(candidates, input);
}

function fit(candidates: readonly (ContextFile & { category: ContextCategory })[], { bytesMax, fileBytesMax, filesMax, scope }: SelectionInput) {
  let bytes = 0;
  let count = 0;
  const selected: Selected[] = [];
  const tooLarge: string[] = [];
  for (const file of candidates) {
    const fits = file.size <= fileBytesMax && bytes + file.size <= bytesMax && count < filesMax;
    if (fits) {
      bytes += file.size;
      count += 1;
    } else if (file.category === 'modifiable' && scope.includes(file.path)) {
      tooLarge.push(file.path); // a file that is named as modifiable is never left out in silence
    }
    selected.push({ ...file, omitted: !fits });
  }
  return { selected, tooLarge };
}

/** Whole words only: a file `run` is not named by "running". A path may be written with `./`. */
function names(text: string, path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (!text.includes(name)) return false;
  const asWord = (before: string, word: string): boolean => new RegExp(`${before}${word.replace(/[^\w/]/g, '\\$&')}(?![\\w-]|\\.\\w)`).test(text);
  return asWord('(?<![\\w./-])(?:\\./)?', path) || (name.includes('.') && asWord('(?<![\\w.-])', name));
}
