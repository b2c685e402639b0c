// Scripted models
// ===============
// The Models port over an answers file. It keeps no state: role, phase, attempt and call find the answer.

import { isUtf8 } from 'node:buffer';
import { readFile, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { ExecutorError } from '#src/errors/errors.ts';
import type { HumanAnswer, ModelReply, ModelRequest, Models } from '#src/ports/models.ts';
import { sha256 } from '#src/record/canonical.ts';
import { parseAnswers, type AnswersFile, type ScriptAnswer, type ScriptBody } from './answers.ts';

export interface ScriptedModels extends Models {
  /** sha256 over the answers file and every file that it names: a resume warns when it changed. */
  readonly digest: string;
}

/** @throws ExecutorError `provider.invalid` when the file is missing, malformed or names files that are not there. */
export async function scriptedModels(path: string): Promise<ScriptedModels> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new ExecutorError('provider.invalid', `the answers file ${path} cannot be read`, { hint: 'give --provider script:FILE', cause });
  });
  if (!isUtf8(bytes)) throw new ExecutorError('provider.invalid', `the answers file ${path} is not UTF-8 text`, { hint: 'save it as UTF-8' });
  const text = bytes.toString('utf8');
  const answers = parseAnswers(text, path);
  const files = await readFiles(answers, dirname(path));
  return {
    idempotent: true,
    digest: sha256(JSON.stringify([text, [...files]])),
    call: (request) => Promise.resolve(reply(find(answers, request), request, files)),
    human: ({ phase, attempt, options }) => humanAnswer(answers, { phase: phase ?? OF_THE_RUN, attempt, options }),
  };
}

/** Everything is read once, so that a file that changes meanwhile changes nothing. */
async function readFiles(answers: AnswersFile, folder: string): Promise<Map<string, string>> {
  const names = new Set([...answers.answers, ...Object.values(answers.defaults)].flatMap(({ file }) => (file === undefined ? [] : [file])));
  const root = await realpath(folder);
  const files = new Map<string, string>();
  const problems: string[] = [];
  for (const name of [...names].sort()) {
    try {
      const real = await realpath(join(root, name));
      if (!real.startsWith(root + sep)) problems.push(`${name} lies outside the folder of the answers file`);
      else files.set(name, await readFile(real, 'utf8'));
    } catch {
      problems.push(`${name} cannot be read`);
    }
  }
  if (problems.length > 0) throw new ExecutorError('provider.invalid', `the answers file names files that cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  return files;
}

interface Asked { readonly role: ScriptAnswer['role']; readonly phase: string; readonly attempt: number; readonly call: number }

/** The most exact entry wins; among equals the first. */
function find({ answers, defaults }: AnswersFile, { role, phase, attempt, call }: Asked): ScriptBody | undefined {
  const fitting = answers.filter((answer) => answer.role === role && answer.phase === phase && (answer.attempt ?? attempt) === attempt && (answer.call ?? call) === call);
  const exactness = ({ attempt: ofAttempt, call: ofCall }: ScriptAnswer): number => (ofAttempt === undefined ? 0 : 2) + (ofCall === undefined ? 0 : 1);
  return fitting.sort((a, b) => exactness(b) - exactness(a))[0] ?? defaults[role];
}

function reply(body: ScriptBody | undefined, { role, phase, attempt, call }: ModelRequest, files: ReadonlyMap<string, string>): ModelReply {
  const usage = { inputTokens: body?.usage?.input ?? 0, outputTokens: body?.usage?.output ?? 0, cacheReadTokens: body?.usage?.cache_read ?? 0, cacheWriteTokens: body?.usage?.cache_write ?? 0 };
  if (body === undefined) {
    return { ok: false, usage, retryAfterMs: 0, failure: { code: 'answer_missing', message: `role ${role}, phase ${phase}, attempt ${attempt}, call ${call}`, retryable: false } };
  }
  if (body.error !== undefined) {
    const { code, retryable, retry_after_ms = 0 } = body.error;
    return { ok: false, usage, retryAfterMs: retry_after_ms, failure: { code, message: 'scripted', retryable: retryable ?? (/^http_(429|5\d\d)$/.test(code) || code === 'timeout' || code === 'network') } };
  }
  const text = body.text ?? (body.file === undefined ? JSON.stringify(body.json) : (files.get(body.file) ?? ''));
  return { ok: true, text, usage, stopReason: body.stop_reason ?? 'end' };
}

/** Where the run itself asks. */
const OF_THE_RUN = '';

function humanAnswer(answers: AnswersFile, { phase, attempt, options }: { readonly phase: string; readonly attempt: number; readonly options: readonly string[] }): HumanAnswer | null {
  const body = find(answers, { role: 'human', phase, attempt, call: 1 });
  return body?.choose === undefined || !options.includes(body.choose) ? null : { choose: body.choose, note: body.note ?? '' };
}
