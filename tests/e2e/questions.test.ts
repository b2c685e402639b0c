// Questions to people, and cancelling: what each answer leads to, that a question is answered once, and that whatever
// is decided nothing is lost and nothing is left.

import { expect, test, vi } from 'vitest';
import { aftermath, autopack, branchesOf, builds, linesOf, makePlace, removePlace, runArgs, theirs, writeAnswers, writeLongPlan, writePlan, type Finished, type Place } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 120_000 }); // several processes each, on a machine that may be busy

const SOUND = { left: [], touched: [], verified: true };
const errorOf = (finished: Finished) => linesOf(finished)[0]?.error;

interface Asked extends Place {
  readonly question: string;
  readonly before: readonly string[];
}

/** A run that waits for an approval before its commit. */
async function asked(): Promise<Asked> {
  const place = makePlace();
  writeLongPlan(place, { task_category: 'external_feature_reuse_remote' });
  const before = theirs(place.repo.root);
  const waits = await autopack(place, runArgs(place, '--json'));
  const result = linesOf(waits).at(-1);
  expect([waits.code, result?.outcome, result?.questions.length], waits.err).toEqual([4, 'PAUSED', 1]);
  return { ...place, question: result?.questions[0]?.id ?? '', before };
}

async function records(place: Place): Promise<number> {
  return linesOf(await autopack(place, ['log', place.run, '--json'])).length;
}

