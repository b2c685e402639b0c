// The bus in memory
// =================
// The Bus port within one process, for tests. A `MemoryBroker` is what outlives a process; each `memoryBus` on it is one
// that is connected. See src/ports/bus.ts for the promises.

import { ExecutorError } from '#src/errors/errors.ts';
import { isSubject, MESSAGE_BYTES_MAX, otherFilter, type Bucket, type Bus, type BusMessage, type Consuming, type Entry, type Feed, type KeptMessage } from '#src/ports/bus.ts';

interface Listener {
  readonly fits: (subject: string) => boolean;
  readonly queue: string | null;
  give(message: BusMessage): void;
}

interface KeptFeed {
  feed: Feed;
  readonly messages: (KeptMessage & { readonly at: number })[];
  /** So many older ones made room. */
  dropped: number;
  /** durable name -> its filter, and seq of the last that was handled */
  readonly reached: Map<string, { readonly filter: string; seq: number }>;
  readonly waiting: Set<() => void>;
}

export interface MemoryBroker {
  readonly listeners: Set<Listener>;
  readonly feeds: Map<string, KeptFeed>;
  readonly maxBytes: number;
  /** bucket -> key -> value, revision and when it lapses */
  readonly buckets: Map<string, Map<string, Entry & { readonly until: number }>>;
  /** Counts revisions and chooses among the members of a queue. */
  turn: number;
}

export const memoryBroker = (maxBytes = MESSAGE_BYTES_MAX): MemoryBroker => ({ listeners: new Set(), feeds: new Map(), maxBytes, buckets: new Map(), turn: 0 });

export function memoryBus(broker: MemoryBroker = memoryBroker()): Bus {
  let isOpen = true;
  const closing = new Set<() => Promise<void>>();
  const assertOpen = (): void => {
    if (!isOpen) throw new ExecutorError('bus.unavailable', 'the bus in memory is closed');
  };
  /** Ends with the bus, whichever comes first. */
  const until = (end: () => Promise<void>): { close(): Promise<void> } => {
    closing.add(end);
    return { close: () => (closing.delete(end), end()) };
  };
  const deliver = (subject: string, body: Uint8Array, respond: (body: Uint8Array) => void): number => {
    refuseUnsendable(broker, subject, body);
    const chosen = receivers(broker, subject);
    for (const { give } of chosen) give({ subject, body: new Uint8Array(body), respond });
    return chosen.length;
  };
  return {
    maxBytes: broker.maxBytes,
    async publish(subject, body) {
      assertOpen();
      deliver(subject, body, () => {});
    },
    async request(subject, body, timeoutMs) {
      assertOpen();
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
      const count = deliver(subject, body, (answer) => (refuseLarge(broker, subject, answer), resolve(answer)));
      if (count === 0) throw new ExecutorError('bus.unavailable', `nobody listens to ${subject}`);
      const timer = setTimeout(() => reject(new ExecutorError('bus.unavailable', `nobody answered ${subject} in ${timeoutMs} ms`)), timeoutMs);
      return promise.finally(() => clearTimeout(timer));
    },
    async listen(filter, onMessage, queue) {
      assertOpen();
      const listener: Listener = { fits: fitting(filter), queue: queue ?? null, give: (message) => queueMicrotask(() => onMessage(message)) };
      broker.listeners.add(listener);
      return until(async () => void broker.listeners.delete(listener));
    },
    async feed(feed) {
      assertOpen();
      const there = broker.feeds.get(feed.name);
      if (there === undefined) broker.feeds.set(feed.name, { feed, messages: [], dropped: 0, reached: new Map(), waiting: new Set() });
      else there.feed = feed;
    },
    async keep(subject, body, id) {
      assertOpen();
      refuseUnsendable(broker, subject, body);
      return keep(broker, { subject, body: new Uint8Array(body), id });
    },
    async consume(consuming, onMessage) {
      assertOpen();
      const follower = followerOf(broker, consuming);
      void follower.run(onMessage);
      return { ...until(() => follower.close()), goesOn: follower.goesOn };
    },
    async bucket(name, ttlMs) {
      assertOpen();
      return bucketOf(broker, { name, ttlMs, assertOpen });
    },
    async close() {
      if (!isOpen) return;
      await Promise.resolve(); // what was published before reaches its listeners
      isOpen = false;
      await Promise.all([...closing].map((end) => end()));
    },
  };
}

/** By the grammar of the port. */
function fitting(filter: string): (subject: string) => boolean {
  if (!isSubject(filter, true)) throw new ExecutorError('bus.refused', `${filter} is no filter of subjects`);
  const wanted = filter.split('.');
  return (subject) => {
    const tokens = subject.split('.');
    const isOpenEnd = wanted.at(-1) === '>';
    if (isOpenEnd ? tokens.length < wanted.length : tokens.length !== wanted.length) return false;
    return wanted.every((token, i) => token === '*' || token === '>' || token === tokens[i]);
  };
}

function refuseUnsendable(broker: MemoryBroker, subject: string, body: Uint8Array): void {
  if (!isSubject(subject)) throw new ExecutorError('bus.refused', `${subject} is no subject`);
  refuseLarge(broker, subject, body);
}

