// Answer format structured_edit
// =============================
// One JSON object of operations by line numbers: {summary, operations}. A list of whole files is read too. Source: E-129.

import { z } from 'zod';
import { AnswerPath } from './answer-path.ts';
import type { Edit, Unread } from './edits.ts';
import { editsOfFiles, parseFullFile } from './full-file.ts';
import { LineOperation } from './line-edits.ts';
import { endsInObject, objectsIn } from './objects.ts';

const Typed = z.looseObject({ type: z.string(), file_path: AnswerPath });
const StructuredEdit = z.object({ summary: z.string().optional(), operations: z.array(Typed) });

const text = { type: 'string' } as const;
const number = { type: 'integer' } as const;
const operation = (type: string, fields: Readonly<Record<string, { readonly type: string }>>) => ({
  type: 'object', additionalProperties: false, required: ['type', 'file_path', ...Object.keys(fields)], properties: { type: { ...text, enum: [type] }, file_path: text, ...fields },
});
/** What a vendor that can hold a model to a schema is given. */
export const structuredEditSchema = {
  name: 'structured_edit',
  schema: {
    type: 'object', additionalProperties: false, required: ['summary', 'operations'],
    properties: {
      summary: text,
      operations: {
        type: 'array',
        items: {
          anyOf: [
            operation('insert', { line: number, content: text }), operation('replace', { start_line: number, end_line: number, content: text, context_before: text, context_after: text }),
            operation('delete', { start_line: number, end_line: number }), operation('append', { content: text }), operation('prepend', { content: text }), operation('delete_file', {}),
          ],
        },
      },
    },
  },
} as const;

const DELETE = z.strictObject({ type: z.literal('delete_file') });
const refused = (code: string, problems: readonly string[], cut = false): Unread => ({ ok: false, code, problems: problems.map((problem) => problem.toWellFormed()), cut });

export function parseStructuredEdit(answer: string): { readonly ok: true; readonly edits: readonly Edit[] } | Unread {
  const objects = objectsIn(answer);
  const found = objects.filter((object) => 'operations' in object);
  if (found.length === 0 && objects.some((object) => 'files' in object)) {
    const files = parseFullFile(answer);
    // As the format has it: what is to be modified and is not there is made.
    return files.ok ? { ok: true, edits: editsOfFiles(files.files).map((edit) => (edit.kind === 'write' ? { ...edit, expects: 'any' as const } : edit)) } : files;
  }
  if (endsInObject(answer)) return refused('structured_edit_truncated', ['the answer ends before its JSON object does'], true);
  if (found.length === 0) return refused('structured_edit_parse_failed', ['the answer holds no JSON object with operations in which each key stands once']);
  if (new Set(found.map((object) => JSON.stringify(object))).size > 1) return refused('structured_edit_ambiguous', ['the answer holds two lists of operations that differ']);
  const parsed = StructuredEdit.safeParse(found[0]);
  if (!parsed.success) return refused('structured_edit_schema_invalid', parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
  return byFile(parsed.data.operations);
}

function byFile(operations: readonly z.infer<typeof Typed>[]): { readonly ok: true; readonly edits: readonly Edit[] } | Unread {
  const problems: string[] = [];
  const lines = new Map<string, LineOperation[]>();
  const deleted = new Set<string>();
  for (const [at, { file_path: path, ...rest }] of operations.entries()) {
    const one = LineOperation.safeParse(rest);
    if (one.success) lines.set(path, [...(lines.get(path) ?? []), one.data]);
    else if (DELETE.safeParse(rest).success) deleted.add(path);
    else problems.push(`operations.${at} (${path}): ${one.error.issues.map(({ path: key, message }) => `${key.join('.') || 'operation'}: ${message}`).join('; ')}`);
    if (!path.isWellFormed() || ('content' in rest && typeof rest['content'] === 'string' && (!rest['content'].isWellFormed() || rest['content'].includes('\0')))) problems.push(`operations.${at}: it is not well-formed text`);
  }
  for (const path of deleted) if (lines.has(path)) problems.push(`${path}: it is edited and deleted`);
  if (problems.length > 0) return refused('structured_edit_schema_invalid', problems);
  return {
    ok: true,
    edits: [...[...lines].map(([path, of]): Edit => ({ kind: 'lines', path, operations: of })), ...[...deleted].map((path): Edit => ({ kind: 'delete', path }))],
  };
}
