// A run recorded in SQLite and one recorded in EventStoreDB export to the same bytes: the demo on one machine, and in a team
// whose ledgers keep it on the wire server of ours, and on a real one where AUTOPACK_TEST_EVENTSTORE_URL names it.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { autopack, removePlace, runArgs, start, until, type Options, type Place } from '#tests/support/e2e.ts';
import { startFaultyStore, type StoreKind } from '#tests/support/faulty-store.ts';
import { realServer } from '#tests/support/real-eventstore.ts';
import { startTeam } from '#tests/support/team.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { repositoryAt, temporary } from '#tests/support/user-repository.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A real server may hold the runs of other times. */
const RUN = `demo-${randomBytes(4).toString('hex')}`;
const TARGETS: readonly (readonly [name: string, kind: StoreKind])[] = [['the wire server', 'wire'], ...(realServer === null ? [] : [['a real server', 'real'] as const])];

/** The example, made under the fixed clock: its first commit is the same everywhere. */
async function demoIn(parent: string, name: string): Promise<Place> {
  const folder = join(parent, name);
  const root = join(folder, 'tally');
  mkdirSync(folder);
  const place = { folder, home: join(folder, 'state'), repo: repositoryAt(root), plan: join(root, 'plan.yaml'), answers: join(root, 'answers.yaml'), run: RUN };
  const made = await autopack(place, ['init', '--example', root]);
  expect(made.code, made.err).toBe(0);
  return place;
}

const demo = (place: Place): string[] => runArgs(place, '--run-id', RUN);

interface Evidence {
  readonly exported: string;
  /** What `replay --verify` says. */
  readonly verified: string;
  /** Commits of the run's branch. */
  readonly commits: string;
}

async function evidenceOf(place: Place, env: Options['env'] = {}): Promise<Evidence> {
  const file = join(place.folder, 'out.jsonl');
  const [told, verified] = await Promise.all([['export', RUN, '--output', file], ['replay', RUN, '--verify']].map((args) => autopack(place, args, { env })));
  expect([told?.code, verified?.code], `${told?.err}${verified?.err}`).toEqual([0, 0]);
  return { exported: readFileSync(file, 'utf8'), verified: verified?.out ?? '', commits: place.repo.git('rev-list', `autopack/run-${RUN}`) };
}

/** How the demo ends on one machine. */
async function alone(place: Place): Promise<Evidence> {
  const ended = await start(place, demo(place)).done;
  expect(ended.code, ended.err).toBe(0);
  return evidenceOf(place);
}

describe.skipIf(skipWithout('nats-server'))('a team on EventStoreDB', () => {
  test.each(TARGETS)('on %s ends the demo as one machine does on SQLite: the same bytes, the same commits, the same proof, though ledger and store are killed meanwhile', async (_name, kind) => {
    const folder = temporary('autopack-evidence-');
    const [one, many] = await Promise.all([demoIn(folder, 'one'), demoIn(folder, 'many')]);
    closing.push(() => removePlace({ ...one, folder }));
    const embedded = alone(one); // beside the team: much of both is waiting for processes
    const store = await startFaultyStore(kind, many.folder, realServer ?? '');
    closing.push(() => store.dispose());
    const team = await startTeam(many, '', store.spec);
    closing.push(() => team.dispose());
    const ledger = await team.serve('ledger');
    const running = start(many, demo(many), { env: team.env });
    await until('the run goes on', () => running.err().includes('AUDITING') || running.child.exitCode !== null);
    ledger.child.kill('SIGKILL');
    await store.faults?.kill();
    await Promise.all([store.faults?.start(), ledger.done]);
    await team.serve('ledger');
    const ended = await running.done;
    expect(ended.code, ended.err).toBe(0);
    const [here, there] = [await embedded, await evidenceOf(many, team.env)];
    expect(there.exported === here.exported, 'the exports').toBe(true);
    expect(there).toEqual(here);
    expect(here.exported.split('\n').length).toBeGreaterThan(100); // a whole demo
  }, 180_000); // about 20 s on a quiet machine
});
