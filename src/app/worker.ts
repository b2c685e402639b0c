// Worker
// ======
// Takes submitted runs whose repository is here, some at a time, and sees each through until it is over or rests. Which run
// there is, where it stands and that it was submitted is in the store; who has it is the holder's. A worker that dies is
// replaced when its hold lapses, and what it did is in the log.

import { z } from 'zod';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import type { ModelTable } from '#src/domain/routing.ts';
import type { Policy } from '#src/events/policy.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { fateOf, type Fate } from '#src/kernel/group.ts';
import { fromStored, RUN_REQUESTED, type Head } from '#src/kernel/log.ts';
import type { PositionedEvent } from '#src/ports/event-store.ts';
import type { Hold } from '#src/ports/holder.ts';
import type { Workspace } from '#src/ports/workspace.ts';
import { runOf, streamOf, type RunRecord } from '#src/record/record.ts';
import type { RunView } from '#projections/run-view.ts';
import { remember } from './beside.ts';
import { capsLeft } from './caps.ts';
import { execute } from './execute.ts';
import type { Machine, Store } from './machine.ts';
import { Nudges } from './nudges.ts';
import { absoluteProvider, modelsUsed, openProvider } from './provider.ts';
import { effectRules } from './rules.ts';
import { standingOf, type Standing } from './standing.ts';
import { hasLabels, submissionOf } from './submission.ts';
import { writeViews } from './views.ts';

export interface WorkerDeps {
  readonly machine: Machine;
  readonly store: Store;
  /** Absolute: the top of the working tree. */
  readonly root: string;
  readonly provider: string;
  readonly table: ModelTable;
  readonly prompts: ReadonlyMap<string, string>;
  readonly labels: ReadonlySet<string>;
  /** A run that asks for less is left alone: who submits it decides what runs here. */
  readonly sandbox: Policy['sandbox'];
  /** Runs at once. */
  readonly capacity: number;
  /** Records from one snapshot to the next. */
  readonly snapshotEvery: number;
  /** From one look at every run to the next, in ms. */
  readonly lookMs?: number;
  /** Aborts: no run is taken any more, those that are taken are handed back after the record under way. */
  readonly stop: AbortSignal;
  taken(run: string): void;
  /** @param view null where the run could not be read */
  ended(fate: Fate, view: RunView | null): void;
}

/** What a worker reads of record 0 before it knows the charts; of another version's it may be something else. */
const Asked = z.object({ policy: z.object({ run: z.object({ base: z.string() }), sandbox: z.enum(['none', 'auto', 'required']) }) });
/** From little to much. */
const SANDBOXES: readonly Policy['sandbox'][] = ['none', 'auto', 'required'];

/** A submitted run that this worker may take, until it is over. */
interface Offer {
  readonly run: string;
  /** Commit id. */
  readonly base: string;
  /** The record after which nothing was to be done; -1 where that is not known. */
  restsAt: number;
  /** When something is to be done all the same, by the clock of the machine. */
  dueAt: number;
  /** In other hands when it was last looked at: what they append tells nothing. */
  isHeld: boolean;
  /** Not before this time of our process; twice as long after each failure. */
  notBefore: number;
  backoffMs: number;
}

const LOOK_MS = 1_000;
const PAGE = 200;
const BACKOFF_MS = 2_000;
const BACKOFF_MAX_MS = 300_000;

/** Runs until it is stopped; resolves when every run is handed back. */
export async function work(deps: WorkerDeps): Promise<void> {
  await new Worker(deps).work();
}

class Worker {
  private readonly deps: WorkerDeps;
  private readonly workspace: Workspace;
  /** In the order in which they were submitted. */
  private readonly offers = new Map<string, Offer>();
  private readonly active = new Map<string, Promise<void>>();
  private readonly nudges: Nudges;
  /** The next position to read. */
  private next = 0;

  constructor(deps: WorkerDeps) {
    this.deps = deps;
    this.nudges = new Nudges(deps.lookMs ?? LOOK_MS);
    this.workspace = gitWorkspace({ userRepo: deps.root, home: deps.machine.home });
  }

  async work(): Promise<void> {
    const { stop, store } = this.deps;
    const listening = await store.hear?.((stream) => this.hear(stream)).catch(() => null); // then every second alone
    try {
      for (let runs: ReadonlySet<string> | null = null; !stop.aborted; runs = await this.rest()) await this.tryLook(runs);
    } finally {
      await listening?.close();
    }
    await Promise.all(this.active.values());
  }

