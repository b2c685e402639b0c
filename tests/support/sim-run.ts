// One simulated run
// =================
// The real charts, the real drive loop and the real handlers in lives that end anywhere: processes that die, are
// stopped, run beside each other or meet a store that refuses; people who answer and cancel when they like. After a
// number of such lives the world is calm, and the run must come to its end.

import { unchanged } from '#src/events/inputs.ts';
import { memoryDisk, memoryStore, type MemoryDisk } from '#src/adapters/memory/store.ts';
import { steadyClock, virtualClock } from '#src/adapters/clock/clock.ts';
import { systemFor } from '#src/app/pins.ts';
import { checkResult, effectRules } from '#src/app/rules.ts';
import { perform } from '#src/effects/perform.ts';
import type { Requested } from '#src/effects/performing.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { drive, type Driven, type Performance } from '#src/kernel/drive.ts';
import { first, toStored, type Head } from '#src/kernel/log.ts';
import { resume, snapshotOf } from '#src/kernel/snapshot.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { StoredEvent } from '#src/ports/event-store.ts';
import { streamOf, type InputEvent } from '#src/record/record.ts';
import { deaths } from './sim-awaits.ts';
import { blobsOf, drivenEvents, Gate, handsFor, snapshotsOf, type Ground, type Problem } from './sim-hands.ts';
import { judgeLog } from './sim-judge.ts';
import { People } from './sim-people.ts';
import { moodOf, requestOf, RUN, STEADY } from './sim-request.ts';
import { Schedule, SimProcess, START_MS, STUCK, type Death } from './sim-schedule.ts';
import { repository } from './sim-workspace.ts';

const STEPS_MAX = 60_000;
const CALM_LIVES_MAX = 40;
const MINUTE_MS = 60_000;

/** What a store that fails may end a life with; a conflict ends none. */
const EXPECTED: ReadonlySet<string> = new Set(['store.unavailable', 'store.full', 'store.damaged']);
const isConflict = (error: unknown): boolean => error instanceof ExecutorError && error.code === 'store.wrong_revision';

export interface Simulated {
  readonly problems: readonly Problem[];
  readonly lives: number;
  /** Awaits of all processes. */
  readonly awaits: number;
  /** Point -> how often a process died there. */
  readonly crashed: ReadonlyMap<string, number>;
  /** Every stored byte, in order. */
  readonly log: string;
}

/** What a life was told to do besides driving. */
interface Life {
  readonly calm: boolean;
  readonly death: Death | null;
  /** The machine's clock against simulated time, ms. */
  readonly skewMs: number;
  readonly wait: boolean;
  readonly tokenCap: number | null;
  /** Is told to stop after so many milliseconds, null for never. */
  readonly stopAfterMs: number | null;
  /** Begins from the newest snapshot and keeps one after so many records; null without. */
  readonly snapshotEvery: number | null;
}

const CALM: Life = { calm: true, death: null, skewMs: 0, wait: false, tokenCap: 9_000_000, stopAfterMs: null, snapshotEvery: null };

/** A whole story: crashes, faults, people, races, all drawn from the seed. */
export function simulate(seed: number, prompts: ReadonlyMap<string, string>): Promise<Simulated> {
  const world = new World(seed, prompts);
  return play(world, world.tell());
}

/** @param story begun, and told by the world's schedule. */
export async function play(world: World, story: Promise<void>): Promise<Simulated> {
  let isOver = false;
  void story.then(() => { isOver = true; }, (error: unknown) => { world.fail('broken', error); isOver = true; });
  try {
    await world.schedule.run(() => isOver, STEPS_MAX);
  } catch (error) {
    world.fail(String(error).includes(STUCK) ? 'stuck' : 'broken', error);
  }
  await judgeLog(world);
  return { problems: world.problems, lives: world.lives, awaits: world.schedule.awaits, crashed: world.schedule.crashed, log: world.disk.events.map(({ id, data }) => `${id} ${data}`).join('\n') };
}

export class World implements Ground {
  readonly seed: number;
  /** Where its processes die most often: of many seeds together no await point is spared. */
  private readonly own: string;
  readonly schedule: Schedule;
  readonly prompts: ReadonlyMap<string, string>;
  readonly disk: MemoryDisk = memoryDisk();
  readonly repo = repository();
  readonly mood: Ground['mood'];
  readonly requested: Requested;
  readonly usages: Ground['usages'] = new Map();
  readonly guessed: Ground['guessed'] = new Set();
  readonly asked: Ground['asked'] = new Map();
  readonly problems: Problem[] = [];
  /** Ids of records that a process was told are durable. */
  readonly acknowledged = new Set<string>();
  /** `process effect` of each that was told that an answer is kept. */
  private readonly recalled = new Set<string>();
  lives = 0;
  alive = 0;
  isRaced = false;
  readonly isVirtual: boolean;
  isCalm = false;
  private readonly people = new People(this);

