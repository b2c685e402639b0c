// Reads
// =====
// Pages that end by themselves, each under a timer of ours (rule 5), each ended on the server too (rule 9). What lies behind a
// few pages of the whole store is asked of the server with a filter: other products, its own events and our bodies may be
// a million, and it passes over them far faster than they travel.

import { BACKWARDS, END, eventTypeFilter, FORWARDS, START, streamNameFilter, type EventStoreDBClient, type Position, type RecordedEvent } from '@eventstore/db-client';
import { TimeIsUp, isMissing } from './errors.ts';
import { sideBySide } from './side-by-side.ts';
import { OWN_PREFIXES } from './streams.ts';

export const PAGE = 500;
/** At once on one client: its connection has a hundred streams, and the 101st call waits without a word (rule 8). */
const READS_MAX = 60;

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
  return side(client)(() => collected<{ readonly event?: RecordedEvent }>(client.readStream(stream, { direction, fromRevision, maxCount: count } as { direction: typeof FORWARDS }), timeoutMs)).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
}

export interface AllPage {
  /** Inclusive; null for the edge. */
  readonly from: Position | null;
  readonly backwards: boolean;
  readonly count?: number;
  readonly timeoutMs: number;
}

/** Every event of the server, its own and other products' too: the client cannot filter here. */
export function allPage(client: EventStoreDBClient, { from, backwards, count = PAGE, timeoutMs }: AllPage): Promise<readonly RecordedEvent[]> {
  const [direction, edge] = backwards ? [BACKWARDS, END] : [FORWARDS, START];
  return side(client)(() => collected(client.readAll({ direction, fromPosition: from ?? edge, maxCount: count } as { direction: typeof FORWARDS }) as Read<{ readonly event?: RecordedEvent }>, timeoutMs));
}

/** The server tells how far it is every so many times 32 events. */
const CHECKPOINT_INTERVAL = 32;

export interface Filtered {
  /** Exclusive; null for the beginning. */
  readonly from: Position | null;
  /** Of these types; null: of our streams. */
  readonly types: readonly string[] | null;
  /** Without a word of the server for so long it is over: then it has not said that this is all. */
  readonly silenceMs: number;
  /** @returns whether this is enough */
  readonly take: (event: RecordedEvent) => boolean;
  /** The server has looked so far. */
  readonly reached: (position: Position) => void;
}

/**
 * A subscription up to what is there now. @returns whether all of it was given, or enough: 23.10 says so, 22.10 never does.
 * @throws what the client threw
 */
export const filtered = (client: EventStoreDBClient, asked: Filtered): Promise<boolean> => side(client)(() => subscribed(client, asked));

async function subscribed(client: EventStoreDBClient, { from, types, silenceMs, take, reached }: Filtered): Promise<boolean> {
  const told = { checkpointInterval: CHECKPOINT_INTERVAL, checkpointReached: async (_: unknown, position: Position) => heard(position) };
  const filter = types === null ? streamNameFilter({ prefixes: OWN_PREFIXES, ...told }) : eventTypeFilter({ prefixes: [...types], ...told });
  const live = client.subscribeToAll({ fromPosition: from ?? START, filter });
  let timer: NodeJS.Timeout | undefined;
  const heard = (position: Position | undefined): void => {
    timer?.refresh();
    if (position !== undefined) reached(position);
  };
  try {
    return await new Promise<boolean>((resolve, reject) => {
      timer = setTimeout(() => resolve(false), silenceMs);
      live.on('error', reject);
      live.on('end', () => resolve(false));
      live.on('caughtUp', function look(): void {
        if (live.readableLength > 0) setImmediate(look); // what came before it is given first
        else resolve(true);
      });
      live.on('data', ({ event }: { readonly event?: RecordedEvent }) => {
        heard(event?.position);
        if (event !== undefined && take(event)) resolve(true);
      });
    });
  } finally {
    clearTimeout(timer);
    live.removeAllListeners('data').on('error', () => {});
    void live.unsubscribe().catch(() => {});
    live.destroy();
  }
}

const sides = new WeakMap<EventStoreDBClient, <T>(read: () => Promise<T>) => Promise<T>>();

/** Reads of one client, so many side by side, the others in their order behind them. */
function side(client: EventStoreDBClient): <T>(read: () => Promise<T>) => Promise<T> {
  const known = sides.get(client) ?? sideBySide(READS_MAX);
  sides.set(client, known);
  return known;
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