function refuseLarge({ maxBytes }: MemoryBroker, subject: string, { byteLength }: Uint8Array): void {
  if (byteLength > maxBytes) throw new ExecutorError('bus.refused', `a message of ${byteLength} bytes to ${subject} is above the ${maxBytes} that the bus takes`);
}

function receivers(broker: MemoryBroker, subject: string): Listener[] {
  const fitted = [...broker.listeners].filter(({ fits }) => fits(subject));
  const groups = Map.groupBy(fitted.filter(({ queue }) => queue !== null), ({ queue }) => queue);
  broker.turn += 1;
  return [...fitted.filter(({ queue }) => queue === null), ...[...groups.values()].map((members) => members[broker.turn % members.length] as Listener)];
}

function keep(broker: MemoryBroker, { subject, body, id }: { subject: string; body: Uint8Array; id: string }): { repeat: boolean } {
  const feeds = [...broker.feeds.values()].filter(({ feed }) => feed.subjects.some((filter) => fitting(filter)(subject)));
  const [kept] = feeds;
  if (kept === undefined) throw new ExecutorError('bus.unavailable', `no feed keeps ${subject}`);
  const at = Date.now();
  if (kept.messages.some((message) => message.id === id && message.at > at - kept.feed.windowMs)) return { repeat: true };
  kept.messages.push({ subject, body, id, seq: kept.dropped + kept.messages.length + 1, at });
  makeRoom(kept);
  for (const wake of kept.waiting) wake();
  return { repeat: false };
}

function makeRoom(kept: KeptFeed): void {
  let bytes = kept.messages.reduce((sum, { body }) => sum + body.byteLength, 0);
  for (const { bytesMax = Number.POSITIVE_INFINITY } = kept.feed; bytes > bytesMax; kept.dropped += 1) bytes -= kept.messages.shift()?.body.byteLength ?? bytes;
}

function followerOf({ feeds }: MemoryBroker, { feed: name, filter, durable, from }: Consuming): Follower {
  const kept = feeds.get(name);
  if (kept === undefined) throw new ExecutorError('bus.refused', `there is no feed ${name}`);
  const known = durable === null ? undefined : kept.reached.get(durable);
  if (known !== undefined && known.filter !== filter) throw otherFilter(name, durable ?? '', known.filter);
  const first = kept.messages.findIndex(({ at }) => from !== 'new' && at >= from);
  const place = known ?? { filter, seq: kept.dropped + (first < 0 ? kept.messages.length : first) };
  if (durable !== null) kept.reached.set(durable, place);
  return new Follower(kept, { fits: fitting(filter), place, goesOn: known !== undefined });
}

class Follower {
  readonly goesOn: boolean;
  private readonly kept: KeptFeed;
  private readonly fits: (subject: string) => boolean;
  private readonly place: { seq: number };
  private isOpen = true;
  private wake = (): void => {};
  private ended: Promise<void> = Promise.resolve();

  constructor(kept: KeptFeed, { fits, place, goesOn }: { readonly fits: (subject: string) => boolean; readonly place: { seq: number }; readonly goesOn: boolean }) {
    [this.kept, this.fits, this.place, this.goesOn] = [kept, fits, place, goesOn];
  }

  run(onMessage: (message: KeptMessage) => Promise<void>): Promise<void> {
    this.ended = this.follow(onMessage);
    return this.ended;
  }

  async close(): Promise<void> {
    this.isOpen = false;
    this.wake();
    await this.ended;
  }

  private async follow(onMessage: (message: KeptMessage) => Promise<void>): Promise<void> {
    while (this.isOpen) {
      this.place.seq = Math.max(this.place.seq, this.kept.dropped);
      const message = this.kept.messages[this.place.seq - this.kept.dropped];
      if (message === undefined) await this.changed();
      else if (!this.fits(message.subject) || (await succeeds(onMessage, message))) this.place.seq = message.seq;
    }
  }

  private changed(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = () => {
        this.kept.waiting.delete(this.wake);
        resolve();
      };
      this.kept.waiting.add(this.wake);
    });
  }
}

async function succeeds(handle: (message: KeptMessage) => Promise<void>, { subject, body, seq, id }: KeptMessage): Promise<boolean> {
  try {
    await handle({ subject, body: new Uint8Array(body), seq, id });
    return true;
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 10)); // again, not at once
    return false;
  }
}

function bucketOf(broker: MemoryBroker, { name, ttlMs, assertOpen }: { name: string; ttlMs: number; assertOpen: () => void }): Bucket {
  const entries = broker.buckets.get(name) ?? new Map<string, Entry & { readonly until: number }>();
  broker.buckets.set(name, entries);
  const live = (key: string): Entry | null => {
    assertOpen();
    const entry = entries.get(key);
    return entry === undefined || entry.until <= Date.now() ? null : { value: entry.value, revision: entry.revision };
  };
  const write = (key: string, value: string): number => {
    broker.turn += 1;
    entries.set(key, { value, revision: broker.turn, until: Date.now() + ttlMs });
    return broker.turn;
  };
  return {
    get: async (key) => live(key),
    create: async (key, value) => (live(key) === null ? write(key, value) : null),
    update: async (key, value, revision) => (live(key)?.revision === revision ? write(key, value) : null),
    async remove(key, revision) {
      if (live(key)?.revision === revision) entries.delete(key);
    },
  };
}