  /** @param isSteady nothing but the answers is left to chance, and those depend on nothing but what is asked. */
  constructor(seed: number, prompts: ReadonlyMap<string, string>, isSteady = false) {
    this.seed = seed;
    this.own = deaths[seed % deaths.length] as string;
    this.prompts = prompts;
    this.schedule = new Schedule(seed, START_MS);
    const mood = moodOf(this.schedule.random, this.own);
    this.mood = isSteady ? { ...mood, ...STEADY } : mood;
    this.requested = requestOf(this.schedule.random, { own: this.own, isSteady }, prompts);
    this.isVirtual = this.schedule.random.next() < 0.3 || isSteady;
    this.isCalm = isSteady;
  }

  isCommitted(commit: string): boolean {
    return this.stored.some(({ type, data }) => type === 'commit.written' && data.includes(`"${commit}"`));
  }

  get stored(): readonly StoredEvent[] {
    return this.disk.streams.get(streamOf(RUN)) ?? [];
  }

  fail(kind: Problem['kind'], error: unknown): void {
    this.problems.push({ kind, what: error instanceof Error ? `${error.name}: ${error.message} ${String(error.stack?.split('\n')[1]).trim()}` : String(error) });
  }

  isDone(): boolean {
    return this.stored.at(-1)?.data.includes('"run.ended"') ?? false;
  }

  sleep(minutes: number): Promise<void> {
    return this.schedule.wait(null, '', { delayMs: Math.floor(this.schedule.random.next() * minutes * MINUTE_MS) });
  }

  /** The whole story of one seed. */
  async tell(): Promise<void> {
    const { random } = this.schedule;
    while (this.stored.length === 0) await this.request();
    const visits = this.people.visit(this.own.includes('append late') ? 0.8 : 0.2);
    for (let n = random.pick([1, 2, 4, 6, 8, 10]); n > 0 && !this.isDone(); n -= 1) {
      const beside = random.pick([1, 1, 1, 2, 3]);
      await Promise.all(Array.from({ length: beside }, () => this.wild()));
      await this.sleep(random.pick([0, 1, 90]));
    }
    this.isCalm = true;
    await visits;
    await this.end();
  }

  /** A story without any chance: one life that may die, then calm ones. */
  async tellSteadily(death: Death | null): Promise<void> {
    await this.request();
    await this.live({ ...CALM, death });
    await this.end();
  }

  /** Calm lives until the run is over. */
  private async end(): Promise<void> {
    for (let n = 0; !this.isDone(); n += 1) {
      if (n === CALM_LIVES_MAX) return this.fail('stuck', `it does not end after ${n} calm lives`);
      if (n === CALM_LIVES_MAX / 2) await this.people.cancel('it takes too long');
      await this.people.answerOne(null);
      await this.live(CALM);
    }
  }

  /** Record 0, by a process that can die like any other. */
  private async request(): Promise<void> {
    const process = this.spawn(this.isCalm ? null : this.deathOf('start events.append'));
    const gate = new Gate(this, process, { caller: 'start', calm: this.isCalm });
    const event = { type: 'run.requested', v: 1, data: this.requested as unknown as Record<string, unknown> };
    const { sealed } = first(RUN, this.schedule.nowMs, event, systemFor(event.data));
    const { events } = memoryStore(this.disk);
    const appended = gate.pass('events.append', () => events.append(streamOf(RUN), -1, [toStored(sealed, process.name)]));
    await Promise.race([process.died.promise, appended.catch((error: unknown) => (isConflict(error) ? undefined : this.expect(error)))]);
    await this.sleep(1);
  }

  private async wild(): Promise<void> {
    const { random } = this.schedule;
    await this.sleep(random.pick([0, 1, 20]));
    const steps = random.next();
    await this.live({
      calm: false, death: random.next() < 0.85 ? this.deathOf('') : null, skewMs: random.pick([0, 0, -2 * 60 * MINUTE_MS, 2 * 60 * MINUTE_MS]), wait: random.next() < 0.3,
      tokenCap: random.next() < 0.3 ? 9_000_000 : null, stopAfterMs: steps < 0.2 || steps > 0.9 ? Math.floor(random.next() * 10 * MINUTE_MS) : null,
      snapshotEvery: random.pick([null, 1, 4, 10]),
    });
  }

