// Plans
// =====
// Plans as text with a mark where a problem is expected, and what parsing them comes to.

import { parsePlan, type ParsedPlan } from '#src/plan/parse.ts';
import type { Notice } from '#src/yaml/located.ts';

const limits = { phasesMax: 3, filesPerScopeMax: 2, testsMs: 600_000, baselineMs: 180_000, protectedPaths: ['autopack.yaml', '.autonomous_runs/'] };

export const parsed = (text: string): ParsedPlan => parsePlan({ text, file: 'plan.yaml', protect: 'docs/plan.yaml', defaultRunId: 'run' }, limits);

export function problemsOf(text: string): readonly Notice[] {
  const read = parsed(text);
  return read.ok ? [] : read.problems;
}

/** The text without its mark `▸`, and the line and column where it stood. */
export function marked(text: string): { text: string; line: number; column: number } {
  const before = text.slice(0, text.indexOf('▸')).split('\n');
  return { text: text.replace('▸', ''), line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

/** A row of a table of problems; the text is marked. */
export type PlanCase = readonly [what: string, text: string, path: string, message: string, hint: string];
