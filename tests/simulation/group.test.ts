// Many runs in one process on one SQLite store: what they share, and what they do not.

import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryDisk } from '#src/adapters/memory/store.ts';
import { openSqliteStore, type SqliteOptions, type Store } from '#src/adapters/sqlite/store.ts';
import { InvariantError } from '#src/errors/errors.ts';
import type { DriveDeps } from '#src/kernel/drive.ts';
import { driveGroup, type Fate } from '#src/kernel/group.ts';
import { readHistory } from '#src/kernel/history.ts';
import { fold } from '#src/kernel/log.ts';
import { submit } from '#src/kernel/submit.ts';
import { streamOf, type RunRecord } from '#src/record/record.ts';
import { temporaryFolder, type Folder } from '#tests/contract/support.ts';
import { goodAnswer, life, outcomes, requestOn, system } from '#tests/support/drive-world.ts';

let folder: Folder;
let store: Store;
let commits: number;
/** Stands around every commit; a test that wants some to fail replaces it. */
let committing: (now: () => void) => void;
beforeEach(() => {
  folder = temporaryFolder();
  commits = 0;
  committing = (now) => now();
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

const named = (count: number): string[] => Array.from({ length: count }, (_, i) => `r${i}`);
const recordsOf = (run: string): Promise<RunRecord[]> => readHistory(store.events, run);

async function open(options: Omit<SqliteOptions, 'path'> = {}, name = 'store.db'): Promise<void> {
  store = await openSqliteStore({ path: folder.file(name), ...options, commit: (now) => {
    commits += 1;
    committing(now);
  } });
}

async function openWith(runs: readonly string[]): Promise<void> {
  await open();
  await Promise.all(runs.map((run) => requestOn(store.events, run)));
  commits = 0;
}

type Change = Partial<Pick<DriveDeps, 'perform' | 'nonce'>>;
const driveAll = (runs: readonly string[], change: (run: string) => Change = () => ({})): Promise<readonly Fate[]> =>
  driveGroup(runs, (run) => ({ ...life(memoryDisk()), store: store.events, blobs: store.blobs, ...change(run) }));

/** What became of each run, for people. */
const fates = (all: readonly Fate[]): string[] => all.map((fate) => ('driven' in fate ? fate.driven.end : fate.error instanceof Error ? fate.error.name : 'unknown'));

const COMPLETE = [['phase:a', 'COMPLETE'], ['phase:b', 'COMPLETE'], ['run', 'COMPLETE']];

async function expectSound(run: string): Promise<void> {
  const records = await recordsOf(run);
  expect(outcomes(records), run).toEqual(COMPLETE);
  expect(fold(records, () => system).divergence).toBeNull();
  const causes = records.flatMap(({ event }) => event.cause ?? []);
  expect(causes).toEqual([...new Set(causes)]);
}

test('L8 K17 fifty runs take at most 0.05 commits a step, those for bodies and memos of their paid answers included', async () => {
  const runs = named(50);
  await openWith(runs);
  expect(new Set(fates(await driveAll(runs)))).toEqual(new Set(['done']));
  const steps = (await store.events.readAll()).length - runs.length;
  expect(steps).toBeGreaterThan(runs.length * 15);
  expect(commits / steps).toBeLessThanOrEqual(0.05);
  for (const run of runs) await expectSound(run);
});

test('K4 K17 no commit holds two records of one run, and no effect is performed before a second connection can read the record that asks for it', async () => {
  const runs = named(20);
  await openWith(runs);
  const second = new DatabaseSync(folder.file('store.db'), { readOnly: true });
  const newer = second.prepare('select position, stream, revision from event where position > ? order by position');
  const durable = new Map<string, number>();
  const commitsWithTwo: string[][] = [];
  let position = Number(newer.all(0).at(-1)?.['position']);
  committing = (now) => {
    now();
    const rows = newer.all(position);
    const streams = rows.map((row) => String(row['stream']));
    if (new Set(streams).size < streams.length) commitsWithTwo.push(streams);
    for (const row of rows) durable.set(String(row['stream']), Number(row['revision']));
    position = Number(rows.at(-1)?.['position'] ?? position);
  };
  const seen: number[] = [];
  const fatesOf = await driveAll(runs, (run) => ({
    perform: (performance) => {
      seen.push((durable.get(streamOf(run)) ?? -1) - performance.open.place.seq);
      return Promise.resolve(goodAnswer(performance));
    },
  }));
  second.close();
  expect(new Set(fates(fatesOf))).toEqual(new Set(['done']));
  expect(commitsWithTwo).toEqual([]);
  expect(Math.min(...seen)).toBe(0);
  expect(position).toBe((await store.events.readAll()).at(-1)?.position);
});

test('K17 no run is left behind: between two records of one no other gets more than two', async () => {
  const runs = named(20);
  await openWith(runs);
  await driveAll(runs);
  const order = (await store.events.readAll()).slice(runs.length).map(({ stream }) => stream);
  for (const run of runs.map(streamOf)) {
    const own = order.flatMap((stream, i) => (stream === run ? [i] : []));
    for (const [i, from] of own.slice(0, -1).entries()) {
      const between = order.slice(from + 1, own[i + 1]);
      for (const other of new Set(between)) expect(between.filter((stream) => stream === other).length, `${run} waits for ${other}`).toBeLessThanOrEqual(2);
    }
  }
});

test('K17 a conflict, a broken invariant, an answer without an edge and an error end or concern their own run; the others have the records that they have alone', async () => {
  const runs = named(8);
  await openWith(runs);
  const clock = { virtual: true, now: () => 0, tick: () => {}, jumpTo: () => {}, until: () => Promise.resolve() };
  const change = (run: string): Change => ({
    perform: async (performance) => {
      if (run === 'r5' && performance.open.effect.type === 'buildCandidate') return { type: 'commit.written', v: 1, data: { commit: '0'.repeat(40) } };
      if (performance.open.effect.type !== 'callBuilder') return goodAnswer(performance);
      if (run === 'r1') await submit({ store: store.events, clock, systemFor: () => system, nonce: 'c' }, run, 'run', { type: 'run.cancel_requested', v: 1, data: { reason: 'enough' } });
      if (run === 'r3') throw new InvariantError('X1', 'a bug of a handler');
      if (run === 'r6') throw new RangeError('a bug of somebody else');
      return goodAnswer(performance);
    },
  });
  expect(fates(await driveAll(runs, change))).toEqual(['done', 'done', 'done', 'InvariantError', 'done', 'InvariantError', 'RangeError', 'done']);
  expect(outcomes(await recordsOf('r1')).at(-1)).toEqual(['run', 'STOPPED']);
  const together = await Promise.all(['r0', 'r2', 'r4', 'r7'].map(recordsOf));
  expect(fates(await driveAll(['r3', 'r5', 'r6'], () => ({ nonce: 'n2' })))).toEqual(['done', 'done', 'done']);
  for (const run of ['r3', 'r5', 'r6']) await expectSound(run);
  await store.close();
  await open({}, 'alone.db');
  for (const run of ['r0', 'r2', 'r4', 'r7']) {
    await requestOn(store.events, run);
    await driveAll([run]);
  }
  expect(await Promise.all(['r0', 'r2', 'r4', 'r7'].map(recordsOf))).toEqual(together);
});

test('L7 L8 a commit that is done but says that it failed is read back: no run of its group notices', async () => {
  const runs = named(10);
  await openWith(runs);
  committing = (now) => {
    now();
    if (commits % 3 === 0) throw new Error('the answer was lost');
  };
  expect(new Set(fates(await driveAll(runs)))).toEqual(new Set(['done']));
  for (const run of runs) await expectSound(run);
});

test('L1 K17 a commit that fails ends the runs of its group with the store, the others go on; driven again they all end well', async () => {
  const runs = named(10);
  await openWith(runs);
  const slow = (run: string): Change => ({
    perform: async (performance) => {
      for (let i = 0; i < Number(run.slice(1)); i += 1) await new Promise((resolve) => setImmediate(resolve)); // so that not all share every commit
      return goodAnswer(performance);
    },
  });
  committing = (now) => {
    if (commits === 25) throw new Error('the disk went away');
    now();
  };
  const first = fates(await driveAll(runs, slow));
  expect(new Set(first)).toEqual(new Set(['done', 'ExecutorError']));
  expect(new Set(fates(await driveAll(runs, () => ({ nonce: 'n2' }))))).toEqual(new Set(['done']));
  for (const run of runs) await expectSound(run);
});
