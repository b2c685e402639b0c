// What holds between processes, and when one of them is killed.

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sqliteHolders } from '#src/adapters/sqlite/holder.ts';
import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { eventsNamed, idsOf, nameOf, startChild, temporaryFolder, type Child, type Folder } from './support.ts';

let folder: Folder;
let children: Child[];
beforeEach(() => {
  folder = temporaryFolder();
  children = [];
});
afterEach(async () => {
  for (const child of children) await child.kill();
  folder.remove();
});

function start(name: string, ...args: readonly string[]): Child {
  const child = startChild(name, ...args);
  children.push(child);
  return child;
}

async function restOf(child: Child): Promise<readonly string[]> {
  const lines: string[] = [];
  for (let line = await child.line(); line !== null; line = await child.line()) lines.push(line);
  return lines;
}

test('L2 L6 two processes that append to one stream interleave: each event once, all seen in order', async () => {
  const path = folder.file('store.db');
  const { events, close } = await openSqliteStore({ path });
  const seen: string[] = [];
  const all = new Promise<void>((resolve, reject) => {
    events.subscribe('run-a', 0, ({ id }) => void (seen.push(nameOf(id)) === 80 && resolve()), reject);
  });
  const child = start('append', path, 'run-a', 'theirs', '40');
  const first = await child.line();
  for (let i = 0; i < 40; ) {
    const [last] = await events.read('run-a', { backwards: true, limit: 1 });
    const outcome = await events.append('run-a', last?.revision ?? -1, eventsNamed(`ours${i}`)).catch(() => null);
    if (outcome !== null) i += 1;
  }
  await child.ended();
  await all;
  const stored = await events.read('run-a');
  expect(first).toBe('theirs0');
  expect(stored.map(({ revision }) => revision)).toEqual(Array.from({ length: 80 }, (_, i) => i));
  expect(seen).toEqual(idsOf(stored));
  for (const who of ['ours', 'theirs']) expect(seen.filter((id) => id.startsWith(who))).toEqual(Array.from({ length: 40 }, (_, i) => `${who}${i}`));
  await close();
});

test('L3 SIGKILL in the middle of appends loses nothing that was acknowledged', async () => {
  const path = folder.file('store.db');
  const acknowledged: string[] = [];
  for (const life of ['a', 'b']) {
    const child = start('append', path, 'run-a', life, '1000000');
    for (let i = 0; i < 30; i += 1) acknowledged.push((await child.line()) ?? 'nothing');
    await child.kill();
    acknowledged.push(...(await restOf(child)));
  }
  const { events, close } = await openSqliteStore({ path });
  const stored = await events.read('run-a');
  const unacknowledged = idsOf(stored).filter((id) => !acknowledged.includes(id));
  expect(acknowledged.filter((id) => !idsOf(stored).includes(id))).toEqual([]);
  expect(unacknowledged.length).toBeLessThanOrEqual(2); // durable, but killed before it could say so: one per life
  expect(stored.map(({ revision }) => revision)).toEqual(stored.map((_, i) => i));
  await close();
  using db = new DatabaseSync(path);
  expect(db.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
});

test('L3 while a stopped process holds a transaction the loop goes on; its SIGKILL lets the waiting append through, and its own is gone', async () => {
  const path = folder.file('store.db');
  const { events, close } = await openSqliteStore({ path });
  await events.append('run-a', -1, eventsNamed('a'));
  const child = start('transaction', path);
  process.kill(Number(await child.line()), 'SIGSTOP');
  let ticks = 0;
  const ticking = setInterval(() => (ticks += 1), 5);
  const impatient = await openSqliteStore({ path, patienceMs: 600 });
  await expect(impatient.events.append('run-a', 0, eventsNamed('never'))).rejects.toMatchObject({ code: 'store.unavailable', message: expect.stringContaining('is locked by another process') });
  const waiting = events.append('run-a', 0, eventsNamed('b'));
  await child.kill();
  expect(await waiting).toBe(1);
  clearInterval(ticking);
  expect(ticks).toBeGreaterThan(10);
  expect(idsOf(await events.readAll())).toEqual(['a', 'b']);
  await impatient.close();
  await close();
});

test('L1 B1 when the system refuses a write, exactly what was acknowledged is there', async () => {
  const path = folder.file('store.db');
  const script = join(import.meta.dirname, 'children', 'fill.ts');
  const child = spawn('bash', ['-c', 'ulimit -f 1024; exec "$@"', 'bash', process.execPath, script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = (await text(child.stdout)).trim().split('\n');
  expect(['store.full', 'store.unavailable']).toContain(lines.pop());
  expect(lines.length).toBeGreaterThan(4);
  const { blobs, close } = await openSqliteStore({ path });
  for (const ref of lines) expect((await blobs.get({ ref, bytes: 20_000 })).byteLength).toBe(20_000);
  await close();
  using db = new DatabaseSync(path);
  expect(db.prepare('select count(*) as bodies from body').get()).toEqual({ bodies: lines.length });
});

test('H1 H3 of processes that acquire at once one wins, the others name it, its row is readable, and its death frees the run', async () => {
  const crowd = ['1', '2', '3'].map(() => start('hold', folder.path, 'r1'));
  const lines = await Promise.all(crowd.map((child) => child.line()));
  const winner = lines.findIndex((line) => line?.startsWith('held'));
  const pid = Number(lines[winner]?.split(' ')[1]);
  expect(lines.filter((line) => line?.startsWith(`refused run r1 is held by process ${pid} on `))).toHaveLength(2);
  const holders = sqliteHolders(folder.path);
  expect(await holders.holder('r1')).toMatchObject({ pid });
  const refusedAt = performance.now();
  await expect(holders.acquire('r1')).rejects.toMatchObject({ code: 'run.locked', exit: 9, message: expect.stringContaining(`process ${pid} on`) });
  expect(performance.now() - refusedAt).toBeLessThan(1000);
  await crowd[winner]?.kill();
  expect(await holders.holder('r1')).toBeNull();
  const hold = await holders.acquire('r1');
  expect(await holders.holder('r1')).toMatchObject({ pid: process.pid });
  await hold.release();
});

test('H1 H3 racers that acquire at the same moment: per run one wins, and every loser names the one that won', async () => {
  const rounds = 30;
  const startAt = String(Date.now() + 600);
  const racers = ['1', '2'].map(() => start('race', folder.path, startAt, String(rounds)));
  for (let round = 0; round < rounds; round += 1) {
    const told = await Promise.all(racers.map((racer) => racer.line()));
    const [winner] = told.filter((line) => line?.startsWith('won'));
    const [loser] = told.filter((line) => line !== winner);
    expect(loser, `round ${round}`).toBe(winner?.replace('won', 'lost'));
    expect(winner).toBeDefined();
  }
});
