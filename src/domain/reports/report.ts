// Test reports
// ============
// What a run of tests says of each test, whatever the runner: one shape for all dialects. Sources: E-180, E-181, E-183.
//
// Skipped is not passed and not run; what is expected to fail counts as skipped. Names are believed only where they add
// up to what the runner itself says of their number.

import { cut } from '../text.ts';

export type Outcome = 'passed' | 'failed' | 'skipped';

export interface TestReport {
  readonly dialect: string;
  /** Tests that passed or failed. */
  readonly run: number;
  readonly failed: number;
  readonly skipped: number;
  /** Whose outcome stands in `tests`: everybody's, only that of what failed, nobody's. */
  readonly named: 'all' | 'failing' | 'none';
  readonly tests: ReadonlyMap<string, Outcome>;
  /** Files and suites that never came to run a test, and what else makes the report less than whole. */
  readonly collectionErrors: readonly string[];
}

/** Beyond it the names are given up and the numbers kept. */
export const NAMES_MAX = 50_000;
const ID_MAX = 400;
const ERRORS_MAX = 100;

export interface Gathering {
  /** @param parts file, suites, title: empty ones are left out. */
  add(parts: readonly string[], outcome: Outcome): void;
  broken(name: string): void;
  report(dialect: string): TestReport;
}

/** Collects named tests; a second test of the same name gets a number. */
export function gathering(): Gathering {
  const tests = new Map<string, Outcome>();
  const seen = new Map<string, number>();
  const errors = new Set<string>();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  return {
    add(parts, outcome) {
      counts[outcome] += 1;
      if (tests.size >= NAMES_MAX) return;
      const id = idOf(parts);
      const times = (seen.get(id) ?? 0) + 1;
      seen.set(id, times);
      tests.set(times === 1 ? id : `${id} (${times})`, outcome);
    },
    broken(name) {
      if (errors.size < ERRORS_MAX) errors.add(idOf([name]));
    },
    report(dialect) {
      const { passed, failed, skipped } = counts;
      const isWhole = passed + failed + skipped === tests.size;
      return { dialect, run: passed + failed, failed, skipped, named: isWhole ? 'all' : 'none', tests: isWhole ? tests : new Map(), collectionErrors: [...errors] };
    },
  };
}

// oxlint-disable-next-line no-control-regex -- a name is one line
export const idOf = (parts: readonly string[]): string => cut(parts.filter((part) => part !== '').join(' > ').replace(/[\s\u0000-\u001f\u007f]+/g, ' ').trim(), ID_MAX);

/** Of several files of one run: what one of them cannot name nobody can. */
export function merged(reports: readonly TestReport[]): TestReport | null {
  const [first] = reports;
  if (first === undefined || reports.length === 1) return first ?? null;
  const all = gathering();
  for (const { tests, collectionErrors } of reports) {
    for (const [id, outcome] of tests) all.add([id], outcome);
    for (const name of collectionErrors) all.broken(name);
  }
  const sum = (key: 'run' | 'failed' | 'skipped'): number => reports.reduce((total, report) => total + report[key], 0);
  const together = all.report([...new Set(reports.map(({ dialect }) => dialect))].join('+').slice(0, 100));
  const isNamed = together.named === 'all' && reports.every(({ named }) => named === 'all');
  return { ...together, run: sum('run'), failed: sum('failed'), skipped: sum('skipped'), named: isNamed ? 'all' : 'none', tests: isNamed ? together.tests : new Map() };
}
