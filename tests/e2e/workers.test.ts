// Workers: runs that are submitted here and built in other clones, taken over from workers that die, handed back by those
// that are stopped.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { RunRecord } from '#src/record/record.ts';
import { autopack, builds, linesOf, makePlace, onceCi, onceFile, phase, processesOf, removePlace, runArgs, start, until, writeAnswers, writePlan, type Finished, type Options, type Place, type Started } from '#tests/support/e2e.ts';
import { startTeam } from '#tests/support/team.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { repositoryAt, type UserRepo } from '#tests/support/user-repository.ts';

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

type Env = NonNullable<Options['env']>;

/** The test command of the second phase hangs the first time, wherever it runs. */
function hangingPlace(): Place {
  const place = makePlace();
  closing.push(() => removePlace(place), () => processesOf(place).forEach((line) => process.kill(Number(line.split(' ')[0]), 'SIGKILL')));
  writePlan(place, { ...onceCi(place), phases: [phase('p1'), phase('p2', { dependencies: ['p1'] })] });
  writeAnswers(place, [builds('ok'), builds('once', { phase: 'p2' })]);
  return place;
}

/** On a store that this machine's processes share. */
const sharing = ({ folder }: Place): Env => ({ AUTOPACK_STORE: `sqlite:${join(folder, 'team.db')}` });

interface Worker extends Started {
  readonly clone: UserRepo;
}

/** In a clone and with a state folder of its own, as on another machine. */
async function worker(place: Place, name: string, { env = {}, args = [] }: { readonly env?: Env; readonly args?: readonly string[] } = {}): Promise<Worker> {
  const root = join(place.folder, name);
  if (!existsSync(root)) place.repo.git('clone', '-q', place.repo.root, root);
  const started = start(place, ['worker', '-C', root, '--provider', `script:${place.answers}`, ...args], { env: { AUTOPACK_HOME: join(place.folder, `state-${name}`), ...env } });
  closing.push(() => (started.child.kill('SIGKILL'), started.done));
  await until(`${name} is ready: ${started.err()}`, () => started.err().includes('ready') || started.child.exitCode !== null);
  return { ...started, clone: repositoryAt(root) };
}

const submit = ({ plan, repo }: Place): string[] => ['submit', plan, '-C', repo.root];
const tree = (repo: UserRepo, run: string): string => repo.git('rev-parse', `autopack/run-${run}^{tree}`);

async function recordsOf(place: Place, env: Env): Promise<RunRecord[]> {
  const { out, err, code } = await autopack(place, ['log', place.run, '--json'], { env });
  expect(code, err).toBe(0);
  return out.trim().split('\n').map((line) => (JSON.parse(line) as { record: RunRecord }).record);
}

/** Each result stands once, and each life is one more than the one before. */
function expectOnce(records: readonly RunRecord[], lives: number): void {
  const causes = records.flatMap(({ event }) => event.cause ?? []);
  expect(causes.filter((cause, i) => causes.indexOf(cause) !== i)).toEqual([]);
  expect(records.flatMap(({ event: { type, data } }) => (type === 'run.started' || type === 'run.resumed' ? [data['epoch']] : []))).toEqual(Array.from({ length: lives }, (_, i) => i + 1));
}

/** The tree that the same plan comes to on one machine. */
async function alone(place: Place): Promise<string> {
  const root = join(place.folder, 'alone');
  place.repo.git('clone', '-q', place.repo.root, root);
  const ended = await autopack(place, runArgs({ ...place, repo: repositoryAt(root) }), { env: { AUTOPACK_SANDBOX: 'none', AUTOPACK_HOME: join(place.folder, 'state-alone') } });
  expect(ended.code, ended.err).toBe(0);
  return tree(repositoryAt(root), place.run);
}

async function expectVerified(place: Place, env: Env): Promise<void> {
  const verified: Finished = await autopack(place, ['replay', place.run, '--verify'], { env });
  expect(verified.code, verified.err).toBe(0);
}

