// What becomes of a run when its repository goes away, or is not what it seems.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { autopack, makePlace, removePlace, runArgs } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 120_000 });

test.concurrent('a run whose repository is gone can be cancelled, and the folder is not made again', async () => {
  const place = makePlace();
  expect((await autopack(place, runArgs(place, '--max-iterations', '0'))).code).toBe(5);
  renameSync(place.repo.root, `${place.repo.root}-gone`);
  const cancelled = await autopack(place, ['cancel', place.run]);
  expect(cancelled.code, cancelled.err).toBe(0);
  expect(cancelled.out).toContain('STOPPED: cancelled');
  expect(existsSync(place.repo.root)).toBe(false);
  removePlace(place);
});

test.concurrent('a run whose repository moved says so and which option names its new place, and goes on there', async () => {
  const place = makePlace();
  expect((await autopack(place, runArgs(place, '--max-iterations', '0'))).code).toBe(5);
  const moved = `${place.repo.root}-moved`;
  renameSync(place.repo.root, moved);
  const lost = await autopack(place, ['resume', place.run, '--max-iterations', '1']);
  expect([lost.code, lost.err]).toEqual([9, expect.stringContaining(`autopack resume ${place.run} -C FOLDER`)]);
  const resumed = await autopack(place, ['resume', place.run, '--max-iterations', '1', '-C', moved]);
  expect(resumed.code, resumed.err).toBe(0);
  removePlace(place);
});

test.concurrent('a plan that is a named pipe is refused at once, not waited for', async () => {
  const place = makePlace();
  const pipe = join(place.folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const checked = await autopack(place, ['plan', 'check', pipe]);
  expect([checked.code, checked.err]).toEqual([2, expect.stringContaining('is a named pipe')]);
  removePlace(place);
});

test.concurrent('a repository that links .autonomous_runs to elsewhere gets no files there', async () => {
  const place = makePlace();
  const elsewhere = join(place.folder, 'elsewhere');
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, join(place.repo.root, '.autonomous_runs'));
  const finished = await autopack(place, runArgs(place));
  expect(finished.code, finished.err).toBe(0);
  expect(finished.err).toContain('the files for people could not be written');
  const rebuilt = await autopack(place, ['rebuild', place.run]);
  expect([rebuilt.code, rebuilt.err]).toEqual([9, expect.stringContaining('.autonomous_runs is a link')]);
  expect(readdirSync(elsewhere)).toEqual([]);
  removePlace(place);
});
