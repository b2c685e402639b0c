// A small part of the whole runs of `npm run accept`: real tests in the real sandbox, the real branch.

import { describe, expect, test } from 'vitest';
import { skipWithout } from '#tests/support/tools.ts';
import { isRunnable, run, runCases } from './runs.ts';

const LONG = new Set(['hanging tests', '100 MB of output']);

const cases = runCases.filter(({ kind, project }) => !LONG.has(kind) && isRunnable(project) && (project.includes('(') || kind === 'regression'));

describe.skipIf(skipWithout('bwrap'))('E-590 E-670 E-671 PR5 a whole run', () => {
  test.each(cases.map((one) => [one.kind, one.project, one.modes[0] ?? 'diff', one] as const))('E-590 E-670 %s in %s as %s: a correct patch is the branch, a wrong one never gets there, nothing of the user changes', async (_kind, _project, mode, one) => {
    const { outcome, said } = await run(one, mode);
    expect(outcome, said).toBe(one.must);
  }, 60_000);
});
