// Submit
// ======
// A command or an answer by anybody with access: load, step, append; on conflict again. The first in the log wins.
// It performs nothing; the run's holder follows the stream.

import { ExecutorError, reject, type Rejection } from '#src/errors/errors.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import { streamOf, type InputEvent, type RunRecord } from '#src/record/record.ts';
import { load } from './history.ts';
import { next, toStored, type SystemFor } from './log.ts';
import { accepts } from './step.ts';

const TRIES_MAX = 100;

export interface SubmitDeps {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly systemFor: SystemFor;
  readonly nonce: string;
}

/** @returns the record that took the input, or the rejection of a state that does not accept it. */
export async function submit(deps: SubmitDeps, run: string, to: string, event: InputEvent): Promise<RunRecord | Rejection> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const head = await load({ ...deps, run });
    const input = { to, event, at: Math.max(head.at, deps.clock.now()) };
    if (!accepts(head.state, input)) return reject('not_accepted', `${run} does not accept ${event.type} in its present state`);
    const made = next(head, input);
    try {
      await deps.store.append(streamOf(run), head.seq, [toStored(made.sealed, deps.nonce)]);
      return made.sealed.record;
    } catch (error) {
      if (!(error instanceof ExecutorError) || error.code !== 'store.wrong_revision') throw error;
    }
  }
  throw new ExecutorError('store.unavailable', `${run} is written to by others all the time`, { hint: 'try again' });
}
