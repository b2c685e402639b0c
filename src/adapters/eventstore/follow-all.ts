// One subscription of the whole store
// ===================================
// The client's subscriptions end with every restart of the server and whenever their consumer is a little slow, so this one
// begins again, for ever, behind the last event that it gave (rule 10). An event is given once.

import { setTimeout as sleep } from 'node:timers/promises';
import { END, streamNameFilter, type EventStoreDBClient, type Position, type RecordedEvent } from '@eventstore/db-client';
import { OWN_PREFIXES } from './streams.ts';

const CHECKPOINT_INTERVAL = 32;
const PAUSE_MS_MAX = 1_000;

export interface FollowAll {
  /** A client of its own: `fresh` after one that gave no confirmation in time. */
  readonly client: () => EventStoreDBClient;
  readonly fresh: () => Promise<void>;
  readonly timeoutMs: number;
  readonly stop: AbortSignal;
  /** The server listens for us again: what was written before may have been missed. */
  readonly onConfirmed: () => void;
  readonly onEvent: (event: RecordedEvent) => void;
}

type Live = ReturnType<EventStoreDBClient['subscribeToAll']>;

/** Resolves after `stop`. */
export async function followAll(parts: FollowAll): Promise<void> {
  const { stop } = parts;
  let last: Position | null = null;
  const seen = (position: Position): void => void (last = position);
  for (let pause = 1; !stop.aborted; pause = Math.min(pause * 4, PAUSE_MS_MAX)) {
    const isConfirmed = await oneSubscription(parts, () => last, seen);
    if (isConfirmed) pause = 1;
    else if (!stop.aborted) await parts.fresh();
    await sleep(pause, null, { signal: stop, ref: false }).catch(() => {});
  }
}

/** Until it ends in any way. @returns whether the server had confirmed it. */
async function oneSubscription({ client, timeoutMs, stop, onConfirmed, onEvent }: FollowAll, last: () => Position | null, seen: (position: Position) => void): Promise<boolean> {
  const filter = streamNameFilter({ prefixes: OWN_PREFIXES, checkpointInterval: CHECKPOINT_INTERVAL, checkpointReached: async (_, position) => seen(position) });
  const live = client().subscribeToAll({ fromPosition: last() ?? END, filter });
  let isConfirmed = false;
  const timer = setTimeout(() => end(live), timeoutMs);
  live.on('error', () => end(live));
  live.on('confirmation', () => {
    isConfirmed = true;
    clearTimeout(timer);
    onConfirmed();
  });
  const stopping = (): void => end(live);
  stop.addEventListener('abort', stopping);
  try {
    for await (const { event } of live) {
      if (stop.aborted) break;
      const before = last();
      if (event?.position === undefined || (before !== null && event.position.prepare <= before.prepare)) continue;
      seen(event.position);
      onEvent(event);
    }
  } catch {
    // Ended by the server or on the way: the next one goes on from the same place.
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', stopping);
    void live.unsubscribe().catch(() => {});
  }
  return isConfirmed;
}

const end = (live: Live): void => void live.destroy();
