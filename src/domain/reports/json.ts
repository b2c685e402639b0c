// Reports in JSON
// ===============
// jest, vitest (which speaks jest's) and mocha. Only what is needed is looked at; what does not fit is no report.

import { z } from 'zod';
import { gathering, type Outcome, type TestReport } from './report.ts';

const Jest = z.object({
  testResults: z.array(z.object({
    name: z.string(),
    status: z.string().optional(),
    assertionResults: z.array(z.object({ ancestorTitles: z.array(z.string()), title: z.string(), status: z.string() })),
  })),
});

const Titled = z.object({ fullTitle: z.string(), file: z.string().nullish() });
const Mocha = z.object({ stats: z.object({ tests: z.number() }), tests: z.array(Titled), failures: z.array(Titled), pending: z.array(Titled) });

const JEST_OUTCOMES = new Map<string, Outcome>([['passed', 'passed'], ['failed', 'failed']]);

export function readJest(text: string): TestReport | null {
  const found = Jest.safeParse(parsed(text));
  if (!found.success) return null;
  const all = gathering();
  for (const { name, status, assertionResults } of found.data.testResults) {
    if (status === 'failed' && assertionResults.every((result) => result.status !== 'failed')) all.broken(name);
    for (const { ancestorTitles, title, status: said } of assertionResults) all.add([name, ...ancestorTitles, title], JEST_OUTCOMES.get(said) ?? 'skipped');
  }
  return all.report('jest');
}

export function readMocha(text: string): TestReport | null {
  const found = Mocha.safeParse(parsed(text));
  if (!found.success) return null;
  const all = gathering();
  const { tests, failures, pending } = found.data;
  const keyOf = ({ file, fullTitle }: z.infer<typeof Titled>): string => `${file ?? ''}\n${fullTitle}`;
  const [failed, skipped, known] = [new Set(failures.map(keyOf)), new Set(pending.map(keyOf)), new Set(tests.map(keyOf))];
  for (const test of tests) all.add([test.file ?? '', test.fullTitle], failed.has(keyOf(test)) ? 'failed' : skipped.has(keyOf(test)) ? 'skipped' : 'passed');
  // A hook that fails is no test, and fails all the same.
  for (const hook of failures) if (!known.has(keyOf(hook))) all.add([hook.file ?? '', hook.fullTitle], 'failed');
  return all.report('mocha_json');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
