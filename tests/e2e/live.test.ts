// A run that is alive, on the machine's own clock: who else may touch it, what reaches it and how fast, and what ends it.

import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { expect, test, vi } from 'vitest';
import type { RunRecord } from '#src/record/record.ts';
import { aftermath, autopack, branchesOf, builds, linesOf, makePlace, onceCi, onceFile, processesOf, removePlace, runArgs, start, theirs, until, writeAnswers, writeLongPlan, writePlan, type Place, type Started } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 120_000 }); // several processes each, on a machine that may be busy

const SOUND = { left: [], touched: [], verified: true };
/** Without a sandbox: what hangs the first time remembers it outside of its checkout. */
const REAL = { env: { AUTOPACK_CLOCK: undefined, AUTOPACK_SANDBOX: 'none' } };
/** The store is looked at every 50 ms; a busy machine gets the rest. Far below any poll of seconds. */
const AT_ONCE_MS = 900;

interface Live extends Place {
  readonly first: Started;
  readonly before: readonly string[];
}

/** A run in the middle of its tests, which hang this first time. */
async function live(): Promise<Live> {
  const place = makePlace();
  writePlan(place, onceCi(place));
  writeAnswers(place, [builds('once')]);
  const before = theirs(place.repo.root);
  const first = start(place, runArgs(place), REAL);
  await until('the tests hang', () => existsSync(onceFile(place)));
  return { ...place, first, before };
}

const recordsOf = async (place: Place): Promise<RunRecord[]> =>
  linesOf(await autopack(place, ['log', place.run, '--json'])).map((line) => (line as unknown as { record: RunRecord }).record);

/** Milliseconds from the command's record to the next one, which only the live executor can have written. */
async function reactionMs(place: Place, command: string): Promise<number> {
  const records = await recordsOf(place);
  const at = records.findIndex(({ event }) => event.type === command);
  return (records[at + 1]?.at ?? Infinity) - (records[at]?.at ?? 0);
}

test.concurrent('a second executor is refused with exit 9 and told where the first is; the first is not disturbed', async () => {
  const place = await live();
  const pid = place.first.child.pid;
  const refused = await autopack(place, ['resume', place.run, '--json'], REAL);
  expect(refused.code, refused.err).toBe(9);
  expect(linesOf(refused)).toMatchObject([{ error: { code: 'run.locked', message: expect.stringContaining(`is held by process ${pid} on ${hostname()}, started `) } }]);
  const { out } = await autopack(place, ['status', place.run]);
  expect(out).toContain(`held by process ${pid} on ${hostname()}`);
  expect(out).toContain(`${place.run} RUNNING ·`);
  expect(out).not.toContain('autopack resume');
  expect((await autopack(place, ['show', place.run])).out).toContain(`${place.run} RUNNING`);
  const again = await autopack(place, runArgs(place, '--json'), REAL);
  expect([again.code, linesOf(again)[0]?.error?.code]).toEqual([9, 'run.locked']);
  expect((await recordsOf(place)).filter(({ event }) => event.type === 'run.resumed'), 'a refused executor writes nothing').toEqual([]);
  expect(place.first.child.exitCode).toBeNull();
  place.first.child.kill('SIGTERM');
  expect((await place.first.done).code).toBe(143);
  removePlace(place);
});

test.concurrent('of three that start the same run at once one works', async () => {
  const place = makePlace();
  const before = theirs(place.repo.root);
  const finished = await Promise.all([1, 2, 3].map(() => autopack(place, runArgs(place), REAL)));
  const codes = finished.map(({ code }) => code);
  expect(codes.filter((code) => code === 0), codes.join()).toHaveLength(1);
  expect(codes.filter((code) => code === 2 || code === 9), codes.join()).toHaveLength(2);
  expect((await recordsOf(place)).filter(({ event }) => event.type === 'commit.written')).toHaveLength(1);
  expect(await aftermath(place, before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('a cancel from a second process reaches a live run at once, ends its tests and settles it', async () => {
  const place = await live();
  const cancelled = await autopack(place, ['cancel', place.run], REAL);
  expect([cancelled.code, cancelled.out]).toEqual([0, `${place.run} is being cancelled by process ${place.first.child.pid}\n`]);
  const finished = await place.first.done;
  expect(finished.code, finished.err).toBe(3);
  expect(finished.out).toContain(`${place.run} STOPPED`);
  expect(await reactionMs(place, 'run.cancel_requested')).toBeLessThan(AT_ONCE_MS);
  expect(await aftermath(place, place.before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('an approve from a second process reaches a run that waits at once, and it completes', async () => {
  const place = makePlace();
  writeLongPlan(place, { task_category: 'external_feature_reuse_remote' });
  const before = theirs(place.repo.root);
  const first = start(place, runArgs(place, '--wait'), REAL);
  await until('it asks', () => first.err().includes('autopack approve '));
  const question = /autopack approve (\S+)/.exec(first.err())?.[1] ?? '';
  const approved = await autopack(place, ['approve', question], REAL);
  expect([approved.code, approved.out]).toEqual([0, `${question}: approve\nprocess ${first.child.pid} goes on with the run\n`]);
  const finished = await first.done;
  expect(finished.code, finished.err).toBe(0);
  expect(await reactionMs(place, 'question.answered')).toBeLessThan(AT_ONCE_MS);
  expect(await aftermath(place, before)).toEqual(SOUND);
  removePlace(place);
});

const SIGNALS = [['SIGINT', 130], ['SIGTERM', 143]] as const;

test.concurrent.each(SIGNALS)('%s ends a run with exit %i after a clean checkpoint, and a resume completes it', async (signal, exit) => {
  const place = await live();
  place.first.child.kill(signal);
  const stopped = await place.first.done;
  expect(stopped.code, stopped.err).toBe(exit);
  expect(stopped.err).toContain(`stopped; go on with: autopack resume ${place.run}`);
  expect(await aftermath(place, place.before), 'the checkpoint is clean').toEqual(SOUND);
  const finished = await autopack(place, ['resume', place.run], REAL);
  expect(finished.code, finished.err).toBe(0);
  expect(branchesOf(place)).toEqual([`run-${place.run}`]);
  expect(await aftermath(place, place.before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('a run whose executor is killed is resumed: its tests are ended, its builder is not asked again', async () => {
  const place = await live();
  place.first.child.kill('SIGKILL');
  expect((await place.first.done).signal).toBe('SIGKILL');
  expect(processesOf(place), 'tests that nobody waits for').not.toEqual([]);
  const finished = await autopack(place, ['resume', place.run], REAL);
  expect(finished.code, finished.err).toBe(0);
  const answers = (await recordsOf(place)).filter(({ event }) => event.type === 'builder.answered');
  expect(answers).toHaveLength(1);
  expect(await aftermath(place, place.before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('a killed run that is cancelled is settled by the cancel itself', async () => {
  const place = await live();
  place.first.child.kill('SIGKILL');
  await place.first.done;
  const cancelled = await autopack(place, ['cancel', place.run], REAL);
  expect(cancelled.code, cancelled.err).toBe(0);
  expect(cancelled.out).toContain(`${place.run} STOPPED`);
  expect(await aftermath(place, place.before)).toEqual(SOUND);
  removePlace(place);
});
