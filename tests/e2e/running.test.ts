// What may happen on the way: tests that hang, flood or leave children, answers that are missing or changed, caps. Each
// time the run ends or waits with its code, goes on where it can, and leaves nothing but the three things that are ours.

import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { aftermath, autopack, branchesOf, builds, linesOf, makePlace, phase, removePlace, runArgs, shell, theirs, writeAnswers, writeLongPlan, writePlan, type Place } from '#tests/support/e2e.ts';
import { fingerprint } from '#tests/support/user-repository.ts';

vi.setConfig({ testTimeout: 120_000 }); // several processes each, on a machine that may be busy

const SOUND = { left: [], touched: [], verified: true };

const resultOf = (finished: Parameters<typeof linesOf>[0]) => linesOf(finished).at(-1);
const filesOf = (folder: string): string[] => [...fingerprint(folder)].map(([name, state]) => `${name} ${state}`);
const builtFile = ({ repo, run }: Place): string => repo.git('show', `autopack/run-${run}:mode.txt`);

interface Misbehaviour {
  readonly title: string;
  readonly mode: string;
  readonly seconds?: number;
  /** Of `retry.decided`. */
  readonly says: string;
}

const MISBEHAVIOURS: readonly Misbehaviour[] = [
  { title: 'tests that hang', mode: 'hang', seconds: 1, says: 'did not end in time' },
  { title: 'tests that hang and ignore SIGTERM', mode: 'deaf', seconds: 1, says: 'did not end in time' },
  { title: 'tests that print 100 MB', mode: 'flood', says: 'exit 1' },
  { title: 'tests that collect nothing', mode: 'empty', says: 'exit 5' },
  { title: 'tests that fail', mode: 'fail', says: 'it is wrong' },
];

