// Resuming from a snapshot: equal to folding the whole log, cheap, and never wrong.

import { beforeEach, describe, expect, test } from 'vitest';
import { memoryDisk, memoryStore, type MemoryDisk } from '#src/adapters/memory/store.ts';
import { drive } from '#src/kernel/drive.ts';
import { fold, type Head } from '#src/kernel/log.ts';
import { resume, snapshotOf, type SnapshotDeps } from '#src/kernel/snapshot.ts';
import { stateHash } from '#src/kernel/step.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import type { KeptSnapshot } from '#src/ports/snapshots.ts';
import { sha256 } from '#src/record/canonical.ts';
import type { RunRecord } from '#src/record/record.ts';
import type { Snapshot } from '#src/record/snapshot.ts';
import { life, recordsOn, request, RUN, system } from '#tests/support/drive-world.ts';

const systemFor = () => system;
let disk: MemoryDisk;
let records: readonly RunRecord[];
let heads: readonly Head[];
let told: string[];
beforeEach(async () => {
  disk = memoryDisk();
  await request(disk);
  await drive(RUN, life(disk));
  records = await recordsOn(disk);
  const seen: Head[] = [];
  fold(records, systemFor, null, (_record, _applied, head) => seen.push(head));
  heads = seen;
  told = [];
});

const deps = (on: MemoryDisk, wrap: (events: EventStore) => EventStore = (events) => events): SnapshotDeps => {
  const { events, snapshots } = memoryStore(on);
  return { store: wrap(events), snapshots, systemFor, tell: (why) => void told.push(why) };
};
const firstHash = (): string => records[0]?.hash ?? '';
const at = (seq: number): KeptSnapshot => snapshotOf(heads[seq] as Head, firstHash(), { seen: seq });
const keep = (kept: KeptSnapshot): Promise<void> => memoryStore(disk).snapshots.keep(RUN, kept);

/** All that decides how a run goes on. */
function essence({ run, seq, hash, at: time, epoch, heldAt, state }: Head) {
  return { run, seq, hash, time, epoch, heldAt, state: stateHash(state), open: [...state.open].sort(([a], [b]) => (a < b ? -1 : 1)) };
}

/** Sealed anew, so that only the log can tell. */
function resealed(kept: KeptSnapshot, change: (snapshot: Snapshot) => Snapshot): KeptSnapshot {
  const text = JSON.stringify(change(JSON.parse(kept.text) as Snapshot));
  return { ...kept, text, sha256: sha256(text) };
}

async function expectDropped(kept: KeptSnapshot, why: string | RegExp): Promise<void> {
  told = [];
  await keep(kept);
  const { head, views, records: folded } = await resume(deps(disk), RUN);
  expect(told).toEqual([expect.stringMatching(why)]);
  expect(views).toBeNull();
  expect(folded).toHaveLength(records.length);
  expect(essence(head)).toEqual(essence(heads.at(-1) as Head));
  expect(disk.snapshots.size).toBe(0);
}

describe('a snapshot that the log confirms', () => {
  test('K13 taken after any record it gives the head that folding the whole log gives', async () => {
    expect(records.length).toBeGreaterThan(15);
    for (const head of heads) {
      await keep(at(head.seq));
      const resumed = await resume(deps(disk), RUN);
      expect(essence(resumed.head)).toEqual(essence(heads.at(-1) as Head));
      expect(resumed.views).toEqual({ seen: head.seq });
      expect(resumed.records).toEqual(records.slice(head.seq + 1));
      expect(resumed.first).toEqual(records[0]);
    }
    expect(told).toEqual([]);
  });

  test('K13 a run that died anywhere goes on from it with the same records, byte for byte, as from its whole log', async () => {
    for (const { seq } of heads.slice(1, -1)) {
      const finish = async (kept: KeptSnapshot | null): Promise<readonly RunRecord[]> => {
        const cut = memoryDisk();
        await memoryStore(cut).events.append(`run-${RUN}`, -1, disk.events.slice(0, seq + 1));
        if (kept !== null) await memoryStore(cut).snapshots.keep(RUN, kept);
        const { head, views } = await resume(deps(cut), RUN);
        expect(views === null).toBe(kept === null);
        await drive(RUN, life(cut, { nonce: 'n2' }), head);
        return recordsOn(cut);
      };
      expect(await finish(at(Math.max(0, seq - 3)))).toEqual(await finish(null));
    }
  });

  test('K13 reading it takes the first record, its own, those that asked for what is open, and those behind it: no other', async () => {
    const seq = records.length - 4;
    const read: number[] = [];
    const counting = (events: EventStore): EventStore => ({
      ...events,
      read: async (stream, options) => {
        const found = await events.read(stream, options);
        read.push(...found.map(({ revision }) => revision));
        return found;
      },
    });
    await keep(at(seq));
    await resume(deps(disk, counting), RUN);
    const asked = [...(heads[seq]?.state.open.values() ?? [])].map(({ place }) => place.seq);
    expect([...new Set(read)].sort((a, b) => a - b)).toEqual([...new Set([0, ...asked, seq, seq + 1, seq + 2, seq + 3])].sort((a, b) => a - b));
  });
});

