// Appends
// =======
// One append, repeated identically until its outcome is known. On this server the same ids at the same place succeed without a
// look at their content, so an id must follow from the content; a conflict is settled by comparing what stands there (2.2).

import { NO_STREAM, type EventData, type RecordedEvent } from '@eventstore/db-client';
import { ExecutorError } from '#src/errors/errors.ts';
import { isConflict } from './errors.ts';
import type { Append, Lane } from './lane.ts';
import { patiently, type Patience } from './patience.ts';

export interface AppendParts {
  readonly lane: Lane;
  readonly patience: Patience;
  readonly timeoutMs: number;
  /** The events of a stream from a revision on, at most so many; empty when it is missing. */
  readonly slot: (stream: string, from: number, count: number) => Promise<readonly RecordedEvent[]>;
  readonly head: (stream: string) => Promise<number>;
}

export interface Asked {
  readonly stream: string;
  /** Revision of the last event that is there, -1 for none. */
  readonly expected: number;
  readonly events: readonly EventData[];
}

/** @returns the revision of the last event. @throws ExecutorError `store.wrong_revision` | `store.unavailable` | `store.refused` | `store.damaged` */
export async function appendExactly({ lane, patience, timeoutMs, slot, head }: AppendParts, { stream, expected, events }: Asked): Promise<number> {
  const last = expected + events.length;
  const wrong = async (): Promise<ExecutorError> => new ExecutorError('store.wrong_revision', `stream ${stream} is at revision ${await head(stream)}, not at ${expected}`);
  if (expected < -1) throw await wrong();
  if (events.length === 0) {
    // The server calls an empty append a success wherever the stream is.
    if ((await head(stream)) !== expected) throw await wrong();
    return expected;
  }
  const request: Append = { stream, expected: expected === -1 ? NO_STREAM : BigInt(expected), events };
  const answer = await patiently(patience, () => lane.attempt(request, timeoutMs).catch((error: unknown) => {
    if (isConflict(error)) return null;
    throw error;
  }));
  if (answer === null) {
    const there = await slot(stream, expected + 1, events.length);
    if (there.length < events.length || there.some(({ id }, i) => id !== events[i]?.id)) throw await wrong();
    return last; // an earlier attempt was written after all
  }
  if (Number(answer) !== last) throw new ExecutorError('store.damaged', `stream ${stream} went on at revision ${answer} instead of ${last}: it had been deleted`, { hint: 'restore the database from a copy; nobody may delete what a run recorded' });
  return last;
}
