// Bus port
// ========
// Messages between processes: live, asked and answered, kept for those who are away, and values that lapse.
// A subject is dotted tokens; in a filter `*` stands for one token and a last `>` for one or more.
//
//   BU1. `publish` reaches everybody who listens, and one of each queue; in order per publisher. It keeps nothing.
//   BU2. `request` is answered by one; nobody there is told at once, silence after the time given. Then it may have been
//        done: ask the same again.
//   BU3. A message or answer above the bus's limit, or to a subject that is none, is refused and nothing is sent.
//   BU4. What `keep` answered for is durable, once per message id within the feed's window of repeats.
//   BU5. `consume` gives the kept messages in order, each until its handler succeeded; a durable name goes on where it
//        stopped, in whatever process, and under another filter is refused: what it missed would be nobody's.
//   BU6. Of a key, `create` wins where nothing lives, `update` and `remove` only at the revision given; what is not
//        renewed lapses.
//   BU7. A connection that is lost is made again without end; who listens and consumes goes on, also where the server came
//        back without what it kept: buckets, and the feeds that this process set, are made again.
//   BU8. `close` first handles what was received and sends what was published; then everything is `bus.unavailable`.

import { ExecutorError } from '#src/errors/errors.ts';

export interface BusMessage {
  readonly subject: string;
  readonly body: Uint8Array;
  /** Does nothing where no answer is awaited. @throws ExecutorError `bus.refused` above the limit: then another may be given */
  respond(body: Uint8Array): void;
}

export interface KeptMessage {
  readonly subject: string;
  readonly body: Uint8Array;
  /** Number in its feed, from 1. */
  readonly seq: number;
  /** Null where it was kept without one. */
  readonly id: string | null;
}

/** A stream of kept messages. */
export interface Feed {
  /** Letters, digits, `-` and `_`. */
  readonly name: string;
  readonly subjects: readonly string[];
  readonly maxAgeMs: number;
  /** Above so many the oldest go; a server that has no such room is asked for less, and at last for none of its own. */
  readonly bytesMax?: number;
  /** How long a message id is known as a repeat. */
  readonly windowMs: number;
}

export interface Consuming {
  readonly feed: string;
  /** Only messages to subjects that fit. */
  readonly filter: string;
  /** Null: it ends with the process. */
  readonly durable: string | null;
  /** Where a new one begins: what was kept from then on (ms since the epoch), or after now. */
  readonly from: number | 'new';
}

/** A value under a key, until it lapses. */
export interface Entry {
  readonly value: string;
  readonly revision: number;
}

export interface Bucket {
  get(key: string): Promise<Entry | null>;
  /** @returns the revision, or null where a value lives. */
  create(key: string, value: string): Promise<number | null>;
  /** @returns the new revision, or null where another one lives. */
  update(key: string, value: string, revision: number): Promise<number | null>;
  /** Where another revision lives, nothing happens. */
  remove(key: string, revision: number): Promise<void>;
}

export interface Listening {
  /** Resolves when no call is under way and none will come. */
  close(): Promise<void>;
}

export interface Consumption extends Listening {
  /** The durable name was there, and goes on where it stopped whatever `from` says. */
  readonly goesOn: boolean;
}

/** Every call may throw ExecutorError `bus.unavailable` (again later) or `bus.refused` (never). */
export interface Bus {
  /** Bytes of one message, its headers among them. Another server may have another limit, so it is asked for each time. */
  readonly maxBytes: number;
  publish(subject: string, body: Uint8Array): Promise<void>;
  request(subject: string, body: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** Listens when it resolves. `queue`: of those with this name one is given each message. */
  listen(filter: string, onMessage: (message: BusMessage) => void, queue?: string): Promise<Listening>;
  /** Makes the feed, or sets what is there to these settings. */
  feed(feed: Feed): Promise<void>;
  /** @returns whether it was a repeat. */
  keep(subject: string, body: Uint8Array, id: string): Promise<{ readonly repeat: boolean }>;
  consume(consuming: Consuming, onMessage: (message: KeptMessage) => Promise<void>): Promise<Consumption>;
  /** Keys may be any text. @param ttlMs after which a value that nobody renewed is gone */
  bucket(name: string, ttlMs: number): Promise<Bucket>;
  close(): Promise<void>;
}

/** Of a durable name. @param filter that it was made with */
export const otherFilter = (feed: string, durable: string, filter: string): ExecutorError =>
  new ExecutorError('bus.refused', `${durable} on ${feed} was made for ${filter}, and goes on with that alone`, { hint: 'ask for the same, or under another name' });

/** What one message may carry: NATS's own default. */
export const MESSAGE_BYTES_MAX = 1024 * 1024;

const TOKEN = /^[^\s.*>\p{Cc}]+$/u;

/** Whether it names one subject, or with `wildcards` a filter. */
export function isSubject(text: string, wildcards = false): boolean {
  const tokens = text.split('.');
  return tokens.every((token, i) => TOKEN.test(token) || (wildcards && (token === '*' || (token === '>' && i === tokens.length - 1))));
}
