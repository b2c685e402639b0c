// A store of an older version is brought to this one, whole, and its runs go on.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryDisk, memoryStore } from '#src/adapters/memory/store.ts';
import { SCHEMA_VERSION } from '#src/adapters/sqlite/schema.ts';
import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { virtualClock } from '#src/adapters/clock/clock.ts';
import { drive } from '#src/kernel/drive.ts';
import { readHistory } from '#src/kernel/history.ts';
import { fromStored } from '#src/kernel/log.ts';
import { life, outcomes, request, RUN } from '#tests/support/drive-world.ts';
import { startChild, temporaryFolder, type Folder } from './support.ts';

let folder: Folder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** As autopack 0.1.0 left it: a run killed in its second phase. */
function firstStore(name: string): string {
  using db = new DatabaseSync(folder.file(name));
  db.exec(`pragma journal_mode = wal; ${readFileSync(join(import.meta.dirname, '../histories/store-v1.sql'), 'utf8')}`);
  return folder.file(name);
}

function contentOf(path: string): Record<string, unknown> {
  using db = new DatabaseSync(path);
  const of = (table: string): unknown[] => db.prepare(`select * from ${table}`).all();
  return { event: of('event'), body: of('body'), memo: of('memo') };
}

const versionOf = (path: string): unknown => {
  using db = new DatabaseSync(path);
  return { ...db.prepare('pragma user_version').get(), ...db.prepare('pragma integrity_check').get() };
};

test('L3 the store of the first version is upgraded: every event, body and memo is there', async () => {
  const path = firstStore('store.db');
  const before = contentOf(path);
  expect(versionOf(path)).toEqual({ user_version: 1, integrity_check: 'ok' });
  const { events, blobs, close } = await openSqliteStore({ path });
  expect(contentOf(path)).toEqual(before);
  expect(versionOf(path)).toEqual({ user_version: SCHEMA_VERSION, integrity_check: 'ok' });
  expect((await events.read('run-small')).map((event) => fromStored('small', event).seq)).toEqual(Array.from({ length: 20 }, (_, seq) => seq));
  for (const { sha256, body } of before['body'] as { sha256: string; body: Uint8Array }[]) expect(Buffer.from(await blobs.get({ ref: `sha256:${sha256}`, bytes: body.byteLength })).equals(body)).toBe(true);
  await close();
});

test('L3 a run that stands in a store of the first version goes on to its end in this one', async () => {
  const disk = memoryDisk();
  await request(disk);
  const stop = new AbortController();
  await drive(RUN, { ...life(disk, { stop: stop.signal }), onRecord: ({ seq }) => seq === 12 && stop.abort() });
  const path = firstStore('store.db');
  {
    using db = new DatabaseSync(path);
    db.exec('delete from event; delete from memo; delete from body');
    const insert = db.prepare('insert into event values (?, ?, ?, ?, ?, ?, ?, ?)');
    for (const { position, stream, revision, id, type, data, metadata } of await memoryStore(disk).events.readAll()) insert.run(Number(position), stream, revision, id, type, data, metadata.hash, metadata.nonce);
  }
  const { events, blobs, close } = await openSqliteStore({ path });
  const head = (await readHistory(events, RUN)).at(-1);
  expect(head?.seq).toBe(12);
  const { end } = await drive(RUN, { ...life(memoryDisk()), store: events, blobs, clock: virtualClock((head?.at ?? 0) + 1000) });
  expect(end).toBe('done');
  expect(outcomes(await readHistory(events, RUN))).toEqual([['phase:a', 'COMPLETE'], ['phase:b', 'COMPLETE'], ['run', 'COMPLETE']]);
  await close();
});

test('L3 SIGKILL before any statement of an upgrade leaves the store of before, which is then upgraded', async () => {
  const before = contentOf(firstStore('reference.db'));
  for (let n = 1; ; n += 1) {
    const path = firstStore(`store-${n}.db`);
    const child = startChild('upgrade', path, String(n));
    const survived = (await child.line()) === 'open';
    await child.ended();
    expect(versionOf(path)).toMatchObject({ user_version: survived ? SCHEMA_VERSION : 1, integrity_check: 'ok' });
    expect(contentOf(path)).toEqual(before);
    await (await openSqliteStore({ path })).close();
    expect(versionOf(path)).toEqual({ user_version: SCHEMA_VERSION, integrity_check: 'ok' });
    if (!survived) continue;
    expect(n).toBeGreaterThan(4);
    return;
  }
});

test('several processes may open an old store at the same moment', async () => {
  const path = firstStore('store.db');
  const stores = await Promise.all(Array.from({ length: 5 }, () => openSqliteStore({ path })));
  for (const store of stores) expect(await store.events.read('run-small')).toHaveLength(20);
  for (const store of stores) await store.close();
});

test('an upgrade that fails changes nothing', async () => {
  const path = firstStore('store.db');
  {
    using db = new DatabaseSync(path);
    db.exec('create table snapshot (mine)'); // in the way of the upgrade
  }
  await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: 'store.unavailable' });
  expect(versionOf(path)).toEqual({ user_version: 1, integrity_check: 'ok' });
});
