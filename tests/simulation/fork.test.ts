// Forks: the same past, another future.

import { describe, expect, test } from 'vitest';
import { memoryDisk, memoryStore, type MemoryDisk } from '#src/adapters/memory/store.ts';
import { listRuns, recordsOf, viewOf } from '#src/app/commands.ts';
import { exportRun, importRun } from '#src/app/export.ts';
import { fork } from '#src/app/fork.ts';
import { openStore } from '#src/app/machine.ts';
import { verify } from '#src/app/verify.ts';
import { InvariantError } from '#src/errors/errors.ts';
import { drive } from '#src/kernel/drive.ts';
import { readHistory } from '#src/kernel/history.ts';
import { fold, forkOff, toStored, type Head } from '#src/kernel/log.ts';
import { resume, snapshotOf, type SnapshotDeps } from '#src/kernel/snapshot.ts';
import { project } from '#projections/projection.ts';
import { runView } from '#projections/run-view.ts';
import { sha256 } from '#src/record/canonical.ts';
import { streamOf, type RunRecord } from '#src/record/record.ts';
import { goodAnswer, life, outcomes, recordsOn, request, RUN, system } from '#tests/support/drive-world.ts';
import { bytesOf, driven, finishedRun, NEVER, requestedRun, writeAnswers } from '#tests/support/real-run.ts';

const headOf = (records: readonly RunRecord[]): Head => fold(records, () => system).head as Head;

async function forkOn(disk: MemoryDisk, name: string, at: number): Promise<void> {
  const { sealed } = forkOff(headOf((await recordsOn(disk)).slice(0, at + 1)), name, 2_000_000_000_000);
  await memoryStore(disk).events.append(streamOf(name), -1, [toStored(sealed, 'f')]);
}

const snapshotDeps = (disk: MemoryDisk): SnapshotDeps => {
  const { events, snapshots } = memoryStore(disk);
  return { store: events, snapshots, systemFor: () => system, tell: () => {} };
};

const historyOn = (disk: MemoryDisk, name: string): Promise<RunRecord[]> => readHistory(memoryStore(disk).events, name);

