// Special phases
// ==============
// Phases that are known by their id are built in batches: code, then its tests, then its documents, each by a call of its own
// within one attempt. Sources: E-114 to E-116, E-597, E-659.

import type { Phase } from '#src/events/plan.ts';
import type { Batch } from '#src/events/policy.ts';
import { within } from './path-policy.ts';

/** The ids that a configuration must have an answer for; it may know more. */
export const SPECIAL_PHASES = [
  'research-tracer-bullet', 'research-gatherers-web-compilation', 'diagnostics-handoff-bundle', 'diagnostics-cursor-prompt',
  'diagnostics-second-opinion-triage', 'diagnostics-deep-retrieval', 'diagnostics-iteration-loop', 'generated-task-execution',
] as const;

export interface Group {
  readonly name: string;
  /** Files, or folders when they end in `/`. */
  readonly prefixes: readonly string[];
}

/** Phase id -> its groups, in the order in which they are built. */
export type SpecialTable = ReadonlyMap<string, readonly Group[]>;

type Grouped = Pick<Phase, 'phase_id' | 'deliverables'> & { readonly scope: Pick<Phase['scope'], 'paths'> };

/** What a phase is built in; nothing where it is built whole: its id is not special, or all of it falls into one group. */
export function batchesOf({ phase_id: id, scope, deliverables }: Grouped, table: SpecialTable): Batch[] {
  const groups = table.get(id) ?? [];
  const nameOf = (path: string): string => groupOf(path, groups);
  const batches = [...groups.map(({ name }) => name), REST].map((name) => ({
    name, paths: sorted([...scope.paths, ...deliverables].filter((path) => nameOf(path) === name)), deliverables: sorted(deliverables.filter((path) => nameOf(path) === name)),
  })).filter(({ paths }) => paths.length > 0);
  return batches.length < 2 ? [] : batches;
}

/** What no group takes is built last, never dropped (E-659). */
const REST = 'rest';

/** The longest prefix wins: a command line inside of the code is the command line's. */
function groupOf(path: string, groups: readonly Group[]): string {
  const reached = groups.flatMap(({ name, prefixes }) => prefixes.filter((prefix) => within(path, prefix)).map((prefix) => ({ name, length: prefix.length })));
  return reached.sort((a, b) => b.length - a.length)[0]?.name ?? REST;
}

const sorted = (paths: readonly string[]): string[] => [...new Set(paths)].sort();
