// Snapshots
// =========
// A long run is resumed from a cached state and the records behind it, not from its first record.
//
//   K13. A snapshot is believed only where the log confirms it: its bytes by their hash, its place by the record that
//        stands there, its cells and open effects by that record's `state`, each open effect by the record that asked
//        for it. The records behind it are folded and compared like all others.
//   K14. What is not confirmed is told, dropped, and the run is folded from its first record.

import { ExecutorError } from '#src/errors/errors.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import type { KeptSnapshot, Snapshots } from '#src/ports/snapshots.ts';
import { sha256 } from '#src/record/canonical.ts';
import type { Place, RunRecord } from '#src/record/record.ts';
import { Snapshot } from '#src/record/snapshot.ts';
import { lineage, ownRecords, readHistory, recordAt, unknownRun, type Part } from './history.ts';
import { diverged, fold, type Head, type SystemFor } from './log.ts';
import { ownerOf, stateHash, type KernelState, type OpenEffect } from './step.ts';

type Cell = KernelState['cells'] extends ReadonlyMap<string, infer C> ? C : never;

export interface SnapshotDeps {
  readonly store: EventStore;
  readonly snapshots: Snapshots;
  readonly systemFor: SystemFor;
  /** A snapshot was not believed: why. */
  tell(why: string): void;
}

export interface Resumed {
  readonly head: Head;
  /** What the history begins with. */
  readonly first: RunRecord;
  /** The views of the snapshot that was believed; null when the run was folded from its first record. */
  readonly views: unknown;
  /** What was folded: the records behind the snapshot, else all of them. */
  readonly records: readonly RunRecord[];
}

/** @throws ExecutorError like `load`: a damaged snapshot is no error, a damaged log is. */
export async function resume(deps: SnapshotDeps, run: string): Promise<Resumed> {
  const { store, snapshots, systemFor, tell } = deps;
  const kept = await snapshots.newest(run);
  if (kept !== null) {
    const resumed = await fromSnapshot(deps, run, kept);
    if (typeof resumed !== 'string') return resumed;
    tell(resumed);
    await snapshots.drop(run);
  }
  const records = await readHistory(store, run);
  const [first] = records;
  const { head, divergence } = fold(records, systemFor);
  if (divergence !== null) throw diverged(divergence);
  if (head === null || first === undefined) throw unknownRun(run);
  return { head, first, views: null, records };
}

/** @returns why it is not believed, as a string. */
async function fromSnapshot(deps: SnapshotDeps, run: string, kept: KeptSnapshot): Promise<Resumed | string> {
  const snapshot = parse(run, kept);
  if (typeof snapshot === 'string') return snapshot;
  try {
    const parts = await lineage(deps.store, run);
    const first = parts[0]?.first;
    const log = recordsIn(deps.store, parts);
    const record = await log({ run, seq: snapshot.seq });
    if (first?.hash !== snapshot.first) return 'it belongs to another first record';
    if (record?.hash !== snapshot.hash) return `record ${snapshot.seq} is another one`;
    const state = await restore(snapshot, first, { log, systemFor: deps.systemFor });
    if (typeof state === 'string') return state;
    if (stateHash(state) !== record.state) return `its state is not that of record ${snapshot.seq}`;
    const { epoch, heldAt, seq, hash } = snapshot;
    const records = await Array.fromAsync(ownRecords(deps.store, run, { from: seq + 1 }));
    const { head, divergence } = fold(records, deps.systemFor, { run, seq, hash, at: record.at, epoch, heldAt, state });
    if (divergence !== null) return `record ${divergence.seq} does not follow from it`;
    return { head: head as Head, first, views: snapshot.views, records };
  } catch (error) {
    // Folding from the first record tells what is wrong with the log itself.
    if (error instanceof ExecutorError && error.code === 'record.damaged') return error.message;
    throw error;
  }
}

function parse(run: string, { seq, text, sha256: expected }: KeptSnapshot): Snapshot | string {
  if (sha256(text) !== expected) return 'its bytes do not hash to the kept hash';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  const parsed = Snapshot.safeParse(value);
  if (!parsed.success) return 'it is not of this version';
  return parsed.data.run === run && parsed.data.seq === seq ? parsed.data : 'it belongs to another place';
}

type RecordAt = (place: Place) => Promise<RunRecord | undefined>;

/** Nothing but the run's history. */
const recordsIn = (store: EventStore, parts: readonly Part[]): RecordAt =>
  async (place) => (parts.some(({ run, records }) => run === place.run && place.seq < records) ? recordAt(store, place) : undefined);

async function restore({ cells: dumps, open: kept }: Snapshot, first: RunRecord, { log, systemFor }: { log: RecordAt; systemFor: SystemFor }): Promise<KernelState | string> {
  const system = systemFor(first.event.data);
  const actors = system.actors(first.event.data);
  const cells = new Map<string, Cell>();
  for (const [i, { address, engine }] of actors.entries()) {
    const dump = dumps[i];
    if (dump?.address !== address || dump.chart !== engine.id || dump.version !== engine.version) return `its cell ${i} is not ${address} of ${engine.id}@${engine.version}`;
    try {
      const state = engine.load(dump.dump);
      cells.set(address, { engine, state, hash: engine.hash(state) });
    } catch {
      return `${address} cannot be read from it`;
    }
  }
  if (dumps.length !== actors.length) return 'it has cells that the run has not';
  const open = new Map<string, OpenEffect>();
  for (const { id, run, seq, shiftMs } of kept) {
    const record = await log({ run, seq });
    const effect = record?.effects.find((asked) => asked.id === id);
    if (record === undefined || effect === undefined) return `record ${seq} does not ask for ${id}`;
    open.set(id, { effect, owner: ownerOf(id), place: { run, seq }, at: record.at, shiftMs });
  }
  return { system, cells, open };
}

/** @param first hash of the record that the history begins with. */
export function snapshotOf({ run, seq, hash, epoch, heldAt, state }: Head, first: string, views: unknown): KeptSnapshot {
  const snapshot: Snapshot = {
    v: 1, run, first, seq, hash, epoch, heldAt,
    cells: [...state.cells].map(([address, { engine, state: cell }]) => ({ address, chart: engine.id, version: engine.version, dump: engine.dump(cell) })),
    open: [...state.open.values()].map(({ effect: { id }, place: { run: asker, seq: asked }, shiftMs }) => ({ id, run: asker, seq: asked, shiftMs })),
    views,
  };
  const text = JSON.stringify(snapshot);
  return { seq, text, sha256: sha256(text) };
}