test.concurrent.each(MISBEHAVIOURS.map((item) => [item.title, item] as const))('%s are ended and said, and the next attempt is given that as feedback', async (_title, { mode, seconds = 30, says }) => {
  const place = makePlace();
  writePlan(place, { ci: { command: ['sh', 'test.sh'], timeout_seconds: seconds } });
  writeAnswers(place, [builds(mode, { attempt: 1 }), builds('ok', { attempt: 2 })]);
  const before = theirs(place.repo.root);
  const finished = await autopack(place, runArgs(place));
  expect(finished.code, finished.err).toBe(0);
  expect(finished.err).toContain(says);
  expect(builtFile(place)).toBe('ok');
  expect(branchesOf(place)).toEqual([`run-${place.run}`]);
  expect(statSync(join(place.home, 'store.db')).size, 'output is bounded').toBeLessThan(4_000_000);
  expect(await aftermath(place, before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('children that tests leave, a session of their own included, are ended with them', async () => {
  const place = makePlace();
  writeAnswers(place, [builds('children')]);
  const before = theirs(place.repo.root);
  const finished = await autopack(place, runArgs(place));
  expect(finished.code, finished.err).toBe(0);
  expect(await aftermath(place, before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('what never passes ends the run with exit 3; its reason is said and nothing is committed', async () => {
  const place = makePlace();
  writeLongPlan(place, { max_builder_attempts: 1 });
  writeAnswers(place, [builds('fail')]);
  const before = theirs(place.repo.root);
  const finished = await autopack(place, runArgs(place, '--json'));
  expect(finished.code, finished.err).toBe(3);
  expect(resultOf(finished)).toMatchObject({ type: 'run.result', outcome: 'FAILED', exit: 3, phases: [{ outcome: 'FAILED', attempts: 1 }] });
  expect(branchesOf(place), 'a run that failed can be looked at from where it began').toEqual([`pre-run-${place.run}`]);
  expect(await aftermath(place, before)).toEqual(SOUND);
  removePlace(place);
});

const BASELINES = [
  { title: 'collect nothing', files: { 'mode.txt': 'empty\n' }, command: ['sh', 'test.sh'], says: 'zero_tests' },
  { title: 'cannot be started', files: {}, command: ['no-such-runner'], says: 'spawn_failed' },
  { title: 'are not there', files: {}, command: ['sh', 'missing.sh'], says: 'collection_error' },
] as const;

test.concurrent.each(BASELINES.map((item) => [item.title, item] as const))('tests of the base that %s pause the run before the first token', async (_title, { files, command, says }) => {
  const place = makePlace(files);
  writePlan(place, { ci: { command } });
  const before = theirs(place.repo.root);
  const finished = await autopack(place, runArgs(place));
  expect(finished.code, finished.err).toBe(9);
  expect(finished.err).toContain(`paused: baseline ${says}`);
  expect(finished.out).toContain(`${place.run} PAUSED: baseline ${says}`);
  expect(finished.out).toContain(' 0 tokens');
  expect(finished.out).toContain('way out: the tests of the base cannot be trusted');
  expect(await aftermath(place, before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('once the base is mended a resume works', async () => {
  const place = makePlace({ 'mode.txt': 'empty\n' });
  expect((await autopack(place, runArgs(place))).code).toBe(9);
  place.repo.commit({ 'mode.txt': 'mended\n' });
  const before = theirs(place.repo.root);
  const finished = await autopack(place, ['resume', place.run]);
  expect(finished.code, finished.err).toBe(0);
  expect(builtFile(place)).toBe('ok');
  expect(await aftermath(place, before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('a missing answer pauses the run and names what was asked; once it is there a resume completes it', async () => {
  const place = makePlace();
  writeAnswers(place, [builds('ok', { phase: 'other' })]);
  const before = theirs(place.repo.root);
  const paused = await autopack(place, runArgs(place, '--json'));
  expect(paused.code, paused.err).toBe(6);
  expect(paused.err).toContain('role builder, phase p1, attempt 1, call 1');
  expect(resultOf(paused)).toMatchObject({ outcome: 'PAUSED', reason: 'provider', exit: 6 });
  expect(await aftermath(place, before)).toEqual(SOUND);
  expect((await autopack(place, ['resume', place.run])).code, 'as long as it is missing').toBe(6);
  writeAnswers(place, [builds('ok')]);
  const finished = await autopack(place, ['resume', place.run]);
  expect(finished.code, finished.err).toBe(0);
  expect(await aftermath(place, before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('an answers file that changed is warned of; what is recorded stays and is not asked again', async () => {
  const place = makePlace();
  writePlan(place, { phases: [phase('p1'), { ...phase('p2'), dependencies: ['p1'] }] });
  writeAnswers(place, [builds('first')]);
  expect((await autopack(place, runArgs(place))).code).toBe(6);
  const unchanged = await autopack(place, ['resume', place.run]);
  expect([unchanged.code, unchanged.err.includes('the answers file changed')]).toEqual([6, false]);
  writeAnswers(place, [builds('other'), builds('second', { phase: 'p2' })]);
  const finished = await autopack(place, ['resume', place.run]);
  expect(finished.code, finished.err).toBe(0);
  expect(finished.err).toContain('the answers file changed since the run last used it');
  const versions = place.repo.git('log', '-p', '--format=%s', `main..autopack/run-${place.run}`).split('\n').filter((line) => /^\+\w/.test(line));
  expect(versions, 'the newest first').toEqual(['+second', '+first']);
  removePlace(place);
});

test.concurrent('--token-cap stops before anything is spent beyond it; a resume needs a new cap', async () => {
  const place = makePlace();
  const before = theirs(place.repo.root);
  const paused = await autopack(place, runArgs(place, '--token-cap', '5', '--json'));
  expect(paused.code, paused.err).toBe(5);
  expect(resultOf(paused)).toMatchObject({ outcome: 'PAUSED', reason: 'budget', exit: 5, tokens: { input: 0, output: 0 } });
  expect(await aftermath(place, before)).toEqual(SOUND);
  expect((await autopack(place, ['resume', place.run])).code, 'the same cap').toBe(5);
  const finished = await autopack(place, ['resume', place.run, '--token-cap', '1000000']);
  expect(finished.code, finished.err).toBe(0);
  expect(await aftermath(place, before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('--max-iterations pauses before the next attempt; a resume goes on with it', async () => {
  const place = makePlace();
  writeAnswers(place, [builds('fail', { attempt: 1 }), builds('ok', { attempt: 2 })]);
  const paused = await autopack(place, runArgs(place, '--max-iterations', '1', '--json'));
  expect(paused.code, paused.err).toBe(5);
  expect(resultOf(paused)).toMatchObject({ outcome: 'PAUSED', reason: 'iterations', phases: [{ state: 'BUILDING', attempts: 2, tokens: { input: 10, output: 10 } }] });
  const finished = await autopack(place, ['resume', place.run, '--max-iterations', '1', '--json']);
  expect(finished.code, finished.err).toBe(0);
  expect(resultOf(finished)).toMatchObject({ outcome: 'COMPLETE', phases: [{ attempts: 2 }] });
  removePlace(place);
});

test.concurrent('from a subfolder the run works from the root, and says so', async () => {
  const place = makePlace({ 'deep/inside.txt': 'x\n' });
  const before = theirs(place.repo.root);
  const finished = await autopack(place, ['run', place.plan, '-C', join(place.repo.root, 'deep'), '--provider', `script:${place.answers}`]);
  expect(finished.code, finished.err).toBe(0);
  expect(finished.err + finished.out).toContain('-C names the subfolder deep/; the run works from the root of the repository');
  expect(builtFile(place)).toBe('ok');
  expect(existsSync(join(place.repo.root, '.autonomous_runs'))).toBe(true);
  expect(await aftermath(place, before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('uncommitted files are named, stay where they are and are no part of the run', async () => {
  const place = makePlace();
  place.repo.write({ 'a.txt': 'changed\n', 'notes.txt': 'mine\n' });
  const before = theirs(place.repo.root);
  const finished = await autopack(place, runArgs(place));
  expect(finished.code, finished.err).toBe(0);
  expect(finished.err + finished.out).toContain('uncommitted or untracked files are not part of the run: a.txt, notes.txt');
  expect(place.repo.git('ls-tree', '-r', '--name-only', `autopack/run-${place.run}`).split('\n')).toEqual(['.gitignore', 'a.txt', 'mode.txt', 'test.sh']);
  expect(await aftermath(place, before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('a reader that goes away is no error', async () => {
  const place = makePlace();
  expect((await autopack(place, runArgs(place))).code).toBe(0);
  for (const command of [`log ${place.run} --json`, `log ${place.run}`, `status ${place.run}`]) {
    const piped = await shell(place, `"$NODE" "$BIN" ${command} | head -1`);
    expect([piped.code, piped.err, piped.out.trim().split('\n').length]).toEqual([0, '', 1]);
  }
  removePlace(place);
});

test.concurrent('with --json each line of stdout is one document, in order, and the last says how it ended', async () => {
  const place = makePlace();
  const finished = await autopack(place, runArgs(place, '--json'));
  const lines = linesOf(finished) as unknown as { v: number; type: string; seq: number; record?: { seq: number } }[];
  expect(lines.map(({ v }) => v).every((v) => v === 1)).toBe(true);
  const records = lines.filter(({ type }) => type === 'record');
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_record, i) => i));
  expect(lines.at(-1)).toMatchObject({ type: 'run.result', outcome: 'COMPLETE', exit: 0 });
  const log = linesOf(await autopack(place, ['log', place.run, '--json'])) as unknown as { record: unknown }[];
  expect(log.map(({ record }) => record)).toEqual(records.map(({ record }) => record));
  removePlace(place);
});

test.concurrent('rebuild makes every file for people again, byte for byte', async () => {
  const place = makePlace();
  expect((await autopack(place, runArgs(place))).code).toBe(0);
  const folder = join(place.repo.root, '.autonomous_runs');
  const before = filesOf(folder);
  rmSync(folder, { recursive: true });
  expect((await autopack(place, ['rebuild', place.run])).code).toBe(0);
  expect(filesOf(folder)).toEqual(before);
  expect(before.length).toBeGreaterThan(3);
  removePlace(place);
});
