// Drive
// =====
// The loop with the world: take one input, step, append, and only then hand out what the record asks for.
//
//   K4. Nothing is performed, shown or answered before its record is durable.
//   K6. Every loop ends: steps per life are bounded, concurrency is bounded.
//   K7. A holder that meets another epoch stops; it may still append what its calls cost, nothing else.
//   K11. A finished paid answer is kept by the memo before it enters the inbox; it is never asked for again.
//   K12. Under a virtual clock an input is taken, or the clock jumps, only when no handler runs; the least id first.
//   K18. An effect begins only after cancelled ones of its actor and type have ended: what it replaces cannot overtake it.

import { ExecutorError, invariant } from '#src/errors/errors.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { EventStore, Subscription } from '#src/ports/event-store.ts';
import { streamOf, type Effect, type InputEvent, type RunRecord } from '#src/record/record.ts';
import { load } from './history.ts';
import { Inbox, type Arrival } from './inbox.ts';
import { diverged, follow, fromStored, next, toStored, type Head, type Made, type SystemFor } from './log.ts';
import { accepts, compareIds, type Input, type KernelState, type OpenEffect } from './step.ts';

/** What the loop must know of effect types. */
export interface EffectRules {
  isTimer(effect: Effect): boolean;
  /** Absolute deadline of a timer before shifts, ms. */
  deadline(effect: Effect): { readonly at: number; readonly absolute: boolean };
  /** True when it alone does not keep a process waiting. */
  isPassive(effect: Effect): boolean;
  /** True when a finished answer is kept by the memo. */
  isPaid(effect: Effect): boolean;
  /** What a result cost that nobody awaits any more, as an `effect.late` for the run; null when no account waits for it. */
  late(effect: string, event: InputEvent, state: KernelState): InputEvent | null;
}

export interface Performance {
  readonly run: string;
  readonly open: OpenEffect;
  readonly signal: AbortSignal;
}

export interface DriveDeps {
  readonly store: EventStore;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly systemFor: SystemFor;
  readonly rules: EffectRules;
  /** Performs one effect. @returns its result without cause, or null when somebody else will answer. */
  perform(performance: Performance): Promise<InputEvent | null>;
  /** @throws when the event is no result of the effect, or breaks its schema: a bug of the handler, and nothing of it is kept. */
  check(effect: Effect, event: InputEvent): void;
  readonly nonce: string;
  readonly concurrency: number;
  readonly stepsMax: number;
  /** Keep waiting when only questions are left. */
  readonly wait: boolean;
  /** Aborts: finish the append, cancel the handlers, end. */
  readonly stop: AbortSignal;
  /** What a take-over records besides epoch and downtime. */
  /** What a take-over brings with it, into `run.resumed`. */
  readonly resume: Readonly<Record<string, unknown>>;
  /** After each durable record, ours and others'. */
  onRecord(record: RunRecord, head: Head): void;
}

export interface Driven {
  /** `rest`: only parked wishes and questions remain. `lost`: another holder took over. */
  readonly end: 'done' | 'rest' | 'interrupted' | 'lost';
  readonly head: Head;
}

interface Flight {
  /** Actor and type of its effect. */
  readonly kind: string;
  readonly abort: AbortController;
  readonly settled: Promise<void>;
  running: boolean;
}

/**
 * @param from where the run stands, when the caller has loaded it (src/kernel/snapshot.ts).
 * @throws ExecutorError of the store or of a record that diverges; InvariantError K3: nothing was appended.
 */
export async function drive(run: string, deps: DriveDeps, from?: Head): Promise<Driven> {
  const head = from ?? (await load({ ...deps, run }));
  const driver = new Driver(run, deps, head);
  try {
    return await driver.run();
  } finally {
    await driver.close();
  }
}

