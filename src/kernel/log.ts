// Log
// ===
// A run's records: made from one step, stored and read back, folded and verified.
//
//   K10. Folding the log alone gives the state; every record is recomputed and compared, and the first that differs
//        is named with both sides.
//   K15. A fork goes on from a record of its ancestor as if it had been its own: same state, same open effects, and the
//        chain of hashes reaches through.

import { ExecutorError, InvariantError } from '#src/errors/errors.ts';
import type { NewEvent, StoredEvent } from '#src/ports/event-store.ts';
import { isSame, sha256 } from '#src/record/canonical.ts';
import { GENESIS, RUN_FORKED, seal, unseal, type InputEvent, type RunRecord, type Sealed } from '#src/record/record.ts';
import { accepts, begin, stateHash, step, type Applied, type Input, type KernelState, type System } from './step.ts';

/** Where a run stands. */
export interface Head {
  readonly run: string;
  readonly seq: number;
  readonly hash: string;
  readonly at: number;
  readonly epoch: number;
  /** `at` of the last record that a holder wrote; what lies after it passed without one. */
  readonly heldAt: number;
  readonly state: KernelState;
}

export interface Made {
  readonly sealed: Sealed;
  readonly head: Head;
  readonly applied: Applied;
}

/** Finds the charts that a run is pinned to. @throws ExecutorError `record.version` when they are not kept here. */
export type SystemFor = (requested: Record<string, unknown>) => System;

export const RUN_REQUESTED = 'run.requested';

export function first(run: string, at: number, event: InputEvent, system: System): Made {
  return make(null, run, { to: 'kernel', at, event }, begin(system, event.data));
}

/** @throws InvariantError when the input is awaited but has no edge: nothing may be appended. */
export function next(head: Head, input: Input): Made {
  return make(head, head.run, input, step(head.state, input, { run: head.run, seq: head.seq + 1 }));
}

/** Record 0 of a fork: the same past, from here on under a name of its own. */
export function forkOff(head: Head, run: string, at: number): Made {
  const data = { run, origin: { run: head.run, seq: head.seq, hash: head.hash } };
  return make({ ...head, seq: -1 }, run, { to: 'kernel', at, event: { type: RUN_FORKED, v: 1, data } }, unmoved(head.state));
}

const unmoved = (state: KernelState): Applied => ({ state, moves: [], facts: [], effects: [], edges: [] });

function make(prior: Head | null, run: string, input: Input, applied: Applied): Made {
  const seq = (prior?.seq ?? -1) + 1;
  // In the order of the canonical bytes, which saves their sorting.
  const sealed = seal({
    at: input.at,
    effects: [...applied.effects],
    event: input.event,
    facts: [...applied.facts],
    moves: [...applied.moves],
    prev: prior?.hash ?? GENESIS,
    run,
    seq,
    state: stateHash(applied.state),
    to: input.to,
  });
  return { sealed, applied, head: headAfter(prior, sealed.record, applied.state) };
}

function headAfter(prior: Head | null, record: RunRecord, state: KernelState): Head {
  const { event, at } = record;
  const isTakeOver = event.type === 'run.started' || event.type === 'run.resumed';
  const byHolder = event.type !== RUN_FORKED && event.type !== 'run.cancel_requested' && !(event.type === 'question.answered' && event.data['by'] === 'human');
  return {
    run: record.run,
    seq: record.seq,
    hash: record.hash,
    at,
    epoch: isTakeOver ? Number(event.data['epoch']) : (prior?.epoch ?? 0),
    heldAt: byHolder ? at : (prior?.heldAt ?? at),
    state,
  };
}

