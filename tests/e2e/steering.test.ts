// `retry` and `skip` as people start them: what they lead to, where they are refused, that they are records like all others.

import { expect, test, vi } from 'vitest';
import { aftermath, autopack, builds, linesOf, makePlace, removePlace, runArgs, theirs, writeAnswers, writeLongPlan, type Place } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 120_000 }); // several processes each, on a machine that may be busy

/** A run of two phases whose first asks a human before its commit. */
async function waiting(): Promise<{ readonly place: Place; readonly before: readonly string[] }> {
  const place = makePlace();
  writeLongPlan(place, { task_category: 'external_feature_reuse_remote' }, [{ dependencies: ['p1'] }]);
  writeAnswers(place, [builds('ok'), builds('better', { attempt: 2 }), builds('ok', { phase: 'p2', json: { summary: 'b', files: [{ path: 'b.txt', mode: 'create', new_content: 'b\n' }] } })]);
  const before = theirs(place.repo.root);
  const asked = await autopack(place, runArgs(place));
  expect([asked.code, asked.err.includes('autopack approve')]).toEqual([4, true]);
  return { place, before };
}

const phasesOf = async (place: Place) => linesOf(await autopack(place, ['status', place.run, '--json']))[0]?.phases.map(({ phase_id, outcome, attempts }) => [phase_id, outcome, attempts]);

test.concurrent('retry grants one more attempt, which is told what the human wrote; the run goes on by resume', async () => {
  const { place, before } = await waiting();
  const granted = await autopack(place, ['retry', place.run, 'p1', '--comment', 'mind the mode']);
  expect([granted.code, granted.out]).toEqual([0, `p1 gets one more attempt\ngo on with: autopack resume ${place.run}\n`]);
  const finished = await autopack(place, ['resume', place.run]);
  expect(finished.code, finished.err).toBe(4); // it asks once more, before that commit
  expect((await phasesOf(place))?.[0]?.[2]).toBe(2);
  expect((await autopack(place, ['show', place.run, 'p1'])).out).toMatch(/a human wrote: mind the mode/);
  expect(await aftermath(place, before)).toEqual({ left: [], touched: [], verified: true });
  removePlace(place);
});

test.concurrent('skip leaves a phase out that waits, and what depends on it is built', async () => {
  const { place, before } = await waiting();
  const skipped = await autopack(place, ['skip', place.run, 'p1', '--reason', 'not needed any more', '--json']);
  expect([skipped.code, linesOf(skipped)[0]]).toMatchObject([0, { v: 1, type: 'skip', run: place.run, phase: 'p1' }]);
  const finished = await autopack(place, ['resume', place.run]);
  expect(finished.code, finished.err).toBe(0);
  expect(await phasesOf(place)).toEqual([['p1', 'SKIPPED', 1], ['p2', 'COMPLETE', 1]]);
  expect((await autopack(place, ['show', place.run, 'p1'])).out).toMatch(/SKIPPED: not needed any more/);
  expect(await aftermath(place, before)).toEqual({ left: [], touched: [], verified: true });
  removePlace(place);
});

test.concurrent('a run of which every phase is skipped has failed: nothing was done', async () => {
  const { place } = await waiting();
  for (const phase of ['p1', 'p2']) expect((await autopack(place, ['skip', place.run, phase])).code).toBe(0);
  const finished = await autopack(place, ['resume', place.run, '--json']);
  expect([finished.code, linesOf(finished).at(-1)]).toMatchObject([3, { outcome: 'FAILED', reason: 'every phase was skipped' }]);
  removePlace(place);
});

const REFUSED = [
  { title: 'retry of a phase that waits for its turn', args: ['retry', 'RUN', 'p2'], exit: 10, code: 'not_waiting', says: /p2 waits for nobody/ },
  { title: 'retry of an unknown phase', args: ['retry', 'RUN', 'p9'], exit: 2, code: 'phase.unknown', says: /has no phase p9[\s\S]*did you mean/ },
  { title: 'retry in an unknown run', args: ['retry', 'nobody', 'p1'], exit: 2, code: 'run.unknown', says: /there is no run nobody/ },
  { title: 'skip of an unknown phase', args: ['skip', 'RUN', 'other'], exit: 2, code: 'phase.unknown', says: /its phases: p1, p2/ },
  { title: 'skip without a phase', args: ['skip', 'RUN'], exit: 2, code: 'usage.invalid', says: /missing required argument 'phase'/ },
  { title: 'retry of a phase that is over', first: ['skip', 'RUN', 'p1'], args: ['retry', 'RUN', 'p1'], exit: 10, code: 'phase_over', says: /p1 is over: SKIPPED/ },
  { title: 'skip of a phase that is over', first: ['skip', 'RUN', 'p1'], args: ['skip', 'RUN', 'p1'], exit: 10, code: 'phase_over', says: /p1 is over: SKIPPED/ },
  { title: 'skip in a run that is over', first: ['cancel', 'RUN'], args: ['skip', 'RUN', 'p2'], exit: 10, code: 'phase_over', says: /p2 is over: STOPPED/ },
] as const;

test.concurrent.each(REFUSED.map((item) => [item.title, item] as const))('%s is refused, and the log stays as it is', async (_title, refused) => {
  const { place } = await waiting();
  const named = (args: readonly string[]): string[] => args.map((word) => (word === 'RUN' ? place.run : word));
  if ('first' in refused) expect((await autopack(place, named(refused.first))).code).toBe(0);
  const before = (await autopack(place, ['log', place.run, '--json'])).out;
  const finished = await autopack(place, [...named(refused.args), '--json']);
  expect([finished.code, linesOf(finished)]).toEqual([refused.exit, [{ error: { code: refused.code, message: expect.any(String), hint: linesOf(finished)[0]?.error?.hint ?? null } }]]);
  expect(finished.err).toMatch(refused.says);
  expect((await autopack(place, ['log', place.run, '--json'])).out).toBe(before);
  removePlace(place);
});
