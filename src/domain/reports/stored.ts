// Stored reports
// ==============
// A report as it lies in a blob, for the runs of tests that are compared with it: sorted, so that equal results are
// equal bytes.

import { z } from 'zod';
import type { TestReport } from './report.ts';

const Stored = z.strictObject({
  dialect: z.string(),
  run: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  skipped: z.int().nonnegative(),
  named: z.enum(['all', 'failing', 'none']),
  tests: z.array(z.tuple([z.string(), z.enum(['passed', 'failed', 'skipped'])])),
  collectionErrors: z.array(z.string()),
});

export function storedText(report: TestReport): string {
  const tests = [...report.tests].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ ...report, tests, collectionErrors: [...report.collectionErrors].sort() })}\n`;
}

/** @throws ZodError when it is not what `storedText` wrote. */
export function storedReport(text: string): TestReport {
  const { tests, ...report } = Stored.parse(JSON.parse(text));
  return { ...report, tests: new Map(tests) };
}
