// Several phases of a run at once: side by side where their scopes are given and disjoint, else one after the other.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { autopack, linesOf, makePlace, phase, removePlace, runArgs, writeAnswers, writePlan, type Place } from '#tests/support/e2e.ts';
import { startTeam } from '#tests/support/team.ts';
import { skipWithout } from '#tests/support/tools.ts';

const NAMES = ['p1', 'p2', 'p3', 'p4'] as const;
/** p3 is shown what p1 changes. */
const phases = NAMES.map((id) => phase(id, { scope: { paths: [`${id}/`], read_only_context: id === 'p3' ? ['p1/'] : [] } }));
const answers = NAMES.map((id) => ({ role: 'builder', phase: id, json: { summary: id, files: [{ path: `${id}/made.txt`, mode: 'create', new_content: `${id}\n` }] }, usage: { input: 10, output: 10 } }));

interface Line { readonly record?: { readonly seq: number; readonly event: { readonly type: string }; readonly moves: readonly { readonly actor: string; readonly from: string; readonly to: string }[] } }
const places: Place[] = [];

function placeFor(parallel: number, run?: string): Place {
  const made = makePlace({ 'p1/old.txt': 'old\n' });
  const place = { ...made, run: run ?? made.run };
  places.push(place);
  writePlan(place, { run_id: undefined, run: { run_id: place.run, max_parallel: parallel }, phases });
  writeAnswers(place, answers);
  return place;
}

/** @returns the tree of the branch, what is exported, and when each phase began and ended. */
async function ran(place: Place, env: Readonly<Record<string, string | undefined>> = {}) {
  const finished = await autopack(place, [...runArgs(place), '--json'], { env });
  expect(finished.code, finished.err).toBe(0);
  const records = (linesOf(finished) as unknown as Line[]).flatMap(({ record }) => record ?? []);
  const when = (id: string, to: string): number => records.findIndex(({ moves }) => moves.some((move) => move.actor === `phase:${id}` && (to === 'DONE' ? move.to === 'DONE' : move.from === 'QUEUED')));
  const file = join(place.folder, 'out.jsonl');
  for (const args of [['replay', place.run, '--verify', '--workspace'], ['export', place.run, '--output', file]]) {
    const { code, err } = await autopack(place, args, { env });
    expect(code, err).toBe(0);
  }
  return {
    exported: readFileSync(file, 'utf8'),
    branch: place.repo.git('rev-list', `main..autopack/run-${place.run}`),
    tree: place.repo.git('rev-parse', `autopack/run-${place.run}^{tree}`),
    commits: place.repo.git('rev-list', '--count', `main..autopack/run-${place.run}`),
    begin: (id: string) => when(id, 'BUILDING'), end: (id: string) => when(id, 'DONE'),
    rebased: records.filter(({ moves }) => moves.some(({ to }) => to.startsWith('GATED.rebase'))).length,
  };
}

afterAll(() => places.forEach(removePlace));

test('E-634 phases with disjoint scopes run side by side, on the virtual clock and the real one, with the tree of the run one after the other', { timeout: 120_000 }, async () => {
  const alone = await ran(placeFor(1));
  expect(alone.begin('p2')).toBeGreaterThanOrEqual(alone.end('p1'));
  expect(alone.rebased).toBe(0);
  for (const env of [{}, { AUTOPACK_CLOCK: undefined }]) {
    const beside = await ran(placeFor(3), env);
    expect(beside.begin('p2'), 'p2 begins while p1 is under way').toBeLessThan(beside.end('p1'));
    expect(beside.begin('p4')).toBeLessThan(beside.end('p1'));
    expect(beside.begin('p3'), 'what p1 changes is shown to p3').toBeGreaterThanOrEqual(beside.end('p1'));
    expect(beside.rebased, 'the branch moved under those that were not first').toBeGreaterThan(0);
    expect([beside.tree, beside.commits]).toEqual([alone.tree, '4']);
  }
});

describe.skipIf(skipWithout('nats-server'))('in a team', () => {
  test('E-634 two phases at once through a ledger end in the commits and the bytes of the same run on one machine', { timeout: 120_000 }, async () => {
    const [one, many] = [placeFor(2, 'both'), placeFor(2, 'both')];
    const team = await startTeam(many);
    try {
      await team.serve('ledger');
      const [here, there] = await Promise.all([ran(one), ran(many, team.env)]);
      expect(there.begin('p2'), 'p2 begins while p1 is under way').toBeLessThan(there.end('p1'));
      expect(there.rebased).toBeGreaterThan(0);
      expect([there.branch, there.tree]).toEqual([here.branch, here.tree]);
      expect(there.exported === here.exported, 'the exports').toBe(true);
    } finally {
      await team.dispose();
    }
  });
});