class Driver {
  private readonly name: string;
  private readonly deps: DriveDeps;
  private readonly inbox = new Inbox();
  private readonly flights = new Map<string, Flight>();
  private head: Head;
  private lost = false;
  /** Where an append of ours is under way: what the subscription tells of that revision is ours, or meets us as a conflict. */
  private appending = -1;
  /** Milliseconds by which the log was seen to be ahead of our clock. */
  private aheadMs = 0;
  /** Timer -> `aheadMs` when it began: what others' clocks bring into the log later makes no wait shorter or longer. */
  private readonly began = new Map<string, number>();
  private subscription: Subscription | null = null;

  constructor(name: string, deps: DriveDeps, head: Head) {
    this.name = name;
    this.deps = deps;
    this.head = head;
  }

  private readonly look = (): void => this.inbox.nudge();

  async run(): Promise<Driven> {
    if (this.isDone()) return { end: 'done', head: this.head };
    this.deps.stop.addEventListener('abort', this.look, { once: true });
    await this.takeOver();
    this.subscription = this.deps.store.subscribe(
      streamOf(this.name),
      this.head.seq + 1,
      (stored) => {
        if (stored.revision > this.head.seq && stored.revision !== this.appending) this.inbox.push({ kind: 'foreign', stored });
      },
      (error) => this.inbox.push({ kind: 'error', error }),
    );
    for (let steps = 0; ; steps += 1) {
      invariant(steps < this.deps.stepsMax, 'K6', `${this.name} took ${steps} steps in one life`);
      this.reconcile();
      const end = this.isDone() ? 'done' : this.lost ? 'lost' : this.deps.stop.aborted ? 'interrupted' : null;
      if (end !== null) return { end, head: this.head };
      if (!(await this.takeOne())) return { end: 'rest', head: this.head };
    }
  }

  /** Cancels what still runs; a lost holder records what its calls cost. */
  async close(): Promise<void> {
    this.deps.stop.removeEventListener('abort', this.look);
    for (const { abort } of this.flights.values()) abort.abort();
    await Promise.all([...this.flights.values()].map(({ settled }) => settled));
    await this.subscription?.close();
    if (!this.lost) return;
    for (let arrival = this.inbox.take(byArrival); arrival !== undefined; arrival = this.inbox.take(byArrival)) {
      if (arrival.kind === 'result') await this.recordLate(arrival.effect, arrival.event);
    }
  }

  private isDone(): boolean {
    return this.head.state.cells.get('run')?.state.status === 'done';
  }

  private async takeOver(): Promise<void> {
    const epoch = this.head.epoch + 1;
    const at = this.now();
    const event: InputEvent =
      epoch === 1
        ? { type: 'run.started', v: 1, data: { epoch: 1 } }
        : { type: 'run.resumed', v: 1, data: { ...this.deps.resume, epoch, downMs: at - this.head.heldAt } };
    const appended = await this.append({ to: 'run', at, event });
    if (!appended) this.lost = true; // somebody else took over between our read and our append
  }

  /** C1: never before the last record. Where our clock stands behind the log, waits pass all the same. */
  private now(): number {
    const clock = this.deps.clock.now();
    this.aheadMs = Math.max(this.aheadMs, this.head.at - clock);
    return clock + this.aheadMs;
  }

  /** Starts what is open and not under way, cancels what is under way and not open any more. */
  private reconcile(): void {
    const { open } = this.head.state;
    for (const [id, flight] of this.flights) {
      if (open.has(id)) continue;
      flight.abort.abort();
      if (!flight.running && !this.inbox.holds(id)) this.flights.delete(id);
    }
    this.beginWaits();
    if (this.lost || this.deps.stop.aborted) return;
    const ending = new Set([...this.flights].filter(([id, flight]) => flight.running && !open.has(id)).map(([, { kind }]) => kind));
    let running = [...this.flights.values()].filter((flight) => flight.running).length;
    for (const id of [...open.keys()].sort(compareIds)) {
      const effect = open.get(id) as OpenEffect;
      if (this.flights.has(id) || this.deps.rules.isTimer(effect.effect) || ending.has(kindOf(effect))) continue;
      if (running >= this.deps.concurrency && !this.deps.rules.isPassive(effect.effect)) continue;
      this.launch(effect);
      running += 1;
    }
  }

