// A store that was fine yesterday: locked, unreadable, damaged. It is said, the exit is 7 (8 where only the log's words
// are wrong), and nothing else is touched.

import { spawn } from 'node:child_process';
import { chmodSync, openSync, closeSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { autopack, branchesOf, leftBehind, linesOf, makePlace, plainNode, removePlace, runArgs, theirs, until, watched, type Place } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 120_000 }); // several processes each, on a machine that may be busy

const storeOf = ({ home }: Place): string => join(home, 'store.db');

test.concurrent('a store that another process has locked is waited for, then told; once it is free the same command works', async () => {
  const place = makePlace();
  expect((await autopack(place, ['status'])).code).toBe(0);
  const lock = `const { DatabaseSync } = require('node:sqlite'); const db = new DatabaseSync(${JSON.stringify(join(place.home, 'store.db'))}); db.exec('begin immediate'); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = watched(spawn(process.execPath, ['-e', lock], { stdio: ['ignore', 'pipe', 'pipe'] }));
  await until('the lock is held', () => holder.out().includes('held'));
  const before = theirs(place.repo.root);
  const refused = await autopack(place, runArgs(place, '--json'));
  holder.child.kill('SIGKILL');
  await holder.done;
  expect(refused.code, refused.err).toBe(7);
  expect(refused.err).toContain('is locked by another process');
  expect(linesOf(refused)).toEqual([{ error: { code: 'store.unavailable', message: expect.any(String), hint: 'end the process that holds it, then try again' } }]);
  expect([theirs(place.repo.root), branchesOf(place), leftBehind(place)]).toEqual([before, [], []]);
  expect((await autopack(place, runArgs(place))).code).toBe(0);
  removePlace(place);
});


test.concurrent('a store that may not be read is told, and works again once it may', async () => {
  const place = makePlace();
  expect((await autopack(place, runArgs(place))).code).toBe(0);
  chmodSync(storeOf(place), 0o000);
  const refused = await autopack(place, ['status', '--json'], { node: plainNode });
  expect(refused.code, refused.err).toBe(7);
  expect(linesOf(refused)).toMatchObject([{ error: { code: 'store.unavailable' } }]);
  chmodSync(storeOf(place), 0o600);
  expect((await autopack(place, ['replay', place.run, '--verify'])).code).toBe(0);
  removePlace(place);
});

/** All of the pages but the first, whose header says what the file is. */
function scribble(file: string): void {
  const handle = openSync(file, 'r+');
  const noise = Buffer.alloc(4096, 0x5a);
  for (let page = 1; page < statSync(file).size / 4096; page += 1) writeSync(handle, noise, 0, noise.length, page * 4096);
  closeSync(handle);
}

test.concurrent('a damaged store is told by every command and written by none', async () => {
  const place = makePlace();
  expect((await autopack(place, runArgs(place))).code).toBe(0);
  scribble(storeOf(place));
  const [bytes, before] = [readFileSync(storeOf(place)), theirs(place.repo.root)];
  for (const args of [['status'], ['log', place.run], ['replay', place.run, '--verify'], ['resume', place.run], ['cancel', place.run], runArgs(place, '--run-id', 'next')]) {
    const refused = await autopack(place, [...args, '--json']);
    expect([args[0], refused.code], refused.err).toEqual([args[0], 7]);
    expect(refused.err).toContain('is damaged');
    expect(linesOf(refused)).toMatchObject([{ error: { code: 'store.damaged', hint: expect.stringContaining('restore it from a copy') } }]);
  }
  expect(readFileSync(storeOf(place)).equals(bytes)).toBe(true);
  expect([theirs(place.repo.root), branchesOf(place), leftBehind(place)]).toEqual([before, [`run-${place.run}`], []]);
  removePlace(place);
});

test.concurrent('a log in which one word was changed exits 8 and names the record', async () => {
  const place = makePlace();
  expect((await autopack(place, runArgs(place))).code).toBe(0);
  const db = new DatabaseSync(storeOf(place));
  db.exec(`update event set data = replace(data, '"p1"', '"p2"') where revision = 5`);
  db.close();
  const refused = await autopack(place, ['replay', place.run, '--verify', '--json']);
  expect(refused.code, refused.err).toBe(8);
  expect(refused.err).toContain(`${place.run}@5`);
  removePlace(place);
});
