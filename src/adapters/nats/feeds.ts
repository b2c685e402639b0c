// Feeds on JetStream
// ==================
// A feed is a stream on disk; who consumes pulls. A server that restarted has forgotten consumers without a durable name:
// they are made again behind the last message that was handled.

import { setTimeout as pause } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, DiscardPolicy, StorageType, type Consumer, type ConsumerConfig, type ConsumerMessages, type JetStreamManager, type JsMsg, type NatsConnection, type NatsError } from 'nats';
import type { Consuming, Feed, KeptMessage, Listening } from '#src/ports/bus.ts';

const NANOS = 1_000_000;
const AGAIN_MS = 250;
const PULL_MS = 5_000;
/** Under a durable name one at a time: what was pulled and not handled would come again only after `ACK_WAIT_MS`. */
const PULL_MAX = 64;
/** A message that is handled for longer than this is held by telling the server so. */
const ACK_WAIT_MS = 30_000;

export async function setFeed(manager: JetStreamManager, { name, subjects, maxAgeMs, windowMs }: Feed): Promise<void> {
  const wanted = { subjects: [...subjects], max_age: maxAgeMs * NANOS, duplicate_window: windowMs * NANOS };
  const there = await manager.streams.info(name).catch((error: unknown) => {
    if (isAway(error)) return null;
    throw error;
  });
  if (there === null) await manager.streams.add({ name, storage: StorageType.File, discard: DiscardPolicy.Old, ...wanted });
  else await manager.streams.update(name, wanted);
}

/** No stream or consumer of that name. */
const isAway = (error: unknown): boolean => (error as NatsError).api_error?.code === 404 || (error as NatsError).code === '404';

type Handle = (message: KeptMessage) => Promise<void>;

export async function consumer(nc: NatsConnection, consuming: Consuming, handle: Handle): Promise<Listening> {
  const follower = new Follower(nc, consuming, handle);
  const ended = follower.follow(await follower.open());
  return {
    async close() {
      follower.stop();
      await ended;
    },
  };
}

class Follower {
  private readonly nc: NatsConnection;
  private readonly consuming: Consuming;
  private readonly handle: Handle;
  private readonly stopping = new AbortController();
  private pulled: ConsumerMessages | null = null;
  private handled = 0;

  constructor(nc: NatsConnection, consuming: Consuming, handle: Handle) {
    this.nc = nc;
    this.consuming = consuming;
    this.handle = handle;
  }

  stop(): void {
    this.stopping.abort();
    void this.pulled?.close();
  }

  /** The server's consumer, made where it is not there. */
  async open(): Promise<Consumer> {
    const { feed, durable } = this.consuming;
    const manager = await this.nc.jetstreamManager();
    const known = durable === null ? null : await manager.consumers.info(feed, durable).catch((error: unknown) => {
      if (isAway(error)) return null;
      throw error;
    });
    return manager.jetstream().consumers.getPullConsumerFor(known ?? (await manager.consumers.add(feed, this.settings())));
  }

  private settings(): Partial<ConsumerConfig> {
    const { filter, durable, from } = this.consuming;
    const begin =
      this.handled > 0 ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.handled + 1 }
      : from === 'new' ? { deliver_policy: DeliverPolicy.New }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(from).toISOString() };
    const life = durable === null ? { inactive_threshold: 60_000 * NANOS } : { durable_name: durable };
    return { ack_policy: AckPolicy.Explicit, ack_wait: ACK_WAIT_MS * NANOS, filter_subject: filter, ...begin, ...life };
  }

  async follow(first: Consumer): Promise<void> {
    let opened: Consumer | null = first;
    while (!this.stopping.signal.aborted && !this.nc.isClosed()) {
      try {
        opened ??= await this.open();
        this.pulled = await opened.fetch({ max_messages: this.consuming.durable === null ? PULL_MAX : 1, expires: PULL_MS });
        if (this.stopping.signal.aborted) void this.pulled.close();
        for await (const message of this.pulled) {
          if (!(await this.handleOne(message))) break;
        }
      } catch {
        opened = null; // the server was away, or has forgotten us: BU7
        await this.rest();
      }
    }
  }

  /** The same message until it is handled; what comes behind it waits. @returns false when the consumer was closed. */
  private async handleOne(message: JsMsg): Promise<boolean> {
    const holding = setInterval(() => message.working(), ACK_WAIT_MS / 3);
    try {
      for (;;) {
        if (this.stopping.signal.aborted) return false;
        try {
          await this.handle({ subject: message.subject, body: message.data, seq: message.seq, id: message.headers?.get('Nats-Msg-Id') || null });
          break;
        } catch {
          await this.rest();
        }
      }
    } finally {
      clearInterval(holding);
    }
    this.handled = message.seq;
    message.ack();
    return true;
  }

  private async rest(): Promise<void> {
    await pause(AGAIN_MS, undefined, { signal: this.stopping.signal }).catch(() => {});
  }
}
