// The lane of appends
// ===================
// One client for all appends of the process, because the client keeps its pending appends in a table that all clients of
// a process share: an error on one of them would reject the appends of another, whose late answers then throw (rule 12).
//
// After any outcome but an answer the client is ended with all that is in flight on it, and a new one is made; those appends
// are then made again by whoever asked, each with the same ids (rule 6). The first append on a new client goes alone (rule 11).

import type { EventData, EventStoreDBClient, NO_STREAM } from '@eventstore/db-client';
import { ExecutorError } from '#src/errors/errors.ts';
import { apart, connect, disconnect, placeOf, within } from './connection.ts';
import { isConflict, refusal } from './errors.ts';

/**
 * At most so many at once. The client's channel buffers 16 messages; what is above waits in a queue of the client whose
 * failure nobody can catch: the process would end by an unhandled rejection when the channel breaks.
 */
const IN_FLIGHT_MAX = 15;

export interface Append {
  readonly stream: string;
  /** An exact one: rule 1. */
  readonly expected: bigint | typeof NO_STREAM;
  readonly events: readonly EventData[];
}

export interface Lane {
  /** One attempt. @returns the revision of the last event. @throws what the client threw, TimeIsUp */
  attempt(append: Append, timeoutMs: number): Promise<bigint>;
  /** The last user's call ends the client, after all that is in flight. */
  leave(): Promise<void>;
}

interface Shared {
  readonly url: string;
  users: number;
  client: EventStoreDBClient;
  /** An append was answered on this client, so it is connected and others may follow side by side. */
  isWarm: boolean;
  inFlight: number;
  renewing: Promise<void> | null;
  readonly waiting: (() => void)[];
}

let shared: Shared | null = null;

/** @throws ExecutorError `usage.invalid` while this process appends to another server. */
export function enterLane(url: string): Lane {
  shared ??= { url, users: 0, client: connect(apart(url)), isWarm: false, inFlight: 0, renewing: null, waiting: [] };
  if (shared.url !== url) throw new ExecutorError('usage.invalid', `this process appends to ${placeOf(shared.url)} already`, { hint: 'use another process for another store' });
  const lane = shared;
  lane.users += 1;
  return {
    attempt: (append, timeoutMs) => attempt(lane, append, timeoutMs),
    async leave() {
      lane.users -= 1;
      if (lane.users > 0) return;
      shared = null;
      await renewed(lane);
      await disconnect(lane.client);
    },
  };
}

async function attempt(lane: Shared, { stream, expected, events }: Append, timeoutMs: number): Promise<bigint> {
  await takeSlot(lane);
  const { client } = lane;
  try {
    const { nextExpectedRevision } = await within(timeoutMs, client.appendToStream(stream, [...events], { expectedRevision: expected }));
    lane.isWarm = true;
    return nextExpectedRevision;
  } catch (error) {
    if (isConflict(error) || refusal(error, '') !== null) lane.isWarm = true;
    else renew(lane, client);
    throw error;
  } finally {
    lane.inFlight -= 1;
    wake(lane);
  }
}

async function takeSlot(lane: Shared): Promise<void> {
  if (isOpen(lane) && lane.waiting.length === 0) lane.inFlight += 1;
  else await new Promise<void>((resolve) => lane.waiting.push(resolve)); // its slot is taken for it
  await renewed(lane); // which may have begun since
}

const isOpen = ({ renewing, inFlight, isWarm }: Shared): boolean => renewing === null && inFlight < (isWarm ? IN_FLIGHT_MAX : 1);

/** As many of those who wait as there is room for, in the order in which they came. */
function wake(lane: Shared): void {
  while (isOpen(lane)) {
    const next = lane.waiting.shift();
    if (next === undefined) return;
    lane.inFlight += 1;
    next();
  }
}

/** Once per client, however many appends failed on it. */
function renew(lane: Shared, failed: EventStoreDBClient): void {
  if (lane.client !== failed || lane.renewing !== null) return;
  lane.renewing = disconnect(failed).then(() => {
    lane.client = connect(apart(lane.url));
    lane.isWarm = false;
    lane.renewing = null;
    wake(lane);
  });
}

async function renewed(lane: Shared): Promise<void> {
  if (lane.renewing !== null) await lane.renewing;
}
