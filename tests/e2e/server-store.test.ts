// A store on a server: a ledger's and a relay's, and anybody's who looks. Whoever would begin, steer or perform a run there
// could not tell who has it, and is told the way.

import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startWireServer } from '#tests/support/eventstore-wire/server.ts';
import { autopack, branchesOf, leftBehind, linesOf, makePlace, removePlace, runArgs, theirs, type Place } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 180_000 }); // many processes, on a machine that may be busy

const PERFORMING: readonly (readonly [name: string, args: (place: Place) => readonly string[]])[] = [
  ['run', (place) => runArgs(place, '--run-id', 'other')],
  ['resume', ({ run, repo, answers }) => ['resume', run, '-C', repo.root, '--provider', `script:${answers}`]],
  ['submit', ({ plan, repo }) => ['submit', plan, '-C', repo.root, '--run-id', 'other']],
  ['worker', ({ repo, answers }) => ['worker', '-C', repo.root, '--provider', `script:${answers}`]],
  ['fork', ({ run, repo, answers }) => ['fork', run, '--at', '1', '-C', repo.root, '--provider', `script:${answers}`]],
  ['approve', ({ run }) => ['approve', `${run}/p1/1`]],
  ['reject', ({ run }) => ['reject', `${run}/p1/1`]],
  ['retry', ({ run }) => ['retry', run, 'p1']],
  ['skip', ({ run }) => ['skip', run, 'p1']],
  ['cancel', ({ run }) => ['cancel', run]],
];

test('on esdb:// nobody begins, steers or performs a run, its password is said to nobody, and looking goes on', async () => {
  const [place, server] = [makePlace(), await startWireServer()];
  const file = join(place.folder, 'run.jsonl');
  expect((await autopack(place, runArgs(place))).code).toBe(0);
  expect((await autopack(place, ['export', place.run, '-o', file])).code).toBe(0);
  const env = { AUTOPACK_STORE: server.url.replace('//', '//admin:hunter2@') };
  expect((await autopack(place, ['import', file], { env })).code).toBe(0);
  const before = [theirs(place.repo.root), branchesOf(place)];
  for (const [name, args] of PERFORMING) {
    const refused = await autopack(place, [...args(place), '--json'], { env });
    expect(refused.code, `${name}: ${refused.err}`).toBe(2);
    expect(linesOf(refused), name).toEqual([{ error: { code: 'usage.invalid', message: expect.stringContaining('esdb://127.0.0.1'), hint: expect.stringContaining('AUTOPACK_STORE=ledger:') } }]);
    expect(refused.out + refused.err, name).not.toContain('hunter2');
  }
  expect([theirs(place.repo.root), branchesOf(place)]).toEqual(before);
  for (const args of [['status'], ['status', place.run], ['log', place.run], ['show', place.run], ['replay', place.run, '--verify'], [...runArgs(place, '--dry-run')]]) {
    const looked = await autopack(place, args, { env });
    expect(looked.code, `${args.join(' ')}: ${looked.err}`).toBe(0);
  }
  expect((await autopack(place, ['export', place.run], { env })).out).toBe((await autopack(place, ['export', place.run])).out);
  expect(leftBehind(place)).toEqual([]);
  await server.kill();
  removePlace(place);
});