  private hear(stream: string): void {
    const run = runOf(stream);
    if (run !== null && !this.active.has(run) && this.offers.get(run)?.isHeld !== true) this.nudges.tell(run);
  }

  /** Until a run has ended where no more could be taken, or it is time to look again. @returns at which runs; null: at all */
  private async rest(): Promise<ReadonlySet<string> | null> {
    const isFull = this.active.size >= this.deps.capacity;
    const over = new AbortController();
    const next = this.nudges.next(AbortSignal.any([this.deps.stop, over.signal]), !isFull);
    if (isFull) await Promise.race([next, ...this.active.values()]);
    if (isFull) over.abort();
    return next;
  }

  private async tryLook(runs: ReadonlySet<string> | null): Promise<void> {
    const { stop, machine } = this.deps;
    try {
      await this.look(runs);
    } catch (error) {
      if (!isAway(error)) throw error;
      if (!stop.aborted) machine.logger.warn({ code: error.code, why: error.message }, 'waiting');
    }
  }

  private async look(runs: ReadonlySet<string> | null): Promise<void> {
    await this.findOffers();
    for (const offer of this.offers.values()) {
      if (this.deps.stop.aborted || this.active.size >= this.deps.capacity) return;
      if (runs?.has(offer.run) === false) continue;
      if (!this.active.has(offer.run) && performance.now() >= offer.notBefore) await this.tryConsider(offer);
    }
  }

  /** What is wrong with one run keeps from no other (K17). @throws ExecutorError where the store is away: the others are looked at before it again */
  private async tryConsider(offer: Offer): Promise<void> {
    try {
      await this.consider(offer);
    } catch (error) {
      if (isAway(error)) {
        offer.notBefore = performance.now() + BACKOFF_MS;
        throw error;
      }
      later(offer);
      this.deps.ended({ run: offer.run, error }, null);
    }
  }

  private async findOffers(): Promise<void> {
    const { store: { events } } = this.deps;
    for (;;) {
      const page = await events.readAll({ from: this.next, limit: PAGE, types: [RUN_REQUESTED] });
      for (const event of page) {
        await this.findOffer(event);
        this.next = event.position + 1;
      }
      if (page.length < PAGE) return;
    }
  }

  /** @throws ExecutorError where the store is away */
  private async findOffer(event: PositionedEvent): Promise<void> {
    const { store: { blobs }, labels, sandbox, machine } = this.deps;
    const run = runOf(event.stream) ?? '';
    try {
      const asked = await submissionOf(blobs, event);
      if (asked === null || !hasLabels(labels, asked)) return;
      const { policy } = Asked.parse(fromStored(run, event).event.data);
      if (SANDBOXES.indexOf(policy.sandbox) < SANDBOXES.indexOf(sandbox)) return machine.logger.warn({ runId: run }, `left to others: --sandbox ${policy.sandbox} asks for less of a sandbox than this worker's ${sandbox}`);
      this.offers.set(run, { run, base: policy.run.base, restsAt: -1, dueAt: Number.POSITIVE_INFINITY, isHeld: false, notBefore: 0, backoffMs: BACKOFF_MS });
    } catch (error) {
      if (isAway(error)) throw error;
      machine.logger.warn({ runId: run, why: String(error) }, 'a submitted run cannot be read');
    }
  }

  /** Takes it where nobody has it, something is to be done, and its base is here. */
  private async consider(offer: Offer): Promise<void> {
    const { store: { events, holders }, machine } = this.deps;
    const [last] = await events.read(streamOf(offer.run), { backwards: true, limit: 1 });
    if (last?.revision === offer.restsAt && machine.clock.now() < offer.dueAt) return;
    if (last !== undefined && endsRun(fromStored(offer.run, last))) return void this.offers.delete(offer.run);
    if ((await holders.holder(offer.run)) !== null) return this.isElsewhere(offer);
    offer.isHeld = false;
    if (!(await this.hasBase(offer))) return later(offer);
    const hold = await this.acquire(offer.run);
    if (hold === null) return this.isElsewhere(offer);
    const isTaken = await this.takeUp(offer, hold).catch(async (error: unknown) => {
      await hold.release();
      throw error;
    });
    if (!isTaken) await hold.release();
  }

