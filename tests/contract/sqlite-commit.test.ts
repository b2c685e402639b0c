// How writes reach the disk: one commit for those that meet, the truth after a commit that failed, a full disk, locks.

import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteStore, type SqliteOptions, type Store } from '#src/adapters/sqlite/store.ts';
import { eventNamed, eventsNamed, idsOf, nameOf, temporaryFolder, type Folder } from './support.ts';

let folder: Folder;
let opened: Store[];
beforeEach(() => {
  folder = temporaryFolder();
  opened = [];
});
afterEach(async () => {
  for (const store of opened) await store.close();
  folder.remove();
});

async function open(options: Omit<SqliteOptions, 'path'> = {}): Promise<Store> {
  const store = await openSqliteStore({ path: folder.file('store.db'), ...options });
  opened.push(store);
  return store;
}

/** Commits in the write-ahead log: frames that carry a database size. Source: sqlite.org/fileformat2.html, 4.1. */
function commitsInLog(): number {
  const log = readFileSync(folder.file('store.db-wal'));
  const frame = 24 + log.readUInt32BE(8);
  const salt = log.subarray(16, 24);
  let commits = 0;
  for (let at = 32; at + frame <= log.length && log.subarray(at + 8, at + 16).equals(salt); at += frame) {
    if (log.readUInt32BE(at + 4) > 0) commits += 1;
  }
  return commits;
}

const runs = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `run-${i}`);

test('L8 fifty streams that append at once are one commit, five appends in a row are five', async () => {
  const { events } = await open();
  const before = commitsInLog();
  await Promise.all(runs(50).map((stream) => events.append(stream, -1, eventsNamed(`first-${stream}`))));
  expect(commitsInLog() - before).toBe(1);
  for (let revision = 0; revision < 5; revision += 1) await events.append('run-0', revision, eventsNamed(`next-${revision}`));
  expect(commitsInLog() - before).toBe(6);
});

test('L8 fifty runs that append ten times each take about ten commits', async () => {
  const { events } = await open();
  const before = commitsInLog();
  await Promise.all(runs(50).map(async (stream) => {
    for (let i = 0; i < 10; i += 1) await events.append(stream, i - 1, eventsNamed(`${stream}-${i}`));
  }));
  expect(commitsInLog() - before).toBeLessThanOrEqual(20);
});

test('L8 bodies, memos and events that meet share their commit, and one stale append refuses only itself', async () => {
  const { events, blobs } = await open();
  const ref = await blobs.put(new Uint8Array([1]));
  await events.append('run-stale', -1, eventsNamed('there'));
  const before = commitsInLog();
  const outcomes = await Promise.allSettled([
    events.append('run-a', -1, eventsNamed('a', 'b')),
    events.append('run-stale', -1, eventsNamed('c', 'd')),
    blobs.put(new Uint8Array([2])),
    blobs.memo('r', 'run/1', ref),
    events.append('run-b', -1, eventsNamed('e', 'there')),
    events.append('run-c', -1, eventsNamed('f')),
  ]);
  expect(outcomes.map(({ status }) => status[0]).join('')).toBe('frffrf');
  expect(idsOf(await events.readAll())).toEqual(['there', 'a', 'b', 'f']);
  expect(commitsInLog() - before).toBe(1);
});

test('L8 after a commit that failed before it was done each append of the group is refused, and may be repeated', async () => {
  let failures = 1;
  const { events } = await open({ commit: (now) => {
    if (failures-- > 0) throw new Error('the disk went away');
    now();
  } });
  const append = () => Promise.allSettled(['run-a', 'run-b'].map((stream) => events.append(stream, -1, eventsNamed(`of-${stream}`))));
  const refused = await append();
  expect(refused).toMatchObject([{ status: 'rejected', reason: { code: 'store.unavailable' } }, { status: 'rejected' }]);
  expect(await events.readAll()).toEqual([]);
  expect(await append()).toMatchObject([{ value: 0 }, { value: 0 }]);
});