describe('a snapshot that it does not confirm', () => {
  test('K14 a change of any character is told, the snapshot dropped and the run folded from its first record', async () => {
    const kept = at(10);
    for (let i = 0; i < kept.text.length; i += 211) {
      const text = kept.text.slice(0, i) + String.fromCharCode(kept.text.charCodeAt(i) ^ 1) + kept.text.slice(i + 1);
      await expectDropped({ ...kept, text }, /do not hash/);
    }
    await expectDropped({ ...kept, text: kept.text.slice(0, -1) }, /do not hash/);
    await expectDropped({ ...kept, sha256: '' }, /do not hash/);
    await expectDropped({ ...kept, seq: 11 }, /another place/);
  });

  test('K14 one that was sealed anew is held against the log: place, charts, cells and open effects', async () => {
    const busy = heads.findLast(({ state }) => state.open.size > 1)?.seq ?? 0;
    const kept = at(busy);
    const changes: readonly (readonly [RegExp, (snapshot: Snapshot) => unknown])[] = [
      [/not of this version/, (snapshot) => ({ ...snapshot, v: 2 })],
      [/not of this version/, (snapshot) => ({ ...snapshot, more: 1 })],
      [/another place/, (snapshot) => ({ ...snapshot, run: 'other' })],
      [/another first record/, (snapshot) => ({ ...snapshot, first: '0'.repeat(64) })],
      [/is another one/, (snapshot) => ({ ...snapshot, hash: '0'.repeat(64) })],
      [/cell 0 is not run/, (snapshot) => ({ ...snapshot, cells: snapshot.cells.toReversed() })],
      [/cell 2 is not/, (snapshot) => ({ ...snapshot, cells: snapshot.cells.slice(0, -1) })],
      [/cells that the run has not/, (snapshot) => ({ ...snapshot, cells: [...snapshot.cells, ...snapshot.cells.slice(0, 1)] })],
      [/cell 0 is not run of run@/, (snapshot) => ({ ...snapshot, cells: snapshot.cells.map((cell) => ({ ...cell, version: '0' })) })],
      [/cannot be read|not that of record/, (snapshot) => ({ ...snapshot, cells: snapshot.cells.map((cell) => ({ ...cell, dump: null })) })],
      [/not that of record/, (snapshot) => ({ ...snapshot, cells: snapshot.cells.map((cell) => ({ ...cell, dump: { ...(cell.dump as object), context: { open: {} } } })) })],
      [/not that of record/, (snapshot) => ({ ...snapshot, open: snapshot.open.slice(1) })],
      [/does not ask for/, (snapshot) => ({ ...snapshot, open: snapshot.open.map((open) => ({ ...open, seq: 0 })) })],
      [/does not ask for/, (snapshot) => ({ ...snapshot, open: snapshot.open.map((open) => ({ ...open, id: 'run/999' })) })],
    ];
    for (const [why, change] of changes) await expectDropped(resealed(kept, (snapshot) => change(snapshot) as Snapshot), why);
  });

  test('K14 one of another run of the same shape is dropped', async () => {
    const kept = at(10);
    const other = snapshotOf({ ...(heads[9] as Head), seq: 10, hash: heads[10]?.hash ?? '' }, firstHash(), null);
    await expectDropped(other, /not that of record 10|does not follow|does not ask/);
    await expectDropped(resealed(kept, (snapshot) => ({ ...snapshot, hash: heads[9]?.hash ?? '' })), /is another one/);
  });

  test('K10 K14 a damaged log is never blamed on the snapshot alone: the first record that differs is named', async () => {
    await keep(at(8));
    const stream = disk.streams.get(`run-${RUN}`) ?? [];
    const [eleven] = stream.splice(11, 1);
    stream.splice(11, 0, { ...(eleven as (typeof stream)[number]), data: (eleven?.data ?? '').replace('"seq":11', '"seq":12') });
    await expect(resume(deps(disk), RUN)).rejects.toMatchObject({ code: 'record.damaged', message: expect.stringContaining(`${RUN}@11`) });
    expect(told).toHaveLength(1);
  });
});
