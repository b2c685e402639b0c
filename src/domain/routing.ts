// Routing
// =======
// Which model for which call: the walk of a role by the number of failures that count, computed once at the start
// and pinned. Its rank never falls, and no call goes to a vendor that is switched off or used up.
// Sources: E-140…E-144, E-163, E-617, A-096… …A-114.

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

/** best_first: one step for ever; progressive: a stronger one after failures; cheap_first: the cheapest that may do, then up. */
export type Strategy = 'best_first' | 'progressive' | 'cheap_first';

export interface PolicyStep {
  /** From this many counted failures on. */
  readonly after: number;
  readonly builder: string;
  readonly auditor: string;
}

export interface CategoryPolicy {
  readonly strategy: Strategy;
  /** Its models are kept when a vendor comes near its quota, and the run is refused when that is used up. */
  readonly neverFallback: boolean;
  readonly steps: readonly PolicyStep[];
}

type Chains = Readonly<Record<'low' | 'medium' | 'high', readonly string[]>>;

export interface Quota {
  /** Of seven days; 0: no limit. */
  readonly weeklyTokens: number;
  readonly softPercent: number;
}

export interface ModelTable {
  readonly models: ReadonlyMap<string, Model>;
  readonly planner: string;
  /** Asked where two auditors disagree (E-166, A-118). */
  readonly judge: string;
  /** Second auditors in order of preference. */
  readonly auditor2: readonly string[];
  readonly chains: Readonly<Record<'builder' | 'auditor', Chains>>;
  readonly policies: ReadonlyMap<string, CategoryPolicy>;
  /** By category, in order of preference; `general` for all others. */
  readonly fallbacks: ReadonlyMap<string, readonly string[]>;
  readonly quotas: ReadonlyMap<string, Quota>;
  readonly disabledVendors: readonly string[];
}

/** `soft`: near its quota; `spent`: nothing is left of it; `keyless`: nobody has a key. */
export type VendorState = 'open' | 'soft' | 'spent' | 'disabled' | 'keyless';

/** Who would answer for a model, and how that one stands. */
export interface Vendors {
  of(model: string): string | null;
  state(vendor: string): VendorState;
}

/** Above the soft limit, not at it; at the cap nothing is left. */
export function quotaState(used: number, quota: Quota | undefined): 'open' | 'soft' | 'spent' {
  if (quota === undefined || quota.weeklyTokens === 0) return 'open';
  if (used >= quota.weeklyTokens) return 'spent';
  return used * 100 > quota.weeklyTokens * quota.softPercent ? 'soft' : 'open';
}

const STEPS = 6;

export interface WalkInput {
  readonly role: 'builder' | 'auditor';
  readonly category: string | null;
  readonly complexity: 'low' | 'medium' | 'high' | 'maintenance';
}

/** The model by step, from 0, as the tables say; later steps stay on the last. */
export function walk(table: ModelTable, { role, category, complexity }: WalkInput): string[] {
  const policy = byStem(table.policies, category ?? 'general');
  return neverFalling(table, policy === null ? chainWalk(table, role, complexity) : policyWalk(policy, role));
}

const policyWalk = ({ steps }: CategoryPolicy, role: 'builder' | 'auditor'): string[] =>
  Array.from({ length: STEPS }, (_, step) => (steps.findLast(({ after }) => after <= step) ?? steps[0])?.[role] ?? '');

const FROM = { low: ['low', 'medium', 'high'], medium: ['medium', 'high'], high: ['high'], maintenance: ['low', 'medium', 'high'] } as const;
const SIZE = { low: 2, medium: 3, high: Number.POSITIVE_INFINITY } as const;

/** E-142: the chain of the complexity, then of the next ones; beyond the last it stays. */
function chainWalk(table: ModelTable, role: 'builder' | 'auditor', complexity: WalkInput['complexity']): string[] {
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

export interface Routed {
  readonly models: readonly string[];
  /** What was decided against the tables, and why, each once. */
  readonly notes: readonly string[];
  /** Models that cannot be asked and for which nobody stands in. */
  readonly refused: readonly string[];
}

/** The same models where their vendors can be asked, and others in place of those that cannot be. */
export function route(table: ModelTable, vendors: Vendors, { models, category }: { readonly models: readonly string[]; readonly category: string | null }): Routed {
  const chosen = models.map((model) => ({ model, ...standIn(table, vendors, { model, category }) }));
  return {
    models: neverFalling(table, chosen.map(({ model, instead }) => instead ?? model)),
    notes: [...new Set(chosen.flatMap(({ note }) => (note === null ? [] : [note])))],
    refused: [...new Set(chosen.flatMap(({ refused }) => (refused === null ? [] : [refused])))],
  };
}

interface Choice { readonly instead: string | null; readonly note: string | null; readonly refused: string | null }
const KEPT: Choice = { instead: null, note: null, refused: null };
const STATES = { soft: 'is near its quota', spent: 'has used its quota', disabled: 'is switched off' } as const;

/** E-140 (4) and (5). A missing key is for the user to mend: nobody stands in for it in silence. */
function standIn(table: ModelTable, vendors: Vendors, { model, category }: { readonly model: string; readonly category: string | null }): Choice {
  const vendor = vendors.of(model);
  const state = vendor === null ? 'keyless' : vendors.state(vendor);
  if (state === 'open' || state === 'keyless') return KEPT;
  const never = byStem(table.policies, category ?? 'general')?.neverFallback === true;
  const other = never ? undefined : fallbacksOf(table, category).find((name) => vendors.of(name) !== vendor && vendors.state(vendors.of(name) ?? '') === 'open');
  const why = `${vendor} ${STATES[state]}`;
  if (other !== undefined) return { ...KEPT, instead: other, note: `${other} instead of ${model}: ${why}` };
  const because = never ? 'its category never falls back' : 'nobody of another vendor stands in';
  return state === 'soft' ? { ...KEPT, note: `${model} all the same: ${why}, and ${because}` } : { ...KEPT, refused: `${model} cannot be asked: ${why}, and ${because}` };
}

const fallbacksOf = ({ fallbacks }: ModelTable, category: string | null): readonly string[] => byStem(fallbacks, category ?? 'general') ?? fallbacks.get('general') ?? [];

/** E-163: a second auditor is of another vendor than the first. @returns null where none can be asked. */
export function secondAuditors({ auditor2 }: ModelTable, vendors: Vendors, first: readonly string[]): string[] | null {
  const askable = auditor2.filter((name) => /^(?:open|soft)$/.test(vendors.state(vendors.of(name) ?? '')));
  const models = first.map((model) => askable.find((name) => vendors.of(name) !== vendors.of(model)));
  return models.every((name) => name !== undefined) ? models : null;
}