describe.skipIf(skipWithout('nats-server'))('workers of a team', () => {
  test('one that is killed in the middle is replaced by another in another clone, and one that is stopped hands back: no result twice, the tree of one machine', async () => {
    const place = hangingPlace();
    const team = await startTeam(place);
    closing.push(() => team.dispose());
    const env = { ...team.env, AUTOPACK_SANDBOX: 'none' };
    await team.serve('ledger');
    const submitted = await autopack(place, submit(place), { env });
    expect(submitted.code, submitted.err).toBe(0);
    expect((await autopack(place, submit(place), { env })).err).toContain(`there is a run ${place.run} already`);
    const first = await worker(place, 'first', { env });
    await until('the tests of the second phase hang', () => existsSync(onceFile(place)));
    const second = await worker(place, 'second', { env });
    first.child.kill('SIGKILL');
    await until('the second takes it when the hold has lapsed', () => second.err().includes(`${place.run} is taken`));
    await until('it is over', () => second.err().includes(`${place.run} is over: COMPLETE`));
    expect(second.clone.git('log', '--format=%H', `autopack/run-${place.run}`)).toContain(first.clone.git('rev-parse', `autopack/run-${place.run}`));
    expectOnce(await recordsOf(place, env), 2);
    await expectVerified(place, env);
    expect(tree(second.clone, place.run)).toBe(await alone(place));
    second.child.kill('SIGTERM');
    expect((await second.done).code).toBe(143);
  }, 120_000);

  test('a command over the bus is obeyed at once by the worker that has the run', async () => {
    const place = hangingPlace();
    const team = await startTeam(place);
    closing.push(() => team.dispose());
    const env = { ...team.env, AUTOPACK_SANDBOX: 'none', AUTOPACK_CLOCK: undefined }; // under a virtual one nothing is taken while a test runs
    await team.serve('ledger');
    const taking = await worker(place, 'first', { env });
    expect((await autopack(place, ['run', place.plan, '-C', place.repo.root, '--detach'], { env })).code).toBe(0);
    await until('the tests of the second phase hang', () => existsSync(onceFile(place)));
    const { connect } = await import('nats');
    const plain = await connect({ servers: team.server.url });
    closing.push(() => plain.close());
    const answered = await plain.request(`autopack.v1.${place.run}.command.cancel`, JSON.stringify({ v: 1, reason: 'enough' }), { timeout: 10_000 });
    expect(answered.json()).toEqual({ v: 1, accepted: true, seq: expect.any(Number) });
    await until('it is over', () => taking.err().includes(`${place.run} is over: STOPPED`));
  }, 120_000);
});