  /** Whoever submits a run holds it a moment longer than it is told: it is looked at once more, as if it were told again. */
  private isElsewhere(offer: Offer): void {
    if (!offer.isHeld) this.nudges.tell(offer.run);
    offer.isHeld = true;
  }

  private async hasBase({ run, base }: Offer): Promise<boolean> {
    try {
      await this.workspace.inspect(base);
      return true;
    } catch (error) {
      if (!(error instanceof ExecutorError)) throw error;
      this.deps.machine.logger.debug({ runId: run, why: error.message }, 'left to others');
      return false;
    }
  }

  private async acquire(run: string): Promise<Hold | null> {
    try {
      return await this.deps.store.holders.acquire(run);
    } catch (error) {
      if (error instanceof ExecutorError && error.code === 'run.locked') return null;
      throw error;
    }
  }

  /** @returns false where nothing is to be done. */
  private async takeUp(offer: Offer, hold: Hold): Promise<boolean> {
    const { machine, store } = this.deps;
    const standing = await standingOf(machine, store, offer.run);
    const { head } = standing;
    if (isOver(head)) this.offers.delete(offer.run);
    if (isOver(head) || rests(standing, machine.clock.now())) {
      [offer.restsAt, offer.dueAt] = [head.seq, dueAt(head)];
      return false;
    }
    this.deps.taken(offer.run);
    this.active.set(offer.run, this.hold(offer, standing, hold));
    return true;
  }

  private async hold(offer: Offer, standing: Standing, hold: Hold): Promise<void> {
    const { fate, view } = await this.see(offer.run, standing);
    await hold.release();
    this.active.delete(offer.run);
    if ('error' in fate) later(offer);
    else if (fate.driven.end === 'done') this.offers.delete(offer.run);
    else if (fate.driven.end === 'rest') [offer.restsAt, offer.dueAt, offer.backoffMs] = [fate.driven.head.seq, dueAt(fate.driven.head), BACKOFF_MS];
    this.deps.ended(fate, view);
  }

  /** Sees it through; whatever happens to it happens to no other run (K17). */
  private async see(run: string, standing: Standing): Promise<{ readonly fate: Fate; readonly view: RunView }> {
    const { machine, store, root, provider, table, prompts, snapshotEvery, stop } = this.deps;
    let { views } = standing;
    const fate = await fateOf(run, async () => {
      const models = await openProvider(provider, { env: machine.env, table, used: modelsUsed(standing.requested.policy) });
      await remember(machine.home, run, { workspace: root, provider: absoluteProvider(provider), providerDigest: models.digest });
      const onRecord = (_: unknown, after: Standing['views']): void => void (views = after);
      return execute({ run, machine, store, workspace: root, models, prompts, standing, snapshotEvery, stop, wait: false, resume: capsLeft(standing.head), onRecord });
    });
    await writeViews(root, views).catch((error: unknown) => machine.logger.warn({ runId: run, why: String(error) }, 'the files for people could not be written'));
    return { fate, view: views.run };
  }
}

function later(offer: Offer): void {
  offer.notBefore = performance.now() + offer.backoffMs;
  offer.backoffMs = Math.min(2 * offer.backoffMs, BACKOFF_MAX_MS);
}

/** Of the store or the bus: the same call may succeed later. */
const isAway = (error: unknown): error is ExecutorError => error instanceof ExecutorError && error.retryable;

/** Nothing stands behind the record that says so: a run that is over is known by its last one. */
const endsRun = ({ facts }: RunRecord): boolean => facts.some(({ type }) => type === 'run.ended');

const isOver = ({ state }: Head): boolean => state.cells.get('run')?.state.status === 'done';

/** Paused, or only questions are left that have not expired: what comes next is a person's. */
function rests({ head, views: { run } }: Standing, now: number): boolean {
  const isPassive = [...head.state.open.values()].every(({ effect }) => effectRules.isPassive(effect));
  return head.epoch > 0 && (run.pause !== null || (isPassive && Math.max(now, head.at) < dueAt(head)));
}

/** When the first question expires; other waits stand still while nobody holds the run. */
function dueAt({ state }: Head): number {
  const timers = [...state.open.values()].filter(({ effect }) => effectRules.isTimer(effect)).map(({ effect }) => effectRules.deadline(effect));
  return Math.min(...timers.filter(({ absolute }) => absolute).map(({ at }) => at));
}