/** The id under which a record is stored: a UUID of its hash and the nonce of the process that stepped. */
export function eventId(hash: string, nonce: string): string {
  const hex = sha256(`${hash}\n${nonce}`);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function toStored({ record, body }: Sealed, nonce: string): NewEvent {
  return { id: eventId(record.hash, nonce), type: record.event.type, data: body, metadata: { hash: record.hash, nonce } };
}

/** @throws ExecutorError `record.damaged` naming run and seq: every stored column is held against the record. */
export function fromStored(run: string, stored: StoredEvent): RunRecord {
  const { hash, nonce } = stored.metadata;
  const place = `${run}@${stored.revision}`;
  const record = unseal(stored.data, hash, place);
  const wrong =
    record.run !== run ? 'it belongs to another run'
    : record.seq !== stored.revision ? 'its seq is not its revision'
    : record.event.type !== stored.type ? 'its type is not the stored one'
    : stored.id !== eventId(hash, nonce) ? 'its id does not follow from hash and nonce'
    : null;
  if (wrong !== null) throw new ExecutorError('record.damaged', `record ${run}@${record.seq}: ${wrong}`);
  return record;
}

export interface Divergence {
  readonly run: string;
  readonly seq: number;
  readonly what: 'run' | 'gap' | 'chain' | 'order' | 'input' | 'moves' | 'facts' | 'effects' | 'state' | 'base' | 'candidate' | 'commit' | 'answer' | 'files';
  /** As it is stored. */
  readonly expected: unknown;
  /** As it is recomputed. */
  readonly actual: unknown;
}

export interface Folded {
  readonly head: Head | null;
  readonly divergence: Divergence | null;
}

export type Seen = (record: RunRecord, applied: Applied, head: Head) => void;

/** Folds records on top of `from`; stops at the first that differs. */
export function fold(records: Iterable<RunRecord>, systemFor: SystemFor, from: Head | null = null, seen: Seen = () => {}): Folded {
  let head = from;
  for (const record of records) {
    const followed = follow(head, record, systemFor);
    if ('divergence' in followed) return { head, divergence: followed.divergence };
    head = followed.head;
    seen(record, followed.applied, head);
  }
  return { head, divergence: null };
}

/** Recomputes one record on its predecessor. */
export function follow(head: Head | null, record: RunRecord, systemFor: SystemFor): { head: Head; applied: Applied } | { divergence: Divergence } {
  const { run } = record;
  const differs = (what: Divergence['what'], expected: unknown, actual: unknown, seq = record.seq) => ({ divergence: { run, seq, what, expected, actual } });
  const isFork = record.event.type === RUN_FORKED;
  const seq = isFork || head === null ? 0 : head.seq + 1;
  if (record.seq !== seq) return differs('gap', record.seq, seq, Math.min(seq, record.seq));
  if (head !== null && (run === head.run) === isFork) return differs('run', run, head.run);
  if (record.prev !== (head?.hash ?? GENESIS)) return differs('chain', record.prev, head?.hash ?? GENESIS);
  if (head !== null && record.at < head.at) return differs('order', record.at, head.at);
  if ((head === null) !== (record.event.type === RUN_REQUESTED)) return differs('input', record.event.type, head === null ? RUN_REQUESTED : `no second ${RUN_REQUESTED}`);
  const applied = recompute(head, record, systemFor);
  if (typeof applied === 'string') return differs('input', record.event.type, applied);
  for (const what of ['moves', 'facts', 'effects'] as const) {
    if (!isSame(record[what], applied[what])) return differs(what, record[what], applied[what]);
  }
  const state = stateHash(applied.state);
  if (record.state !== state) return differs('state', record.state, state);
  return { applied, head: headAfter(head, record, applied.state) };
}

function recompute(head: Head | null, record: RunRecord, systemFor: SystemFor): Applied | string {
  const input = { to: record.to, at: record.at, event: record.event };
  if (head === null) return begin(systemFor(record.event.data), record.event.data);
  if (record.event.type === RUN_FORKED) return isSame(record.event, forkOff(head, record.run, record.at).sealed.record.event) ? unmoved(head.state) : 'another origin than the record before';
  if (!accepts(head.state, input)) return `${record.event.type} to ${record.to}, which does not await it`;
  try {
    return step(head.state, input, { run: record.run, seq: record.seq });
  } catch (error) {
    if (error instanceof InvariantError) return error.message;
    throw error;
  }
}

export function diverged({ run, seq, what, expected, actual }: Divergence): ExecutorError {
  const cut = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 300);
  return new ExecutorError('record.diverged', `record ${run}@${seq} differs in ${what}: stored ${cut(expected)}, recomputed ${cut(actual)}`);
}
