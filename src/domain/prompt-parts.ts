// Parts of prompts
// ================
// What is not the user's own word, as it stands in a prompt: marked, cleaned, within its limit (D1 to D4).

import { clipped, quoted, spelledOut, stated, visible } from './prompt.ts';
import { charsIn, partsMax, roomFor, shared } from './prompt-budget.ts';

/** What the planner wrote is advice; what the plan says stays beside it. */
export function descriptionPart(original: string, revision: string | null): string {
  if (revision === null) return stated(original);
  return `${quoted('A planner advises this way, after attempts that failed:', clipped(visible(revision), partsMax.revision))}\nThe goal as the plan gives it, which stays:\n${stated(original)}`;
}

export interface FeedbackText {
  readonly kind: string;
  readonly message: string;
  readonly detail: string;
}

/** Oldest first; where not all details fit, the newest keep theirs. */
export function feedbackPart(feedback: readonly FeedbackText[]): string {
  if (feedback.length === 0) return '';
  const details = feedback.map(({ detail }) => visible(detail));
  const shares = shared(details.map(({ length }) => length).toReversed(), partsMax.feedback, partsMax.detail).toReversed();
  const parts = feedback.map(({ kind, message }, at) => {
    const detail = details[at] ?? '';
    return quoted(`What failed before (${kind}):`, visible(message)) + (detail === '' ? '' : quoted('In detail:', clipped(detail, shares[at] ?? 0)));
  });
  return `\n## Earlier attempts\n${parts.join('\n')}`;
}

export const outputPart = (output: string | null): string => quoted('', output === null ? '(no test was run)' : clipped(visible(output), partsMax.output));

/** What auditors said, for a judge, who is not told which models they are. */
export const verdictsPart = (verdicts: readonly string[]): string => verdicts.map((text, at) => quoted(`Auditor ${at + 1}:`, clipped(visible(text), partsMax.verdict))).join('\n');

/** A patch is reviewed with every character; what does not fit into the model's window is said, and must not be approved. */
export function diffPart(diff: string, { model, outputTokensMax, otherChars }: { readonly model: string; readonly outputTokensMax: number; readonly otherChars: number }): string {
  const max = Math.max(0, charsIn(roomFor(model, outputTokensMax)) - otherChars);
  const text = spelledOut(diff);
  return quoted(text.length > max ? 'The patch is too long for you; a part of it is left out:' : '', clipped(text, max));
}
