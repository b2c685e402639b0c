// Commands that look at a run, as people start them: what they say, refuse and leave alone.

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { aftermath, autopack, builds, linesOf, makePlace, removePlace, runArgs, theirs, writeAnswers, writeLongPlan, type Finished, type Place } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 120_000 }); // several processes each, on a machine that may be busy

let place: Place;
let before: string[];
let ran: Finished;

beforeAll(async () => {
  place = makePlace();
  writeLongPlan(place, { max_builder_attempts: 2 }, [{ dependencies: ['p1'] }]);
  writeAnswers(place, [builds('fail'), builds('fail', { attempt: 2 })]);
  before = theirs(place.repo.root);
  ran = await autopack(place, runArgs(place));
}, 120_000);

afterAll(() => removePlace(place));

test('the run that is looked at failed', () => {
  expect(ran.code, ran.err).toBe(3);
});

interface Case {
  readonly title: string;
  readonly args: () => readonly string[];
  readonly exit: number;
  readonly out: readonly RegExp[];
  readonly err?: readonly RegExp[];
}

const CASES: readonly Case[] = [
  { title: 'show RUN', args: () => ['show', place.run], exit: 0, out: [/^tiny\d+ FAILED: phase p1 FAILED/, /p1 +FAILED +\d/, /it is wrong/, /p2 +BLOCKED .*dependency p1/, /next: autopack show tiny\d+ p1/] },
  { title: 'show RUN PHASE', args: () => ['show', place.run, 'p1'], exit: 0, out: [/^p1: p1 FAILED/, /attempt 1 with /, /× the tests fail \(.*it is wrong/, /→ next model/, /proof +\.autonomous_runs\//, /next: autopack fork tiny\d+ --at \d+/] },
  { title: 'show of a blocked phase', args: () => ['show', place.run, 'p2'], exit: 0, out: [/^p2: p2 BLOCKED: dependency p1/, /needs p1 \(FAILED\)/, /next: autopack show tiny\d+ p1/] },
  { title: 'show of an unknown phase', args: () => ['show', place.run, 'p3'], exit: 2, out: [/^$/], err: [/has no phase p3/, /did you mean p/] },
  { title: 'log --type', args: () => ['log', place.run, '--type', 'retry.decided'], exit: 0, out: [/tests\.finished → phase:p1/, /fact .*retry\.decided/] },
  { title: 'log of an unknown type', args: () => ['log', place.run, '--type', 'retry.decide'], exit: 2, out: [/^$/], err: [/no type retry\.decide/, /did you mean retry\.decided\?/] },
  { title: 'log of an unknown actor', args: () => ['log', place.run, '--actor', 'p1'], exit: 2, out: [/^$/], err: [/no actor p1/, /phase:ID/] },
  { title: 'log of an unknown phase', args: () => ['log', place.run, '--phase', 'q'], exit: 2, out: [/^$/], err: [/no phase q/] },
  { title: 'log --since what is no number', args: () => ['log', place.run, '--since', 'x'], exit: 2, out: [/^$/], err: [/a whole number/] },
];

test.concurrent.each(CASES.map((item) => [item.title, item] as const))('%s', async (_title, { args, exit, out, err = [/^$/] }) => {
  const finished = await autopack(place, args());
  expect(finished.code, finished.err).toBe(exit);
  for (const line of out) expect(finished.out.trim()).toMatch(line);
  for (const line of err) expect(finished.err.trim()).toMatch(line);
  expect(finished.out.split('\n').length).toBeLessThanOrEqual(args()[0] === 'show' ? 41 : 1000);
  const [document] = linesOf(await autopack(place, [...args(), '--json']));
  if (exit === 0) expect(document).toMatchObject({ v: 1, type: expect.any(String) });
  else expect(document).toEqual({ error: { code: expect.any(String), message: expect.any(String), hint: document?.error?.hint ?? null } });
});

test('the filters of the log give the records that they name, and together fewer', async () => {
  const records = async (...args: string[]) => linesOf(await autopack(place, ['log', place.run, '--json', ...args])) as unknown as { seq: number; record: { to: string; facts: { actor: string; type: string }[] } }[];
  const [all, ofPhase, since, both] = await Promise.all([records(), records('--phase', 'p1'), records('--since', '4'), records('--actor', 'phase:p1', '--since', '4')]);
  expect(since.map(({ seq }) => seq)).toEqual(all.map(({ seq }) => seq).filter((seq) => seq >= 4));
  expect(ofPhase.length).toBeGreaterThan(5);
  expect(ofPhase.every(({ record }) => record.to === 'phase:p1' || JSON.stringify(record).includes('phase:p1'))).toBe(true);
  expect(all.filter(({ record }) => record.to === 'phase:p1').every(({ seq }) => ofPhase.some((one) => one.seq === seq))).toBe(true);
  expect(both.map(({ seq }) => seq)).toEqual(ofPhase.map(({ seq }) => seq).filter((seq) => seq >= 4));
});

test('looking leaves no trace: repository, processes and log are as the run left them', async () => {
  expect(await aftermath(place, before)).toEqual({ left: [], touched: [], verified: true });
});
