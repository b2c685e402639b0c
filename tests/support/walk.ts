// Walk
// ====
// Every state of a chart that the alphabet reaches, up to an abstraction: breadth first, each event in each state.

import { effects as effectDefs, type EffectType } from '#src/events/effects.ts';
import { facts as factDefs, type FactType } from '#src/events/facts.ts';
import type { ChartEvent, ChartState, Emission, Engine } from '#src/kernel/engine.ts';
import { forbid, freeze } from '#src/kernel/purity.ts';

export interface Seen {
  readonly states: number;
  readonly cases: number;
  readonly edges: Set<string>;
  readonly events: Set<string>;
  readonly said: Set<string>;
  readonly problems: string[];
  /** Emissions by type, held against their schema up to a limit. */
  readonly checks: Map<string, number>;
}

const CHECKS_MAX = 500;

export interface Step {
  readonly before: ChartState;
  readonly event: ChartEvent;
  readonly after: ChartState;
  readonly emissions: readonly Emission[];
}

/** The events that led to a state, the last one first: paths grow long, and states share them. */
interface Trail {
  readonly type: string;
  readonly before: Trail | null;
}

function lastOf(trail: Trail | null, count: number): string {
  return trail === null || count === 0 ? '' : `${lastOf(trail.before, count - 1)} ${trail.type}`.trim();
}

interface Options {
  readonly engine: Engine;
  readonly inputs: readonly unknown[];
  readonly key: (state: ChartState) => string;
  readonly alphabet: (state: ChartState) => readonly ChartEvent[];
  /** @returns what is wrong with a step, or null. */
  readonly judge: (step: Step) => string | null;
  readonly statesMax?: number;
}

export function walk({ engine, inputs, key, alphabet, judge, statesMax = 500_000 }: Options): Seen {
  const seen: Seen & { states: number; cases: number } = { states: 0, cases: 0, edges: new Set(), events: new Set(), said: new Set(), problems: [], checks: new Map() };
  const known = new Set<string>();
  const queue: { state: ChartState; path: Trail | null }[] = inputs.map((input) => ({ state: engine.init(input).state, path: null }));
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
    const { state, path } = entry;
    seen.states += 1;
    if (seen.states > statesMax) throw new Error(`more than ${statesMax} states: a loop without a cap?`);
    freeze(state.context); // K1: an assign that touches its input throws from here on
    const events = alphabet(state);
    const all = forbid(() => events.map((event) => engine.step(state, event)));
    for (const [i, stepped] of all.entries()) {
      const event = events[i] as ChartEvent;
      seen.cases += 1;
      const at = (): string => `${JSON.stringify(state.value)} on ${event.type} after ${lastOf(path, 8)}`;
      if (stepped.edges.length === 0) seen.problems.push(`no edge: ${at()}`);
      if ((stepped.edges.length > 0) !== engine.handles(state, event)) seen.problems.push(`handles() disagrees: ${at()}`);
      for (const emission of stepped.emissions) checkEmission(emission, at, seen);
      stepped.edges.forEach((edge) => seen.edges.add(edge));
      seen.events.add(event.type);
      const wrong = judge({ before: state, event, after: stepped.state, emissions: stepped.emissions });
      if (wrong !== null) seen.problems.push(`${wrong}: ${at()}`);
      if (seen.problems.length > 20) return seen;
      const next = key(stepped.state);
      if (!known.has(next) && stepped.state.status === 'active') {
        known.add(next);
        queue.push({ state: stepped.state, path: { type: event.type, before: path } });
      }
    }
  }
  return seen;
}

function checkEmission({ type, params }: Emission, at: () => string, seen: Seen): void {
  seen.said.add(type === 'tell' ? String(params['type']) : type);
  const times = (seen.checks.get(type) ?? 0) + 1;
  seen.checks.set(type, times);
  if (type === 'tell' || times > CHECKS_MAX) return;
  const { id: _id, ...data } = params as { id?: string };
  const schema = type in factDefs ? factDefs[type as FactType].data : effectDefs[type as EffectType].params;
  const parsed = schema.safeParse(type in factDefs ? params : data);
  if (!parsed.success) seen.problems.push(`${type} breaks its schema (${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}): ${at()}`);
}