test.concurrent('a question is shown with the command that answers it, wherever one looks', async () => {
  const place = await asked();
  const shown = await autopack(place, ['status', place.run]);
  expect(shown.out).toContain(`autopack approve ${place.question}`);
  expect(shown.out).toContain(`then: autopack resume ${place.run}`);
  expect((await autopack(place, ['status'])).out).toContain(place.question);
  const waits = await autopack(place, ['resume', place.run]);
  expect(waits.code, 'nobody has answered').toBe(4);
  expect(await aftermath(place, place.before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('approved, the run goes on and commits what was asked about', async () => {
  const place = await asked();
  const approved = await autopack(place, ['approve', place.question, '--comment', 'seen']);
  expect([approved.code, approved.out]).toEqual([0, `${place.question}: approve\ngo on with: autopack resume ${place.run}\n`]);
  const finished = await autopack(place, ['resume', place.run]);
  expect(finished.code, finished.err).toBe(0);
  expect(finished.out).toContain(`${place.run} COMPLETE`);
  expect(branchesOf(place)).toEqual([`run-${place.run}`]);
  expect(await aftermath(place, place.before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('rejected, the phase is over and nothing is committed', async () => {
  const place = await asked();
  expect((await autopack(place, ['reject', place.question, '--comment', 'not like this'])).code).toBe(0);
  const finished = await autopack(place, ['resume', place.run, '--json']);
  expect(finished.code, finished.err).toBe(3);
  expect(linesOf(finished).at(-1)).toMatchObject({ outcome: 'FAILED', phases: [{ outcome: 'FAILED', commit: null, reason: 'rejected by a human' }] });
  expect(branchesOf(place)).toEqual([`pre-run-${place.run}`]);
  expect(await aftermath(place, place.before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('asked to do it again, the builder makes another attempt, which is asked about anew', async () => {
  const place = await asked();
  expect((await autopack(place, ['approve', place.question, '--choose', 'again', '--comment', 'shorter'])).code).toBe(0);
  const waits = await autopack(place, ['resume', place.run, '--json']);
  expect(waits.code, waits.err).toBe(4);
  const [phase, question] = [linesOf(waits).at(-1)?.phases[0], linesOf(waits).at(-1)?.questions[0]?.id ?? ''];
  expect([phase?.attempts, question === place.question]).toEqual([2, false]);
  expect((await autopack(place, ['approve', question])).code).toBe(0);
  expect((await autopack(place, ['resume', place.run])).code).toBe(0);
  removePlace(place);
});

test.concurrent('the same answer again is accepted without a record, the other one is rejected, before and after the end', async () => {
  const place = await asked();
  expect((await autopack(place, ['approve', place.question])).code).toBe(0);
  const before = await records(place);
  for (const resumed of [false, true]) {
    if (resumed) expect((await autopack(place, ['resume', place.run])).code).toBe(0);
    const now = await records(place);
    expect((await autopack(place, ['approve', place.question])).code).toBe(0);
    const other = await autopack(place, ['reject', place.question, '--json']);
    expect([other.code, errorOf(other)?.code]).toEqual([10, 'answered']);
    expect(other.err).toBe(`rejected: ${place.question} was answered with approve\n`);
    expect(await records(place)).toBe(resumed ? now : before);
  }
  removePlace(place);
});

test.concurrent('an option that the question does not offer is rejected and named', async () => {
  const place = await asked();
  const refused = await autopack(place, ['approve', place.question, '--choose', 'perhaps', '--json']);
  expect([refused.code, errorOf(refused)?.code]).toEqual([10, 'unknown_option']);
  expect(refused.err).toContain('offers approve, again, reject, not perhaps');
  removePlace(place);
});

test.concurrent('with --wait a question that nobody answers ends at its time as it says', async () => {
  const place = await asked();
  const finished = await autopack(place, ['resume', place.run, '--wait', '--json']); // the clock is virtual: it jumps there
  expect(finished.code, finished.err).toBe(3);
  expect(linesOf(finished).at(-1)).toMatchObject({ phases: [{ outcome: 'FAILED' }], questions: [] });
  const late = await autopack(place, ['approve', place.question, '--json']);
  expect([late.code, errorOf(late)?.code]).toEqual([10, 'not_accepted']);
  expect(await aftermath(place, place.before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('a run that waits is cancelled at once: exit 0, settled, and what answers it is rejected', async () => {
  const place = await asked();
  const cancelled = await autopack(place, ['cancel', place.run]);
  expect(cancelled.code, cancelled.err).toBe(0);
  expect(cancelled.out).toContain(`${place.run} STOPPED`);
  const late = await autopack(place, ['approve', place.question, '--json']);
  expect([late.code, errorOf(late)?.code]).toEqual([10, 'not_accepted']);
  const again = await autopack(place, ['cancel', place.run, '--json']);
  expect([again.code, errorOf(again)?.code]).toEqual([10, 'not_accepted']);
  expect((await autopack(place, ['resume', place.run])).code, 'over stays over').toBe(3);
  expect(await aftermath(place, place.before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('a cancel keeps what was committed, on its branch', async () => {
  const place = makePlace();
  writeLongPlan(place, {}, [{ task_category: 'external_feature_reuse_remote', dependencies: ['p1'] }]);
  writeAnswers(place, [builds('ok'), builds('more', { phase: 'p2' })]);
  expect((await autopack(place, runArgs(place))).code).toBe(4);
  expect((await autopack(place, ['cancel', place.run])).code).toBe(0);
  expect(place.repo.git('show', `autopack/run-${place.run}:mode.txt`)).toBe('ok');
  expect(branchesOf(place)).toEqual([`pre-run-${place.run}`, `run-${place.run}`]);
  removePlace(place);
});

test.concurrent('a scripted human answers at once; one who chooses what is not offered leaves the question to people', async () => {
  for (const [choose, exit] of [['approve', 0], ['reject', 3], ['perhaps', 4]] as const) {
    const place = makePlace();
    writeLongPlan(place, { task_category: 'external_feature_reuse_remote' });
    writeAnswers(place, [builds('ok'), { role: 'human', phase: 'p1', choose, note: 'seen' }]);
    const finished = await autopack(place, runArgs(place));
    expect([choose, finished.code], finished.err).toEqual([choose, exit]);
    removePlace(place);
  }
});

/** A plan whose estimate is above what it says that anybody may decide alone. */
function dear(): Asked {
  const place = makePlace();
  writePlan(place, { run_id: undefined, run: { run_id: place.run, confirm_above: 0.0001 } });
  return { ...place, question: `${place.run}/1`, before: theirs(place.repo.root) };
}

test.concurrent('an estimate above confirm_above is put to a human before anything begins; approved, the run goes on', async () => {
  const place = dear();
  const waits = await autopack(place, runArgs(place, '--json'));
  const [asked] = linesOf(waits).at(-1)?.questions ?? [];
  expect([waits.code, asked], waits.err).toMatchObject([4, { id: place.question, phase_id: null, question: expect.stringMatching(/^The plan is estimated at \$.*, at worst \$.*: above its confirm_above of \$/), default: 'reject' }]);
  expect(branchesOf(place), 'not even the mark of where it begins').toEqual([]);
  expect((await autopack(place, ['status', place.run])).out).toContain(`autopack approve ${place.question}`);
  expect((await autopack(place, ['resume', place.run])).code, 'nobody has answered').toBe(4);
  expect((await autopack(place, ['approve', place.question])).code).toBe(0);
  expect((await autopack(place, ['resume', place.run])).code).toBe(0);
  expect(await aftermath(place, place.before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent.each([['rejected', ['reject']], ['not answered in time', null]] as const)('an estimate that is %s ends the run with nothing begun and nothing spent', async (_title, answer) => {
  const place = dear();
  await autopack(place, runArgs(place, ...(answer === null ? ['--wait'] : [])));
  if (answer !== null) expect((await autopack(place, [...answer, place.question])).code).toBe(0);
  const finished = await autopack(place, ['resume', place.run, '--json']);
  const result = linesOf(finished).at(-1);
  expect([finished.code, result?.outcome, result?.reason, result], finished.err).toEqual([3, 'STOPPED', 'estimate_rejected', expect.objectContaining({ tokens: { input: 0, output: 0 } })]);
  expect(branchesOf(place)).toEqual([]);
  expect(await aftermath(place, place.before)).toEqual(SOUND);
  removePlace(place);
});

test.concurrent('a scripted human may approve an estimate, and the plan that costs less asks nobody', async () => {
  const place = dear();
  writeAnswers(place, [builds('ok'), { role: 'human', phase: '', choose: 'approve' }]);
  const recording = `${place.folder}/recorded.json`;
  expect((await autopack(place, runArgs(place, '--record', recording))).code).toBe(0);
  expect((await autopack(place, ['run', place.plan, '-C', place.repo.root, '--provider', `script:${recording}`, '--run-id', 'again'])).code, 'a recording answers it too').toBe(0);
  writePlan(place, { run_id: undefined, run: { run_id: 'cheap', confirm_above: 1000 } });
  expect((await autopack(place, runArgs(place))).code).toBe(0);
  removePlace(place);
});
