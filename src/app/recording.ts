// Recording
// =========
// The answers of a run as an answers file: `--provider script:FILE` then gives the same answers again, call by call.
// Made from the log alone, so an old run can be recorded as well as a live one.

import { getText } from '#src/effects/performing.ts';
import type { EffectParams } from '#src/events/effects.ts';
import type { InputData } from '#src/events/inputs.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { Effect, RunRecord } from '#src/record/record.ts';

interface Recorded {
  readonly role: string;
  /** Empty where the run itself asks. */
  readonly phase: string;
  readonly attempt?: number;
  readonly call?: number;
  readonly text?: string;
  readonly stop_reason?: string;
  readonly error?: { readonly code: string; readonly retryable: boolean; readonly retry_after_ms: number };
  readonly usage?: Readonly<Record<'input' | 'output' | 'cache_read' | 'cache_write', number>>;
  readonly choose?: string;
  readonly note?: string;
}

type Asked = Pick<Recorded, 'role' | 'phase' | 'attempt' | 'call'>;

/** JSON, which is YAML: one answer a line. */
export async function recordedAnswers(blobs: Blobs, records: readonly RunRecord[]): Promise<string> {
  const effects = new Map<string, Effect>();
  const answers: Recorded[] = [];
  for (const { event, effects: wanted } of records) {
    const effect = event.cause === undefined ? undefined : effects.get(event.cause);
    const answer = effect === undefined ? null : await answerOf(blobs, effect, event);
    if (answer !== null) answers.push(answer);
    for (const next of wanted) effects.set(next.id, next);
  }
  return `{"version": 1, "answers": [\n${answers.map((answer) => `  ${JSON.stringify(answer)}`).join(',\n')}\n]}\n`;
}

async function answerOf(blobs: Blobs, effect: Effect, event: RunRecord['event']): Promise<Recorded | null> {
  if (event.type === 'question.answered') return humanAnswer(effect.params as EffectParams<'askHuman'>, event.data as unknown as InputData<'question.answered'>);
  const asked = askedBy(effect);
  if (asked === null) return null;
  if (event.type === 'effect.failed') {
    const { code, retryable, retryAfterMs, ...spent } = event.data as unknown as InputData<'effect.failed'>;
    return { ...asked, error: { code, retryable, retry_after_ms: retryAfterMs }, usage: usageOf(spent) };
  }
  if (!('answer' in event.data)) return null;
  const data = event.data as unknown as InputData<'builder.answered' | 'audit.answered' | 'judge.answered' | 'revision.answered'>;
  return { ...asked, text: await getText(blobs, data.answer), ...('stopReason' in data ? { stop_reason: data.stopReason } : {}), usage: usageOf(data) };
}

function askedBy({ type, params }: Effect): Asked | null {
  const { phase, attempt, call } = params as { phase: string; attempt: number; call: number };
  if (type === 'callBuilder') return { role: 'builder', phase, attempt, call };
  if (type === 'callJudge') return { role: 'judge', phase, attempt, call };
  if (type === 'callPlanner') return { role: 'planner', phase, attempt, call };
  if (type === 'callAuditor') return { role: (params as EffectParams<'callAuditor'>).role, phase, attempt, call };
  return null;
}

const humanAnswer = ({ phase, attempt }: EffectParams<'askHuman'>, { option, note }: InputData<'question.answered'>): Recorded => ({ role: 'human', phase: phase ?? '', ...(attempt === 0 ? {} : { attempt }), choose: option, note });

interface Used { readonly inputTokens: number; readonly outputTokens: number; readonly cacheReadTokens: number; readonly cacheWriteTokens: number }
const usageOf = ({ inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens }: Used): NonNullable<Recorded['usage']> => ({ input: inputTokens, output: outputTokens, cache_read: cacheReadTokens, cache_write: cacheWriteTokens });

