// Answer format full_file
// =======================
// One JSON object with whole files: {summary, files: [{path, mode, new_content}]}. Source: E-122.
//
// Tolerant where it is safe (a fence around it, prose before or after), refusing where it would change meaning: a cut
// answer is never closed for the builder, because what was cut would be lost (E-653).

import { z } from 'zod';
import { AnswerPath } from './answer-path.ts';
import type { Edit, Unread } from './edits.ts';
import type { Whole } from './continuation.ts';
import { endsInObject, entriesOf, objectsIn } from './objects.ts';

const FileEntry = z.strictObject({
  path: AnswerPath,
  mode: z.enum(['modify', 'create', 'delete', 'replace']),
  new_content: z.string().nullable(),
});
const FullFile = z.object({ summary: z.string().optional(), files: z.array(FileEntry) });

export interface FileAnswer {
  readonly path: string;
  readonly mode: 'modify' | 'create' | 'delete';
  /** Null for a delete. */
  readonly content: string | null;
}

export type FullFileAnswer =
  | { readonly ok: true; readonly files: readonly FileAnswer[] }
  | Unread;

/** What a vendor that can hold a model to a schema is given. */
export const fullFileSchema = {
  name: 'full_file',
  schema: {
    type: 'object', additionalProperties: false, required: ['summary', 'files'],
    properties: {
      summary: { type: 'string' },
      files: {
        type: 'array',
        items: {
          type: 'object', additionalProperties: false, required: ['path', 'mode', 'new_content'],
          properties: { path: { type: 'string' }, mode: { type: 'string', enum: ['modify', 'create', 'delete'] }, new_content: { type: ['string', 'null'] } },
        },
      },
    },
  },
} as const;

/** Problems name paths and keys as the answer has them; what is no text cannot stand in a record. */
const refused = (code: string, ...problems: string[]): Unread => ({ ok: false, code, problems: problems.map((problem) => problem.toWellFormed()), cut: false });

export function parseFullFile(answer: string): FullFileAnswer {
  const text = answer.replace(/^\uFEFF/, '').trim();
  if (/^(?:```\w*\n)?(?:diff --git |--- (?:a\/|\/dev\/null))/.test(text)) {
    return refused('full_file_parse_failed_diff_detected', 'the answer is a diff, but whole files were asked for');
  }
  const objects = objectsIn(text);
  const lists = objects.filter((object) => 'files' in object);
  if (new Set(lists.map((object) => JSON.stringify(object))).size > 1) return refused('full_file_ambiguous', 'the answer holds two lists of files that differ');
  if (lists.length === 0 && endsInObject(text)) return { ...refused('full_file_truncated', 'the answer ends before its JSON object does'), cut: true };
  const json = lists[0] ?? objects[0];
  if (json === undefined) return refused('full_file_parse_failed', 'the answer holds no complete JSON object in which each key stands once');
  const parsed = FullFile.safeParse(json);
  if (!parsed.success) return refused('full_file_schema_invalid', ...parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'answer'}: ${message}`));
  if (parsed.data.files.length === 0) return refused('empty_files_array', 'the list of files is empty');
  return checked(parsed.data.files);
}

function checked(entries: readonly z.infer<typeof FileEntry>[]): FullFileAnswer {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { path, mode, new_content } of entries) {
    if (seen.has(path)) problems.push(`${path} stands in the answer twice`);
    seen.add(path);
    if (!path.isWellFormed()) problems.push(`${path}: its path is not well-formed text`);
    if (mode !== 'delete' && new_content === null) problems.push(`${path}: new_content is null, which only a delete may have`);
    if (mode === 'delete' && new_content !== null && new_content !== '') problems.push(`${path}: a delete has no new_content`);
    if (new_content !== null && new_content.includes('\0')) problems.push(`${path}: new_content holds a NUL byte`);
    if (new_content !== null && !new_content.isWellFormed()) problems.push(`${path}: new_content is not well-formed text`);
  }
  if (problems.length > 0) return refused('full_file_schema_invalid', ...problems);
  return { ok: true, files: entries.map(({ path, mode, new_content }) => ({ path, mode: mode === 'replace' ? 'modify' : mode, content: mode === 'delete' ? null : new_content })) };
}

/** The entries of a cut answer that are closed; null where none is, or where it was not cut in its list of files. */
export function wholeFiles(cut: string): Whole | null {
  const entries = entriesOf(cut.replace(/^\uFEFF/, ''), 'files');
  const files = entries.flatMap((entry) => FileEntry.safeParse(entry).data ?? []);
  return files.length === 0 || files.length < entries.length ? null : { paths: files.map(({ path }) => path), answer: JSON.stringify({ files }) };
}

/** The whole files of a cut answer, then those of its continuation; one that both give alike counts once. */
export function joinedFiles(whole: string, rest: string): string {
  const lists = objectsIn(rest).filter((object) => 'files' in object);
  const list = lists[0]?.['files'];
  if (!Array.isArray(list) || list.length === 0 || lists.length > 1) return rest; // what cannot be joined is read alone, and says why it cannot
  const kept = objectsIn(whole).flatMap(({ files }) => (Array.isArray(files) ? (files as unknown[]) : []));
  const known = new Set(kept.map((entry) => JSON.stringify(entry)));
  return JSON.stringify({ files: [...kept, ...(list as unknown[]).filter((entry) => !known.has(JSON.stringify(FileEntry.safeParse(entry).data ?? entry)))] });
}

export const editsOfFiles = (files: readonly FileAnswer[]): Edit[] =>
  files.map(({ path, mode, content }) => (content === null ? { kind: 'delete', path } : { kind: 'write', path, content, expects: mode === 'create' ? 'absent' : 'any' }));
