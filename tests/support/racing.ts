// What the race harness shares: several executors started together on one run. Its tests wait for a file that is made
// when all but one have ended, so whoever works is still at it while the others try. Returns data, never expects.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { systemFor } from '#src/app/pins.ts';
import { readHistory } from '#src/kernel/history.ts';
import { fold } from '#src/kernel/log.ts';
import type { RunRecord } from '#src/record/record.ts';
import { builds, type Finished, makePlace, phase, type Place, runArgs, start, writeAnswers, writePlan } from './e2e.ts';
import { lifeUntil } from './killing.ts';

const PATIENCE_MS = 60_000;
/** The exit code of `run.locked`. */
const LOCKED = 9;

const goFile = ({ folder }: Place): string => join(folder, 'go');

/** One place for all rounds: each round is a run of its own there. */
export function arena(): Place {
  const place = makePlace();
  writeAnswers(place, [builds('ok')]);
  return place;
}

export interface Round {
  readonly run: string;
  readonly executors: number;
  /** A new run, or one that was killed after its second record. */
  readonly begun: boolean;
}

export interface Raced {
  readonly codes: readonly (number | null)[];
  readonly records: number;
  readonly problems: readonly string[];
}

export async function race(place: Place, { run, executors, begun }: Round): Promise<Raced> {
  writePlan(place, { run_id: run, phases: [phase('p1')], ci: { command: ['sh', '-c', 'until [ -e "$GO" ]; do sleep 0.02; done'], timeout_seconds: 120, env: { GO: goFile(place) } } });
  rmSync(goFile(place), { force: true });
  const fresh = [...runArgs(place), '--sandbox', 'none'];
  const killed = begun ? lifeUntil(place, fresh, 'second').signal : 'SIGKILL';
  const racers = Array.from({ length: executors }, () => start(place, begun ? ['resume', run] : fresh).done);
  const losers = await allButOne(racers);
  writeFileSync(goFile(place), '');
  const ended = await Promise.all(racers);
  const records = await recordsOf(place, run);
  return { codes: ended.map(({ code }) => code), records: records.length, problems: [...(killed === 'SIGKILL' ? [] : ['the first life was not killed']), ...losers, ...problemsOf(ended), ...logProblems(records), ...builtTwice(records)] };
}

/** Resolves when one is left, or when it takes too long: then more than one work, or none can. */
async function allButOne(racers: readonly Promise<Finished>[]): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<string[]>();
  let left = racers.length;
  const timer = setTimeout(() => resolve([`${left} of ${racers.length} still work after ${PATIENCE_MS} ms`]), PATIENCE_MS);
  for (const racer of racers) void racer.then(() => { left -= 1; if (left <= 1) resolve([]); });
  return promise.finally(() => clearTimeout(timer));
}

function problemsOf(ended: readonly Finished[]): string[] {
  const worked = ended.filter(({ code }) => code === 0).length;
  const wrong = ended.filter(({ code, err }) => code !== 0 && !(code === LOCKED && err.includes('is held by process')));
  return [...(worked === 1 ? [] : [`${worked} executors worked`]), ...wrong.map(({ code, signal, err }) => `one exits ${code} (${signal}): ${err.trim().slice(0, 300)}`)];
}

const twice = (keys: readonly string[]): string[] => keys.filter((key, i) => keys.indexOf(key) !== i);

/** The plan of a race has one attempt. */
const builtTwice = (records: readonly RunRecord[]): string[] => twice(records.filter(({ event }) => event.type === 'builder.answered').map(({ to }) => to)).map((to) => `the builder answers ${to} twice`);

/** What no log of a run that is complete may show. */
export function logProblems(records: readonly RunRecord[]): string[] {
  const { divergence } = fold(records, systemFor);
  const ended = records.flatMap(({ facts }) => facts).filter(({ type }) => type === 'run.ended').map(({ data }) => data['outcome']);
  return [
    ...(divergence === null ? [] : [`record ${divergence.seq} differs in ${divergence.what}`]),
    ...twice(records.flatMap(({ event }) => event.cause ?? [])).map((id) => `${id} has two results`),
    ...twice(records.flatMap(({ effects }) => effects.map(({ id }) => id))).map((id) => `${id} is asked for twice`),
    ...(ended.join() === 'COMPLETE' ? [] : [`the run ended ${ended.join() || 'never'}`]),
  ];
}

async function recordsOf({ home }: Place, run: string): Promise<RunRecord[]> {
  const { events, close } = await openSqliteStore({ path: join(home, 'store.db') });
  return readHistory(events, run).finally(close);
}
