// A planner's answer
// ==================
// {description, reason}; a description under 20 characters is none (E-112, A-070).

import { z } from 'zod';
import { cut } from '../text.ts';
import { objectsIn } from './objects.ts';

const Revision = z.object({ description: z.string(), reason: z.string().default('') });
/** What the prompt asks for, as the vendors' structured answers want it. */
export const revisionSchema = {
  name: 'revision',
  schema: { type: 'object', additionalProperties: false, required: ['description', 'reason'], properties: { description: { type: 'string' }, reason: { type: 'string' } } },
} as const;
const DESCRIPTION_MIN = 20;
const DESCRIPTION_MAX = 16_000;

export function parseRevision(answer: string): { readonly description: string; readonly reason: string } | null {
  const parsed = Revision.safeParse(objectsIn(answer).find((object) => 'description' in object));
  if (!parsed.success) return null;
  const text = parsed.data.description.toWellFormed().trim();
  return [...text].length < DESCRIPTION_MIN ? null : { description: cut(text, DESCRIPTION_MAX), reason: cut(parsed.data.reason, 450) };
}