  deathOf(caller: string): Death {
    const { random } = this.schedule;
    if (caller === '' && random.next() < 0.3) return { chance: random.pick([0.003, 0.01, 0.03]) };
    const point = this.own.startsWith(caller) && random.next() < 0.6 ? this.own : random.pick(deaths.filter((other) => other.startsWith(caller)));
    return { point, nth: random.pick([1, 1, 1, 2, 4]) };
  }

  private spawn(death: Death | null): SimProcess {
    this.lives += 1;
    return new SimProcess(`process-${this.lives}`, death);
  }

  private async live(life: Life): Promise<void> {
    const process = this.spawn(life.death);
    const stop = new AbortController();
    if (life.stopAfterMs !== null) void this.schedule.wait(process, '', { delayMs: life.stopAfterMs }).then(() => stop.abort());
    const ended = this.drive(process, life, stop.signal).then(() => undefined, (error: unknown) => this.expect(error));
    if (life.wait) void this.schedule.wait(process, '', { delayMs: 600 * MINUTE_MS }).then(() => stop.abort());
    this.alive += 1;
    await Promise.race([process.died.promise, ended]);
    this.alive -= 1;
  }

  private async drive(process: SimProcess, life: Life, stop: AbortSignal): Promise<Driven> {
    const { events, blobs, snapshots, close } = memoryStore(this.disk);
    process.atDeath.push(() => void close());
    const gate = new Gate(this, process, { caller: 'drive', calm: life.calm });
    const store = drivenEvents(gate, events, (id) => this.acknowledged.add(id));
    const cache = snapshotsOf(gate, snapshots);
    const every = life.snapshotEvery;
    let keeping = Promise.resolve();
    const keep = (head: Head): void => {
      const [first] = this.stored;
      if (every !== null && head.seq % every === 0) keeping = cache.keep(RUN, snapshotOf(head, first?.metadata.hash ?? '', null)).catch((error: unknown) => this.expect(error));
    };
    try {
      const from = every === null ? undefined : await resume({ store, snapshots: cache, systemFor, tell: (why) => this.fail('broken', `K13 a snapshot that was kept is not believed: ${why}`) }, RUN);
      return await drive(RUN, {
        store, blobs: this.remembered(process, blobsOf(gate, blobs)), clock: this.clockOf(gate, life.skewMs), systemFor, rules: effectRules,
        perform: (performance) => this.perform(process, performance, life.calm), check: checkResult, nonce: process.name, concurrency: 4, stepsMax: 10_000, wait: life.wait, stop,
        resume: { ...unchanged, tokenCap: life.tokenCap, iterations: life.calm ? 9 : null }, onRecord: (_record, head) => keep(head),
      }, from?.head);
    } finally {
      await keeping;
      await close();
    }
  }

  private remembered(process: SimProcess, blobs: Blobs): Blobs {
    return {
      ...blobs,
      recall: async (run, effect) => {
        const kept = await blobs.recall(run, effect);
        if (kept !== null) this.recalled.add(`${process.name} ${effect}`);
        return kept;
      },
    };
  }

  /** One of both kinds for a whole seed; the machine's own is set forward and back between lives. */
  private clockOf(gate: Gate, skewMs: number): Clock {
    if (this.isVirtual) return virtualClock(START_MS);
    return steadyClock({
      wall: () => this.schedule.nowMs + skewMs,
      elapsed: () => this.schedule.nowMs,
      sleep: (ms, signal) => gate.pass('clock.until', () => undefined, { delayMs: ms, signal }),
    });
  }

  private async perform(process: SimProcess, { run, open, signal }: Performance, calm: boolean): Promise<InputEvent | null> {
    const { effect, place, at } = open;
    if (!(this.stored[place.seq]?.data.includes(`"id":"${effect.id}"`) ?? false)) this.problems.push({ kind: 'broken', what: `K4 ${effect.id} is performed before its record is durable` });
    if (this.recalled.has(`${process.name} ${effect.id}`)) this.problems.push({ kind: 'doubled', what: `K11 ${effect.id} is performed although its answer is kept` });
    const gate = new Gate(this, process, { caller: effect.type, calm });
    const { blobs } = memoryStore(this.disk);
    const hands = handsFor(gate, blobs, { run, effect: effect.id, requested: this.requested, nonce: process.name });
    return perform(hands, { run, effect, place, at, signal });
  }

  /** Only what the world did may end a life. */
  expect(error: unknown): void {
    if (!(error instanceof ExecutorError && EXPECTED.has(error.code))) this.fail('broken', error);
  }
}
