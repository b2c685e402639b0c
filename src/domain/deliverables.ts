// Deliverables
// ============
// What a phase must leave in the repository, held against the candidate's files. A path counts when it is there, made
// or already present; a folder when anything lies below it. Sources: E-191, E-193, E-655, E-660, E-695.

import { within } from './path-policy.ts';
import type { Refusal } from './guards.ts';

export interface DeliverableInput {
  /** A file, or a folder when it ends in `/`. */
  readonly expected: readonly string[];
  /** What alone may be made or modified; empty: anything (E-131). */
  readonly manifest: readonly string[];
  /** Every path of the candidate's tree. */
  readonly present: ReadonlySet<string>;
  /** Paths that the change makes or modifies. */
  readonly touched: readonly string[];
}

const SHOWN = 5;

export function judgeDeliverables(input: DeliverableInput): Refusal[] {
  return [...missingOnes(input), ...outsideManifest(input)];
}

function outsideManifest({ manifest, touched }: DeliverableInput): Refusal[] {
  const isListed = (path: string): boolean => manifest.some((entry) => within(path, entry));
  const outside = manifest.length === 0 ? [] : touched.filter((path) => !isListed(path));
  return outside.slice(0, 10).map((path) => ({ path, code: 'outside_manifest', message: 'it is not in deliverables_manifest; adding it there would allow it' }));
}

function missingOnes({ expected, present, touched }: DeliverableInput): Refusal[] {
  const isThere = (path: string): boolean => present.has(path) || [...present].some((file) => file.startsWith(path.endsWith('/') ? path : `${path}/`));
  const missing = expected.filter((path) => !isThere(path));
  return missing.slice(0, SHOWN).map((path, at) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const elsewhere = name === '' ? undefined : touched.find((file) => file === name || file.endsWith(`/${name}`));
    const more = at === SHOWN - 1 && missing.length > SHOWN ? ` (and ${missing.length - SHOWN} more)` : '';
    return { path, code: 'deliverables_missing', message: `it is a deliverable and is not there${elsewhere === undefined ? '' : `; found at ${elsewhere}`}${more}` };
  });
}

/** JSON with comments by custom; and places where broken JSON is kept on purpose. */
const LOOSE = /(?:^|\/)(?:tsconfig[^/]*|jsconfig[^/]*|\.eslintrc|\.swcrc|\.babelrc|devcontainer|deno)\.json$|\.(?:code-workspace|jsonc|json5)$|(?:^|\/)\.vscode\//i;
const SAMPLES = /(?:^|\/)(?:tests?|spec|specs|__tests__|fixtures?|__fixtures__|testdata|test-data|samples?|examples?|snapshots?)\//i;

/** A file of which a program makes another. */
const TEMPLATE = /\{\{|\{%/;
const READ_MAX = 400_000;

export interface Written {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Whether the plan names it: nothing excuses it then. */
  readonly isExpected: boolean;
}

export type Language = 'JSON' | 'YAML' | 'TOML' | 'JavaScript' | 'TypeScript' | 'TSX';

const LANGUAGES: readonly (readonly [ending: RegExp, language: Language])[] = [
  [/\.json$/i, 'JSON'], [/\.ya?ml$/i, 'YAML'], [/\.toml$/i, 'TOML'], [/\.[cm]?jsx?$/i, 'JavaScript'], [/\.tsx$/i, 'TSX'], [/\.[cm]?ts$/i, 'TypeScript'],
];

/** Programs, which their tests judge: repositories hold ones that are broken on purpose, half of a template or newer than a parser. */
const TESTED: ReadonlySet<Language> = new Set(['TOML', 'JavaScript', 'TypeScript', 'TSX']);

/** What a file must be readable as; null where nobody asks. A program only must be where the plan names it. Sources: E-193, E-201, E-205, E-655, E-695. */
export function languageToRead({ path, after, isExpected }: Written): Language | null {
  const language = LOOSE.test(path) ? null : (LANGUAGES.find(([ending]) => ending.test(path))?.[1] ?? null);
  return after === null || language === null || after.length > READ_MAX || (TESTED.has(language) && !isExpected) ? null : language;
}

/** A file that no program could read; one that was so before may stay so. @param parses of the file's own language */
export function judgeSyntax(file: Written, parses: (text: string) => boolean): Refusal[] {
  const { path, before, after, isExpected } = file;
  const language = languageToRead(file);
  if (after === null || language === null) return [];
  const reads = (text: string): boolean => (language !== 'JSON' && TEMPLATE.test(text)) || parses(text);
  if (!isExpected && (SAMPLES.test(path) || (before !== null && !reads(before)))) return [];
  if (reads(after)) return [];
  return [{ path, code: `${language.toLowerCase()}_invalid`, message: after.trim() === '' ? `it is an empty ${language} file` : `it is not valid ${language}` }];
}
