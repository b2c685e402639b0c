// What the fault harness shares: a small run in a team whose parts fail, and what must not depend on the faults. The log says
// what must be published; what was heard is what a plain client of NATS got. Returns data, never expects.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { messagesOf } from '#src/app/feeds.ts';
import { openStore } from '#src/app/machine.ts';
import { readHistory } from '#src/kernel/history.ts';
import type { RunRecord } from '#src/record/record.ts';
import { builds, makePlace, phase, type Finished, type Place, runArgs, type Started, writeAnswers, writePlan } from './e2e.ts';
import { hasEnded, type Ear, type FaultyTeam } from './faulty-team.ts';
import { performedAgain } from './performed.ts';
import { logProblems } from './racing.ts';

export const RUN_MS_MAX = 180_000;
const HEARD_MS_MAX = 40_000;

/** One place for all runs: its tests write a line with the mark of their effect for every time that they are run. */
export function faultyPlace(): Place {
  const place = makePlace();
  writeAnswers(place, [
    builds('fail', { attempt: 1 }), builds('ok'),
    { role: 'builder', phase: 'p2', json: { summary: 'b', files: [{ path: 'b.txt', mode: 'create', new_content: 'b\n' }] }, usage: { input: 10, output: 10 } },
  ]);
  return place;
}

const testsFile = ({ folder, run }: Place): string => join(folder, `${run}.tests`);

/** Two phases, the first of which needs a second attempt. */
export function runOf(place: Place, run: string): Place {
  const own = { ...place, run, plan: join(place.folder, `${run}.yaml`) };
  const command = ['sh', '-c', 'echo "$AUTOPACK_EFFECT" >> "$TESTS"; sleep 0.1; sh test.sh'];
  writePlan(own, { ci: { command, timeout_seconds: 30, env: { TESTS: testsFile(own) } }, phases: [phase('p1'), phase('p2', { dependencies: ['p1'] })] });
  return own;
}

export const startRun = (team: FaultyTeam, own: Place): Started => team.start({ role: 'executor', args: runArgs(own, '--run-id', own.run) });

export async function recordsOf({ store }: FaultyTeam, run: string): Promise<RunRecord[]> {
  const { events, close } = await openStore(store.direct, new AbortController().signal);
  return readHistory(events, run).finally(close);
}

/** What must not depend on faults that leave the executor alone: what it recorded, in order, and how often it ran tests. */
export interface Calm {
  readonly said: readonly string[];
  readonly tests: number;
  /** That a phase was in. */
  readonly states: readonly string[];
}

export const said = (records: readonly RunRecord[]): string[] => records.map(({ to, event }) => `${to} ${event.type}`);
/** Without the part that tells machines apart. */
const marksOf = (own: Place): readonly string[] => (existsSync(testsFile(own)) ? readFileSync(testsFile(own), 'utf8').split('\n').slice(0, -1).map((mark) => mark.slice(mark.indexOf(':') + 1)) : []);
export const testsOf = (own: Place): number => marksOf(own).length;

export async function calmRun(team: FaultyTeam, own: Place): Promise<Calm> {
  const { code, err } = await startRun(team, own).done;
  if (code !== 0) throw new Error(`the undisturbed run exits ${code}: ${err}`);
  const records = await recordsOf(team, own.run);
  const states = new Set(records.flatMap(({ moves }) => moves).filter(({ actor }) => actor !== 'run').map(({ to }) => to));
  return { said: said(records), tests: testsOf(own), states: [...states] };
}

export interface Tally {
  readonly times: number;
  readonly sent: number;
  readonly received: number;
  /** The same message again, recognised by its `Nats-Msg-Id`. */
  readonly repeats: number;
  readonly lost: number;
  /** What came and is not in the log, or came under two ids. */
  readonly doubled: number;
  readonly waits: number;
  readonly problems: readonly string[];
}

export const NOTHING: Tally = { times: 0, sent: 0, received: 0, repeats: 0, lost: 0, doubled: 0, waits: 0, problems: [] };

export function sum(a: Tally, b: Tally): Tally {
  const added = (key: Exclude<keyof Tally, 'problems'>): number => a[key] + b[key];
  return { times: added('times'), sent: added('sent'), received: added('received'), repeats: added('repeats'), lost: added('lost'), doubled: added('doubled'), waits: added('waits'), problems: [...a.problems, ...b.problems] };
}

