// What becomes of a run when its repository goes away, or is not what it seems.

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
