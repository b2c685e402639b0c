// A special phase as people start it: built in batches, tested, audited and committed once.

import { afterEach, expect, test } from 'vitest';
import { autopack, builds, makePlace, removePlace, runArgs, writeAnswers, writeLongPlan, type Answer, type Place } from '#tests/support/e2e.ts';

let place: Place;
afterEach(() => place !== undefined && removePlace(place));

const ID = 'research-tracer-bullet';
const DELIVERABLES = ['src/a.js', 'tests/a.test.js', 'docs/a.md', 'package.json'];

/** What the builder writes at one call of one attempt. */
const writes = (at: { readonly attempt: number; readonly call: number }, path: string, content = `${path}\n`): Answer =>
  builds('', { phase: ID, ...at, json: { summary: 's', files: [{ path, mode: 'create', new_content: content }] } });

interface Line { readonly event: { readonly type: string }; readonly effects: readonly { readonly type: string; readonly params: Record<string, unknown> }[] }

/** Runs the plan with these answers. */
async function ran(answers: readonly Answer[]) {
  place = makePlace();
  writeLongPlan(place, { phase_id: ID, scope: { paths: ['src/', 'tests/', 'docs/', 'package.json'] }, deliverables: DELIVERABLES, builder_mode: 'full_file', max_builder_attempts: 2 });
  writeAnswers(place, answers);
  const finished = await autopack(place, runArgs(place, '--json'));
  const log = await autopack(place, ['log', place.run, '--json']);
  const records = log.out.trim().split('\n').map((line) => (JSON.parse(line) as { readonly record: Line }).record);
  const asked = (type: string) => records.flatMap(({ effects }) => effects.filter((effect) => effect.type === type).map(({ params }) => params));
  const files = (): string[] => place.repo.git('diff', '--name-only', 'main', `autopack/run-${place.run}`).trim().split('\n');
  return { finished, asked, files };
}

const first = { attempt: 1 };
const second = { attempt: 2 };
const whole = (at: { readonly attempt: number }): Answer[] => ['src/a.js', 'tests/a.test.js', 'docs/a.md', 'package.json'].map((path, i) => writes({ ...at, call: i + 1 }, path, path.endsWith('.json') ? '{}\n' : undefined));

test('E-114 E-116 E-659 a special phase is asked for batch by batch, each on what those before it made, and tested, audited and committed once', async () => {
  const { finished, asked, files } = await ran(whole(first));
  expect(finished.code, finished.err).toBe(0);
  expect(asked('callBuilder').map(({ batch, call }) => [batch, call])).toEqual([[0, 1], [1, 2], [2, 3], [3, 4]]);
  const trees = asked('assembleContext').map(({ tree }) => tree);
  expect([trees[0], new Set(trees).size]).toEqual([null, 4]);
  for (const type of ['callAuditor', 'writeCommit']) expect(asked(type)).toHaveLength(1);
  expect(asked('runTests').map(({ attempt }) => attempt)).toEqual([0, 1]);
  expect(files()).toEqual([...DELIVERABLES].sort());
  const verified = await autopack(place, ['replay', place.run, '--verify', '--workspace', '-C', place.repo.root]);
  expect(verified.code, verified.err).toBe(0);
});

test.each([
  ['E-116 it writes what belongs to another batch', writes({ ...first, call: 2 }, 'docs/early.md')],
  ['E-656 it leaves its own deliverable out', writes({ ...first, call: 2 }, 'tests/other.test.js')],
])('E-658 a batch fails because %s: the attempt ends, nothing of the batches before is left, and every call is paid', async (_why, bad) => {
  const { finished, asked, files } = await ran([...whole(first).slice(0, 1), bad, ...whole(second)]);
  expect(finished.code, finished.err).toBe(0);
  expect(asked('callBuilder').map(({ attempt, batch }) => [attempt, batch])).toEqual([[1, 0], [1, 1], [2, 0], [2, 1], [2, 2], [2, 3]]);
  expect(asked('assembleContext')[2]).toMatchObject({ attempt: 2, batch: 0, tree: null });
  expect(files()).toEqual([...DELIVERABLES].sort());
  const { out } = await autopack(place, ['status', place.run, '--json']);
  expect(out).toContain('"tokens":{"input":70,"output":70}'); // six builders and one auditor
});
