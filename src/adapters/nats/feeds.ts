// Feeds on JetStream
// ==================
// A feed is a stream on disk; who consumes pulls. A server that restarted has forgotten consumers without a durable name:
// they are made again behind the last message that was handled. One that came back without its streams is given them again
// by whoever knows them, and what is kept in them from then on is given from its beginning.

import { setTimeout as pause } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, DiscardPolicy, StorageType, type Consumer, type ConsumerConfig, type ConsumerInfo, type ConsumerMessages, type JetStreamManager, type JsMsg, type NatsConnection, type NatsError, type StreamInfo } from 'nats';
import { otherFilter, type Consuming, type Consumption, type Feed, type KeptMessage } from '#src/ports/bus.ts';

const NANOS = 1_000_000;
const AGAIN_MS = 250;
const PULL_MS = 5_000;
/** Under a durable name one at a time: what was pulled and not handled would come again only after `ACK_WAIT_MS`. */
const PULL_MAX = 64;
/** A message that is handled for longer than this is held by telling the server so. */
const ACK_WAIT_MS = 30_000;

/** Of the room that was wanted, tried in turn; then what others leave. */
const SHARES = [1, 4, 16, 64];
const UNLIMITED = -1;
/** JetStream's codes for a limit that server or account have no room for. */
const NO_ROOM: readonly (number | undefined)[] = [10023, 10028, 10047];

export async function setFeed(manager: JetStreamManager, { name, subjects, maxAgeMs, windowMs, bytesMax }: Feed): Promise<void> {
  const wanted = { subjects: [...subjects], max_age: maxAgeMs * NANOS, duplicate_window: windowMs * NANOS, discard: DiscardPolicy.Old };
  const set = async (room: object): Promise<unknown> =>
    (await orAway(manager.streams.info(name))) === null ? manager.streams.add({ name, storage: StorageType.File, ...wanted, ...room }) : manager.streams.update(name, { ...wanted, ...room });
  for (const share of bytesMax === undefined ? [] : SHARES) {
    try {
      await set({ max_bytes: Math.floor((bytesMax ?? 0) / share) });
      return;
    } catch (error) {
      if (!NO_ROOM.includes((error as NatsError).api_error?.err_code)) throw error;
    }
  }
  await set(bytesMax === undefined ? {} : { max_bytes: UNLIMITED });
}

/** No stream or consumer of that name. */
const isAway = (error: unknown): boolean => (error as NatsError).api_error?.code === 404 || (error as NatsError).code === '404';

const orAway = <T>(asked: Promise<T>): Promise<T | null> =>
  asked.catch((error: unknown) => {
    if (isAway(error)) return null;
    throw error;
  });

interface Following {
  readonly nc: NatsConnection;
  readonly consuming: Consuming;
  /** As this process was told to make it, if it was. */
  feed(): Feed | undefined;
  handle(message: KeptMessage): Promise<void>;
}

/** @throws ExecutorError `bus.refused` where the durable name was made with another filter */
export async function consumer(following: Following): Promise<Consumption> {
  const follower = new Follower(following);
  const ended = follower.follow(await follower.open());
  return {
    goesOn: follower.goesOn,
    async close() {
      follower.stop();
      await ended;
    },
  };
}

class Follower {
  /** The durable name was there. */
  goesOn = false;
  private readonly following: Following;
  private readonly stopping = new AbortController();
  private pulled: ConsumerMessages | null = null;
  /** When the stream was made that we follow: made again it counts from 1. */
  private born: string | null = null;
  /** The last message that is not ours any more; null: where it begins is a time. */
  private behind: number | null = null;

  constructor(following: Following) {
    this.following = following;
  }

  stop(): void {
    this.stopping.abort();
    void this.pulled?.close();
  }

  /** The server's consumer, made where it is not there. */
  async open(): Promise<Consumer> {
    const { nc, consuming: { feed, durable } } = this.following;
    const manager = await nc.jetstreamManager();
    this.place(await this.stream(manager));
    const known = durable === null ? null : await orAway(manager.consumers.info(feed, durable));
    if (known !== null) this.goOn(known);
    return manager.jetstream().consumers.getPullConsumerFor(known ?? (await manager.consumers.add(feed, this.settings())));
  }

  private async stream(manager: JetStreamManager): Promise<StreamInfo> {
    const { consuming, feed } = this.following;
    const [there, known] = [await orAway(manager.streams.info(consuming.feed)), feed()];
    if (there !== null) return there;
    if (known !== undefined) await setFeed(manager, known);
    return manager.streams.info(consuming.feed);
  }

  /** What is kept from now on is ours, also while we are away before the first of it. */
  private place({ created, state }: StreamInfo): void {
    const { from } = this.following.consuming;
    if (this.born === null) this.behind = from === 'new' ? state.last_seq : null;
    else if (this.behind !== null) this.behind = created === this.born ? Math.min(this.behind, state.last_seq) : 0;
    this.born = created;
  }

  private goOn({ config }: ConsumerInfo): void {
    const { filter, durable, feed } = this.following.consuming;
    if (config.filter_subject !== filter) throw otherFilter(feed, durable ?? '', config.filter_subject ?? '>');
    this.goesOn = true;
  }

  private settings(): Partial<ConsumerConfig> {
    const { filter, durable, from } = this.following.consuming;
    const begin =
      this.behind !== null ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.behind + 1 }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(from === 'new' ? 0 : from).toISOString() };
    const life = durable === null ? { inactive_threshold: 60_000 * NANOS } : { durable_name: durable };
    return { ack_policy: AckPolicy.Explicit, ack_wait: ACK_WAIT_MS * NANOS, filter_subject: filter, ...begin, ...life };
  }

  async follow(first: Consumer): Promise<void> {
    let opened: Consumer | null = first;
    const { nc, consuming } = this.following;
    while (!this.stopping.signal.aborted && !nc.isClosed()) {
      try {
        opened ??= await this.open();
        this.pulled = await opened.fetch({ max_messages: consuming.durable === null ? PULL_MAX : 1, expires: PULL_MS });
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
          await this.following.handle({ subject: message.subject, body: message.data, seq: message.seq, id: message.headers?.get('Nats-Msg-Id') || null });
          break;
        } catch {
          await this.rest();
        }
      }
    } finally {
      clearInterval(holding);
    }
    this.behind = message.seq;
    message.ack();
    return true;
  }

  private async rest(): Promise<void> {
    await pause(AGAIN_MS, undefined, { signal: this.stopping.signal }).catch(() => {});
  }
}