test('L7 L8 after a commit that failed once it was done each member is read back and succeeds', async () => {
  const { events, blobs } = await open({ commit: (now) => {
    now();
    throw new Error('the answer was lost');
  } });
  const outcomes = await Promise.allSettled([
    events.append('run-a', -1, eventsNamed('a', 'b')),
    blobs.put(new Uint8Array([1])),
    events.append('run-a', -1, eventsNamed('c')),
  ]);
  expect(outcomes).toMatchObject([{ value: 1 }, { value: { bytes: 1 } }, { reason: { code: 'store.wrong_revision' } }]);
  expect(idsOf(await events.readAll())).toEqual(['a', 'b']);
});

test('L1 B1 a full disk refuses with its name, leaves nothing behind, and small appends go on when there is room', async () => {
  const { events, blobs } = await open({ pagesMax: 40 });
  await events.append('run-a', -1, eventsNamed('a'));
  const large = { ...eventNamed('large'), data: JSON.stringify('x'.repeat(200_000)) };
  await expect(events.append('run-a', 0, [eventNamed('b'), large])).rejects.toMatchObject({ code: 'store.full', message: expect.stringContaining('the disk is full'), hint: expect.stringContaining('free some space') });
  await expect(blobs.put(new Uint8Array(200_000))).rejects.toMatchObject({ code: 'store.full' });
  expect(await events.append('run-a', 0, eventsNamed('b'))).toBe(1);
  expect(idsOf(await events.readAll())).toEqual(['a', 'b']);
});

test('L1 B1 of a group that the full disk breaks nothing is half done: each member is told, and what was told is true', async () => {
  const { events, blobs } = await open({ pagesMax: 40 });
  const outcomes = await Promise.allSettled([
    events.append('run-a', -1, eventsNamed('a')),
    blobs.put(new Uint8Array(200_000)),
    events.append('run-b', -1, eventsNamed('b')),
  ]);
  const written = idsOf(await events.readAll());
  expect(outcomes[1]).toMatchObject({ reason: { code: 'store.full' } });
  expect(written).toEqual(['a', 'b'].filter((_, i) => outcomes[i * 2]?.status === 'fulfilled'));
});

test('L6 own appends are told before they are answered', async () => {
  const { events } = await open();
  const seen: string[] = [];
  await events.append('run-a', -1, eventsNamed('a'));
  await new Promise<void>((resolve, reject) => events.subscribe('run-a', 0, ({ id }) => { seen.push(nameOf(id)); resolve(); }, reject));
  await events.append('run-a', 0, eventsNamed('b'));
  expect(seen).toEqual(['a', 'b']);
});

test('L6 a store that can no longer be read ends the subscription with its error', async () => {
  const { events } = await open();
  const told = new Promise((resolve) => events.subscribe('run-a', 0, () => {}, resolve));
  using other = new DatabaseSync(folder.file('store.db'));
  other.exec('drop table event');
  expect(await told).toMatchObject({ code: 'store.unavailable', message: expect.stringContaining('no such table') });
});

test('L2 a lock of another process is waited for, then named', async () => {
  const { events } = await open({ patienceMs: 120 });
  using other = new DatabaseSync(folder.file('store.db'));
  other.exec('begin immediate');
  await expect(events.append('run-a', -1, eventsNamed('a'))).rejects.toMatchObject({ code: 'store.unavailable', message: expect.stringContaining('locked by another process'), hint: expect.any(String) });
  const late = await open(); // a lock keeps nobody from opening
  expect(await late.events.readAll()).toEqual([]);
  const appending = late.events.append('run-a', -1, eventsNamed('a'));
  await expect(late.events.read('run-a')).resolves.toEqual([]); // readers never wait for a writer
  setTimeout(() => other.exec('rollback'), 60);
  await expect(appending).resolves.toBe(0);
});

test('L3 closing settles what was asked before it', async () => {
  const store = await open();
  const asked = [store.events.append('run-a', -1, eventsNamed('a')), store.events.append('run-b', -1, eventsNamed('b'))];
  await store.close();
  expect(await Promise.all(asked)).toEqual([0, 0]);
  const again = await open();
  expect(await again.events.readAll()).toHaveLength(2);
});
