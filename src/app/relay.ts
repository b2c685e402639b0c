// Relay
// =====
// Follows the log of all runs and publishes what it says. Where it stands is in the store, in a stream of its own that is
// appended at the expected revision: of two that lead, the older one is refused at its next checkpoint. What it published
// behind the last checkpoint is published again by the next one, under the same ids.
//
// Who waits for an alert waits for a person: where a ledger lives in the same process, its alerts are published when it has
// appended, and passed over when the log is read.

import { createHash } from 'node:crypto';
import { once, type EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { APPENDED_FILTER } from '#src/adapters/ledger/wire.ts';
import { alertsOf, mismatch } from '#projections/alerts.ts';
import { ExecutorError, isAway } from '#src/errors/errors.ts';
import { Id } from '#src/events/define.ts';
import { eventId, fromStored } from '#src/kernel/log.ts';
import { Latest } from '#src/record/latest.ts';
import { runOf, type RunRecord } from '#src/record/record.ts';
import type { Bus } from '#src/ports/bus.ts';
import type { EventStore, NewEvent, PositionedEvent } from '#src/ports/event-store.ts';
import type { Hold, Holders } from '#src/ports/holder.ts';
import { ALERTS, alertMessage, EVENTS, messagesWith, type Message } from './feeds.ts';
import type { Appends } from './ledger.ts';
import { Window } from './window.ts';

export interface RelayDeps {
  readonly events: EventStore;
  readonly bus: Bus;
  readonly holders: Holders;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  /** Makes the event ids of this process its own. */
  readonly nonce: string;
  readonly stop: AbortSignal;
  /** Of a ledger in this process. */
  readonly appends?: EventEmitter<Appends>;
}

export const RELAY_STREAM = 'relay-progress';
/** No run can be called so. */
export const LEADER = '$relay';
const PAGE = 500;
/** Around the id of a message: the bus counts it in. */
const HEADER_BYTES = 300;
/** So many alerts are remembered as published. */
const ALERTS_MAX = 1_000;
const CHECKPOINT_MS = 1_000;
const IDLE_MS = 1_000;
/** What a ledger beside us appends is read so much later, together: it has the processor until then, and its alerts are out. */
const TOGETHER_MS = 5;
const REST_MS = 500;

/** Runs until it is stopped: leads where nobody does, waits where somebody does, goes on where bus or store were away. */
export async function runRelay(deps: RelayDeps): Promise<void> {
  while (!deps.stop.aborted) {
    try {
      const hold = await lead(deps);
      if (hold === null) continue;
      try {
        await new Leader(deps).follow();
      } finally {
        await hold.release();
      }
    } catch (error) {
      if (!isAway(error) && !(error instanceof ExecutorError && error.code === 'store.wrong_revision')) throw error;
      deps.logger.warn({ code: error.code, why: error.message }, error.code === 'store.wrong_revision' ? 'another relay leads' : 'waiting');
      await rest(deps.stop, REST_MS);
    }
  }
}

async function lead({ holders, stop }: RelayDeps): Promise<Hold | null> {
  try {
    return await holders.acquire(LEADER);
  } catch (error) {
    if (!(error instanceof ExecutorError) || error.code !== 'run.locked') throw error;
    await rest(stop, REST_MS);
    return null;
  }
}

const rest = async (stop: AbortSignal, ms: number): Promise<void> => pause(ms, undefined, { signal: stop }).catch(() => {});

class Leader {
  private readonly deps: RelayDeps;
  private readonly window: Window;
  /** The next position to publish. */
  private next = 0;
  /** Of our own stream. */
  private revision = -1;
  private isDirty = false;
  private savedAt = performance.now();
  private wake = (): void => {};
  /** Somebody appended since the last read began. */
  private isNudged = false;
  /** id -> whether it is kept, of the last ones */
  private readonly alerts = new Latest<string, Promise<boolean>>(ALERTS_MAX);

  constructor(deps: RelayDeps) {
    this.deps = deps;
    this.window = new Window(deps.bus);
  }

  async follow(): Promise<void> {
    const { bus, stop, appends } = this.deps;
    await bus.feed(EVENTS);
    await bus.feed(ALERTS);
    await this.begin();
    const nudges = await bus.listen(APPENDED_FILTER, () => this.nudge());
    const tell = (records: readonly RunRecord[]): void => this.tell(records);
    appends?.on('appended', tell);
    try {
      let reading = this.read(this.next);
      while (!stop.aborted) {
        const page = await reading;
        reading = page.length === 0 ? this.whenNudged() : this.read(behind(page)); // while this one is published
        reading.catch(() => {}); // it is awaited in the next turn, if there is one
        await this.publish(page);
        if (performance.now() - this.savedAt > CHECKPOINT_MS) await this.save();
      }
      await this.save();
    } finally {
      appends?.off('appended', tell);
      await nudges.close();
    }
  }

  private async read(from: number): Promise<readonly PositionedEvent[]> {
    this.isNudged = false;
    return this.deps.events.readAll({ from, limit: PAGE });
  }

  private async whenNudged(): Promise<readonly PositionedEvent[]> {
    await this.idle();
    if (this.deps.appends !== undefined) await rest(this.deps.stop, TOGETHER_MS);
    return this.deps.stop.aborted ? [] : this.read(this.next);
  }

  private nudge(): void {
    this.isNudged = true;
    this.wake();
  }

  /** Before anything else; what fails here is published when the log is read. */
  private tell(records: readonly RunRecord[]): void {
    for (const { subject, id, body } of records.flatMap(alertMessagesOf)) {
      if (!this.alerts.has(id)) this.alerts.set(id, this.deps.bus.keep(subject, body, id).then(() => true, () => false));
    }
  }

  /** Goes on where the last one was; its next checkpoint is refused from here on. */
  private async begin(): Promise<void> {
    const [last] = await this.deps.events.read(RELAY_STREAM, { backwards: true, limit: 1 });
    this.revision = last?.revision ?? -1;
    this.next = last === undefined ? 0 : Number((JSON.parse(last.data) as { next: number }).next);
    await this.append('relay.began');
  }

  /** What is begun is kept first. */
  private async save(): Promise<void> {
    await this.window.settled();
    this.savedAt = performance.now();
    if (!this.isDirty) return;
    await this.append('relay.reached');
    this.isDirty = false;
  }

  private async append(type: string): Promise<void> {
    const { events, nonce } = this.deps;
    this.revision = await events.append(RELAY_STREAM, this.revision, [checkpoint(type, { next: this.next, revision: this.revision + 1 }, nonce)]);
  }

  private async publish(page: readonly PositionedEvent[]): Promise<void> {
    for (const stored of page) {
      for (const message of this.messages(stored)) {
        this.isDirty = true; // our own checkpoints move the position, and are worth none
        if (message.isAlert && (await this.alerts.get(message.id)) === true) continue;
        if (message.body.byteLength + HEADER_BYTES > this.deps.bus.maxBytes) {
          this.deps.logger.warn({ subject: message.subject, bytes: message.body.byteLength }, 'a message is larger than the bus takes: passed over');
          continue;
        }
        if (this.window.isFull) await this.window.room();
        const isKept = this.window.begin(message);
        if (message.isAlert) this.alerts.set(message.id, isKept);
      }
      this.next = stored.position + 1;
    }
  }

  private messages(stored: PositionedEvent): Message[] {
    const run = runOf(stored.stream) ?? '';
    if (!Id.safeParse(run).success) return [];
    try {
      return messagesWith(fromStored(run, stored), `${stored.data.slice(0, -1)},"hash":"${stored.metadata.hash}"}`);
    } catch (error) {
      const why = error instanceof ExecutorError ? error.message : `record ${run}@${stored.revision}: it says what no record says (${String(error)})`; // a ledger runs no charts
      this.deps.logger.warn({ runId: run, seq: stored.revision, why }, 'a record is damaged');
      return [alertMessage(mismatch({ runId: run, seq: stored.revision, id: stored.id, at: 0 }, why))];
    }
  }

  /** Until somebody appended through a ledger, or a second passed. */
  private async idle(): Promise<void> {
    if (this.isNudged) return;
    const over = new AbortController();
    const nudged = new Promise<void>((resolve) => (this.wake = resolve));
    const stopped = this.deps.stop.aborted ? Promise.resolve() : once(this.deps.stop, 'abort', { signal: over.signal }).then(() => {}, () => {});
    await Promise.race([nudged, stopped, rest(over.signal, IDLE_MS)]);
    over.abort();
  }
}

function alertMessagesOf(record: RunRecord): Message[] {
  try {
    return alertsOf(record).map(alertMessage);
  } catch {
    return []; // a record that says what none says
  }
}

const behind = (page: readonly PositionedEvent[]): number => (page.at(-1)?.position ?? -1) + 1;

function checkpoint(type: string, at: { readonly next: number; readonly revision: number }, nonce: string): NewEvent {
  const data = JSON.stringify(at);
  const hash = createHash('sha256').update(data).digest('hex');
  return { id: eventId(hash, nonce), type, data, metadata: { hash, nonce } };
}
