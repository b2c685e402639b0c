// `merge` as people start it: what moves, what is refused with its way out, and that nothing else of theirs ever changes.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { autopack, builds, linesOf, makePlace, removePlace, runArgs, theirs, writeAnswers, writeLongPlan, type Place } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 120_000 }); // several processes each, on a machine that may be busy

interface Case {
  readonly title: string;
  /** Between the run and the merge. */
  readonly prepare?: (place: Place) => void;
  readonly args?: (place: Place) => readonly string[];
  readonly says: RegExp;
}

const head = ({ repo }: Place, ref = 'main'): string => repo.git('rev-parse', ref).trim();
const mode = ({ repo }: Place): string => join(repo.root, 'mode.txt');
/** Another commit on main; leaves it checked out. */
const moves = (files: Readonly<Record<string, string>>) => ({ repo }: Place) => void repo.commit(files);

async function ranIn(place: Place): Promise<void> {
  const finished = await autopack(place, runArgs(place));
  expect(finished.code, finished.err).toBe(0);
}

test.concurrent('a branch that is checked out and clean moves forward, its files follow, untracked ones stay', async () => {
  const place = makePlace();
  await ranIn(place);
  writeFileSync(join(place.repo.root, 'notes.txt'), 'mine');
  const finished = await autopack(place, ['merge', place.run]);
  expect(finished.code, finished.err).toBe(0);
  expect(finished.out).toMatch(/^main is moved forward to [0-9a-f]{12}, and your working tree followed\nlook: git log/);
  expect(head(place)).toBe(head(place, `autopack/run-${place.run}`));
  expect([readFileSync(mode(place), 'utf8'), place.repo.git('status', '--porcelain', '--untracked-files=all')]).toEqual(['ok\n', '?? notes.txt']);
  const again = await autopack(place, ['merge', place.run, '--json']);
  expect([again.code, linesOf(again)[0]]).toEqual([0, expect.objectContaining({ type: 'merge', kind: 'already' })]);
  removePlace(place);
});

test.concurrent('a branch that went on gets a merge commit of both; no hook of theirs runs', async () => {
  const place = makePlace();
  await ranIn(place);
  moves({ 'other.txt': 'theirs\n' })(place);
  for (const hook of ['post-merge', 'reference-transaction', 'pre-merge-commit', 'post-checkout']) {
    writeFileSync(join(place.repo.root, '.git', 'hooks', hook), `#!/bin/sh\ntouch ${place.folder}/hook-ran\n`);
    chmodSync(join(place.repo.root, '.git', 'hooks', hook), 0o755);
  }
  const before = head(place);
  const finished = await autopack(place, ['merge', place.run]);
  expect(finished.code, finished.err).toBe(0);
  expect(place.repo.git('log', '-1', '--format=%P', 'main').trim()).toBe(`${before} ${head(place, `autopack/run-${place.run}`)}`);
  expect([readFileSync(mode(place), 'utf8'), readFileSync(join(place.repo.root, 'other.txt'), 'utf8'), place.repo.git('status', '--porcelain')]).toEqual(['ok\n', 'theirs\n', '']);
  expect(existsSync(join(place.folder, 'hook-ran'))).toBe(false);
  place.repo.git('fsck', '--strict');
  removePlace(place);
});

test.concurrent('a branch that is checked out nowhere moves, and the working tree stays byte for byte', async () => {
  const place = makePlace();
  await ranIn(place);
  place.repo.git('branch', 'release');
  writeFileSync(join(place.repo.root, 'a.txt'), 'half done');
  const files = (): string[] => theirs(place.repo.root).filter((line) => !line.startsWith('.git/refs') && !line.startsWith('.git/logs'));
  const before = files();
  const finished = await autopack(place, ['merge', place.run, '--into', 'release', '--no-ff']);
  expect(finished.code, finished.err).toBe(0);
  expect(place.repo.git('log', '-1', '--format=%s', 'release').trim()).toBe(`Merge run ${place.run}`);
  expect(place.repo.git('diff', 'release', `autopack/run-${place.run}`)).toBe('');
  expect(files()).toEqual(before);
  removePlace(place);
});

test.concurrent('what our repository lost is made again from the log before it is merged', async () => {
  const place = makePlace();
  await ranIn(place);
  const built = head(place, `autopack/run-${place.run}`);
  place.repo.git('branch', '-D', `autopack/run-${place.run}`);
  place.repo.git('reflog', 'expire', '--expire=now', '--all');
  place.repo.git('gc', '-q', '--prune=now');
  rmSync(join(place.home, 'repos'), { recursive: true, force: true });
  const finished = await autopack(place, ['merge', place.run]);
  expect(finished.code, finished.err).toBe(0);
  expect(head(place)).toBe(built);
  removePlace(place);
});

