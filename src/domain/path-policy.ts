// Path policy
// ===========
// One judgement for patches, edits, fix commands and includes: every violation of every path, all at once.
// Sources: DESIGN 7 "One path policy", E-195, E-196, E-661 to E-665.

import { isDots, isGitName, meansName, skeleton } from './protected-names.ts';

/** One path of a change; modes are six octal digits, `000000` where the path is absent. */
export interface ChangedPath {
  readonly path: string;
  readonly oldMode: string;
  readonly newMode: string;
}

export interface PathRules {
  /** A file, or a folder when the entry ends in `/`; empty: the whole repository. */
  readonly scope: readonly string[];
  /** May be read, not changed. */
  readonly readOnly: readonly string[];
  /** What the plan protects; a person may allow a change of it. */
  readonly protectedPaths: readonly string[];
  /** What nobody may allow: the plan itself. */
  readonly always?: readonly string[];
  /** Every path of the tree before the change. */
  readonly present?: readonly string[];
}

export type PathRule =
  | 'name' | 'git' | 'storage' | 'attributes' | 'config' | 'secret' | 'always' | 'protected' | 'read_only' | 'scope'
  | 'symlink' | 'submodule' | 'type' | 'collision';

export interface PathViolation {
  readonly path: string;
  readonly rule: PathRule;
  readonly message: string;
}

/** In the order of the changes; empty when all is well. */
export function judgePaths(changes: readonly ChangedPath[], rules: PathRules): PathViolation[] {
  const collisions = collidingPaths(changes, rules.present ?? []);
  return changes.flatMap((change) => {
    const found = [...nameRules(change.path), ...protectionRules(change.path, rules), ...modeRules(change)];
    const other = collisions.get(change.path);
    if (other !== undefined) found.push(['collision', `differs from ${JSON.stringify(other)} only in case`]);
    return found.map(([rule, message]) => ({ path: change.path, rule, message }));
  });
}

type Finding = readonly [PathRule, string];

function nameRules(path: string): Finding[] {
  const found: Finding[] = [];
  if (/\p{C}|\p{Zl}|\p{Zp}|\ufffd/u.test(path.replace(JOINED, ''))) found.push(['name', 'has control or invisible characters in its name']);
  if (path.split('/').some((segment) => segment !== '.' && segment !== '..' && isDots(segment))) found.push(['name', 'has a part of dots and spaces alone']);
  if (path.includes('\\')) found.push(['name', 'has a backslash in its name']);
  if (path !== normalised(path).path && !path.includes('\\')) found.push(['name', 'is not written from the root of the repository']);
  if (normalised(path).outside || /^[a-z]:/i.test(path)) found.push(['name', 'is outside the repository']);
  return found;
}

