// Comparison
// ==========
// The tests of a candidate against those of its base, by name. Source: E-184.

import type { TestReport } from './report.ts';

export interface Comparison {
  /** Failed now and not before; what is new and fails is among them. */
  readonly newlyFailing: readonly string[];
  readonly newlyPassing: readonly string[];
  readonly stillFailing: readonly string[];
  /** Failed, and passed when it was run again. */
  readonly flaky: readonly string[];
  readonly newErrors: readonly string[];
  readonly gone: readonly string[];
  readonly added: readonly string[];
  /** Ran before and is skipped now. */
  readonly newlySkipped: readonly string[];
}

/** Null where the two do not speak of the same names: the numbers and the exit code decide (E-681). */
export function compare(now: TestReport, before: TestReport): Comparison | null {
  if (now.dialect !== before.dialect || now.named === 'none' || before.named === 'none') return null;
  const failing = failed(now);
  const failedBefore = new Set(failed(before));
  const isWhole = now.named === 'all' && before.named === 'all';
  const known = (ids: Iterable<string>, is: (id: string) => boolean): string[] => (isWhole ? [...ids].filter(is) : []);
  return {
    newlyFailing: failing.filter((id) => !failedBefore.has(id)),
    newlyPassing: now.named === 'all' ? [...failedBefore].filter((id) => now.tests.get(id) === 'passed') : [],
    stillFailing: failing.filter((id) => failedBefore.has(id)),
    flaky: [],
    newErrors: now.collectionErrors.filter((name) => !before.collectionErrors.includes(name)),
    gone: known(before.tests.keys(), (id) => !now.tests.has(id)),
    added: known(now.tests.keys(), (id) => !before.tests.has(id)),
    newlySkipped: known(now.tests.keys(), (id) => now.tests.get(id) === 'skipped' && before.tests.has(id) && before.tests.get(id) !== 'skipped'),
  };
}

const failed = ({ tests }: TestReport): string[] => [...tests].flatMap(([id, outcome]) => (outcome === 'failed' ? [id] : []));

export const needsAnother = ({ newlyFailing, newErrors }: Comparison): boolean => newlyFailing.length + newErrors.length > 0;

/** After a second run of the same tree: what passed then is a suspect and blocks nothing. @param again null where it gave no report. */
export function afterAnother(first: Comparison, again: TestReport | null): Comparison {
  if (again === null || again.named === 'none') return first;
  const passedAgain = (id: string): boolean => (again.named === 'all' ? again.tests.get(id) === 'passed' : !again.tests.has(id));
  const errors = first.newErrors.filter((name) => again.collectionErrors.includes(name));
  // Where something did not load again, what is silent has not passed.
  const flaky = again.named === 'failing' && again.collectionErrors.length > 0 ? [] : first.newlyFailing.filter(passedAgain);
  const suspects = new Set(flaky);
  return { ...first, newlyFailing: first.newlyFailing.filter((id) => !suspects.has(id)), newErrors: errors, flaky: [...flaky, ...first.newErrors.filter((name) => !errors.includes(name))] };
}
