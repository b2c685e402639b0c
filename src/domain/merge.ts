// Merge of verdicts
// =================
// Several auditors, one result: any rejection rejects, unless a judge overrules the only one. Sources: E-161, E-164,
// E-166, E-675, E-676, E-696, docs/adr/0009.

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
  readonly disagreement: Disagreement;
}

/** E-166: one rejects and one does not; both reject, one with more than twice the findings; one sees a kind of fault that the other does not. */
export type Disagreement = 'none' | 'approval' | 'severity' | 'category';

type OfRole = { readonly role: string; readonly verdict: AuditVerdict };

const RANK = { minor: 0, major: 1, critical: 2 } as const;

/** @param verdicts at least one, each with the auditor's role. */
export function mergeVerdicts(verdicts: readonly OfRole[]): MergedAudit {
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
    approved: verdicts.length > 0 && verdicts.every(({ verdict }) => approves(verdict)),
    issues,
    minor: count('minor'),
    major,
    critical,
    disagreement: disagreementOf(verdicts.map(({ verdict }) => verdict)),
  };
}

const grave = ({ issues }: AuditVerdict): AuditIssue[] => issues.filter(({ severity }) => severity !== 'minor');
/** approved = true beside a major or critical issue counts as a rejection (E-161). */
const approves = (verdict: AuditVerdict): boolean => verdict.approved && grave(verdict).length === 0;

const COUNT_FACTOR = 2;

function disagreementOf(verdicts: readonly AuditVerdict[]): Disagreement {
  if (new Set(verdicts.map(approves)).size > 1) return 'approval';
  const counts = verdicts.map((verdict) => Math.max(1, grave(verdict).length));
  if (Math.max(1, ...counts) > COUNT_FACTOR * Math.min(...counts)) return 'severity';
  const kinds = verdicts.map((verdict) => [...new Set(grave(verdict).map(({ category }) => category.toLowerCase()))].sort().join());
  return new Set(kinds).size > 1 ? 'category' : 'none';
}

export interface SettledAudit extends MergedAudit {
  /** What the judge said, where one was asked. */
  readonly judge: 'none' | 'approved' | 'rejected';
}

/**
 * The auditors' verdicts, and the judge's where they disagree. Its approval overrules a lone rejection: what that one found
 * weighs as minor. Two rejections and a critical issue stand whatever it says; its own findings count with theirs.
 */
export function settleVerdicts(verdicts: readonly OfRole[], judge: AuditVerdict | null): SettledAudit {
  const merged = mergeVerdicts(verdicts);
  if (judge === null) return { ...merged, judge: 'none' };
  if (!approves(judge)) return { ...mergeVerdicts([...verdicts, { role: 'judge', verdict: judge }]), approved: false, disagreement: merged.disagreement, judge: 'rejected' };
  if (merged.disagreement !== 'approval' || merged.critical > 0) return { ...merged, judge: 'approved' };
  return { ...merged, approved: true, minor: merged.minor + merged.major, major: 0, judge: 'approved' };
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
