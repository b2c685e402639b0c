// Followers
// =========
// Subscriptions on one connection. Own appends are told at once, and not read again by a follower that awaits just them;
// those of other connections show in `data_version`, looked at every 50 ms. A follower's cursor moves before its call, so no event is given twice.

import type { DatabaseSync } from 'node:sqlite';
import type { Following, StoredEvent, Subscription } from '#src/ports/event-store.ts';
import { isBusy, storeError } from './errors.ts';

const POLL_MS = 50;
const BATCH = 256;

export interface Followers {
  subscribe(following: Following): Subscription;
  /** Somebody on this connection appended to `stream`; `written` is what is known of it. */
  changed(stream: string, written: readonly StoredEvent[]): void;
  close(): void;
}

type Read = (stream: string, from: number, limit: number) => readonly StoredEvent[];

export function followers(db: DatabaseSync, path: string, read: Read): Followers {
  const versionQuery = db.prepare('pragma data_version');
  const open = new Set<Follower>();
  let timer: NodeJS.Timeout | null = null;
  let versionSeen = -1;

  const end = (follower: Follower): void => {
    follower.isOpen = false;
    open.delete(follower);
    if (open.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
  const attend = (follower: Follower, written: readonly StoredEvent[] = []): void => {
    follower.isBehind = true;
    try {
      if (written[0]?.revision === follower.next) give(follower, written);
      else pump(follower, read);
    } catch (error) {
      if (isBusy(error)) return; // it stays behind: the next poll tries again
      end(follower);
      follower.onError(error instanceof CalleeError ? error.cause : storeError(error, path));
    }
  };
  const poll = (): void => {
    const version = versionNow(versionQuery);
    const isChanged = version !== versionSeen;
    versionSeen = version;
    for (const follower of open) if (isChanged || follower.isBehind) attend(follower);
  };

  return {
    subscribe(following) {
      const follower = { ...following, next: following.from, isBehind: true, isOpen: true };
      open.add(follower);
      timer ??= setInterval(poll, POLL_MS).unref();
      setImmediate(() => attend(follower)).unref(); // never before the caller has its subscription
      return { close: async () => end(follower) };
    },
    changed(stream, written) {
      for (const follower of open) if (follower.stream === stream) attend(follower, written);
    },
    close() {
      for (const follower of open) end(follower);
    },
  };
}

interface Follower extends Following {
  /** The next revision to give. */
  next: number;
  /** There may be events that no change will announce any more. */
  isBehind: boolean;
  isOpen: boolean;
}

/** Tells what the callee threw from what the store did. */
class CalleeError extends Error {}

/** Gives what is there, until nothing is left or somebody closed the follower. */
function pump(follower: Follower, read: Read): void {
  while (follower.isOpen && follower.isBehind) {
    const batch = read(follower.stream, follower.next, BATCH);
    give(follower, batch);
    follower.isBehind = batch.length === BATCH;
  }
}

function give(follower: Follower, events: readonly StoredEvent[]): void {
  for (const event of events) {
    if (!follower.isOpen) return; // closed by its own call
    follower.next = event.revision + 1;
    try {
      follower.onEvent(event);
    } catch (cause) {
      throw new CalleeError('a subscription ended', { cause });
    }
  }
  follower.isBehind = false;
}

/** @returns a number that no answer before had when it cannot be read: then the followers' own reads say why. */
function versionNow(query: ReturnType<DatabaseSync['prepare']>): number {
  try {
    return Number(query.get()?.['data_version']);
  } catch {
    return Number.NaN;
  }
}
