// Events in EventStoreDB
// ======================
// The EventStore port. See src/ports/event-store.ts for the promises.

import type { EventStoreDBClient, Position, RecordedEvent } from '@eventstore/db-client';
import { ExecutorError } from '#src/errors/errors.ts';
import type { EventStore, PositionedEvent, ReadOptions, StoredEvent } from '#src/ports/event-store.ts';
import { appendExactly, type AppendParts } from './appends.ts';
import { followers, type Followers } from './followers.ts';
import { patiently, type Patience } from './patience.ts';
import { allPage, PAGE, streamPage } from './reading.ts';
import { assertOwn, OWN_PREFIXES, positionedOf, prepared, storedOf } from './streams.ts';

const PLACES_MAX = 4_096;

export interface EventsParts {
  readonly client: () => EventStoreDBClient;
  readonly appending: AppendParts;
  readonly patience: Patience;
  readonly timeoutMs: number;
  /** Called with the first subscription: begins the one of the whole store. */
  readonly follow: (followers: Followers) => void;
  readonly close: () => Promise<void>;
}

export function eventStoreEvents(parts: EventsParts): EventStore {
  const { appending, follow, close } = parts;
  const readStream = streamReader(parts);
  const following = followers((stream, from) => readStream(stream, { from, limit: PAGE }));
  let isFollowing = false;
  return {
    async append(stream, expected, events) {
      assertOwn(stream);
      return appendExactly(appending, { stream, expected, events: prepared([...events]) });
    },
    async read(stream, options = {}) {
      assertOwn(stream);
      return readStream(stream, options);
    },
    readAll: everyReader(parts),
    subscribe(stream, from, ...[onEvent, onError]) {
      assertOwn(stream);
      if (!isFollowing) follow(following);
      isFollowing = true;
      return following.subscribe({ stream, from, onEvent, onError });
    },
    async close() {
      following.close();
      await close();
    },
  };
}

function streamReader({ client, patience, timeoutMs }: EventsParts): (stream: string, options: ReadOptions) => Promise<readonly StoredEvent[]> {
  return async (stream, { from, limit = Infinity, backwards = false }) => {
    const found: StoredEvent[] = [];
    for (let next: number | null = from ?? null; found.length < limit; ) {
      const [at, count]: [number | null, number] = [next, Math.min(PAGE, limit - found.length)];
      const page = await patiently(patience, () => streamPage(client(), stream, { from: at, count, backwards, timeoutMs }));
      const events = (page ?? []).map(storedOf);
      assertWhole(stream, events, backwards ? null : (at ?? 0));
      found.push(...events);
      next = (events.at(-1)?.revision ?? 0) + (backwards ? -1 : 1);
      if (events.length < count || next < 0) break;
    }
    return found;
  };
}

/** Events that somebody's retention hides would be a past that was never recorded. */
function assertWhole(stream: string, events: readonly StoredEvent[], first: number | null): void {
  const from = first ?? events[0]?.revision ?? 0;
  const step = first === null ? -1 : 1;
  const stray = events.findIndex(({ revision }, i) => revision !== from + i * step);
  if (stray >= 0) throw new ExecutorError('store.damaged', `stream ${stream} lacks its revision ${from + stray * step}`, { hint: 'it was deleted or cut by $maxCount, $maxAge or $tb: take such metadata away, restore the database from a copy' });
}

/** Only places that the server gave may be read from: behind an event that was given lately a reader goes on there, else from the edge. */
function everyReader({ client, patience, timeoutMs }: EventsParts): EventStore['readAll'] {
  const places = new Map<number, Position>();
  const remember = (position: number, place: Position): void => {
    places.set(position, place);
    if (places.size > PLACES_MAX) places.delete(places.keys().next().value ?? position);
  };
  return async ({ from, limit = Infinity, backwards = false, types } = {}) => {
    const isAsked = ({ streamId, type }: RecordedEvent): boolean => OWN_PREFIXES.some((prefix) => streamId.startsWith(prefix)) && (types?.includes(type) ?? true);
    const isIn = (position: number): boolean => from === undefined || (backwards ? position <= from : position >= from);
    const found: PositionedEvent[] = [];
    let place = backwards || from === undefined ? null : (places.get(from - 1) ?? null);
    while (found.length < limit) {
      const at = place;
      const page = await patiently(patience, () => allPage(client(), { from: at, backwards, timeoutMs }));
      const fresh = page.filter(({ position }) => position?.prepare !== at?.prepare);
      for (const recorded of fresh) {
        if (found.length >= limit || !isAsked(recorded)) continue;
        const event = positionedOf(recorded);
        if (!isIn(event.position)) continue;
        found.push(event);
        if (recorded.position !== undefined) remember(event.position, recorded.position);
      }
      place = fresh.at(-1)?.position ?? null;
      if (place === null || page.length < PAGE) break;
    }
    return found;
  };
}
