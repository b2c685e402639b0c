// `gc` as people start it: what it takes, and above all what it never takes.

import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { autopack, builds, linesOf, makePlace, removePlace, runArgs, start, theirs, until, writeAnswers, writePlan, onceCi, onceFile, type Place } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 120_000 }); // several processes each, on a machine that may be busy

interface Document {
  readonly dryRun: boolean;
  readonly bytes: number;
  readonly items: readonly { readonly kind: string; readonly of: string; readonly bytes: number; readonly removed: boolean }[];
}

async function gc(place: Place, ...args: string[]): Promise<Document> {
  const finished = await autopack(place, ['gc', '--json', ...args]);
  expect(finished.code, finished.err).toBe(0);
  return linesOf(finished)[0] as unknown as Document;
}

function litter(place: Place, run: string): string {
  const folder = join(place.home, 'work', run, 'left');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'big.bin'), Buffer.alloc(50_000), { mode: 0o400 });
  return folder;
}

test('gc takes what a run that is over left and nothing else; --dry-run only says it; the log stays whole', async () => {
  const place = makePlace();
  expect((await autopack(place, runArgs(place))).code).toBe(0);
  const before = theirs(place.repo.root);
  const [over, stranger] = [litter(place, place.run), litter(place, 'run-of-another-store')];
  const dry = await gc(place, '--dry-run');
  expect(dry.items.map(({ kind, of, removed }) => [kind, of, removed])).toEqual([['checkouts', place.run, false], ['lock', place.run, false]]);
  expect([dry.bytes, existsSync(over)]).toEqual([50_000, true]);
  const real = await gc(place);
  expect(real).toEqual({ ...dry, dryRun: false, items: dry.items.map((item) => ({ ...item, removed: true })) });
  expect([existsSync(over), existsSync(stranger)]).toEqual([false, true]);
  expect((await gc(place)).items).toEqual([]);
  expect((await autopack(place, ['replay', place.run, '--verify', '--workspace'])).code).toBe(0);
  expect((await autopack(place, ['show', place.run])).code).toBe(0);
  expect(theirs(place.repo.root)).toEqual(before);
  removePlace(place);
});

test('gc leaves a paused run alone, also when its repository is gone, and that run goes on when it is back', async () => {
  const place = makePlace();
  writeAnswers(place, [builds('fail'), builds('ok', { attempt: 2 })]);
  expect((await autopack(place, runArgs(place, '--max-iterations', '1'))).code).toBe(5);
  const mine = litter(place, place.run);
  expect((await gc(place)).items).toEqual([]);
  expect(existsSync(mine)).toBe(true);
  renameSync(place.repo.root, `${place.repo.root}.away`);
  expect((await gc(place)).items.map(({ kind, removed }) => [kind, removed])).toEqual([['repository', true]]);
  renameSync(`${place.repo.root}.away`, place.repo.root);
  const finished = await autopack(place, ['resume', place.run]);
  expect(finished.code, finished.err).toBe(0);
  removePlace(place);
});

test('gc takes nothing of a run that a process holds', async () => {
  const place = makePlace();
  writePlan(place, onceCi(place));
  writeAnswers(place, [builds('once')]);
  const running = start(place, runArgs(place), { env: { AUTOPACK_SANDBOX: 'none' } });
  await until('the tests run', () => existsSync(onceFile(place)));
  expect((await gc(place)).items).toEqual([]);
  running.child.kill('SIGTERM');
  expect((await running.done).code).toBe(143);
  const finished = await autopack(place, ['resume', place.run]);
  expect(finished.code, finished.err).toBe(0);
  removePlace(place);
});

test('gc on an empty state folder has nothing to do', async () => {
  const place = makePlace();
  const finished = await autopack(place, ['gc']);
  expect([finished.code, finished.out]).toEqual([0, 'nothing to collect\n']);
  removePlace(place);
});
