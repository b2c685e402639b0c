// History
// =======
// The past of a run as a store has it: its own records, before them those of the runs that it was forked from.
//
//   K16. A history is read whole or not at all: what an ancestor has to give is there up to the record that was forked.

import { ExecutorError } from '#src/errors/errors.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import { originOf, streamOf, type Place, type RunRecord } from '#src/record/record.ts';
import { diverged, follow, fromStored, type Head, type Seen, type SystemFor } from './log.ts';

const PAGE = 500;

interface Range {
  /** Seq of the first. */
  readonly from?: number;
  /** Seq behind the last. */
  readonly end?: number;
}

/** A run's own records, some at a time. */
export async function* ownRecords(store: EventStore, run: string, { from = 0, end = Number.MAX_SAFE_INTEGER }: Range = {}): AsyncGenerator<RunRecord> {
  let position = -1;
  for (let seq = from; seq < end; seq += PAGE) {
    const page = await store.read(streamOf(run), { from: seq, limit: Math.min(PAGE, end - seq) });
    for (const stored of page) {
      if (stored.position !== null && stored.position <= position) throw new ExecutorError('record.damaged', `record ${run}@${stored.revision}: it stands before its predecessor in the store`);
      position = stored.position ?? position;
      yield fromStored(run, stored);
    }
    if (page.length < PAGE) return;
  }
}

export interface Part {
  readonly run: string;
  /** How many of its records belong to the history. */
  readonly records: number;
  /** Its first; undefined when the store has no such run. */
  readonly first: RunRecord | undefined;
}

/**
 * The run and its ancestors, the eldest first; the run itself with all of its records.
 * @throws ExecutorError `record.damaged` when an ancestor's part is not in the store.
 */
export async function lineage(store: EventStore, run: string): Promise<Part[]> {
  const parts: Part[] = [{ run, records: Number.MAX_SAFE_INTEGER, first: await recordAt(store, { run, seq: 0 }) }];
  for (let part = parts[0]; ; [part] = parts) {
    const origin = originOf(part?.first);
    if (part === undefined || origin === null) return parts;
    const isThere = (await recordAt(store, origin)) !== undefined && !parts.some(({ run: known }) => known === origin.run);
    if (!isThere) throw new ExecutorError('record.damaged', `record ${part.run}@0: the run ${origin.run} up to ${origin.seq}, which it goes on from, is not in this store`);
    parts.unshift({ run: origin.run, records: origin.seq + 1, first: await recordAt(store, { run: origin.run, seq: 0 }) });
  }
}

/** The whole past of a run, its ancestors' part first. */
export async function* history(store: EventStore, run: string): AsyncGenerator<RunRecord> {
  for (const part of await lineage(store, run)) yield* ownRecords(store, part.run, { end: part.records });
}

export const readHistory = (store: EventStore, run: string): Promise<RunRecord[]> => Array.fromAsync(history(store, run));

/** What a history begins with: it asks for the run and pins its charts. */
export async function beginning(store: EventStore, run: string): Promise<RunRecord> {
  const [eldest] = await lineage(store, run);
  if (eldest?.first === undefined) throw unknownRun(run);
  return eldest.first;
}

export async function recordAt(store: EventStore, { run, seq }: Place): Promise<RunRecord | undefined> {
  const [stored] = await store.read(streamOf(run), { from: seq, limit: 1 });
  return stored === undefined ? undefined : fromStored(run, stored);
}

interface Loading {
  readonly store: EventStore;
  readonly run: string;
  readonly systemFor: SystemFor;
}

/** @throws ExecutorError `record.diverged` naming the first record that differs; `record.damaged`; `run.unknown` */
export async function load({ store, run, systemFor }: Loading, seen: Seen = () => {}): Promise<Head> {
  let head: Head | null = null;
  for await (const record of history(store, run)) {
    const followed = follow(head, record, systemFor);
    if ('divergence' in followed) throw diverged(followed.divergence);
    head = followed.head;
    seen(record, followed.applied, head);
  }
  if (head === null) throw unknownRun(run);
  return head;
}

export const unknownRun = (run: string): ExecutorError =>
  new ExecutorError('run.unknown', `there is no run ${run} in this store`, { hint: '`autopack status` lists the runs; --store names another store' });
