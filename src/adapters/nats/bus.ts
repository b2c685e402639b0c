// The bus on NATS
// ===============
// The Bus port on one connection. Kept messages are JetStream's, buckets its key-value stores. See src/ports/bus.ts for
// the promises.

import { ErrorCode, type JetStreamClient, type KV, type Msg, type MsgHdrs, type NatsConnection, type NatsError, type Subscription } from 'nats';
import { ExecutorError } from '#src/errors/errors.ts';
import { isSubject, MESSAGE_BYTES_MAX, type Bucket, type Bus, type Consumption, type Feed, type Listening } from '#src/ports/bus.ts';
import { busError, connection, within, type NatsOptions } from './connection.ts';
import { consumer, setFeed } from './feeds.ts';
import { replies } from './replies.ts';

const ACK_MS = 5_000;
/** What is on its way to a server is waited for so long when it is let go of; one that is gone or held still takes nothing. */
const CLOSE_MS = 1_000;

/** The server that answers, and how fast. @throws ExecutorError `usage.invalid` | `bus.unavailable` | `bus.refused` */
export async function natsServer(options: NatsOptions): Promise<{ readonly version: string; readonly roundTripMs: number }> {
  const nc = await connection(options);
  try {
    const asked = performance.now(); // the client's own measure is in whole milliseconds
    await within(ACK_MS, nc.flush());
    return { version: nc.info?.version ?? 'of no version', roundTripMs: performance.now() - asked };
  } catch (error) {
    throw busError(error, `NATS at ${nc.getServer()}`);
  } finally {
    await nc.close();
  }
}

/** @throws ExecutorError `usage.invalid` | `bus.unavailable` | `bus.refused` */
export async function natsBus(options: NatsOptions): Promise<Bus> {
  const nc = await connection(options);
  const js = nc.jetstream({ timeout: ACK_MS });
  const { ask } = replies(nc);
  const consuming = new Set<Listening>();
  const feeds = new Map<string, Feed>(); // as this process set them: a server may come back without
  return {
    get maxBytes() {
      return maxBytes(nc);
    },
    publish: (subject, body) =>
      asking(nc, subject, async () => {
        refuseUnsendable(nc, subject, body);
        nc.publish(subject, body);
      }),
    request: (subject, body, timeoutMs) =>
      asking(nc, subject, async () => {
        refuseUnsendable(nc, subject, body);
        return (await ask({ subject, body, timeoutMs })).data;
      }),
    listen: (filter, onMessage, queue) =>
      asking(nc, filter, async () => {
        if (!isSubject(filter, true)) throw new ExecutorError('bus.refused', `${filter} is no filter of subjects`);
        const sub = nc.subscribe(filter, {
          ...(queue === undefined ? {} : { queue }),
          callback: (error, message) => {
            if (error === null) onMessage({ subject: message.subject, body: message.data, respond: (body) => respond(nc, message, body) });
          },
        });
        await within(ACK_MS, nc.flush()).catch((error: unknown) => {
          sub.unsubscribe();
          throw error;
        });
        return listening(nc, sub);
      }),
    feed: (feed) =>
      asking(nc, feed.name, async () => {
        await setFeed(await nc.jetstreamManager({ timeout: ACK_MS }), feed);
        feeds.set(feed.name, feed);
      }),
    keep: (subject, body, id) =>
      asking(nc, subject, () => {
        refuseUnsendable(nc, subject, body);
        return ask({ subject, body, timeoutMs: ACK_MS, headers: named(id) }).then(kept);
      }),
    consume: (wanted, handle) =>
      asking(nc, wanted.feed, async () => {
        const { close, goesOn } = await consumer({ nc, consuming: wanted, feed: () => feeds.get(wanted.feed), handle });
        const live: Consumption = { goesOn, close: () => (consuming.delete(live), close()) };
        consuming.add(live);
        return live;
      }),
    bucket: (name, ttlMs) => asking(nc, name, async () => bucketOf(nc, await openBucket(js, name, ttlMs), () => openBucket(js, name, ttlMs))),
    async close() {
      if (nc.isClosed()) return;
      await Promise.all([...consuming].map((live) => live.close()));
      await within(CLOSE_MS, nc.drain()).catch(() => {}); // BU8; a server that is away cannot be drained
      await nc.close();
    },
  };
}

