// Answers file
// ============
// The schema of `--provider script:FILE`: scripted models and humans, for demos, tests and post-mortems.
// Parsed strictly once; every problem with its place.

import { z } from 'zod';
import { ExecutorError } from '#src/errors/errors.ts';
import { USAGE_MAX } from '#src/ports/models.ts';
import { noticeText, parseLocated, schemaNotices, type Notice } from '#src/yaml/located.ts';

const Tokens = z.int().nonnegative().max(USAGE_MAX);
const Usage = z.strictObject({ input: Tokens, output: Tokens, cache_read: Tokens.optional(), cache_write: Tokens.optional() });
const Body = {
  file: z.string().min(1).optional(),
  text: z.string().optional(),
  json: z.unknown().optional(),
  error: z.strictObject({ code: z.string().regex(/^[a-z][a-z0-9_]*$/), retryable: z.boolean().optional(), retry_after_ms: z.int().nonnegative().optional() }).optional(),
  choose: z.string().optional(),
  note: z.string().max(2000).optional(),
  usage: Usage.optional(),
  stop_reason: z.enum(['end', 'max_tokens', 'refusal']).optional(),
};
const Role = z.enum(['builder', 'auditor', 'auditor2', 'judge', 'planner', 'doctor', 'human']);
const Answer = z.strictObject({ role: Role, phase: z.string(), attempt: z.int().min(1).optional(), call: z.int().min(1).optional(), ...Body });
/** Refined one by one: a malformed entry hides no other's problem. */
const Checked = Answer.superRefine((answer, { addIssue }) => {
  for (const message of bodyProblems(answer.role, answer)) addIssue({ code: 'custom', message });
});
const Defaults = z.partialRecord(Role, z.strictObject(Body)).superRefine((defaults, { addIssue }) => {
  for (const [role, body] of Object.entries(defaults)) for (const message of bodyProblems(role, body)) addIssue({ code: 'custom', path: [role], message });
});
const AnswersFile = z.strictObject({
  version: z.literal(1),
  answers: z.array(Checked),
  defaults: Defaults.default({}),
});

export type ScriptAnswer = z.infer<typeof Answer>;
export type ScriptBody = Pick<ScriptAnswer, keyof typeof Body>;
export type AnswersFile = z.infer<typeof AnswersFile>;

/** @throws ExecutorError `provider.invalid` with every problem and its line. */
export function parseAnswers(text: string, name: string): AnswersFile {
  const read = parseLocated(text, name);
  if (!read.ok) throw invalid(read.notices);
  const parsed = AnswersFile.safeParse(read.located.value);
  if (!parsed.success) throw invalid(schemaNotices(read.located, AnswersFile, parsed.error.issues));
  return parsed.data;
}

/** Exactly one body; a human chooses, a model does not. */
function bodyProblems(role: string, body: ScriptBody): string[] {
  const bodies = (['file', 'text', 'json', 'error'] as const).filter((key) => body[key] !== undefined);
  if (role === 'human') return body.choose === undefined ? ['a human needs `choose`'] : bodies.map((key) => `a human has no \`${key}\``);
  if (body.choose !== undefined) return ['only a human has `choose`'];
  return bodies.length === 1 ? [] : [`one of file, text, json, error is needed, ${bodies.length === 0 ? 'none is there' : `${bodies.join(' and ')} are`}`];
}

const invalid = (notices: readonly Notice[]): ExecutorError =>
  new ExecutorError('provider.invalid', `the answers file cannot be used:\n${notices.map((notice) => `  ${noticeText(notice)}`).join('\n')}`, { hint: 'docs/answers.md shows the format' });