  private beginWaits(): void {
    const { open } = this.head.state;
    this.now();
    for (const id of this.began.keys()) if (!open.has(id)) this.began.delete(id);
    for (const [id, { effect }] of open) if (this.deps.rules.isTimer(effect) && !this.began.has(id)) this.began.set(id, this.aheadMs);
  }

  private launch(open: OpenEffect): void {
    const abort = new AbortController();
    const { id } = open.effect;
    const settled = this.perform(open, abort.signal).then(
      (event) => {
        flight.running = false;
        // The flight stays until its arrival is taken, else it would be launched again; without an event somebody else answers.
        if (event !== null) this.inbox.push({ kind: 'result', effect: id, event });
        else if (abort.signal.aborted) this.inbox.push({ kind: 'ended' }); // what replaces it may begin
        else this.inbox.nudge();
      },
      (error: unknown) => {
        flight.running = false;
        this.inbox.push({ kind: 'error', error });
      },
    );
    const flight: Flight = { kind: kindOf(open), abort, settled, running: true };
    this.flights.set(id, flight);
  }

  private async perform(open: OpenEffect, signal: AbortSignal): Promise<InputEvent | null> {
    const { blobs, rules } = this.deps;
    const { id } = open.effect;
    const isPaid = rules.isPaid(open.effect);
    const kept = isPaid ? await blobs.recall(this.name, id) : null;
    if (kept !== null) return parseEvent(await blobs.get(kept));
    const event = await this.deps.perform({ run: this.name, open, signal });
    if (event !== null) this.deps.check(open.effect, event);
    if (!isPaid || event === null || event.type === 'effect.failed') return event;
    const body = Buffer.from(JSON.stringify(event));
    return parseEvent(await blobs.get(await blobs.memo(this.name, id, await blobs.put(body)))); // K11: the first writer wins
  }

  /** @returns false when nothing can arrive any more but questions and parked wishes. */
  private async takeOne(): Promise<boolean> {
    for (;;) {
      const running = [...this.flights.values()].some((flight) => flight.running);
      const isVirtual = this.deps.clock.virtual;
      if (this.inbox.size > 0 && !(isVirtual && running)) break;
      const due = this.nextTimer();
      const isOverdue = due !== null && due.clockAt <= this.deps.clock.now(); // a question that expired while nobody held the run
      if (!running && !this.deps.wait && !isOverdue && this.onlyPassive()) return false;
      if (due !== null && !running && isVirtual) this.deps.clock.jumpTo(due.clockAt);
      if (due !== null && due.clockAt <= this.deps.clock.now() && !(isVirtual && running)) {
        await this.append({ to: due.open.owner, at: Math.max(this.now(), due.at), event: { type: 'timer.fired', v: 1, data: {}, cause: due.open.effect.id } });
        return true;
      }
      await this.pause(isVirtual ? null : due);
      if (this.deps.stop.aborted) return true;
    }
    await this.accept(this.inbox.take(this.deps.clock.virtual ? byId : byArrival) as Arrival);
    return true;
  }

  /** Waits for an arrival, the end of a handler, the next deadline or the stop signal. */
  private async pause(due: { clockAt: number } | null): Promise<void> {
    const changed = this.inbox.changed();
    if (this.deps.stop.aborted) return;
    if (due === null) return changed;
    const over = new AbortController();
    await Promise.race([changed, this.deps.clock.until(due.clockAt, over.signal)]);
    over.abort();
  }

