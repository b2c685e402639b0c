// Schedule
// ========
// Which phase may begin: by tier and index, dependencies met, no lower tier unfinished; several at once only where none
// changes what another reads or changes. Sources: E-037, E-634, A-453.

import { within } from './path-policy.ts';

export type PhaseStatus = 'queued' | 'active' | 'done';
export type PhaseOutcome = 'COMPLETE' | 'FAILED' | 'BLOCKED' | 'SKIPPED' | 'STOPPED';

export interface ScheduledPhase {
  readonly id: string;
  readonly tier: number;
  readonly index: number;
  readonly dependencies: readonly string[];
  /** Phases that it must not be under way together with. */
  readonly apart: readonly string[];
  readonly status: PhaseStatus;
  readonly outcome: PhaseOutcome | null;
}

export interface Picks {
  /** Phases to begin now, in order. */
  readonly start: readonly string[];
  /** Phases that can never begin, with the dependency that failed. */
  readonly block: readonly { readonly phase: string; readonly dependency: string }[];
}

const met = (outcome: PhaseOutcome | null): boolean => outcome === 'COMPLETE' || outcome === 'SKIPPED';

/** @param atOnce how many may be active together. */
export function pick(phases: readonly ScheduledPhase[], atOnce: number): Picks {
  const byId = new Map(phases.map((phase) => [phase.id, phase]));
  const ordered = [...phases].sort((a, b) => a.tier - b.tier || a.index - b.index || (a.id < b.id ? -1 : 1));
  const queued = ordered.filter(({ status }) => status === 'queued');
  const block = queued.flatMap(({ id, dependencies }) => {
    const dependency = dependencies.find((name) => byId.get(name)?.status === 'done' && !met(byId.get(name)?.outcome ?? null));
    return dependency === undefined ? [] : [{ phase: id, dependency }];
  });
  const blocked = new Set(block.map(({ phase }) => phase));
  const lowestOpenTier = Math.min(...ordered.filter(({ status, id }) => status !== 'done' && !blocked.has(id)).map(({ tier }) => tier));
  const together = ordered.filter(({ status }) => status === 'active');
  const ready = queued.filter(
    ({ id, tier, dependencies }) => !blocked.has(id) && tier <= lowestOpenTier && dependencies.every((name) => met(byId.get(name)?.outcome ?? null)),
  );
  const start = ready.filter((phase) => {
    const joins = together.length < atOnce && together.every((other) => !phase.apart.includes(other.id) && !other.apart.includes(phase.id));
    if (joins) together.push(phase);
    return joins;
  });
  return { start: start.map(({ id }) => id), block };
}

/** What a phase says of itself before it begins. */
export interface Reach {
  readonly id: string;
  /** What it may change; empty: anything. */
  readonly paths: readonly string[];
  /** What it is shown beside that. */
  readonly reads: readonly string[];
}

/** For each phase those that it must not be under way together with: one of them may change what the other changes or reads. */
export function apartOf(phases: readonly Reach[]): ReadonlyMap<string, readonly string[]> {
  return new Map(phases.map((phase) => [phase.id, phases.filter((other) => other.id !== phase.id && meet(phase, other)).map(({ id }) => id)]));
}

const meet = (a: Reach, b: Reach): boolean =>
  a.paths.length === 0 || b.paths.length === 0 || overlap(a.paths, [...b.paths, ...b.reads]) || overlap(b.paths, a.reads);

/** Folded, because two names that differ in case alone are one file on some machines. */
function overlap(ones: readonly string[], others: readonly string[]): boolean {
  const fold = (entries: readonly string[]): string[] => entries.map((entry) => entry.toLowerCase());
  const folded = fold(others);
  return fold(ones).some((one) => folded.some((other) => within(one, other) || within(other, one)));
}
