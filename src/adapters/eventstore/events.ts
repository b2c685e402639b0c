// Events in EventStoreDB
// ======================
// The EventStore port. See src/ports/event-store.ts for the promises.

import type { EventStoreDBClient, Position, RecordedEvent } from '@eventstore/db-client';
import { ExecutorError } from '#src/errors/errors.ts';
import type { EventStore, PositionedEvent, ReadOptions, StoredEvent } from '#src/ports/event-store.ts';
import { Latest } from '#src/record/latest.ts';
import { appendExactly, type AppendParts } from './appends.ts';
import { followers, type Followers } from './followers.ts';
import { patiently, type Patience } from './patience.ts';
import { allPage, filtered, PAGE, streamPage } from './reading.ts';
import { assertOwn, isOurs, positionedOf, prepared, storedOf } from './streams.ts';

const PLACES_MAX = 4_096;
const QUESTIONS_MAX = 256;
/** Of the whole store, before the server is asked with a filter. */
const PAGES_MAX = 2;
const SILENCE_MS = 2_000;

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

type All = NonNullable<Parameters<EventStore['readAll']>[0]>;

function everyReader(parts: EventsParts): EventStore['readAll'] {
  const places = placesOf(parts);
  return (options = {}) => readEvery(parts, places, options);
}

async function readEvery({ client, patience, timeoutMs }: EventsParts, places: Places, { from, limit = Infinity, backwards = false, types }: All): Promise<readonly PositionedEvent[]> {
  const found: PositionedEvent[] = [];
  const isIn = (position: number): boolean => from === undefined || (backwards ? position <= from : position >= from);
  const take = (recorded: RecordedEvent): boolean => {
    if (found.length < limit && isOurs(recorded) && (types?.includes(recorded.type) ?? true)) {
      const event = positionedOf(recorded);
      const isNew = backwards || event.position > (found.at(-1)?.position ?? -1); // a page may begin where the filter did
      if (isNew && isIn(event.position)) found.push(event);
      places.remember(recorded);
    }
    return found.length >= limit;
  };
  const question = JSON.stringify([from ?? 0, types ?? null]);
  let place = (backwards ? null : places.passedBy(question)) ?? (from === undefined ? null : await places.beside(from, backwards));
  let end = place;
  for (let pages = 1; found.length < limit; pages += 1) {
    const at = place;
    const page = await patiently(patience, () => allPage(client(), { from: at, backwards, timeoutMs }));
    const fresh = page.filter(({ position }) => position?.prepare !== at?.prepare);
    fresh.forEach(take);
    place = fresh.at(-1)?.position ?? null;
    end = place ?? end;
    if (place === null || page.length < PAGE || found.length >= limit) break;
    if (backwards || pages !== PAGES_MAX) continue;
    const [head] = await patiently(patience, () => allPage(client(), { from: null, backwards: true, count: 1, timeoutMs }));
    let reached = place; // a read may only begin where an event stands
    const goOn = (position: Position): void => void (reached = position);
    const isAll = await patiently(patience, () => filtered(client(), { from: reached, types: types ?? null, silenceMs: SILENCE_MS, take, reached: goOn }));
    if (isAll) end = head?.position ?? end;
    if (isAll) break;
  }
  if (!backwards && found.length === 0 && end !== null) places.passed(question, end);
  return found;
}

interface Places {
  remember(recorded: RecordedEvent): void;
  /** From where a read comes to `from`; null for the edge. */
  beside(from: number, backwards: boolean): Promise<Position | null>;
  /** Up to there nothing answers the question: who polls does not read it again. */
  passed(question: string, place: Position): void;
  passedBy(question: string): Position | null;
}

/** Only places that the server gave may be read from: those of events that were given lately, and what proves to be one. */
function placesOf({ client, patience, timeoutMs }: EventsParts): Places {
  const known = new Latest<number, Position>(PLACES_MAX);
  const empty = new Latest<string, Position>(QUESTIONS_MAX);
  const remember = ({ position }: RecordedEvent): void => {
    if (position !== undefined) known.set(Number(position.prepare), position);
  };
  const answers = async (): Promise<null> => patiently(patience, () => allPage(client(), { from: null, backwards: true, count: 1, timeoutMs })).then(() => null);
  return {
    remember,
    passed: (question, place) => void empty.set(question, place),
    passedBy: (question) => empty.get(question) ?? null,
    async beside(from, backwards) {
      const before = backwards ? from + 1 : from - 1; // who goes on asks from behind the last one
      if (backwards || before < 0 || known.has(before)) return known.get(before) ?? null;
      const guess = { commit: BigInt(before), prepare: BigInt(before) };
      const look = () => allPage(client(), { from: guess, backwards: false, count: 1, timeoutMs }).catch(() => null);
      const [first] = (await look()) ?? (await answers()) ?? (await look()) ?? []; // refused, or nobody was there to ask
      if (first?.position?.prepare !== guess.prepare) return null;
      remember(first);
      return first.position;
    },
  };
}
