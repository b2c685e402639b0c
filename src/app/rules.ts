// Rules of effects
// ================
// What the drive loop must know of effect types, from the catalogue.

import { effects, type EffectParams, type EffectType } from '#src/events/effects.ts';
import { inputs, Spent } from '#src/events/inputs.ts';
import { invariant } from '#src/errors/errors.ts';
import type { EffectRules } from '#src/kernel/drive.ts';
import type { Effect, InputEvent } from '#src/record/record.ts';
import type { RunContext } from '#machines/run-context.ts';

const timer = ({ params }: Effect): EffectParams<'startTimer'> => params as EffectParams<'startTimer'>;

export const effectRules: EffectRules = {
  isTimer: ({ type }) => type === 'startTimer',
  deadline: (effect) => ({ at: timer(effect).deadline, absolute: timer(effect).absolute }),
  isPassive: (effect) => effect.type === 'askHuman' || (effect.type === 'startTimer' && timer(effect).passive),
  isPaid: ({ type }) => effects[type as EffectType].paid,
  late(effect, { data }, state) {
    const run = state.cells.get('run')?.state.context as unknown as RunContext | undefined;
    const awaited = run?.ledger.reservations.some(({ id }) => id === effect) ?? false;
    // An interrupted call says nothing of its cost: the reservation waits for its estimate.
    if (!awaited || !('costMicroUsd' in data)) return null;
    const { inputTokens = 0, outputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0, costMicroUsd = 0 } = data as Partial<Spent>;
    return { type: 'effect.late', v: 1, data: { effect, inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, costMicroUsd } };
  },
};

const byType = new Map(Object.values(inputs).map((def) => [def.type as string, def]));

/** @throws InvariantError X1, ZodError: a bug of the effect's handler. */
export function checkResult(effect: Effect, { type, data }: InputEvent): void {
  const def = byType.get(type);
  invariant(def !== undefined && (def.answers.includes('*') || def.answers.includes(effect.type)), 'X1', `${effect.type} was answered with ${type}`);
  def.data.parse(data);
}
