// Standing
// ========
// Where a run stands when it is taken up, from its newest snapshot where the log confirms it; and the snapshots that are
// kept on the way. What a resume does grows with the records since the last one, not with the run.

import { views, type Views } from '#projections/files.ts';
import type { Requested } from '#src/effects/performing.ts';
import { readHistory } from '#src/kernel/history.ts';
import type { Head } from '#src/kernel/log.ts';
import { resume, snapshotOf } from '#src/kernel/snapshot.ts';
import type { RunRecord } from '#src/record/record.ts';
import type { Machine, Store } from './machine.ts';
import { systemFor } from './pins.ts';

export interface Standing {
  readonly head: Head;
  /** What the history begins with. */
  readonly first: RunRecord;
  readonly requested: Requested;
  readonly views: Views;
  /** Record after which the newest snapshot was taken; -1 without one. */
  readonly keptAt: number;
}

/** As it stands in a snapshot; of another version it is made again from record 0. */
interface KeptViews {
  readonly version: number;
  readonly state: Views;
}

/** @throws ExecutorError of the store, or of a log that is damaged or differs */
export async function standingOf({ logger }: Machine, store: Store, run: string): Promise<Standing> {
  const tell = (why: string): void => logger.warn({ runId: run, why }, 'the snapshot is dropped: the run is folded from its first record');
  const { head, first, views: kept, records } = await resume({ store: store.events, snapshots: store.snapshots, systemFor, tell }, run);
  const { version, state } = (kept ?? { version: views.version, state: views.initial }) as KeptViews;
  const isUsable = version === views.version;
  const folded = (isUsable ? records : await readHistory(store.events, run)).reduce(views.apply, isUsable ? state : views.initial);
  return { head, first, requested: first.event.data as unknown as Requested, views: folded, keptAt: kept === null ? -1 : head.seq - records.length };
}

export interface SnapshotKeeper {
  /** After each record. */
  see(head: Head, after: Views): void;
  /** Resolves when none is being kept. */
  settled(): Promise<void>;
}

type Keeping = Pick<Standing, 'first' | 'keptAt'> & { readonly every: number };

/** Keeps a snapshot after `every` records; one that cannot be kept costs time at the next resume, nothing else. */
export function snapshotKeeper({ logger }: Machine, { snapshots }: Store, { first, keptAt, every }: Keeping): SnapshotKeeper {
  let last = keptAt;
  let keeping = Promise.resolve();
  return {
    see(head, state) {
      if (head.seq - last < every) return;
      last = head.seq;
      const snapshot = snapshotOf(head, first.hash, { version: views.version, state } satisfies KeptViews);
      keeping = snapshots.keep(head.run, snapshot).catch((error: unknown) => logger.warn({ runId: head.run, seq: head.seq, why: String(error) }, 'a snapshot could not be kept'));
    },
    settled: () => keeping,
  };
}
