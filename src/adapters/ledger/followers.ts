// Followers behind a ledger
// =========================
// A ledger tells of each append, and that may be lost: so a stream is read on when it is told, when its own process
// appended, and every second. Who follows it is given its events in order of subscription; a cursor moves before its call,
// so no event is given twice.

import type { Bus, Listening } from '#src/ports/bus.ts';
import type { EventStore, Following, StoredEvent, Subscription } from '#src/ports/event-store.ts';
import { appendedOf } from './wire.ts';

const POLL_MS = 1_000;
const BATCH = 256;

export interface Followers {
  subscribe(following: Following): Subscription;
  /** This process appended to the stream. */
  changed(stream: string): void;
  close(): Promise<void>;
}

export function followers(bus: Bus, read: EventStore['read']): Followers {
  const tails = new Map<string, Tail>();
  return {
    subscribe(following) {
      const { stream } = following;
      const tail = tails.get(stream) ?? new Tail(stream, read);
      tails.set(stream, tail);
      const member = { ...following, next: following.from };
      tail.join(member, bus);
      return {
        async close() {
          if (tail.leave(member)) tails.delete(stream);
          await tail.rested();
        },
      };
    },
    changed: (stream) => tails.get(stream)?.look(),
    async close() {
      await Promise.all([...tails.values()].map((tail) => tail.end()));
      tails.clear();
    },
  };
}

interface Member extends Following {
  /** The next revision to give. */
  next: number;
}

/** One stream, read once for all who follow it. */
class Tail {
  private readonly stream: string;
  private readonly read: EventStore['read'];
  private readonly members = new Set<Member>();
  private isReading = false;
  private isBehind = false;
  private timer: NodeJS.Timeout | null = null;
  private listening: Promise<Listening | null> = Promise.resolve(null);

  constructor(stream: string, read: EventStore['read']) {
    this.stream = stream;
    this.read = read;
  }

  join(member: Member, bus: Bus): void {
    if (this.members.size === 0) {
      this.listening = bus.listen(appendedOf(this.stream), () => this.look()).catch(() => null); // then the second alone
      this.timer = setInterval(() => this.look(), POLL_MS).unref();
    }
    this.members.add(member);
    this.look();
  }

  /** @returns whether nobody is left. */
  leave(member: Member): boolean {
    this.members.delete(member);
    if (this.members.size === 0 && this.timer !== null) clearInterval(this.timer);
    return this.members.size === 0;
  }

  async end(): Promise<void> {
    for (const member of this.members) this.leave(member);
    await this.rested();
  }

  /** Stops listening where nobody follows any more. */
  async rested(): Promise<void> {
    if (this.members.size === 0) await (await this.listening)?.close();
  }

  /** One look at a time; what changes meanwhile is looked at once more. */
  look(): void {
    this.isBehind = true;
    if (this.isReading) return;
    this.isReading = true;
    void this.giveAll().finally(() => {
      this.isReading = false;
    });
  }

  private async giveAll(): Promise<void> {
    while (this.isBehind && this.members.size > 0) {
      this.isBehind = false;
      const from = Math.min(...[...this.members].map(({ next }) => next));
      try {
        const events = await this.read(this.stream, { from, limit: BATCH });
        this.isBehind ||= events.length === BATCH;
        for (const event of events) for (const member of this.members) this.give(member, event);
      } catch (error) {
        for (const member of this.members) this.fail(member, error);
      }
    }
  }

  private give(member: Member, event: StoredEvent): void {
    if (event.revision !== member.next) return;
    member.next += 1;
    try {
      member.onEvent(event);
    } catch (error) {
      this.fail(member, error);
    }
  }

  private fail(member: Member, error: unknown): void {
    this.leave(member);
    void this.rested();
    member.onError(error);
  }
}
