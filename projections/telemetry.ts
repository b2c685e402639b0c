// Telemetry
// =========
// Tokens and cost by role, by model and by phase, from what was settled.

import type { FactData } from '#src/events/facts.ts';
import type { Projection } from './projection.ts';

export interface Sum {
  readonly key: string;
  readonly calls: number;
  /** Calls whose answer was lost: they count at their estimate. */
  readonly estimated: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costMicroUsd: number;
}

export interface Telemetry {
  /** effect id -> model, of calls that are under way: pairs. */
  readonly calls: readonly (readonly [string, string])[];
  readonly byRole: readonly Sum[];
  readonly byModel: readonly Sum[];
  readonly byPhase: readonly Sum[];
}

export const telemetry: Projection<Telemetry> = {
  name: 'telemetry',
  version: 1,
  initial: { calls: [], byRole: [], byModel: [], byPhase: [] },
  apply(state, record) {
    const begun = record.effects.filter(({ params }) => typeof params['model'] === 'string').map(({ id, params }) => [id, String(params['model'])] as const);
    const settled = record.facts.filter(({ type }) => type === 'quota.settled').map(({ data }) => data as FactData<'quota.settled'>);
    let after: Telemetry = { ...state, calls: [...state.calls, ...begun] };
    for (const fact of settled) after = count(after, fact);
    return after;
  },
};

function count(state: Telemetry, fact: FactData<'quota.settled'>): Telemetry {
  const model = state.calls.find(([id]) => id === fact.effect)?.[1] ?? 'unknown';
  return {
    calls: state.calls.filter(([id]) => id !== fact.effect),
    byRole: add(state.byRole, fact.slot, fact),
    byModel: add(state.byModel, model, fact),
    byPhase: add(state.byPhase, fact.phase, fact),
  };
}

function add(sums: readonly Sum[], key: string, { inputTokens, outputTokens, costMicroUsd, estimated }: FactData<'quota.settled'>): readonly Sum[] {
  const known = sums.find((sum) => sum.key === key) ?? { key, calls: 0, estimated: 0, inputTokens: 0, outputTokens: 0, costMicroUsd: 0 };
  const sum: Sum = {
    key, calls: known.calls + 1, estimated: known.estimated + Number(estimated), inputTokens: known.inputTokens + inputTokens,
    outputTokens: known.outputTokens + outputTokens, costMicroUsd: known.costMicroUsd + costMicroUsd,
  };
  return [...sums.filter((other) => other.key !== key), sum].sort((a, b) => (a.key < b.key ? -1 : 1));
}

