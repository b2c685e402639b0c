// The demo: what it promises to show, that it shows it, and that two runs of it on different machines cannot be told
// apart by their logs, their commits or their files.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { RunRecord } from '#src/record/record.ts';
import { autopack, leftBehind, linesOf, removePlace, runArgs, type Place } from '#tests/support/e2e.ts';
import { fingerprint, repositoryAt, temporary } from '#tests/support/user-repository.ts';

const CHECK = fileURLToPath(new URL('../../examples/demo/check.js', import.meta.url));

type Env = Readonly<Record<string, string>>;

/** Two machines that have nothing in common but the clock. */
const HERE: Env = { TZ: 'UTC', LANG: 'C', LC_ALL: 'C', USER: 'ann', LOGNAME: 'ann', HOSTNAME: 'here', HOME: '/nonexistent/ann' };
const THERE: Env = { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', USER: 'öykü', LOGNAME: 'öykü', HOSTNAME: 'there.example', HOME: '/nonexistent/öykü', LINES: '7', COLUMNS: '33' };

function demoPlace(name: string): Place {
  const folder = join(temporary('autopack-demo-'), name);
  const root = join(folder, 'tally');
  mkdirSync(folder);
  return { folder, home: join(folder, 'state'), repo: repositoryAt(root), plan: join(root, 'plan.yaml'), answers: join(root, 'answers.yaml'), run: 'demo' };
}

interface Played {
  readonly place: Place;
  readonly log: string;
  readonly records: readonly RunRecord[];
  readonly commits: string;
  readonly files: readonly (readonly [string, string])[];
  readonly verified: string;
}

async function play(place: Place, env: Env): Promise<Played> {
  expect((await autopack(place, ['init', '--example', place.repo.root], { env })).code).toBe(0);
  const ran = await autopack(place, runArgs(place, '--run-id', place.run), { env });
  expect(ran.code, ran.err).toBe(0);
  const log = await autopack(place, ['log', place.run, '--json'], { env });
  const records = linesOf(log).map((line) => (line as unknown as { record: RunRecord }).record);
  const commits = place.repo.git('log', '--format=%H %T %an %ae %at %s', `autopack/run-${place.run}`);
  const verified = (await autopack(place, ['replay', place.run, '--verify'], { env })).out;
  return { place, log: log.out, records, commits, files: [...fingerprint(join(place.repo.root, '.autonomous_runs'))], verified };
}

test('the demo, played twice with another folder, host, user, time zone and language, gives the same bytes', async () => {
  const [here, there] = await Promise.all([play(demoPlace('a'), HERE), play(demoPlace('another place, ünïcode'), THERE)]);
  expect(there.commits).toBe(here.commits);
  expect(there.log === here.log, 'log --json').toBe(true);
  expect(there.verified).toBe(here.verified);
  expect(there.files).toEqual(here.files);
  for (const word of ['tally', 'ann', 'öykü', 'Kiritimati', 'here']) expect(here.log.includes(`/${word}`), word).toBe(false);
  expect([...leftBehind(here.place), ...leftBehind(there.place)]).toEqual([]);
  shows(here.records);
  for (const { place } of [here, there]) removePlace(place);
}, 120_000);

/** What the demo is for, read off its log. */
function shows(records: readonly RunRecord[]): void {
  const facts = records.flatMap(({ facts: made }) => made);
  const of = (type: string) => facts.filter((fact) => fact.type === type);
  expect(of('phase.ended').map(({ data }) => data['outcome'])).toEqual(Array.from({ length: 9 }, () => 'COMPLETE'));
  expect(of('check.judged').some(({ data }) => data['passed'] === false), 'a patch that breaks a test').toBe(true);
  expect(of('audit.merged').some(({ data }) => data['approved'] === false), 'one that the auditor refuses').toBe(true);
  expect(of('audit.merged').some(({ data }) => data['auditors'] === 2), 'a dual audit').toBe(true);
  expect(of('question.settled').map(({ data }) => [data['by'], data['option']]), 'a scripted human').toEqual([['script', 'approve']]);
  for (const type of ['limit.raised', 'model.escalated', 'replan.accepted']) expect(of(type), type).not.toEqual([]);
}

test('each scripted answer of the demo does what is said of it', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CHECK], { encoding: 'utf8' });
  expect(status, stdout + stderr).toBe(0);
}, 120_000);