  /** `at` is the deadline in the log's time, `clockAt` in that of our clock. */
  private nextTimer(): { at: number; clockAt: number; open: OpenEffect } | null {
    const { rules } = this.deps;
    const timers = [...this.head.state.open.values()]
      .filter(({ effect }) => rules.isTimer(effect))
      .map((open) => {
        const { at: asked, absolute } = rules.deadline(open.effect);
        const at = absolute ? asked : asked + open.shiftMs;
        return { open, at, clockAt: at - (this.began.get(open.effect.id) ?? this.aheadMs) };
      });
    timers.sort((a, b) => a.clockAt - b.clockAt || compareIds(a.open.effect.id, b.open.effect.id));
    return timers[0] ?? null;
  }

  private onlyPassive(): boolean {
    return [...this.head.state.open.values()].every(({ effect }) => this.deps.rules.isPassive(effect));
  }

  private async accept(arrival: Arrival): Promise<void> {
    switch (arrival.kind) {
      case 'error':
        throw arrival.error;
      case 'ended':
        return;
      case 'foreign':
        if (arrival.stored.revision > this.head.seq) await this.catchUp();
        return;
      case 'result': {
        const { effect, event } = arrival;
        this.flights.delete(effect);
        const owner = this.head.state.open.get(effect)?.owner;
        const { data, type, v } = event;
        if (owner === undefined) await this.recordLate(effect, event);
        else if (!(await this.append({ to: owner, at: this.now(), event: { cause: effect, data, type, v } }))) await this.recordLate(effect, event);
        return;
      }
    }
  }

  /** K5: a result that nobody awaits any more moves nothing, but what it cost is money. */
  private async recordLate(effect: string, event: InputEvent): Promise<void> {
    const late = this.deps.rules.late(effect, event, this.head.state);
    if (late !== null && !this.isDone()) await this.append({ to: 'run', at: this.now(), event: late }, true);
  }

  /**
   * Steps and appends; folds what others wrote and steps again where the expected revision was stale.
   * @returns false when the state does not take the input any more.
   */
  private async append(input: Input, evenWhenLost = false): Promise<boolean> {
    this.deps.clock.tick();
    for (let tries = 0; ; tries += 1) {
      invariant(tries < this.deps.stepsMax, 'K6', `${this.name} met ${tries} conflicts on one input`);
      const current = { ...input, at: Math.max(input.at, this.now()) };
      if (!accepts(this.head.state, current)) return false;
      const made = next(this.head, current);
      this.appending = made.head.seq;
      try {
        await this.deps.store.append(streamOf(this.name), this.head.seq, [toStored(made.sealed, this.deps.nonce)]);
      } catch (error) {
        if (!(error instanceof ExecutorError) || error.code !== 'store.wrong_revision') throw error;
        await this.catchUp();
        if (this.lost && !evenWhenLost) return false;
        continue;
      }
      this.advance(made);
      return true;
    }
  }

  private advance({ head, sealed }: Made): void {
    this.head = head;
    this.deps.onRecord(sealed.record, head);
  }

  /** Folds what other writers appended; K7: another epoch ends our life. */
  private async catchUp(): Promise<void> {
    for (const stored of await this.deps.store.read(streamOf(this.name), { from: this.head.seq + 1 })) {
      const record = fromStored(this.name, stored);
      const followed = follow(this.head, record, this.deps.systemFor);
      if ('divergence' in followed) throw diverged(followed.divergence);
      if (followed.head.epoch !== this.head.epoch) this.lost = true; // somebody else's take-over: ours is never read here
      this.head = followed.head;
      this.deps.onRecord(record, this.head);
    }
  }
}

const kindOf = ({ owner, effect }: OpenEffect): string => `${owner} ${effect.type}`;
const parseEvent = (body: Uint8Array): InputEvent => JSON.parse(Buffer.from(body).toString('utf8')) as InputEvent;
const byArrival = (): number => 0;
const rank = (arrival: Arrival): number => (arrival.kind === 'error' ? 0 : arrival.kind === 'foreign' ? 1 : 2);
const byId = (a: Arrival, b: Arrival): number =>
  rank(a) - rank(b) || (a.kind === 'result' && b.kind === 'result' ? compareIds(a.effect, b.effect) : 0);
