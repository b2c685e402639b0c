// Reads
// =====
// Pages that end by themselves, each under a timer of ours (rule 5), each ended on the server too (rule 9).

import { BACKWARDS, END, FORWARDS, START, type EventStoreDBClient, type Position, type RecordedEvent } from '@eventstore/db-client';
import { TimeIsUp, isMissing } from './errors.ts';

export const PAGE = 200;

export interface Page {
  readonly from: number | null;
  readonly count: number;
  readonly backwards: boolean;
}

interface Read<T> extends AsyncIterable<T> {
  destroy(error: Error): unknown;
  cancel(): Promise<void>;
  on(event: 'error', listener: () => void): unknown;
}

/** @returns null for a stream that is not there. @throws what the client threw, TimeIsUp after `timeoutMs` without an event */
export async function streamPage(client: EventStoreDBClient, stream: string, { from, count, backwards, timeoutMs }: Page & { readonly timeoutMs: number }): Promise<readonly RecordedEvent[] | null> {
  if (count === 0) return []; // the server takes it for an error
  const [direction, fromRevision] = backwards ? [BACKWARDS, from === null ? END : BigInt(from)] : [FORWARDS, from === null ? START : BigInt(from)];
  const read = client.readStream(stream, { direction, fromRevision, maxCount: count } as { direction: typeof FORWARDS });
  return collected<{ readonly event?: RecordedEvent }>(read, timeoutMs).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
}

/** Every event of the server, its own and other products' too: the client cannot filter here. */
export function allPage(client: EventStoreDBClient, { from, backwards, timeoutMs }: { readonly from: Position | null; readonly backwards: boolean; readonly timeoutMs: number }): Promise<readonly RecordedEvent[]> {
  const [direction, edge] = backwards ? [BACKWARDS, END] : [FORWARDS, START];
  return collected(client.readAll({ direction, fromPosition: from ?? edge, maxCount: PAGE } as { direction: typeof FORWARDS }) as Read<{ readonly event?: RecordedEvent }>, timeoutMs);
}

async function collected<T extends { readonly event?: RecordedEvent }>(read: Read<T>, timeoutMs: number): Promise<readonly RecordedEvent[]> {
  const timer = setTimeout(() => read.destroy(new TimeIsUp(timeoutMs)), timeoutMs);
  const found: RecordedEvent[] = [];
  read.on('error', () => {}); // it may fail while nobody iterates
  try {
    for await (const { event } of read) {
      timer.refresh();
      if (event !== undefined) found.push(event); // a link that leads nowhere has none
    }
    return found;
  } finally {
    clearTimeout(timer);
    void read.cancel().catch(() => {});
  }
}
