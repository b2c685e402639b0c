// Prompts of the calls
// ====================
// Which template gets which values. All text that is not the user's own is a part of `prompt-parts` or goes through `quoted`.

import { formats } from '#src/domain/answers/formats.ts';
import { bullets, fill, pathName, quoted, stated, visible } from '#src/domain/prompt.ts';
import { descriptionPart, diffPart, feedbackPart, outputPart, verdictsPart } from '#src/domain/prompt-parts.ts';
import { isSecretFree } from '#src/domain/secrets.ts';
import type { BuilderMode } from '#src/events/define.ts';
import type { FeedbackItem } from '#src/events/effects.ts';
import type { Ref } from '#src/record/ref.ts';
import { getText, partOf, phaseOf, policyOf, type Hands, type Requested } from './performing.ts';

type Phase = Requested['plan']['phases'][number];

export function template({ prompts }: Hands, name: string): string {
  const text = prompts.get(name);
  if (text === undefined) throw new Error(`no template ${name}`);
  return text;
}

const WITHHELD = '(left out: it holds what looks like a key)';

/** A recorded text for a prompt; one that holds a key never leaves the machine. */
const keyless = ({ secrets }: Hands, text: string): string => (isSecretFree(text, secrets) ? text : WITHHELD);
const textOf = async (hands: Hands, ref: Ref): Promise<string> => keyless(hands, await getText(hands.blobs, ref));

async function descriptionOf(hands: Hands, phase: Phase, revision: Ref | null): Promise<string> {
  return descriptionPart(phase.description ?? phase.name, revision === null ? null : await textOf(hands, revision));
}

async function feedbackOf(hands: Hands, feedback: readonly FeedbackItem[]): Promise<string> {
  return feedbackPart(await Promise.all(feedback.map(async ({ kind, message, detail }) => ({ kind, message: keyless(hands, message), detail: detail === null ? '' : await textOf(hands, detail) }))));
}

const common = (phase: Phase) => ({
  phase: phase.phase_id, name: stated(phase.name).replaceAll('\n', ' '), category: stated(phase.task_category ?? 'general'), complexity: phase.complexity,
  criteria: bullets(phase.acceptance_criteria.map(stated), '(none given: complete output, stay in scope, leave unchanged when unsure)'),
});
const paths = (given: readonly string[], none: string): string => bullets(given.map(pathName), none);

interface BuilderCall { readonly phase: string; readonly batch: number; readonly attempt: number; readonly revision: Ref | null; readonly feedback: readonly FeedbackItem[]; readonly mode: BuilderMode }

/** What failed before and what the planner made of it, as plain text: files are looked for in it. */
export async function wordsBeside(hands: Hands, { revision, feedback }: Pick<BuilderCall, 'revision' | 'feedback'>): Promise<{ readonly revision: string; readonly feedback: string }> {
  const details = await Promise.all(feedback.map(async ({ message, detail }) => `${message}\n${detail === null ? '' : await getText(hands.blobs, detail)}`));
  return { revision: revision === null ? '' : await getText(hands.blobs, revision), feedback: details.join('\n') };
}

/** E-115: what is left to the other batches is not to be made up here. */
function batchPart(hands: Hands, { phase, batch }: BuilderCall): string {
  const { batches } = policyOf(hands, phase);
  const part = batches[batch];
  return part === undefined ? '' : `This is part ${batch + 1} of ${batches.length} (${part.name}): only what stands below may change now; the other parts have their own turn.\n\n`;
}

/** Everything in the order of E-121; what is the same for all phases is the system's. @param context the assembled text. */
export async function builderPrompt(hands: Hands, call: BuilderCall, context: string) {
  const phase = partOf(hands, call);
  const format = template(hands, formats[call.mode].prompt);
  return {
    system: template(hands, 'builder'),
    prompt: fill(template(hands, 'phase'), {
      ...common(phase), attempt: String(call.attempt), batch: batchPart(hands, call), description: await descriptionOf(hands, phase, call.revision), format,
      scope: paths(phase.scope.paths, '- any path that is not protected'), readOnly: paths(phase.scope.read_only_context.map(({ path }) => path), '(none named)'), protected: paths(hands.requested.policy.protectedPaths, '(none named)'),
      deliverables: paths(phase.deliverables, '(none named)'), feedback: await feedbackOf(hands, call.feedback),
      context,
    }),
  };
}

/** E-134: what stands before the prompt of a cut answer when its rest is asked for. Paths of an answer are foreign text. */
export const continuationPrompt = (hands: Hands, whole: readonly string[], remaining: readonly string[]): string =>
  fill(template(hands, 'continuation'), { whole: quoted('', whole.slice(-5).map(pathName).join('\n')), remaining: paths(remaining.slice(0, 10), '') });

interface ReviewCall { readonly phase: string; readonly model: string; readonly outputTokensMax: number; readonly diff: Ref; readonly output: Ref | null; readonly checks: string; readonly revision: Ref | null; readonly repair: Ref | null }
interface Review { readonly system: string; readonly prompt: string; readonly more?: Readonly<Record<string, string>> }

export const auditorPrompt = (hands: Hands, call: ReviewCall) => reviewPrompt(hands, call, { system: 'auditor', prompt: 'audit' });

const DISAGREEMENTS = { approval: 'One of them approves and one rejects.', severity: 'Both reject, and one finds much more than the other.', category: 'Both reject, for faults of different kinds.' } as const;

export async function judgePrompt(hands: Hands, call: ReviewCall & { readonly disagreement: keyof typeof DISAGREEMENTS; readonly verdicts: readonly Ref[] }) {
  const said = await Promise.all(call.verdicts.map((ref) => textOf(hands, ref)));
  return reviewPrompt(hands, call, { system: 'judge', prompt: 'judgement', more: { disagreement: DISAGREEMENTS[call.disagreement], verdicts: verdictsPart(said) } });
}

/** What auditors and judge are asked: the patch is cut last, by the room that everything else leaves. */
async function reviewPrompt(hands: Hands, call: ReviewCall, { system: name, prompt, more = {} }: Review) {
  const phase = phaseOf(hands, call.phase);
  const system = template(hands, name);
  const values = {
    ...common(phase), description: await descriptionOf(hands, phase, call.revision), checks: quoted('', visible(keyless(hands, call.checks))),
    repair: call.repair === null ? '' : `\n## Your last answer could not be read\nAnswer again, with the JSON object alone.\n`,
    output: outputPart(call.output === null ? null : await textOf(hands, call.output)), ...more,
  };
  const otherChars = system.length + fill(template(hands, prompt), { ...values, diff: '' }).length;
  return { system, prompt: fill(template(hands, prompt), { ...values, diff: diffPart(await textOf(hands, call.diff), { ...call, otherChars }) }) };
}

export async function plannerPrompt(hands: Hands, call: { phase: string; revision: Ref | null; feedback: readonly FeedbackItem[] }) {
  const phase = phaseOf(hands, call.phase);
  return {
    system: template(hands, 'planner'),
    prompt: fill(template(hands, 'revision'), { ...common(phase), description: await descriptionOf(hands, phase, call.revision), feedback: await feedbackOf(hands, call.feedback) }),
  };
}