describe('a fork', () => {
  test('K15 at any record of a run goes on to the same end, and its whole past folds through the border', async () => {
    const disk = memoryDisk();
    await request(disk);
    await drive(RUN, life(disk));
    const past = await recordsOn(disk);
    expect(past.length).toBeGreaterThan(15);
    for (let at = 0; at < past.length - 1; at += 1) {
      const name = `fork${at}`;
      await forkOn(disk, name, at);
      expect((await drive(name, life(disk))).end, name).toBe('done');
      const records = await historyOn(disk, name);
      expect(fold(records, () => system).divergence, name).toBe(null);
      expect(records.slice(0, at + 1), name).toEqual(past.slice(0, at + 1));
      expect(outcomes(records), name).toEqual(outcomes(past));
      expect(records[at + 1], name).toMatchObject({ run: name, seq: 0, prev: past[at]?.hash, state: past[at]?.state, effects: [] });
    }
    expect(await recordsOn(disk)).toEqual(past);
  });

  test('K15 of a fork goes on as well', async () => {
    const disk = memoryDisk();
    await request(disk);
    await drive(RUN, life(disk));
    await forkOn(disk, 'one', 12);
    await drive('one', life(disk));
    const one = await historyOn(disk, 'one');
    const head = headOf(one.slice(0, 20));
    const { sealed } = forkOff(head, 'two', head.at);
    await memoryStore(disk).events.append(streamOf('two'), -1, [toStored(sealed, 'f')]);
    expect((await drive('two', life(disk))).end).toBe('done');
    const two = await historyOn(disk, 'two');
    expect(two.slice(0, 20)).toEqual(one.slice(0, 20));
    expect(fold(two, () => system).divergence).toBe(null);
  });

  test('K15 works on a run that stopped on an invariant', async () => {
    const disk = memoryDisk();
    await request(disk);
    const wrong = life(disk, { perform: (performance) => Promise.resolve(performance.open.effect.type === 'callBuilder' ? { type: 'tests.finished', v: 1, data: {} } : goodAnswer(performance)) });
    await expect(drive(RUN, wrong)).rejects.toThrow(InvariantError);
    await expect(drive(RUN, wrong)).rejects.toThrow(InvariantError);
    const { length } = await recordsOn(disk);
    await forkOn(disk, 'mended', length - 1);
    expect((await drive('mended', life(disk))).end).toBe('done');
  });

  test('K15 another origin than the record before differs', async () => {
    const disk = memoryDisk();
    await request(disk);
    await drive(RUN, life(disk));
    await forkOn(disk, 'fork', 10);
    const records = await historyOn(disk, 'fork');
    expect(fold([...records.slice(0, 10), ...records.slice(11)], () => system).divergence).toMatchObject({ run: 'fork', seq: 0, what: 'chain' });
    expect(fold(records.slice(11), () => system).divergence).toMatchObject({ run: 'fork', seq: 0 });
    const bent = structuredClone(records);
    Object.assign((bent[11] as RunRecord).event.data['origin'] as object, { seq: 9 });
    expect(fold(bent, () => system).divergence).toMatchObject({ run: 'fork', seq: 0, what: 'input' });
    expect(fold([...records.slice(0, 12), ...records.slice(11)], () => system).divergence).toMatchObject({ run: 'fork', seq: 0, what: 'run' });
  });

  test('K13 that died anywhere goes on from its snapshot as from its whole past, also with what an ancestor asked for', async () => {
    for (const at of [1, 6, 12, 17]) {
      const disk = memoryDisk();
      await request(disk);
      await drive(RUN, life(disk));
      await forkOn(disk, 'fork', at);
      const { head, first } = await resume(snapshotDeps(disk), 'fork');
      await memoryStore(disk).snapshots.keep('fork', snapshotOf(head, first.hash, 'kept'));
      const resumed = await resume(snapshotDeps(disk), 'fork');
      expect(resumed).toMatchObject({ views: 'kept', records: [], first: { run: RUN, seq: 0 } });
      expect([...resumed.head.state.open]).toEqual([...head.state.open]);
      expect((await drive('fork', life(disk), resumed.head)).end).toBe('done');
      expect(fold(await historyOn(disk, 'fork'), () => system).divergence).toBe(null);
    }
  });

  test('K13 finds what is open in its own past alone', async () => {
    const disk = memoryDisk();
    await request(disk);
    await drive(RUN, life(disk));
    await forkOn(disk, 'fork', 12);
    await forkOn(disk, 'other', 11);
    await drive('other', life(disk));
    const { head, first } = await resume(snapshotDeps(disk), 'fork');
    const { text, seq } = snapshotOf(head, first.hash, null);
    const [id] = [...head.state.open].find(([, { place }]) => place.seq === 12) ?? [];
    const same = (await historyOn(disk, 'other')).find(({ run, effects }) => run === 'other' && effects.some((effect) => effect.id === id));
    expect(same?.effects).toEqual((await recordsOn(disk))[12]?.effects); // only whose it is tells them apart
    const moved = text.replaceAll(`"run":"${RUN}","seq":12`, `"run":"other","seq":${same?.seq}`);
    expect(moved).not.toBe(text);
    await memoryStore(disk).snapshots.keep('fork', { seq, text: moved, sha256: sha256(moved) });
    expect((await resume(snapshotDeps(disk), 'fork')).records).toHaveLength(14);
  });

  test('K16 is not read where its ancestor is missing or too short', async () => {
    const disk = memoryDisk();
    await request(disk);
    await drive(RUN, life(disk));
    await forkOn(disk, 'fork', 10);
    const all = disk.streams.get(streamOf(RUN)) ?? [];
    disk.streams.set(streamOf(RUN), all.slice(0, 10));
    await expect(historyOn(disk, 'fork')).rejects.toMatchObject({ code: 'record.damaged', exit: 8 });
    disk.streams.set(streamOf(RUN), all.slice(0, 11));
    expect(await historyOn(disk, 'fork')).toHaveLength(12);
  });
});