describe('workers on one store', () => {
  test('a worker that is stopped hands back at once, and the next one goes on', async () => {
    const place = hangingPlace();
    const env = { ...sharing(place), AUTOPACK_SANDBOX: 'none' };
    expect((await autopack(place, submit(place), { env })).code).toBe(0);
    const first = await worker(place, 'first', { env });
    await until('the tests of the second phase hang', () => existsSync(onceFile(place)));
    first.child.kill('SIGTERM');
    const stopped = await first.done;
    expect([stopped.code, stopped.err]).toEqual([143, expect.stringContaining(`${place.run} is handed back`)]);
    expect(processesOf(place)).toEqual([]);
    const second = await worker(place, 'second', { env });
    await until('it is over', () => second.err().includes(`${place.run} is over: COMPLETE`));
    expectOnce(await recordsOf(place, env), 2);
    await expectVerified(place, env);
  }, 120_000);

  test('two runs side by side; one that waits for a human is let go, and taken again when it was answered', async () => {
    const [place, env] = [makePlace(), { AUTOPACK_CLOCK: undefined }];
    closing.push(() => removePlace(place));
    writePlan(place, { phases: [phase('p1', { task_category: 'cross_cutting_refactor' })] });
    const shared = { ...sharing(place), ...env };
    for (const run of ['one', 'two']) expect((await autopack(place, [...submit(place), '--run-id', run], { env: shared })).code).toBe(0);
    const both = await worker(place, 'both', { env: shared, args: ['--capacity', '2', '--json'] });
    await until('both wait', () => linesOf({ code: 0, signal: null, out: both.out(), err: '' }).length === 2);
    const questions = linesOf({ code: 0, signal: null, out: both.out(), err: '' }).flatMap((line) => line.questions.map(({ id }) => id));
    expect(questions).toHaveLength(2);
    for (const question of questions) expect((await autopack(place, ['approve', question], { env: shared })).out).toContain('the next free worker goes on');
    await until('both are over', () => ['one', 'two'].every((run) => both.err().includes(`${run} is over: COMPLETE`)));
    for (const run of ['one', 'two']) expectOnce(await recordsOf({ ...place, run }, shared), 2);
  }, 120_000);

  test('a run is left alone by who has another repository, other labels or a stricter sandbox; cancelled, it waits for who may take it', async () => {
    const place = makePlace();
    closing.push(() => removePlace(place));
    const env = sharing(place);
    const other = makePlace({ 'other.txt': 'another history\n' });
    closing.push(() => removePlace(other));
    expect((await autopack(place, [...submit(place), '--label', 'gpu=yes', '--sandbox', 'none'], { env })).code).toBe(0);
    expect((await autopack(place, [...submit(place), '--run-id', 'last'], { env })).code).toBe(0);
    const foreign = await worker({ ...other, answers: place.answers }, 'foreign', { env: { ...env, AUTOPACK_SANDBOX: 'none' }, args: ['--label', 'gpu=yes'] });
    const plain = await worker(place, 'plain', { env: { ...env, AUTOPACK_SANDBOX: 'none' } });
    await until('what comes after it is over', () => plain.err().includes('last is over: COMPLETE'));
    const strict = await worker(place, 'strict', { env, args: ['--label', 'gpu=yes'] });
    expect((await autopack(place, ['cancel', place.run], { env })).out).toContain('the next free worker settles it');
    await until('it is seen and left', () => strict.err().includes('asks for less of a sandbox'));
    expect([foreign.err(), plain.err(), strict.err()].map((said) => said.includes(`${place.run} is taken`))).toEqual([false, false, false]);
    const right = await worker(place, 'right', { env: { ...env, AUTOPACK_SANDBOX: 'none' }, args: ['--label', 'gpu=yes'] });
    await until('it is settled', () => right.err().includes(`${place.run} is over: STOPPED`));
  }, 120_000);

  test('a worker in a shallow clone takes what it has the base of, and says so; it takes no run of a repository that has a name of its own', async () => {
    const place = makePlace();
    closing.push(() => removePlace(place));
    place.repo.commit({ 'later.txt': 'so that there is a past\n' });
    const env = { ...sharing(place), AUTOPACK_SANDBOX: 'none' };
    place.repo.git('clone', '-q', '--depth', '1', `file://${place.repo.root}`, join(place.folder, 'shallow'));
    for (const args of [['--run-id', 'named', '--label', 'repo=shop'], []]) expect((await autopack(place, [...submit(place), ...args], { env })).code).toBe(0);
    const shallow = await worker(place, 'shallow', { env });
    await until('it is over', () => shallow.err().includes(`${place.run} is over: COMPLETE`));
    expect(shallow.err()).toMatch(/worker ready: .*\n.*this clone is shallow: .*base commit is here/);
    expect(shallow.err()).not.toContain('named is taken');
    expect(tree(shallow.clone, place.run)).toBe(await alone(place));
    await expectVerified(place, env);
    const back = await autopack({ ...place, repo: shallow.clone }, [...submit({ ...place, repo: shallow.clone }), '--run-id', 'back', '--json'], { env });
    expect(linesOf(back)).toMatchObject([{ type: 'run.submitted', labels: [] }]);
    const full = await worker(place, 'full', { env });
    await until('what was submitted there is over here', () => full.err().includes('back is over: COMPLETE') || shallow.err().includes('back is over: COMPLETE'));
  }, 120_000);

  test.concurrent.for([
    [['submit', 'plan.yaml', '--label', 'nothing'], 'NAME=VALUE'],
    [['run', 'plan.yaml', '--detach', '--wait'], '--wait does not go with --detach'],
    [['run', 'plan.yaml', '--provider', 'script:x', '--label', 'a=b'], '--detach'],
    [['worker', '--provider', 'script:x', '--capacity', '0'], '1 to 64'],
    [['worker', '--provider', 'script:x', '--capacity', '2'], 'virtual clock'],
  ] as const)('%j is refused before anything is begun', { timeout: 60_000 }, async ([args, said], { onTestFinished }) => {
    const place = makePlace();
    onTestFinished(() => removePlace(place));
    const { code, err } = await autopack(place, args, { cwd: place.folder, env: { AUTOPACK_NATS_URL: 'nats://127.0.0.1:1' } });
    expect([code, err]).toEqual([2, expect.stringContaining(said)]);
  });
});