const REFUSED: readonly Case[] = [
  { title: 'a conflict', prepare: moves({ 'mode.txt': 'theirs\n' }), says: /changed the same: mode\.txt[\s\S]*git switch main && git merge autopack\/run-/ },
  { title: 'uncommitted changes', prepare: ({ repo }) => writeFileSync(join(repo.root, 'a.txt'), 'half done'), says: /uncommitted changes: a\.txt[\s\S]*--into BRANCH/ },
  { title: 'staged changes', prepare: ({ repo }) => { writeFileSync(join(repo.root, 'a.txt'), 'half done'); repo.git('add', 'a.txt'); }, says: /uncommitted changes: a\.txt/ },
  { title: 'an untracked file in the way', prepare: (place) => writeFileSync(mode(place), 'mine'), says: /not committed are in the way: mode\.txt[\s\S]*Move or commit/ },
  { title: 'an ignored file in the way', prepare: (place) => { writeFileSync(join(place.repo.root, '.git/info/exclude'), 'mode.txt\n'); writeFileSync(mode(place), 'mine'); }, says: /in the way: mode\.txt/ },
  { title: 'a branch that is not there', args: () => ['--into', 'nowhere'], says: /no branch nowhere[\s\S]*git branch nowhere/ },
  { title: 'an option for a branch', args: () => ['--into=--all'], says: /no branch --all/ },
  { title: 'a branch of a run', args: ({ run }) => ['--into', `autopack/pre-run-${run}x`], says: /a branch of a run/ },
  { title: 'no branch checked out', prepare: ({ repo }) => void repo.git('checkout', '-q', '--detach'), says: /no branch is checked out[\s\S]*--into/ },
  { title: 'a branch in another working tree', prepare: ({ repo, folder }) => void repo.git('worktree', 'add', '-q', '-b', 'release', join(folder, 'second')), args: () => ['--into', 'release'], says: /another of your working trees[\s\S]*-C: .*second/ },
  {
    title: 'a branch that is being rebased', says: /main is being rebased[\s\S]*--abort/, args: () => ['--into', 'main'],
    prepare: ({ repo }) => {
      repo.git('checkout', '-q', '-b', 'topic');
      repo.commit({ 'a.txt': 'topic\n' });
      repo.git('checkout', '-q', 'main');
      repo.commit({ 'a.txt': 'main\n' });
      try {
        execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', 'rebase', 'topic'], { cwd: repo.root, stdio: 'ignore' });
      } catch { /* it stops at the conflict, as it shall */ }
    },
  },
];

test.concurrent.each(REFUSED.map((item) => [item.title, item] as const))('%s is refused with exit 9 and the way out, and moves nothing', async (_title, { prepare, args = () => [], says }) => {
  const place = makePlace();
  await ranIn(place);
  prepare?.(place);
  const before = [theirs(place.repo.root), place.repo.git('for-each-ref')];
  const finished = await autopack(place, ['merge', place.run, ...args(place)]);
  expect([finished.code, finished.out]).toEqual([9, '']);
  expect(finished.err).toMatch(says);
  expect([theirs(place.repo.root), place.repo.git('for-each-ref')]).toEqual(before);
  removePlace(place);
});

test.concurrent('a run that is not over, has built nothing or failed is rejected with exit 10; --partial takes what is there', async () => {
  const place = makePlace();
  writeLongPlan(place, { max_builder_attempts: 1 }, [{ max_builder_attempts: 1 }]);
  writeAnswers(place, [builds('ok'), builds('fail', { phase: 'p2' })]);
  expect((await autopack(place, runArgs(place, '--max-iterations', '1'))).code).toBe(5);
  const early = await autopack(place, ['merge', place.run]);
  expect([early.code, early.err]).toEqual([10, `rejected: ${place.run} is not over: autopack resume ${place.run}\n`]);
  expect((await autopack(place, ['resume', place.run])).code).toBe(3);
  const failed = await autopack(place, ['merge', place.run, '--json']);
  expect([failed.code, linesOf(failed)[0]?.error]).toEqual([10, { code: 'not_complete', message: expect.stringContaining('--partial'), hint: null }]);
  const part = await autopack(place, ['merge', place.run, '--partial']);
  expect(part.code, part.err).toBe(0);
  expect(readFileSync(mode(place), 'utf8')).toBe('ok\n');
  expect((await autopack(place, ['merge', 'nobody'])).code).toBe(2);
  removePlace(place);
});