/** What the log says and what was heard of one run. */
export async function tally(team: FaultyTeam, run: string): Promise<Omit<Tally, 'times' | 'waits'>> {
  const records = await recordsOf(team, run);
  const wanted = new Map(records.flatMap(messagesOf).map(({ subject, id, body }) => [id, `${subject} ${Buffer.from(body).toString('utf8')}`]));
  const heard = await heardOf(team.ear, run, wanted);
  const ids = new Set(heard.map(({ id }) => id));
  const foreign = heard.filter(({ id, subject, body }) => wanted.get(id) !== `${subject} ${body}`);
  const kept = await team.ear.kept(run);
  return {
    sent: wanted.size,
    received: [...wanted.keys()].filter((id) => ids.has(id)).length,
    repeats: team.ear.live(run).length - new Set(team.ear.live(run).map(({ id }) => id)).size + kept.length - new Set(kept.map(({ id }) => id)).size,
    lost: [...wanted.keys()].filter((id) => !ids.has(id)).length,
    doubled: foreign.length,
    problems: [...logProblems(records), ...team.ear.ledgers.heard().differing, ...foreign.slice(0, 3).map(({ id, subject }) => `${subject} (${id}) is ${wanted.has(id) ? 'another message in the log' : 'not in the log'}`)].map((problem) => `${run}: ${problem}`),
  };
}

/** Until all that is wanted was heard, or it takes too long. */
async function heardOf(ear: Ear, run: string, wanted: ReadonlyMap<string, string>): Promise<readonly { readonly id: string; readonly subject: string; readonly body: string }[]> {
  const begun = performance.now();
  for (;;) {
    const kept = await ear.kept(run).catch(() => []); // no relay led yet, so there is no stream
    const ids = new Set(kept.map(({ id }) => id));
    if ([...wanted.keys()].every((id) => ids.has(id)) || performance.now() - begun > HEARD_MS_MAX) return [...kept, ...ear.live(run)];
    await pause(200);
  }
}

/** Ended, or ended by us because it took too long. */
export async function over(started: Started): Promise<Finished & { readonly late: boolean }> {
  const state = { late: false };
  const timer = setTimeout(() => {
    state.late = true;
    started.child.kill('SIGKILL');
  }, RUN_MS_MAX);
  const finished = await started.done.finally(() => clearTimeout(timer));
  return { ...finished, late: state.late };
}

/** How often it said that it waits, and whether it said each time that it goes on. */
export function waitsIn(err: string): { readonly waits: number; readonly ends: number } {
  return { waits: err.match(/: waiting"?/g)?.length ?? 0, ends: err.match(/: going on/g)?.length ?? 0 };
}

export interface Own {
  readonly own: Place;
  readonly calm: Calm;
}

const FINISHED = ' tests.finished';
const finishedIn = (lines: readonly string[]): number => lines.filter((line) => line.endsWith(FINISHED)).length;

/** Whoever executed and however often the run was taken over: what is recorded was not performed again, under no name. */
export async function performances(team: FaultyTeam, { own, calm }: Own): Promise<string[]> {
  const records = await recordsOf(team, own.run);
  const [now, then] = [finishedIn(said(records)), finishedIn(calm.said)];
  return [...performedAgain(own.run, records, marksOf(own)), ...(now === then ? [] : [`${own.run}: ${now} results of tests instead of ${then}`])];
}

/** Against a run without faults: its executor lived through all of them. */
export async function differences(team: FaultyTeam, { own, calm }: Own): Promise<string[]> {
  const now = said(await recordsOf(team, own.run));
  const at = now.findIndex((line, i) => line !== calm.said[i]);
  const tests = testsOf(own);
  return [
    ...(now.length === calm.said.length && at < 0 ? [] : [`${own.run}: ${now.length} records for ${calm.said.length}, the first that differs is ${at}: ${now[at] ?? 'none'} for ${calm.said[at] ?? 'none'}`]),
    ...(tests === calm.tests ? [] : [`${own.run}: tests were run ${tests} times instead of ${calm.tests}`]),
  ];
}

export async function untilOr(holds: () => boolean, started: Started, ms = 60_000): Promise<void> {
  const begun = performance.now();
  while (!holds() && !hasEnded(started) && performance.now() - begun < ms) await pause(10);
}