async function asking<T>(nc: NatsConnection, where: string, work: () => Promise<T>): Promise<T> {
  if (nc.isClosed()) throw new ExecutorError('bus.unavailable', 'the connection to NATS is closed');
  try {
    return await work();
  } catch (error) {
    throw busError(error, where);
  }
}

const LINE_END = /[\r\n]/;

/** The one header of a message that is kept; who publishes asks for its bytes alone, and the client's own are slow to make. */
function named(id: string): MsgHdrs {
  if (LINE_END.test(id)) throw new ExecutorError('bus.refused', `${JSON.stringify(id)} is no id of a message`);
  const bytes = Buffer.from(`NATS/1.0\r\nNats-Msg-Id: ${id}\r\n\r\n`);
  return { encode: () => bytes } as unknown as MsgHdrs;
}

/** JetStream's acknowledgement. */
function kept(message: Msg): { repeat: boolean } {
  const { error, stream, duplicate = false } = message.json<{ error?: { description: string }; stream?: string; duplicate?: boolean }>();
  if (error !== undefined || stream === undefined) throw new Error(error?.description ?? 'what answers is no feed');
  return { repeat: duplicate };
}

function refuseUnsendable(nc: NatsConnection, subject: string, body: Uint8Array): void {
  if (!isSubject(subject)) throw new ExecutorError('bus.refused', `${subject} is no subject`);
  refuseLarge(nc, subject, body);
}

/** What another connection would take is not known before it is there. */
const maxBytes = (nc: NatsConnection): number => nc.info?.max_payload ?? MESSAGE_BYTES_MAX;

function refuseLarge(nc: NatsConnection, subject: string, { byteLength }: Uint8Array): void {
  if (byteLength <= maxBytes(nc)) return;
  throw new ExecutorError('bus.refused', `a message of ${byteLength} bytes to ${subject} is above the ${maxBytes(nc)} that the server takes`, { hint: 'raise max_payload in the settings of NATS' });
}

function respond(nc: NatsConnection, message: Msg, body: Uint8Array): void {
  if (message.reply === undefined || message.reply === '') return;
  refuseLarge(nc, message.subject, body);
  message.respond(body);
}

const listening = (nc: NatsConnection, sub: Subscription): Listening => ({
  async close() {
    if (!sub.isClosed() && !nc.isClosed()) await within(CLOSE_MS, sub.drain()).catch(() => sub.unsubscribe());
  },
});

async function openBucket(js: JetStreamClient, name: string, ttlMs: number): Promise<KV> {
  return js.views.kv(name, { ttl: ttlMs, history: 1, allow_direct: false }); // asked directly, a stream that is gone is silence, and a copy may be behind
}

/** JetStream's code for another revision than the expected one. */
const WRONG_REVISION = 10071;
const isTaken = (error: unknown): boolean => (error as NatsError).api_error?.err_code === WRONG_REVISION;

const orNull = (writing: Promise<number>): Promise<number | null> =>
  writing.catch((error: unknown) => {
    if (isTaken(error)) return null;
    throw error;
  });

/** Nobody answers for its stream, or it is not there. */
const isGone = (error: unknown): boolean => (error as NatsError).code === ErrorCode.NoResponders || (error as NatsError).api_error?.code === 404;

/** @param open makes it again where the server came back without it */
function bucketOf(nc: NatsConnection, first: KV, open: () => Promise<KV>): Bucket {
  let kv = first;
  const named = (key: string): string => Buffer.from(key).toString('base64url') || '=';
  const on = <T>(key: string, work: (kv: KV) => Promise<T>, anew: (kv: KV) => Promise<T> | T = work): Promise<T> =>
    asking(nc, key, async () => {
      try {
        return await work(kv);
      } catch (error) {
        if (!isGone(error)) throw error;
        kv = await open();
        return anew(kv);
      }
    });
  const none = (): null => null; // a revision of before is no revision of the new one
  return {
    get: (key) =>
      on(key, async (of) => {
        const entry = await of.get(named(key));
        return entry === null || entry.operation !== 'PUT' ? null : { value: entry.string(), revision: entry.revision };
      }),
    create: (key, value) => on(key, (of) => orNull(of.create(named(key), value))),
    update: (key, value, revision) => on(key, (of) => orNull(of.update(named(key), value, revision)), none),
    remove: async (key, revision) => void (await on(key, (of) => orNull(of.delete(named(key), { previousSeq: revision }).then(() => 0)), none)),
  };
}
