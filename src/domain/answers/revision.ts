// A planner's answer
// ==================
// {description, reason}; a description under 20 characters is none (E-112, A-070).

import { z } from 'zod';
import { balanced } from './full-file.ts';

const Revision = z.object({ description: z.string(), reason: z.string().default('') });
const DESCRIPTION_MIN = 20;
const DESCRIPTION_MAX = 16_000;

export function parseRevision(answer: string): { readonly description: string; readonly reason: string } | null {
  const json = balanced(answer);
  if (json === null) return null;
  try {
    const { description, reason } = Revision.parse(JSON.parse(json));
    const text = [...description.trim()].slice(0, DESCRIPTION_MAX).join('');
    return text.length < DESCRIPTION_MIN ? null : { description: text, reason: [...reason].slice(0, 450).join('') };
  } catch {
    return null;
  }
}