/** Joiners where writing needs them: between letters of Arabic and Indic scripts, and in emoji. */
const SCRIPTS = ['Arabic', 'Syriac', 'Mongolian', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala'].map((script) => `\\p{Script=${script}}`).join('');
const JOINED = new RegExp(`(?<=[${SCRIPTS}])[\\u200c\\u200d](?=[${SCRIPTS}])|(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d(?=\\p{Extended_Pictographic})`, 'gu');

/** As a file system resolves it from the root. */
function normalised(path: string): { path: string; outside: boolean } {
  const kept: string[] = [];
  let outside = path.startsWith('/') || path === '';
  for (const segment of path.replaceAll('\\', '/').split('/')) {
    if (segment === '..' && kept.pop() === undefined) outside = true;
    if (segment !== '' && segment !== '.' && segment !== '..') kept.push(segment);
  }
  return { path: kept.join('/'), outside };
}

const ATTRIBUTES = ['.gitattributes', '.gitmodules', '.lfsconfig'] as const;

function protectionRules(written: string, { scope, readOnly, protectedPaths, always = [] }: PathRules): Finding[] {
  const { path } = normalised(written);
  const segments = path.split('/');
  const found: Finding[] = [];
  // The path as written too: `a/../.git` and the like never get cleaner by resolving them.
  if ([...segments, ...written.split(/[/\\]/)].some(isGitName)) found.push(['git', 'is, or may be taken for, .git']);
  if (segments.some((segment) => meansName(segment, '.autonomous_runs'))) found.push(['storage', 'is, or may be taken for, .autonomous_runs']);
  const attributes = ATTRIBUTES.find((name) => segments.some((segment) => meansName(segment, name)));
  if (attributes !== undefined) found.push(['attributes', `is, or may be taken for, ${attributes}`]);
  if (meansName(path, 'autopack.yaml')) found.push(['config', 'is, or may be taken for, autopack.yaml']);
  if (segments.some(isKeyFile)) found.push(['secret', 'is a file for keys']);
  if (always.some((entry) => covers(entry, path))) found.push(['always', 'belongs to the run itself']);
  if (protectedPaths.some((entry) => covers(entry, path))) found.push(['protected', 'is protected by the plan']);
  if (readOnly.some((entry) => covers(entry, path))) found.push(['read_only', 'may only be read in this phase']);
  if (!inScope(path, scope)) found.push(['scope', 'is outside the scope of the phase']);
  return found;
}

const SAMPLE = /^\.env(\.[^.]+)?\.(example|sample|template|dist)$/s;
/** Programs about keys. */
const PROGRAM = /\.(?:[cm]?[jt]sx?|py|go|rs|java|kt|rb|php|c|h|cc|cpp|cs|sh|md)$/;
const KEY_FILE = /^(\.env(\..+)?|.+\.(pem|key|p12|pfx|ppk|jks|keystore|kdbx)|id_(rsa|dsa|ecdsa|ed25519).*|\.(netrc|npmrc|pypirc|git-credentials|pgpass|htpasswd))$/s;

export function isKeyFile(segment: string): boolean {
  const name = skeleton(segment).replace(/:.*$/s, '').replace(/[. ]+$/, '');
  return (KEY_FILE.test(name) && !SAMPLE.test(name) && !(name.startsWith('id_') && PROGRAM.test(name))) || meansName(name, '.env');
}

/** Protection is generous: in any spelling, the entry itself or anything below it. */
function covers(entry: string, path: string): boolean {
  const fold = (text: string): string[] => normalised(text).path.split('/').map(skeleton);
  const [whole, part] = [fold(path), fold(entry)];
  return part.every((segment, at) => whole[at] !== undefined && meansName(whole[at], segment));
}

/** Scope is exact: a file, or a prefix only when the entry ends in `/`. */
function inScope(path: string, scope: readonly string[]): boolean {
  return scope.length === 0 || scope.some((entry) => {
    const { path: wanted, outside } = normalised(entry);
    if (outside) return false;
    return entry.endsWith('/') ? wanted === '' || path.startsWith(`${wanted}/`) : path === wanted;
  });
}

/** Whether an entry of the plan, by its exact letters, is this file or a folder above it (then it ends in `/`). */
export const within = (path: string, entry: string): boolean => (entry.endsWith('/') ? path.startsWith(entry) : path === entry);

/** By the mode that git gives it: neither link nor submodule. */
export const isRegular = (mode: string): boolean => mode === '100644' || mode === '100755';

const ABSENT = '000000';

function modeRules({ oldMode, newMode }: ChangedPath): Finding[] {
  const modes = [oldMode, newMode];
  if (modes.includes('160000')) return [['submodule', 'is a submodule']];
  if (modes.includes('120000')) return [['symlink', 'is a symlink']];
  return modes.every((mode) => mode === ABSENT || isRegular(mode)) ? [] : [['type', `changes its type (${oldMode} to ${newMode})`]];
}

/** New paths that a file system without case would mix with another one of the tree or the change: path -> the other. */
function collidingPaths(changes: readonly ChangedPath[], present: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  const live = changes.filter(({ newMode }) => newMode !== ABSENT);
  const fresh = live.filter(({ oldMode }) => oldMode === ABSENT);
  if (fresh.length === 0) return found;
  const gone = new Set(changes.filter(({ newMode }) => newMode === ABSENT).map(({ path }) => path));
  const kept = new Set(present.filter((path) => !gone.has(path)).flatMap(prefixes));
  const spellings = new Map<string, Set<string>>();
  for (const prefix of new Set([...kept, ...live.flatMap(({ path }) => prefixes(path))])) spellings.set(fold(prefix), (spellings.get(fold(prefix)) ?? new Set()).add(prefix));
  for (const { path } of fresh) {
    for (const prefix of prefixes(path).filter((one) => !kept.has(one))) {
      const other = [...(spellings.get(fold(prefix)) ?? [])].find((spelling) => spelling !== prefix);
      if (other !== undefined) found.set(path, other);
    }
  }
  return found;
}

const fold = (text: string): string => text.normalize('NFKC').replace(/[\u200c\u200d]/g, '').toLowerCase();

function prefixes(path: string): string[] {
  const segments = path.split('/');
  return segments.map((_segment, at) => segments.slice(0, at + 1).join('/'));
}
