// Answer format ndjson
// ====================
// One JSON object a line: meta with the number of lines behind it, then one for each file. Sources: E-130, E-646, E-649.
//
// The number in meta is what tells a whole answer from a cut one, so it is required; nothing is closed or guessed.

import { z } from 'zod';
import { AnswerPath } from './answer-path.ts';
import type { Edit, Unread } from './edits.ts';
import { editsOfFiles, parseFullFile } from './full-file.ts';
import { endsInObject, objectsIn, repeatsKey } from './objects.ts';
import { TextOperation } from './text-edits.ts';

const Meta = z.object({ type: z.literal('meta'), summary: z.string().optional(), total_operations: z.int().nonnegative() });
const NdjsonLine = z.discriminatedUnion('type', [
  Meta,
  z.strictObject({ type: z.literal('create'), file_path: AnswerPath, content: z.string() }),
  z.strictObject({ type: z.literal('modify'), file_path: AnswerPath, operations: z.array(TextOperation).min(1) }),
  z.strictObject({ type: z.literal('delete'), file_path: AnswerPath }),
  z.strictObject({ type: z.literal('write'), file_path: AnswerPath, content: z.string() }),
]);
type NdjsonLine = z.infer<typeof NdjsonLine>;

const refused = (code: string, problems: readonly string[], cut = false): Unread => ({ ok: false, code, problems: problems.slice(0, 20).map((problem) => problem.toWellFormed()), cut });

export function parseNdjson(answer: string): { readonly ok: true; readonly edits: readonly Edit[] } | Unread {
  const lines = answer.replace(/^\uFEFF/, '').split('\n').map((text, at) => ({ text: text.trim(), at: at + 1 })).filter(({ text }) => text.startsWith('{'));
  const values = lines.map(({ text, at }) => ({ at, value: parsedLine(text) }));
  if (values.every(({ value }) => value === null || 'files' in value)) return asObject(answer);
  const broken = values.filter(({ value }) => value === null);
  const problems = broken.slice(0, values.at(-1)?.value === null ? -1 : undefined).map(({ at }) => `line ${at}: it is not a JSON object`);
  if (problems.length > 0) return refused('ndjson_line_broken', problems);
  if (broken.length > 0) return refused('ndjson_truncated', [`line ${values.at(-1)?.at}: the answer ends in the middle of it`], true);
  const twice = lines.filter(({ text }) => repeatsKey(text)).map(({ at }) => `line ${at}: a key stands twice`);
  if (twice.length > 0) return refused('ndjson_line_broken', twice);
  return read(values.map(({ at, value }) => ({ at, value: value as Record<string, unknown> })));
}

function parsedLine(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** No line is one object: whole files, or objects that were spread over several lines. */
function asObject(answer: string): { readonly ok: true; readonly edits: readonly Edit[] } | Unread {
  const objects = objectsIn(answer);
  if (objects.some((object) => 'files' in object)) {
    const files = parseFullFile(answer);
    return files.ok ? { ok: true, edits: editsOfFiles(files.files) } : files;
  }
  if (endsInObject(answer)) return refused('ndjson_truncated', ['the answer ends in the middle of an object'], true);
  if (objects.length === 0) return refused('ndjson_parse_failed', ['the answer holds no line that is a JSON object']);
  return read(objects.map((value, at) => ({ at: at + 1, value })));
}

function read(values: readonly { readonly at: number; readonly value: Record<string, unknown> }[]): { readonly ok: true; readonly edits: readonly Edit[] } | Unread {
  const problems: string[] = [];
  const lines: NdjsonLine[] = [];
  for (const { at, value } of values) {
    const parsed = NdjsonLine.safeParse(plainLine(value));
    if (parsed.success) lines.push(parsed.data);
    else problems.push(...parsed.error.issues.map(({ path, message }) => `line ${at}: ${path.join('.') || 'line'}: ${message}`));
  }
  if (problems.length > 0) return refused('ndjson_schema_invalid', problems);
  const [meta, ...more] = lines.filter((line) => line.type === 'meta');
  if (meta === undefined || lines[0] !== meta) return refused('ndjson_meta_missing', ['the first line is not {"type": "meta", "summary", "total_operations"}']);
  if (more.length > 0) return refused('ndjson_ambiguous', ['there are two meta lines']);
  const operations = lines.slice(1);
  if (operations.length < meta.total_operations) return refused('ndjson_incomplete', [`meta counts ${meta.total_operations} operations, ${operations.length} are there`], true);
  if (operations.length > meta.total_operations) return refused('ndjson_incomplete', [`meta counts ${meta.total_operations} operations, ${operations.length} are there`]);
  return merged(operations);
}

/** Aliases: {path, mode, new_content}, and a type that the fields tell. */
function plainLine({ path, mode, new_content, ...rest }: Record<string, unknown>): Record<string, unknown> {
  const line: Record<string, unknown> = { ...rest };
  if (path !== undefined && !('file_path' in line)) line['file_path'] = path;
  if (typeof new_content === 'string' && !('content' in line)) line['content'] = new_content;
  if (!('type' in line)) line['type'] = typeof mode === 'string' ? mode : 'total_operations' in line ? 'meta' : 'operations' in line ? 'modify' : 'content' in line ? 'create' : undefined;
  // A whole content for a file that is there.
  if ((line['type'] === 'modify' || line['type'] === 'replace') && !('operations' in line) && 'content' in line) line['type'] = 'write';
  return line;
}

/** Several lines may modify one file, in their order; anything else stands alone. */
function merged(lines: readonly NdjsonLine[]): { readonly ok: true; readonly edits: readonly Edit[] } | Unread {
  const edits = new Map<string, Edit>();
  const problems: string[] = [];
  for (const line of lines) {
    if (line.type === 'meta') continue;
    const { file_path: path } = line;
    const before = edits.get(path);
    const texts = 'content' in line ? [line.content] : line.type === 'modify' ? line.operations.flatMap((operation) => Object.values(operation)) : [];
    if ([path, ...texts].some((text) => !text.isWellFormed() || text.includes('\0'))) problems.push(`${path}: it is not well-formed text`);
    if (line.type === 'modify' && (before === undefined || before.kind === 'texts')) edits.set(path, { kind: 'texts', path, operations: [...(before?.operations ?? []), ...line.operations] });
    else if (before !== undefined) problems.push(`${path}: it stands in the answer twice`);
    else if (line.type === 'delete') edits.set(path, { kind: 'delete', path });
    else if (line.type !== 'modify') edits.set(path, { kind: 'write', path, content: line.content, expects: line.type === 'create' ? 'absent' : 'any' });
  }
  return problems.length > 0 ? refused('ndjson_schema_invalid', problems) : { ok: true, edits: [...edits.values()] };
}
