// What stands on the disk, and what is refused there.

import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '#src/adapters/sqlite/connection.ts';
import { sqliteHolders } from '#src/adapters/sqlite/holder.ts';
import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { eventsNamed, idsOf, temporaryFolder, type Folder } from './support.ts';

let folder: Folder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

async function refusal(path: string): Promise<ExecutorError> {
  const error: unknown = await openSqliteStore({ path }).then(() => null, (reason: unknown) => reason);
  if (!(error instanceof ExecutorError)) throw new Error(`${path} was not refused: ${String(error)}`);
  return error;
}

test.each([0o000, 0o022, 0o077])('L3 under umask %o files are 0600 and folders that we make 0700', async (mask) => {
  const before = process.umask(mask);
  try {
    const path = folder.file('state/deep/store.db');
    const store = await openSqliteStore({ path });
    await store.events.append('run-a', -1, eventsNamed('a'));
    const hold = await sqliteHolders(folder.file('state/locks')).acquire('r1');
    expect(Object.fromEntries(['', '-wal', '-shm'].map((end) => [end, modeOf(path + end)]))).toEqual({ '': '600', '-wal': '600', '-shm': '600' });
    for (const name of readdirSync(folder.file('state/locks'))) expect(modeOf(folder.file(`state/locks/${name}`))).toBe('600');
    expect(['state', 'state/deep', 'state/locks'].map((name) => modeOf(folder.file(name)))).toEqual(['700', '700', '700']);
    await hold.release();
    await store.close();
  } finally {
    process.umask(before);
  }
});

test('L3 a store is opened again, by its name or a link to it, with all that it had', async () => {
  const first = await openSqliteStore({ path: folder.file('store.db') });
  await first.events.append('run-a', -1, eventsNamed('a'));
  await first.close();
  expect(readdirSync(folder.path)).toEqual(['store.db']);
  symlinkSync(folder.file('store.db'), folder.file('link.db'));
  const second = await openSqliteStore({ path: folder.file('link.db') });
  expect(idsOf(await second.events.read('run-a'))).toEqual(['a']);
  await second.close();
});

test('L3 several processes may open a new store at the same moment', async () => {
  const stores = await Promise.all(Array.from({ length: 5 }, () => openSqliteStore({ path: folder.file('store.db') })));
  for (const [i, store] of stores.entries()) await store.events.append('run-a', i - 1, eventsNamed(`e${i}`));
  for (const store of stores) await store.close();
});

test('L3 every commit is synced: the log is write-ahead and synchronous is full', async () => {
  await (await openSqliteStore({ path: folder.file('store.db') })).close();
  using db = connect(folder.file('store.db'));
  expect({ ...db.prepare('pragma journal_mode').get(), ...db.prepare('pragma synchronous').get() }).toEqual({ journal_mode: 'wal', synchronous: 2 });
});

test('a store of a newer schema is refused with both versions and the way out', async () => {
  const path = folder.file('store.db');
  await (await openSqliteStore({ path })).close();
  using db = new DatabaseSync(path);
  db.exec('pragma user_version = 99');
  expect(await refusal(path)).toMatchObject({ code: 'store.newer_schema', message: expect.stringMatching(/version 99.*up to 2$/), hint: expect.stringContaining('newer autopack') });
});

test('a database of another program is refused and left as it was', async () => {
  const path = folder.file('other.db');
  const db = new DatabaseSync(path);
  db.exec('create table theirs (x)');
  db.close();
  const before = readFileSync(path);
  expect(await refusal(path)).toMatchObject({ code: 'store.unavailable', message: expect.stringContaining('another program'), hint: expect.any(String) });
  expect(readFileSync(path).equals(before)).toBe(true);
});

test.each([
  ['text', 'this is not a database, but it is long enough to be looked at closely. '.repeat(20)],
  ['a few bytes', 'no'],
])('a file of %s is store.damaged: not a database', async (_name, content) => {
  writeFileSync(folder.file('store.db'), content);
  expect(await refusal(folder.file('store.db'))).toMatchObject({ code: 'store.damaged', message: expect.stringContaining('is not a database'), hint: expect.stringContaining('--store') });
});

test('a store whose pages were overwritten is store.damaged when they are read', async () => {
  const path = folder.file('store.db');
  const store = await openSqliteStore({ path });
  await store.events.append('run-a', -1, eventsNamed(...Array.from({ length: 200 }, (_, i) => `e${i}`)));
  await store.close();
  const content = readFileSync(path);
  writeFileSync(path, content.fill(0xff, 4096));
  const damaged = expect.objectContaining({ code: 'store.damaged' });
  await expect(openSqliteStore({ path }).then(({ events, close }) => events.readAll().finally(close))).rejects.toEqual(damaged);
});

test('an empty file becomes a store', async () => {
  writeFileSync(folder.file('store.db'), '');
  const store = await openSqliteStore({ path: folder.file('store.db') });
  expect(await store.events.readAll()).toEqual([]);
  await store.close();
});

test('a folder, or a file where a folder should be, is store.unavailable and says what to do', async () => {
  mkdirSync(folder.file('folder.db'));
  expect(await refusal(folder.file('folder.db'))).toMatchObject({ code: 'store.unavailable', message: expect.stringContaining('is not a file'), hint: expect.stringContaining('--store') });
  writeFileSync(folder.file('plain'), '');
  expect(await refusal(folder.file('plain/store.db'))).toMatchObject({ code: 'store.unavailable', hint: expect.stringContaining('--store') });
});