describe('fork with real hands', () => {
  test('other answers make another end; a file of it carries the past and verifies alone', async () => {
    const small = await finishedRun({ a: 'one\n', b: 'two\n' });
    const records = await recordsOf(small.store, 'small');
    const at = records.find(({ effects }) => effects.some(({ type, params }) => type === 'callBuilder' && params['phase'] === 'b'))?.seq ?? -1;
    const request = { run: 'small', at, name: 'other', workspace: small.repo.root };
    const name = await fork(small.machine, small.store, request);
    const provider = writeAnswers(`${small.machine.home}/other.json`, { a: 'never asked\n', b: 'three\n' });
    expect((await driven({ ...small, run: name, provider })).end).toBe('done');

    expect((await verify(small.store, 'other')).divergence).toBe(null);
    expect(small.repo.git('show', 'autopack/run-other:b.txt')).toBe('three');
    expect(small.repo.git('show', 'autopack/run-other:a.txt')).toBe('one');
    expect(small.repo.git('show', 'autopack/run-small:b.txt')).toBe('two');
    expect((await listRuns(small.store)).map(({ run, outcome }) => [run, outcome])).toEqual([['small', 'COMPLETE'], ['other', 'COMPLETE']]);
    await expect(fork(small.machine, small.store, request)).rejects.toMatchObject({ code: 'run.exists' });

    const elsewhere = await openStore('memory:', NEVER);
    const bytes = await bytesOf(exportRun(small.store, 'other'));
    const source = async function* () {
      yield bytes;
    };
    expect((await importRun(elsewhere, source)).added).toBe(records.slice(0, at + 1).length + (await recordsOf(small.store, 'other')).filter(({ run }) => run === 'other').length);
    expect(await viewOf(elsewhere, 'other')).toEqual(await viewOf(small.store, 'other'));
    expect((await verify(elsewhere, 'other')).divergence).toBe(null);
  });

  test('a commit that was asked for before the fork names the record of the ancestor that asked', async () => {
    const small = await finishedRun();
    const asked = (await recordsOf(small.store, 'small')).find(({ effects }) => effects.some(({ type }) => type === 'writeCommit'));
    const name = await fork(small.machine, small.store, { run: 'small', at: asked?.seq ?? -1, name: null, workspace: small.repo.root });
    expect(name).toBe(`small-at-${asked?.seq}`);
    await driven({ ...small, run: name });
    expect((await verify(small.store, name)).divergence).toBe(null);
    expect(small.repo.git('rev-parse', `autopack/run-${name}`)).toBe(small.repo.git('rev-parse', 'autopack/run-small'));
    expect(small.repo.git('log', '-1', '--format=%B', `autopack/run-${name}`)).toContain(`Autopack-Run: small\nAutopack-Phase: a\nAutopack-Record: ${asked?.seq}`);
  });

  test('a run that is over, and a record that is not there, cannot be forked', async () => {
    const small = await finishedRun();
    const at = (await recordsOf(small.store, 'small')).length - 1;
    const request = { run: 'small', name: null, workspace: small.repo.root };
    await expect(fork(small.machine, small.store, { ...request, at })).rejects.toMatchObject({ exit: 2, message: expect.stringContaining('was over') });
    await expect(fork(small.machine, small.store, { ...request, at: at + 1 })).rejects.toMatchObject({ exit: 2 });
    await expect(fork(small.machine, small.store, { ...request, run: 'nobody', at: 0 })).rejects.toMatchObject({ code: 'run.unknown' });
  });

  test('a question that was open is asked under the name of the fork', async () => {
    const { store } = await requestedRun();
    const [first] = (await recordsOf(store, 'small')) as [RunRecord];
    const params = { phase: 'a', attempt: 1, kind: 'exhausted', question: 'Again?', options: ['again', 'reject'], default: 'reject', expiresAt: 1, diff: null };
    const asked: RunRecord = { ...first, seq: 1, event: { type: 'timer.fired', v: 1, data: {} }, moves: [{ actor: 'phase:a', from: 'QUEUED', to: 'NEEDS_HUMAN.asked' }], effects: [{ id: 'phase:a/3', type: 'askHuman', params }] };
    const forked: RunRecord = { ...first, run: 'asked', event: { type: 'run.forked', v: 1, data: { run: 'asked', origin: { run: 'small', seq: 1, hash: first.hash } } } };
    expect(project(runView, [first, asked]).questions.map(({ id }) => id)).toEqual(['small/a/3']);
    expect(project(runView, [first, asked, forked])).toMatchObject({ run: 'asked', questions: [{ id: 'asked/a/3', question: 'Again?' }] });
  });
});
