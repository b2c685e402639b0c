// Sources
// =======
// What the tidy tests look at: our files, cut into code, comments and strings, so that a word in a comment is no call.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SKIPPED = new Set(['node_modules', '.git', '.autonomous_runs', 'coverage']);

export interface Source {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Piece {
  readonly kind: 'code' | 'comment' | 'string';
  readonly text: string;
  readonly line: number;
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
  readonly isExport: boolean;
  /** `{ a, b as c }` -> `a`, `b`; empty for a namespace or a side effect. */
  readonly names: readonly string[];
}

export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

/** As tests print it: what is wrong, where, and the way out. */
export const told = (findings: readonly Finding[]): string[] => findings.map(({ path, line, what }) => `${path}:${line}: ${what}`);

export const readText = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Files below `folders`, sorted. A check that saw nothing fails. */
export function filesBelow(folders: readonly string[], ending = '.ts'): Source[] {
  const found = folders.flatMap((folder) => walk(folder)).filter((path) => path.endsWith(ending));
  return seen(found.sort().map((path) => ({ path, text: readText(path) })), `files *${ending} below ${folders.join(', ')}`);
}

function walk(path: string): string[] {
  if (statSync(join(ROOT, path)).isFile()) return [path];
  const entries = readdirSync(join(ROOT, path)).filter((name) => !SKIPPED.has(name));
  return entries.flatMap((name) => walk(posix.join(path, name)));
}

/** Every folder that holds a file, at any depth, without the demo's own project. */
export function foldersOf(tops: readonly string[]): string[] {
  return seen([...new Set(tops.flatMap(walk).map((path) => dirname(path)))].sort(), `folders in ${tops.join(', ')}`);
}

/** @throws when a check would look at nothing: it would pass whatever is wrong. */
export function seen<T>(list: readonly T[], what: string): T[] {
  if (list.length === 0) throw new Error(`the check saw no ${what}`);
  return [...list];
}

// A regular expression stands where a value may begin.
const BEFORE_REGEX = /(?:^|[=(,:;!&|?{}[+>]|\breturn|\bcase|\btypeof)\s*$/;

const cuts = new Map<string, readonly Piece[]>();

/** Cuts a TypeScript text; the pieces joined give the text again. */
export function pieces(text: string): readonly Piece[] {
  const known = cuts.get(text) ?? cut(text);
  cuts.set(text, known);
  return known;
}

function cut(text: string): Piece[] {
  const out: Piece[] = [];
  let line = 1;
  let code = '';
  const push = (kind: Piece['kind'], part: string): void => {
    if (part === '') return;
    out.push({ kind, text: part, line });
    line += part.split('\n').length - 1;
  };
  for (let i = 0; i < text.length; ) {
    const end = endOfPiece(text, i, code);
    if (end === null) {
      code += text.charAt(i);
      i += 1;
      continue;
    }
    push('code', code);
    code = '';
    push(text.startsWith('//', i) || text.startsWith('/*', i) ? 'comment' : 'string', text.slice(i, end));
    i = end;
  }
  push('code', code);
  return out;
}

/** Where the comment or literal that begins at `i` ends; null in plain code. */
function endOfPiece(text: string, i: number, before: string): number | null {
  const rest = text.slice(i);
  if (rest.startsWith('//')) return i + (/^[^\n]*/.exec(rest)?.[0].length ?? 0);
  if (rest.startsWith('/*')) return i + (/^\/\*[^]*?\*\//.exec(rest)?.[0].length ?? rest.length);
  const quoted = /^'(?:[^'\\\n]|\\[^])*'|^"(?:[^"\\\n]|\\[^])*"/.exec(rest);
  if (quoted !== null) return i + quoted[0].length;
  if (rest.startsWith('`')) return endOfTemplate(text, i);
  if (!rest.startsWith('/') || !BEFORE_REGEX.test(before)) return null;
  const regex = /^\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/.exec(rest);
  return regex === null ? null : i + regex[0].length;
}

/** A template's `${…}` belongs to it: what is called in there is rare enough to be seen by people. */
function endOfTemplate(text: string, start: number): number {
  let depth = 0;
  for (let i = start + 1; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (char === '\\') i += 1;
    else if (depth === 0 && char === '`') return i + 1;
    else if (text.startsWith('${', i)) depth += 1;
    else if (depth > 0 && char === '{' && text.charAt(i - 1) !== '$') depth += 1;
    else if (depth > 0 && char === '}') depth -= 1;
    else if (depth > 0 && char === '`') i = endOfTemplate(text, i) - 1;
  }
  return text.length;
}

/** Code alone: comments and the insides of strings are blanks, lines stay where they are. What a template computes stays. */
export function codeOf(text: string): string {
  return pieces(text).map(({ kind, text: part }) => (kind === 'code' ? part : part.startsWith('`') ? computed(part) : part.replace(/[^\n]/g, ' '))).join('');
}

/** The `${…}` of a template, the rest as blanks. */
function computed(template: string): string {
  return template.replace(/\$\{([^}]*)\}|[^\n]/g, (whole, inside: string | undefined) => (inside === undefined ? ' ' : ` (${inside})`.padEnd(whole.length)));
}

/** Places in code where `pattern` (with the flag g) matches. */
export function places(source: Source, pattern: RegExp, what: string): Finding[] {
  const code = codeOf(source.text);
  return [...code.matchAll(pattern)].map(({ index }) => ({ path: source.path, line: code.slice(0, index).split('\n').length, what }));
}

/** Static, type-only and dynamic imports, and exports from elsewhere. */
export function importsOf(text: string): Import[] {
  const all = pieces(text);
  const found: Import[] = [];
  let statement = '';
  for (const { kind, text: part, line } of all) {
    if (kind === 'code') {
      statement = (statement + part).split(';').at(-1) ?? '';
      continue;
    }
    if (kind === 'string' && /\bfrom\s*$|\bimport\s*\(?\s*$/.test(statement)) {
      const clause = /\b(import|export)\b(?:(?!\b(?:import|export)\b)[^])*$/.exec(statement)?.[0] ?? '';
      const braces = /\{([^}]*)\}/.exec(clause)?.[1] ?? '';
      const names = braces.split(',').map((name) => name.trim().replace(/^type\s+/, '').split(/\s+as\s+/)[0] ?? '').filter((name) => name !== '');
      found.push({ specifier: part.slice(1, -1), line, typeOnly: /^(?:import|export)\s+type\b/.test(clause), isExport: clause.startsWith('export'), names });
      statement = '';
    }
  }
  return found;
}

const ALIAS = /^#(src|machines|projections|tests)\//;

/** The file of ours that an import means; null for a vendor or a module of Node. */
export function ownFile(from: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return posix.join(dirname(from), specifier);
  return ALIAS.test(specifier) ? specifier.slice(1) : null;
}
