// Located YAML
// ============
// YAML (and so JSON) parsed once with the place of every value: plan, configuration and answers file all report
// problems as file:line:column, all at once. Vendor `yaml` is known here only.

import { isMap, isScalar, LineCounter, parseAllDocuments, visit, type Document, type Node } from 'yaml';
import { z } from 'zod';
import { nearest } from '#src/domain/nearest.ts';

export type Path = readonly (string | number)[];

export interface Notice {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** JSON path, like `phases[2].dependencies[0]`; empty for the document. */
  readonly path: string;
  readonly message: string;
  /** The way out, or empty. */
  readonly hint: string;
}

export interface Located {
  readonly value: unknown;
  /** A notice at the place of `path`, or of its nearest ancestor that stands in the text. */
  at(path: Path, message: string, hint?: string): Notice;
}

export const pathText = (path: Path): string => path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
export const noticeText = ({ file, line, column, path, message, hint }: Notice): string => `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}${hint === '' ? '' : `. ${hint}`}`;

/** Depth of nesting that no plan needs; deeper ones are an attack or an accident. */
const DEPTH_MAX = 30;

export function parseLocated(text: string, file: string): { readonly ok: true; readonly located: Located } | { readonly ok: false; readonly notices: readonly Notice[] } {
  const lines = new LineCounter();
  const notice = (offset: number, path: Path, message: string, hint = ''): Notice => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col), path: pathText(path), message, hint };
  };
  let documents: Document[];
  try {
    documents = parseAllDocuments(text, { lineCounter: lines, stringKeys: true }) as Document[];
  } catch (error) {
    return { ok: false, notices: [notice(0, [], `it cannot be read as YAML: ${(error as Error).message}`)] };
  }
  const [document, second] = documents;
  if (document === undefined || document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return { ok: false, notices: [notice(0, [], 'it is empty')] };
  }
  if (second !== undefined) return { ok: false, notices: [notice(second.range?.[0] ?? 0, [], 'a second document begins here', 'one file holds one document: remove the `---`')] };
  const errors = document.errors.map(({ pos, message }) => notice(pos[0], [], saying(message)));
  const deep = errors.find(({ message }) => message === TOO_DEEP); // what follows is only that it does not end
  if (errors.length > 0) return { ok: false, notices: deep === undefined ? errors : [deep] };
  const offsetOf = (path: Path): number => {
    for (let length = path.length; length >= 0; length -= 1) {
      const offset = placeAt(document.contents as Node, path.slice(0, length));
      if (offset !== null) return offset;
    }
    return 0;
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 20 });
  } catch (error) {
    return { ok: false, notices: [notice(lostAlias(document) ?? 0, [], saying((error as Error).message), 'write the values out instead of aliases')] };
  }
  const unfit = unfitValue(value, [], []);
  if (unfit !== null) return { ok: false, notices: [notice(offsetOf(unfit.path), unfit.path, unfit.message)] };
  return { ok: true, located: { value, at: (path, message, hint) => notice(offsetOf(path), path, message, hint) } };
}

const TOO_DEEP = `it is nested deeper than ${DEPTH_MAX} levels`;

/** A vendor's message in one line, without the place that we give. */
const saying = (message: string): string => (/call stack/.test(message) ? TOO_DEEP : (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''));

/** Offset of the first alias whose anchor is not there. */
function lostAlias(document: Document): number | null {
  let offset: number | null = null;
  visit(document, { Alias: (_key, alias) => {
    if (alias.resolve(document) !== undefined) return undefined;
    offset = alias.range?.[0] ?? null;
    return visit.BREAK;
  } });
  return offset;
}

/** What no record could hold and no walk would end on: half characters, values inside themselves, endless depth. */
function unfitValue(value: unknown, path: Path, above: readonly unknown[]): { readonly path: Path; readonly message: string } | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : { path, message: 'it is not well-formed text' };
  if (value === null || typeof value !== 'object') return null;
  if (above.includes(value)) return { path, message: 'it holds itself' };
  if (above.length >= DEPTH_MAX) return { path: [], message: TOO_DEEP };
  for (const [key, item] of Object.entries(value)) {
    if (!key.isWellFormed()) return { path, message: 'a key is not well-formed text' };
    const unfit = unfitValue(item, [...path, Array.isArray(value) ? Number(key) : key], [...above, value]);
    if (unfit !== null) return unfit;
  }
  return null;
}

