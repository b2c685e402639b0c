// Vocabulary
// ==========
// What charts may say: effects and facts by their catalogue, messages by this list. Each is a typed no-op; the
// kernel reads the calls as data. A params function gives one payload or a list of them; an empty list says nothing.

import type { Baseline } from '#src/domain/check.ts';
import type { FailureKind } from '#src/domain/retry.ts';
import type { PhaseOutcome } from '#src/domain/schedule.ts';
import type { EffectParams, EffectType } from '#src/events/effects.ts';
import type { FactData, FactType } from '#src/events/facts.ts';
import { effects } from '#src/events/effects.ts';
import { facts } from '#src/events/facts.ts';

/** What a phase may need done; `attempt` marks the wish that begins one. */
export type Slot = 'context' | 'builder' | 'candidate' | 'tests' | 'auditor' | 'auditor2' | 'judge' | 'planner' | 'commit';

export type ToRun =
  | { readonly type: 'effect.wanted'; readonly id: string; readonly phase: string; readonly slot: Slot; readonly model: string | null; readonly inputTokens: number; readonly outputTokens: number; readonly trouble: string | null }
  | { readonly type: 'effect.settled'; readonly id: string; readonly phase: string; readonly slot: Slot; readonly inputTokens: number; readonly outputTokens: number; readonly costMicroUsd: number; readonly estimated: boolean; readonly failure: string | null }
  | { readonly type: 'effect.withdrawn'; readonly ids: readonly string[] }
  | { readonly type: 'attempt.failed'; readonly phase: string; readonly kind: FailureKind }
  | { readonly type: 'turn.wanted'; readonly id: string; readonly phase: string }
  | { readonly type: 'turn.released'; readonly phase: string }
  | { readonly type: 'phase.committed'; readonly phase: string; readonly commit: string; readonly tested: Baseline | null }
  | { readonly type: 'phase.settled'; readonly phase: string; readonly outcome: PhaseOutcome };

export type ToPhase =
  | { readonly type: 'phase.started'; readonly cause: string; readonly head: string; readonly baseline: Baseline }
  | { readonly type: 'phase.blocked'; readonly cause: string; readonly dependency: string }
  | { readonly type: 'phase.stopped'; readonly reason: string }
  | { readonly type: 'effect.granted'; readonly cause: string }
  | { readonly type: 'effect.parked'; readonly cause: string }
  | { readonly type: 'effect.denied'; readonly cause: string; readonly reason: string }
  | { readonly type: 'turn.granted'; readonly cause: string; readonly head: string; readonly baseline: Baseline }
  | { readonly type: 'time.shifted'; readonly downMs: number };

export type Message = (ToRun & { readonly to: 'run' }) | (ToPhase & { readonly to: string });
/** A message as its chart sees it. */
export type Heard<M> = M & { readonly at: number };

type Said<P> = P | readonly P[];
type EffectActions = { [K in EffectType]: (_: unknown, params: Said<{ readonly id: string } & EffectParams<K>>) => void };
type FactActions = { [K in FactType]: (_: unknown, params: Said<FactData<K>>) => void };

const silent = (names: readonly string[]): Record<string, () => void> => Object.fromEntries(names.map((name) => [name, () => {}]));

/** Spread into `setup({ actions })`. */
export const say = {
  ...(silent(Object.keys(effects)) as unknown as EffectActions),
  ...(silent(Object.keys(facts)) as unknown as FactActions),
  tell: ((): void => {}) as (_: unknown, params: Said<Message>) => void,
};

export const vocabulary = { effects: new Set(Object.keys(effects)), facts: new Set(Object.keys(facts)), message: 'tell' } as const;
