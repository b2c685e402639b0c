// Followers
// =========
// Many subscriptions to single streams on one of the whole store (rule 8). What comes live in the right place is given as it
// is; after a gap, a repeat or a new connection the follower reads its stream itself, so it needs no trust in the other.

import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedEvent } from '@eventstore/db-client';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Following, StoredEvent, Subscription } from '#src/ports/event-store.ts';
import { storedOf } from './streams.ts';

const PAUSE_MS = 250;

export interface Followers {
  subscribe(following: Following): Subscription;
  /** Every follower looks whether it missed something. */
  behind(): void;
  live(event: RecordedEvent): void;
  close(): void;
}

interface Follower extends Following {
  /** The next revision to give. */
  next: number;
  isBehind: boolean;
  isReading: boolean;
  isOpen: boolean;
  readonly leave: () => void;
}

/** A page of a stream from a revision on. @throws ExecutorError, retryable or not */
type Read = (stream: string, from: number) => Promise<readonly StoredEvent[]>;

export function followers(read: Read): Followers {
  const open = new Map<string, Set<Follower>>();
  const leave = (follower: Follower): void => {
    const others = open.get(follower.stream);
    others?.delete(follower);
    if (others?.size === 0) open.delete(follower.stream);
  };
  const each = (): readonly Follower[] => [...open.values()].flatMap((of) => [...of]);
  return {
    subscribe(following) {
      const follower: Follower = { ...following, next: following.from, isBehind: true, isReading: false, isOpen: true, leave: () => leave(follower) };
      open.set(following.stream, (open.get(following.stream) ?? new Set()).add(follower));
      void catchUp(follower, read);
      return { close: async () => end(follower) };
    },
    behind() {
      for (const follower of each()) void catchUp(follower, read);
    },
    live(recorded) {
      for (const follower of open.get(recorded.streamId) ?? []) {
        if (Number(recorded.revision) < follower.next) continue; // given already, by a read
        if (follower.isReading || Number(recorded.revision) > follower.next) void catchUp(follower, read);
        else give(follower, () => storedOf(recorded));
      }
    },
    close() {
      for (const follower of each()) end(follower);
    },
  };
}

function end(follower: Follower): void {
  follower.isOpen = false;
  follower.leave();
}

function fail(follower: Follower, error: unknown): void {
  if (!follower.isOpen) return;
  end(follower);
  follower.onError(error);
}

/** @param at the event at `next`; what it or the callee throws ends the follower. */
function give(follower: Follower, at: () => StoredEvent): void {
  if (!follower.isOpen) return;
  try {
    const event = at();
    follower.next += 1; // before the call, so that nothing is given twice
    follower.onEvent(event);
  } catch (error) {
    fail(follower, error);
  }
}

async function catchUp(follower: Follower, read: Read): Promise<void> {
  follower.isBehind = true;
  if (follower.isReading) return;
  follower.isReading = true;
  while (follower.isOpen && follower.isBehind) await readOn(follower, read);
  follower.isReading = false;
}

async function readOn(follower: Follower, read: Read): Promise<void> {
  follower.isBehind = false;
  try {
    const page = await read(follower.stream, follower.next);
    if (page.length > 0) follower.isBehind = true; // there may be another page
    for (const event of page) give(follower, () => event);
  } catch (error) {
    if (!(error instanceof ExecutorError && error.retryable)) return fail(follower, error);
    follower.isBehind = true; // the store is away: nothing is lost by looking again
    await sleep(PAUSE_MS, null, { ref: false });
  }
}
