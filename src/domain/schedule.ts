// Schedule
// ========
// Which phase may begin: by tier and index, dependencies met, no lower tier unfinished. Source: E-037.

export type PhaseStatus = 'queued' | 'active' | 'done';
export type PhaseOutcome = 'COMPLETE' | 'FAILED' | 'BLOCKED' | 'SKIPPED' | 'STOPPED';

export interface ScheduledPhase {
  readonly id: string;
  readonly tier: number;
  readonly index: number;
  readonly dependencies: readonly string[];
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
  const active = ordered.filter(({ status }) => status === 'active').length;
  const ready = queued.filter(
    ({ id, tier, dependencies }) => !blocked.has(id) && tier <= lowestOpenTier && dependencies.every((name) => met(byId.get(name)?.outcome ?? null)),
  );
  return { start: ready.slice(0, Math.max(0, atOnce - active)).map(({ id }) => id), block };
}
