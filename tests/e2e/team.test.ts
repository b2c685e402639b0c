// Team mode: the same runs through a ledger over NATS, the network's faults included. Under the fixed clock a run that
// waited for its ledger cannot be told from one that did not: their exports are the same bytes.

import { readFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { autopack, makePlace, removePlace, runArgs, start, until, type Options, type Place, type Started } from '#tests/support/e2e.ts';
import { startTeam, type Team } from '#tests/support/team.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { repositoryAt, temporary } from '#tests/support/user-repository.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function demoPlace(name: string): Place {
  const parent = temporary('autopack-team-');
  const folder = join(parent, name);
  const root = join(folder, 'tally');
  mkdirSync(folder);
  const place = { folder, home: join(folder, 'state'), repo: repositoryAt(root), plan: join(root, 'plan.yaml'), answers: join(root, 'answers.yaml'), run: 'demo' };
  closing.push(() => removePlace({ ...place, folder: parent }));
  return place;
}

async function teamAt(place: Place): Promise<Team> {
  const team = await startTeam(place);
  closing.push(() => team.dispose());
  return team;
}

const demo = (place: Place, { env }: Options): Started => start(place, runArgs(place, '--run-id', 'demo'), env === undefined ? {} : { env });

async function exported(place: Place, env: Options['env'] = {}): Promise<string> {
  const file = join(place.folder, 'out.jsonl');
  const { code, err } = await autopack(place, ['export', 'demo', '--output', file], { env });
  expect(code, err).toBe(0);
  return readFileSync(file, 'utf8');
}

/** How the demo ends on one machine. */
async function embedded(): Promise<string> {
  const place = demoPlace('one');
  expect((await autopack(place, ['init', '--example', place.repo.root])).code).toBe(0);
  const ended = await demo(place, {}).done;
  expect(ended.code, ended.err).toBe(0);
  return exported(place);
}

describe.skipIf(skipWithout('nats-server'))('a team', () => {
  test('ends the demo as one machine does, and both exports are the same bytes, though its ledger is killed, its NATS restarted and a second ledger comes and goes', async () => {
    const place = demoPlace('two');
    const team = await teamAt(place);
    expect((await autopack(place, ['init', '--example', place.repo.root])).code).toBe(0);
    const first = await team.serve('ledger');
    const running = demo(place, team);
    await until('the run goes on', () => running.err().includes('AUDITING'));
    first.child.kill('SIGKILL');
    await until('it says that it waits', () => /no ledger answers.*waiting/.test(running.err()) || running.child.exitCode !== null);
    await Promise.all([team.serve('ledger'), team.serve('ledger')]);
    await until('it says that it goes on', () => running.err().includes('going on'));
    await team.server.stop();
    await team.server.start();
    const ended = await running.done;
    expect(ended.code, ended.err).toBe(0);
    const alone = await embedded();
    expect((await exported(place, team.env)) === alone, 'the exports').toBe(true);
    const verified = await autopack(place, ['replay', 'demo', '--verify'], { env: team.env });
    expect(verified.code, verified.err).toBe(0);
  }, 300_000); // two whole demos

  test('without a ledger a command says so in seconds and exits 7; with the wrong address too', async () => {
    const place = makePlace();
    closing.push(() => removePlace(place));
    const team = await teamAt(place);
    const missing = await autopack(place, ['status'], { env: team.env });
    expect([missing.code, missing.err]).toEqual([7, expect.stringMatching(/no ledger answers[^]*autopack ledger/)]);
    await team.server.stop();
    const away = await autopack(place, runArgs(place), { env: team.env });
    expect([away.code, away.err]).toEqual([7, expect.stringContaining('cannot be reached')]);
    expect((await autopack(place, ['ledger'], { env: team.env })).code).toBe(2);
  }, 60_000);
});