/** Offset of the value at a path; of the key where the last part is a key of a map. */
function placeAt(root: Node, path: Path): number | null {
  let node: unknown = root;
  let place = root.range?.[0] ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) return null;
      place = (pair.key as Node).range?.[0] ?? place;
      node = pair.value;
    } else {
      const items = (node as { items?: readonly unknown[] } | null)?.items;
      const item = items?.[Number(part)];
      if (item === undefined) return null;
      node = item;
      place = (item as Node).range?.[0] ?? place;
    }
  }
  return place;
}

/** What a schema says of a value, each problem at its own place; unknown keys with the key that may have been meant. */
export function schemaNotices(located: Located, schema: z.ZodType, issues: readonly z.core.$ZodIssue[]): Notice[] {
  return issues.flatMap((issue) => {
    const path = issue.path as (string | number)[];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const keys = keysAt(schema, path);
        const meant = nearest(key, keys);
        return located.at([...path, key], 'unknown key', meant === null ? `known here: ${keys.join(', ')}` : `did you mean ${meant}?`);
      });
    }
    // The one form that the value has, with a part of it that is wrong: that part is told, not the whole.
    const meant = issue.code === 'invalid_union' ? issue.errors.find((form) => form.length > 0 && form.every(({ path: inner }) => inner.length > 0)) : undefined;
    if (meant !== undefined) return schemaNotices(located, schema, meant.map((inner) => ({ ...inner, path: [...path, ...inner.path] })));
    if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return [located.at(path, 'it is missing')];
    return [located.at(path, issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message)];
  });
}

/** The fields of a value that satisfy their part of an object's schema, each whole or as far as it does. */
export function salvagedFields(schema: z.ZodType, value: unknown): Record<string, unknown> {
  const { shape } = defOf(unwrapped(schema));
  if (shape === undefined || value === null || typeof value !== 'object') return {};
  const fields = Object.entries(shape).map(([key, part]) => [key, salvaged(part as z.ZodType, (value as Record<string, unknown>)[key])] as const);
  return Object.fromEntries(fields.filter(([, kept]) => kept !== undefined));
}

/** A list keeps its places, with `x` for a text that is none. @returns undefined where nothing is left that satisfies the schema. */
function salvaged(schema: z.ZodType, value: unknown): unknown {
  if (schema.safeParse(value).success) return value;
  const { shape, element } = defOf(unwrapped(schema));
  const kept = shape !== undefined ? salvagedFields(schema, value)
    : element !== undefined && Array.isArray(value) ? value.map((item) => salvaged(element as z.ZodType, item) ?? 'x')
    : undefined;
  return schema.safeParse(kept).success ? kept : undefined;
}

interface Def { readonly type?: string; readonly innerType?: unknown; readonly element?: unknown; readonly valueType?: unknown; readonly shape?: Record<string, unknown>; readonly options?: readonly unknown[]; readonly in?: unknown }
const defOf = (schema: unknown): Def => (schema as { def?: Def; _zod?: { def: Def } } | undefined)?._zod?.def ?? {};

function unwrapped(schema: unknown): unknown {
  const def = defOf(schema);
  if (def.innerType !== undefined) return unwrapped(def.innerType);
  if (def.type === 'pipe') return unwrapped(def.in);
  return def.type === 'union' ? (def.options ?? []).map(unwrapped).find((option) => defOf(option).shape !== undefined) : schema;
}

function keysAt(schema: unknown, path: Path): string[] {
  let at = unwrapped(schema);
  for (const part of path) {
    const def = defOf(at);
    at = unwrapped(typeof part === 'number' ? def.element : (def.shape?.[part] ?? def.valueType));
  }
  return Object.keys(defOf(at).shape ?? {});
}
