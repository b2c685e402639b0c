// Gate
// ====
// The last judgement before a commit: a truth table, first match wins. Sources: E-171, E-172, E-173, E-175.

import { riskLevel } from './risk.ts';

export interface GateInput {
  readonly highRisk: boolean;
  /** `none`: no command is configured; `skipped`: the plan says so, with a reason. */
  readonly checks: 'passed' | 'failed' | 'skipped' | 'none';
  /** Category or profile say that coverage counts. */
  readonly isStrict: boolean;
  /** Basis points; null: unknown, which never compares (E-174). */
  readonly coverageDeltaBp: number | null;
  readonly audit: { readonly approved: boolean; readonly minor: number; readonly major: number; readonly critical: number } | null;
  /** Lines removed minus lines added. */
  readonly netDeletion: number;
  readonly netDeletionMax: number;
  readonly allowMassDeletion: boolean;
  /** 0 to 100 (E-175). */
  readonly risk: number;
}

const COVERAGE_LOSS_BP = 200;

export interface GateVerdict {
  readonly level: 'ok' | 'needs_review' | 'blocked';
  /** Row of E-171. */
  readonly row: number;
  readonly reasons: readonly string[];
}

export function judgeGate(input: GateInput): GateVerdict {
  const { highRisk, checks, audit } = input;
  const verdict = (level: GateVerdict['level'], row: number, reason: string): GateVerdict => ({ level, row, reasons: [reason] });
  if (audit === null) return verdict('blocked', 1, 'there is no auditor result');
  if (audit.critical > 0) return verdict('blocked', 1, 'an auditor found a critical issue');
  if (highRisk && checks === 'none') return verdict('blocked', 1, 'a high-risk phase has no test command');
  if (input.netDeletion > input.netDeletionMax && !input.allowMassDeletion) {
    return verdict('blocked', 2, `it removes ${input.netDeletion} lines more than it adds; allow_mass_deletion would let it pass`);
  }
  if (riskLevel(input.risk) === 'critical') return verdict('blocked', 2, `the risk of the change is critical (${input.risk} of 100)`);
  const rejected = !audit.approved || audit.major > 0;
  if (checks === 'failed') return highRisk ? verdict('blocked', 3, 'the tests fail') : verdict('needs_review', 7, 'the tests fail');
  if (rejected) return highRisk ? verdict('blocked', 4, 'an auditor rejects it') : verdict('needs_review', 8, 'an auditor rejects it');
  const { coverageDeltaBp: delta } = input;
  if (highRisk && input.isStrict && delta === null) return verdict('needs_review', 5, 'the coverage is unknown');
  if (highRisk && input.isStrict && delta !== null && delta < -COVERAGE_LOSS_BP) return verdict('needs_review', 5, `the coverage falls by ${percent(-delta)}`);
  if (highRisk) return verdict('ok', 6, 'high risk: tests and every auditor agree');
  const falls = delta !== null && delta < 0 ? `; the coverage falls by ${percent(-delta)}` : '';
  return verdict('ok', 9, checks === 'passed' ? `tests pass and the audit approves${falls}` : 'the audit approves; no test was run');
}

const percent = (basisPoints: number): string => `${Math.floor(basisPoints / 100)}.${String(basisPoints % 100).padStart(2, '0')} points`;
