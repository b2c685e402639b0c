// Verify
// ======
// Recomputes a run from its records alone: every move, fact, effect and state, every commit id; every body is there.

import { commitId } from '#src/domain/commit-id.ts';
import { commitMessage } from '#src/domain/commit-message.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { EffectParams } from '#src/events/effects.ts';
import type { InputData } from '#src/events/inputs.ts';
import { history, unknownRun } from '#src/kernel/history.ts';
import { follow, type Divergence, type Head } from '#src/kernel/log.ts';
import { runView, type RunView } from '#projections/run-view.ts';
import { canonical } from '#src/record/canonical.ts';
import { streamOf, type Effect, type RunRecord } from '#src/record/record.ts';
import { refsIn, type Ref } from '#src/record/ref.ts';
import type { Store } from './machine.ts';
import { systemFor } from './pins.ts';
import { effectRules } from './rules.ts';

export interface Verified {
  readonly run: string;
  /** The run's own and its ancestors'. */
  readonly records: number;
  readonly head: Head | null;
  readonly view: RunView;
  /** The first record that differs. */
  readonly divergence: Divergence | null;
}

/** A replay under way: handed the records in order, it recomputes each on the one before. */
export class Replay {
  head: Head | null = null;
  view: RunView = runView.initial;
  records = 0;
  private plan: InputData<'run.requested'>['plan'] | null = null;
  private format: 'sha1' | 'sha256' = 'sha1';
  /** Effect id -> the id that its commit must have. */
  private readonly commits = new Map<string, string>();

  /** @returns how the record differs, or null. @throws ExecutorError `record.version` */
  take(record: RunRecord): Divergence | null {
    const followed = follow(this.head, record, systemFor);
    if ('divergence' in followed) return followed.divergence;
    const divergence = this.commitDiffers(record);
    if (divergence !== null) return divergence;
    this.head = followed.head;
    this.view = runView.apply(this.view, record);
    this.records += 1;
    return null;
  }

  verified(run: string, divergence: Divergence | null): Verified {
    return { run, records: this.records, head: this.head, view: this.view, divergence };
  }

  /** A commit's id follows from tree, parent and message, all of which stand in the log. */
  private commitDiffers(record: RunRecord): Divergence | null {
    const { run, seq, event } = record;
    if (event.type === 'run.requested') this.plan = (event.data as InputData<'run.requested'>).plan;
    if (event.type === 'workspace.prepared') this.format = (event.data as InputData<'workspace.prepared'>).objectFormat;
    for (const effect of record.effects) if (effect.type === 'writeCommit') this.commits.set(effect.id, this.commitOf(record, effect));
    if (event.type !== 'commit.written') return null;
    const [expected, actual] = [event.data['commit'], this.commits.get(event.cause ?? '')];
    return expected === actual ? null : { run, seq, what: 'commit', expected, actual };
  }

  private commitOf({ run, seq, at }: RunRecord, { params }: Effect): string {
    const { phase, tree, parent } = params as EffectParams<'writeCommit'>;
    const name = this.plan?.phases.find(({ phase_id }) => phase_id === phase)?.name ?? '';
    return commitId({ tree, parent, message: commitMessage({ run, phase, name, seq }), atSeconds: Math.floor(at / 1000) }, this.format);
  }
}

/** @throws ExecutorError `run.unknown`; `record.damaged` and `blob.missing` name the first record that they concern. */
export async function verify(store: Store, run: string): Promise<Verified> {
  const replay = new Replay();
  const bodies = new Bodies(store.blobs);
  for await (const record of history(store.events, run)) {
    const divergence = replay.take(record);
    if (divergence !== null) return replay.verified(run, divergence);
    await bodies.hold(record);
    const kept = await bodies.keptDiffers(record);
    if (kept !== null) return replay.verified(run, kept);
  }
  await bodies.holdUnanswered(run);
  await nothingStrayed(store, run);
  if (replay.records === 0) throw unknownRun(run);
  return replay.verified(run, null);
}

/** The bodies that records name, and the kept answers that they came from. */
class Bodies {
  private readonly blobs: Store['blobs'];
  private readonly held = new Set<string>();
  /** Effect id -> the record that asked, until one answers. */
  private readonly asked = new Map<string, RunRecord>();

  constructor(blobs: Store['blobs']) {
    this.blobs = blobs;
  }

  async hold(record: RunRecord): Promise<void> {
    for (const ref of refsIn(record)) {
      const key = `${ref.ref} ${ref.bytes}`;
      if (!this.held.has(key)) await this.read(record, ref);
      this.held.add(key);
    }
  }

  /** A paid answer that was recorded is the one that was kept. */
  async keptDiffers(record: RunRecord): Promise<Divergence | null> {
    for (const effect of record.effects) if (effectRules.isPaid(effect)) this.asked.set(effect.id, record);
    const { run, seq, event } = record;
    const { cause = '', ...expected } = event;
    if (event.type === 'effect.failed' || !this.asked.delete(cause)) return null;
    const kept = await this.blobs.recall(run, cause);
    if (kept === null) return null;
    const actual: unknown = JSON.parse(Buffer.from(await this.read(record, kept)).toString('utf8'));
    return canonical(actual) === canonical(expected) ? null : { run, seq, what: 'answer', expected, actual };
  }

  /** Answers that were kept and not recorded: they came too late, or are to be recorded by the next resume. */
  async holdUnanswered(run: string): Promise<void> {
    for (const [id, record] of this.asked) {
      const kept = await this.blobs.recall(run, id);
      if (kept !== null) await this.read(record, kept);
    }
  }

  /** @throws ExecutorError `blob.missing` naming the record. */
  private read({ run, seq }: RunRecord, ref: Ref): Promise<Uint8Array> {
    return this.blobs.get(ref).catch((cause: unknown) => {
      if (cause instanceof ExecutorError && cause.code !== 'blob.missing') throw cause;
      throw new ExecutorError('blob.missing', `record ${run}@${seq} names ${ref.ref}, which is missing or damaged`, { cause });
    });
  }
}

const PAGE = 500;

/** A record of the run that stands under another name behind the run's last one would be a tail cut off. */
async function nothingStrayed({ events }: Store, run: string): Promise<void> {
  const [last] = await events.read(streamOf(run), { backwards: true, limit: 1 });
  for (let from: number | undefined; ; ) {
    const page = await events.readAll({ backwards: true, limit: PAGE, ...(from === undefined ? {} : { from }) });
    for (const { stream, revision, data } of page) {
      if (stream === streamOf(run) && revision === last?.revision) return;
      if (stream === streamOf(run) || !data.includes(`"run":${JSON.stringify(run)},"seq":`)) continue;
      const { run: of, seq } = JSON.parse(data) as Partial<RunRecord>;
      if (of === run) throw new ExecutorError('record.damaged', `record ${run}@${seq ?? ''}: it stands in the stream ${stream}`);
    }
    const oldest = page.at(-1);
    if (oldest === undefined || page.length < PAGE) return;
    from = oldest.position - 1;
  }
}
