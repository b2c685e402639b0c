// Report
// ======
// Problems and warnings as a plan is read, each at its place; all are told at once.

import type { Located, Notice, Path } from '#src/yaml/located.ts';

type Tell = (path: Path, message: string, hint?: string) => void;

export interface Report {
  readonly problems: readonly Notice[];
  readonly warnings: readonly Notice[];
  readonly problem: Tell;
  readonly warn: Tell;
}

export function reportOn(located: Located): Report {
  const problems: Notice[] = [];
  const warnings: Notice[] = [];
  const into = (notices: Notice[]): Tell => (path, message, hint) => void notices.push(located.at(path, message, hint));
  return { problems, warnings, problem: into(problems), warn: into(warnings) };
}
