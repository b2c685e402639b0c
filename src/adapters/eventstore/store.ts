// The store in EventStoreDB
// =========================
// Events, bodies and memos on one server that others may share. Its rules: docs/adr/0010-eventstore-appends-are-repeated.md.

import type { EventStoreDBClient, RecordedEvent } from '@eventstore/db-client';
import type { Blobs } from '#src/ports/blobs.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import { appendExactly, type AppendParts } from './appends.ts';
import { eventStoreBlobs } from './blobs.ts';
import { connect, disconnect, placeOf } from './connection.ts';
import { eventStoreEvents } from './events.ts';
import { followAll } from './follow-all.ts';
import type { Followers } from './followers.ts';
import { enterLane } from './lane.ts';
import { patiently, type Patience } from './patience.ts';
import { allPage, streamPage } from './reading.ts';

const PATIENCE_MS = 30_000;
/** A store that is not there when it is opened is most often a wrong address. */
const OPENING_MS = 5_000;
const TIMEOUT_MS = 5_000;
/** A page of bodies is a few MiB. */
const BLOB_PAGE = 16;

export interface EventStoreOptions {
  /** `esdb://[USER:PASSWORD@]HOST:PORT[?tls=false]` or `esdb+discover://…` */
  readonly url: string;
  /** How long the same call is repeated before `store.unavailable`. */
  readonly patienceMs?: number;
  /** How long one attempt may take: the client itself would wait for 20 s. */
  readonly timeoutMs?: number;
  /** Aborts when the process shall end: what is under way then is the last attempt. */
  readonly stop?: AbortSignal | undefined;
}

export interface Store {
  readonly events: EventStore;
  readonly blobs: Blobs;
  /** Ends the subscriptions, lets what is in flight settle, disconnects. The same as `events.close`; twice is fine. */
  readonly close: () => Promise<void>;
}

/** @throws ExecutorError `store.unavailable` | `store.refused` | `usage.invalid` */
export async function openEventStoreDb({ url, patienceMs = PATIENCE_MS, timeoutMs = TIMEOUT_MS, stop }: EventStoreOptions): Promise<Store> {
  const closing = new AbortController();
  const patience: Patience = { place: placeOf(url), patienceMs, stop: stop ?? closing.signal, closed: closing.signal };
  const reads = client(url);
  try {
    // Also the first call of this client: it fails here with the reason, and not below somebody's run.
    await patiently({ ...patience, patienceMs: Math.min(patienceMs, OPENING_MS) }, () => allPage(reads.current(), { from: null, backwards: true, timeoutMs }));
  } catch (error) {
    await reads.end();
    throw error;
  }
  return wired({ url, timeoutMs, patience, closing, reads });
}

interface Client {
  readonly current: () => EventStoreDBClient;
  /** In place of one on which nothing is answered any more. */
  readonly renew: () => Promise<void>;
  readonly end: () => Promise<void>;
}

function client(url: string): Client {
  let current = connect(url);
  const renew = async (): Promise<void> => {
    const failed = current;
    current = connect(url);
    await disconnect(failed);
  };
  return { current: () => current, renew, end: () => disconnect(current) };
}

interface Opened {
  readonly url: string;
  readonly timeoutMs: number;
  readonly patience: Patience;
  readonly closing: AbortController;
  readonly reads: Client;
}

function wired({ url, timeoutMs, patience, closing, reads }: Opened): Store {
  const lane = enterLane(url);
  const under = new Set<Promise<unknown>>();
  const tracked = <T>(work: Promise<T>): Promise<T> => {
    const settled = work.then(() => {}, () => {}).finally(() => under.delete(settled));
    under.add(settled);
    return work;
  };
  const page = (stream: string, from: number | null, { count, backwards = false }: { readonly count: number; readonly backwards?: boolean }) =>
    patiently(patience, () => streamPage(reads.current(), stream, { from, count, backwards, timeoutMs })).then((events) => events ?? []);
  const appending: AppendParts = {
    lane,
    patience,
    timeoutMs,
    slot: (stream, from, count) => page(stream, from, { count }),
    head: async (stream) => Number((await page(stream, null, { count: 1, backwards: true }))[0]?.revision ?? -1n),
  };
  let following: Promise<void> = Promise.resolve();
  const follow = (followers: Followers): void => {
    following = followAll({ client: reads.current, fresh: reads.renew, timeoutMs, stop: closing.signal, onConfirmed: followers.behind, onEvent: followers.live });
  };
  const end = async (): Promise<void> => {
    closing.abort();
    await Promise.all(under);
    await Promise.all([following, lane.leave()]);
    await reads.end();
  };
  let ending: Promise<void> | null = null;
  const events = eventStoreEvents({ client: reads.current, appending, patience, timeoutMs, follow, close: () => (ending ??= end()) });
  const blobs = eventStoreBlobs({
    read: async (stream) => {
      const found: RecordedEvent[] = [];
      for (let next = 0; ; next += BLOB_PAGE) {
        const some = await page(stream, next, { count: BLOB_PAGE });
        found.push(...some);
        if (some.length < BLOB_PAGE) return found;
      }
    },
    append: (stream, expected, added) => tracked(appendExactly(appending, { stream, expected, events: added })),
  });
  return { events: { ...events, append: (...asked) => tracked(events.append(...asked)) }, blobs, close: () => events.close() };
}
