// Merge of verdicts
// =================
// Several auditors, one result: any rejection rejects. Sources: E-161, E-164, E-675, E-676, E-696.

import { cut } from './text.ts';

export interface AuditIssue {
  readonly severity: 'minor' | 'major' | 'critical';
  readonly category: string;
  readonly description: string;
  readonly file: string;
  readonly line: number;
  readonly suggestion: string;
}

export interface AuditVerdict {
  readonly approved: boolean;
  readonly issues: readonly AuditIssue[];
  readonly summary: string;
}

export interface MergedIssue extends AuditIssue {
  /** Which auditors saw it, in order. */
  readonly sources: readonly string[];
}

export interface MergedAudit {
  readonly approved: boolean;
  readonly issues: readonly MergedIssue[];
  readonly minor: number;
  readonly major: number;
  readonly critical: number;
  /** The auditors do not agree on approval. */
  readonly disagreement: boolean;
}

const RANK = { minor: 0, major: 1, critical: 2 } as const;

/** @param verdicts at least one, each with the auditor's role. */
export function mergeVerdicts(verdicts: readonly { readonly role: string; readonly verdict: AuditVerdict }[]): MergedAudit {
  const byKey = new Map<string, MergedIssue>();
  for (const { role, verdict } of verdicts) {
    for (const issue of verdict.issues) {
      const key = keyOf(issue);
      const known = byKey.get(key);
      byKey.set(key, known === undefined ? { ...issue, sources: [role] } : joined(known, issue, role));
    }
  }
  const issues = [...byKey.values()];
  const count = (severity: AuditIssue['severity']): number => issues.filter((issue) => issue.severity === severity).length;
  const [major, critical] = [count('major'), count('critical')];
  return {
    // approved = true beside a major or critical issue counts as a rejection (E-161).
    approved: verdicts.length > 0 && verdicts.every(({ verdict }) => verdict.approved) && major + critical === 0,
    issues,
    minor: count('minor'),
    major,
    critical,
    disagreement: new Set(verdicts.map(({ verdict }) => verdict.approved)).size > 1,
  };
}

/** Two reports of one place and kind are one issue; without a place only equal words are. */
function keyOf({ category, file, line, description }: AuditIssue): string {
  const place = file === '' ? `?${description.toLowerCase()}` : `${file.toLowerCase()}${line === 0 ? '' : `:${line}`}`;
  return `${category.toLowerCase()}@${place}`;
}

function joined(known: MergedIssue, issue: AuditIssue, role: string): MergedIssue {
  const both = (a: string, b: string): string => cut(a === b || b === '' ? a : a === '' ? b : `${a} / ${b}`, 500);
  return {
    ...known,
    severity: RANK[issue.severity] > RANK[known.severity] ? issue.severity : known.severity,
    description: both(known.description, issue.description),
    suggestion: both(known.suggestion, issue.suggestion),
    sources: known.sources.includes(role) ? known.sources : [...known.sources, role],
  };
}
