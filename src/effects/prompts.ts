// Prompts of the calls
// ====================
// Which template gets which values. All foreign text goes through `quoted`.

import { formats, type BuilderMode } from '#src/domain/answers/formats.ts';
import { bullets, clipped, fill, quoted, visible } from '#src/domain/prompt.ts';
import type { FeedbackItem } from '#src/events/effects.ts';
import type { Ref } from '#src/record/ref.ts';
import { getText, phaseOf, type Hands, type Requested } from './performing.ts';

type Phase = Requested['plan']['phases'][number];
const DETAIL_MAX = 8000;
const OUTPUT_MAX = 12_000;

export function template({ prompts }: Hands, name: string): string {
  const text = prompts.get(name);
  if (text === undefined) throw new Error(`no template ${name}`);
  return text;
}

/** The plan's description, or the re-planned one with the original goal beside it. */
async function descriptionOf(hands: Hands, phase: Phase, revision: Ref | null): Promise<string> {
  const original = phase.description ?? phase.name;
  if (revision === null) return original;
  return `${await getText(hands.blobs, revision)}\n\nThe goal as the plan gives it, which stays:\n${original}`;
}

async function feedbackText(hands: Hands, feedback: readonly FeedbackItem[]): Promise<string> {
  if (feedback.length === 0) return '';
  const parts = await Promise.all(
    feedback.map(async ({ kind, message, detail }) => {
      const text = detail === null ? '' : clipped(visible(await getText(hands.blobs, detail)), DETAIL_MAX);
      return `${quoted(`What failed before (${kind}):`, visible(message))}${text === '' ? '' : quoted('In detail:', text)}`;
    }),
  );
  return `\n## Earlier attempts\n${parts.join('\n')}`;
}

const common = (phase: Phase) => ({ phase: phase.phase_id, name: phase.name, category: phase.task_category ?? 'general', complexity: phase.complexity, criteria: bullets(phase.acceptance_criteria, '(none given: complete output, stay in scope, leave unchanged when unsure)') });

export async function builderPrompt(hands: Hands, call: { phase: string; attempt: number; context: Ref; revision: Ref | null; feedback: readonly FeedbackItem[]; mode: BuilderMode }) {
  const phase = phaseOf(hands, call.phase);
  const format = template(hands, formats[call.mode].prompt);
  return {
    system: fill(template(hands, 'builder'), { format, protected: hands.requested.policy.protectedPaths.join(', ') }),
    prompt: fill(template(hands, 'phase'), {
      ...common(phase), attempt: String(call.attempt), description: await descriptionOf(hands, phase, call.revision), scope: bullets(phase.scope.paths, '- any path that is not protected'),
      deliverables: bullets(phase.deliverables, '(none named)'), feedback: await feedbackText(hands, call.feedback), context: await getText(hands.blobs, call.context),
    }),
  };
}

/** E-134: what stands before the prompt of a cut answer when its rest is asked for. Paths of an answer are foreign text. */
export const continuationPrompt = (hands: Hands, whole: readonly string[], remaining: readonly string[]): string =>
  fill(template(hands, 'continuation'), { whole: quoted('', visible(whole.slice(-5).join('\n'))), remaining: bullets(remaining.slice(0, 10), '') });

export async function auditorPrompt(hands: Hands, call: { phase: string; diff: Ref; output: Ref | null; checks: string; revision: Ref | null; repair: Ref | null }) {
  const phase = phaseOf(hands, call.phase);
  const output = call.output === null ? '(no test was run)' : clipped(visible(await getText(hands.blobs, call.output)), OUTPUT_MAX);
  const repair = call.repair === null ? '' : `\n## Your last answer could not be read\nAnswer again, with the JSON object alone.\n`;
  return {
    system: template(hands, 'auditor'),
    prompt: fill(template(hands, 'audit'), {
      ...common(phase), description: await descriptionOf(hands, phase, call.revision), checks: call.checks, repair,
      diff: quoted('', await getText(hands.blobs, call.diff)), output: quoted('', output),
    }),
  };
}

export async function plannerPrompt(hands: Hands, call: { phase: string; revision: Ref | null; feedback: readonly FeedbackItem[] }) {
  const phase = phaseOf(hands, call.phase);
  return {
    system: template(hands, 'planner'),
    prompt: fill(template(hands, 'revision'), { ...common(phase), description: await descriptionOf(hands, phase, call.revision), feedback: await feedbackText(hands, call.feedback) }),
  };
}
