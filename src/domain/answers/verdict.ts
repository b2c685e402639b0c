// An auditor's or judge's answer
// ==============================
// One schema for all vendors, both dialects of it read (E-161). What cannot be read is null, never an approval.

import { z } from 'zod';
import type { AuditVerdict } from '../merge.ts';
import { cut } from '../text.ts';
import { objectsIn } from './objects.ts';

const RawIssue = z.object({
  severity: z.string(),
  category: z.string().default('other'),
  description: z.string().default(''),
  file_path: z.string().nullish(),
  line_number: z.number().nullish(),
  location: z.string().nullish(),
  suggestion: z.string().nullish(),
});
const RawVerdict = z.object({ approved: z.boolean(), issues: z.array(RawIssue).default([]), summary: z.string().default('') });

const text = { type: 'string' } as const;
/** What the prompt asks for, as the vendors' structured answers want it: every property required, nothing else. */
export const verdictSchema = {
  name: 'verdict',
  schema: {
    type: 'object', additionalProperties: false, required: ['approved', 'issues', 'summary'],
    properties: {
      approved: { type: 'boolean' },
      issues: {
        type: 'array',
        items: {
          type: 'object', additionalProperties: false, required: ['severity', 'category', 'description', 'file_path', 'line_number', 'suggestion'],
          properties: { severity: { ...text, enum: ['minor', 'major', 'critical'] }, category: text, description: text, file_path: text, line_number: { type: 'integer' }, suggestion: text },
        },
      },
      summary: text,
    },
  },
} as const;

type Severity = AuditVerdict['issues'][number]['severity'];
const ISSUES_MAX = 40;
const SEVERITY: ReadonlyMap<string, Severity> = new Map([['minor', 'minor'], ['low', 'minor'], ['info', 'minor'], ['major', 'major'], ['medium', 'major'], ['high', 'major'], ['critical', 'critical'], ['blocker', 'critical']]);
const RANK = { critical: 0, major: 1, minor: 2 } as const;
/** `file`, `file:line`, `file:line:column` or `file:from-to`. */
const PLACE = /^(.*?)(?::(\d+)(?:[:-]\d+)?)?$/s;

export function parseVerdict(answer: string): AuditVerdict | null {
  const verdicts = objectsIn(answer).filter((object) => 'approved' in object);
  // Two that differ: one of them is quoted, from the diff perhaps, and nobody knows which one.
  if (new Set(verdicts.map((verdict) => JSON.stringify(verdict))).size !== 1) return null;
  const parsed = RawVerdict.safeParse(verdicts[0]);
  if (!parsed.success) return null;
  // The worst first, so that a cut list never loses what rejects.
  const issues = parsed.data.issues.map(normalised).sort((a, b) => RANK[a.severity] - RANK[b.severity]).slice(0, ISSUES_MAX);
  return { approved: parsed.data.approved, issues, summary: cut(parsed.data.summary, 450) };
}

function normalised(issue: z.infer<typeof RawIssue>): AuditVerdict['issues'][number] {
  const place = PLACE.exec(issue.location ?? '');
  const line = issue.line_number ?? Number(place?.[2] ?? 0);
  return {
    // An unknown word is not taken lightly.
    severity: SEVERITY.get(issue.severity.trim().toLowerCase()) ?? 'major',
    category: cut(issue.category.toLowerCase(), 32),
    description: cut(issue.description, 450),
    file: cut(issue.file_path ?? place?.[1] ?? '', 512),
    line: Number.isSafeInteger(line) && line > 0 ? line : 0,
    suggestion: cut(issue.suggestion ?? '', 450),
  };
}
