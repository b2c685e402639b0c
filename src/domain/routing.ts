// Routing
// =======
// Which model for which call: the walk of a role by the number of failures that count, computed once at the start
// and pinned. Its rank never falls. Sources: E-140…E-142, E-617, A-098…A-101.

import { byStem } from './category.ts';

export interface Model {
  readonly provider: string;
  readonly rank: number;
  /** Micro-dollars per million tokens. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** The vendor can hold its answers to a JSON schema. */
  readonly structured: boolean;
}

export interface PolicyStep {
  /** From this many counted failures on. */
  readonly after: number;
  readonly builder: string;
  readonly auditor: string;
  /** In order of preference; null where one auditor is enough. */
  readonly auditor2: readonly string[] | null;
}

type Chains = Readonly<Record<'low' | 'medium' | 'high', readonly string[]>>;

export interface ModelTable {
  readonly models: ReadonlyMap<string, Model>;
  readonly planner: string;
  readonly chains: Readonly<Record<'builder' | 'auditor', Chains>>;
  readonly policies: ReadonlyMap<string, readonly PolicyStep[]>;
}

export type RoutedRole = 'builder' | 'auditor' | 'auditor2';
const STEPS = 6;

export interface WalkInput {
  readonly role: RoutedRole;
  readonly category: string | null;
  readonly complexity: 'low' | 'medium' | 'high' | 'maintenance';
  /** Whether anybody answers for a model. */
  readonly reachable: (model: string) => boolean;
}

/** The model by step, from 0; later steps stay on the last. Null for a second auditor that no policy names. */
export function walk(table: ModelTable, { role, category, complexity, reachable }: WalkInput): string[] | null {
  const policy = byStem(table.policies, category ?? 'general');
  const steps = policy === null ? chainWalk(table, role, complexity) : policyWalk(policy, role, reachable);
  return steps === null ? null : neverFalling(table, steps);
}

function policyWalk(policy: readonly PolicyStep[], role: RoutedRole, reachable: WalkInput['reachable']): string[] | null {
  const named = (step: PolicyStep | undefined): string | null => (role === 'auditor2' ? (step?.auditor2?.find(reachable) ?? step?.auditor2?.[0]) : step?.[role]) ?? null;
  const at = (step: number): string | null => named(policy.findLast(({ after }) => after <= step)) ?? named(policy[0]);
  const steps = Array.from({ length: STEPS }, (_, step) => at(step));
  return steps.every((model) => model !== null) ? steps : null;
}

const FROM = { low: ['low', 'medium', 'high'], medium: ['medium', 'high'], high: ['high'], maintenance: ['low', 'medium', 'high'] } as const;
const SIZE = { low: 2, medium: 3, high: Number.POSITIVE_INFINITY } as const;

/** E-142: the chain of the complexity, then of the next ones; beyond the last it stays. */
function chainWalk(table: ModelTable, role: RoutedRole, complexity: WalkInput['complexity']): string[] | null {
  if (role === 'auditor2') return null;
  const all = FROM[complexity].flatMap((level) => table.chains[role][level].slice(0, SIZE[level]));
  return Array.from({ length: STEPS }, (_, step) => all[Math.min(step, all.length - 1)] ?? '');
}

/** A step down is replaced by the highest so far (E-617). */
function neverFalling(table: ModelTable, steps: readonly string[]): string[] {
  const rank = (model: string): number => table.models.get(model)?.rank ?? 0;
  let best = steps[0] ?? '';
  return steps.map((model) => {
    if (rank(model) >= rank(best)) best = model;
    return best;
  });
}
