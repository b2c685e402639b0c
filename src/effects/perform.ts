// Perform
// =======
// One effect by its handler: a result, or null when somebody else will answer.

import type { Effect, InputEvent, Place } from '#src/record/record.ts';
import { handlers } from './handlers.ts';
import { worldly, type Handler, type Hands } from './performing.ts';

export interface Asked {
  readonly run: string;
  readonly effect: Effect;
  /** Of the record that asked, and its milliseconds. */
  readonly place: Place;
  readonly at: number;
  readonly signal: AbortSignal;
}

/** @throws what is no error of the world: a bug of ours. */
export function perform(hands: Hands, { run, effect, place, at, signal }: Asked): Promise<InputEvent | null> {
  const { id, type, params } = effect;
  const handler = handlers[type as keyof typeof handlers] as Handler<never>;
  return worldly(hands.log, id, () => handler({ run, id, place, at, params: params as never, signal, hands }));
}
