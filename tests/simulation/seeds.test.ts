// Some seeds of `npm run sim`, and that its judge is not blind.

import { expect, test } from 'vitest';
import { readPrompts } from '#src/app/execute.ts';
import { eventId } from '#src/kernel/log.ts';
import type { StoredEvent } from '#src/ports/event-store.ts';
import { awaitOf, points } from '#tests/support/sim-awaits.ts';
import { judgeLog } from '#tests/support/sim-judge.ts';
import { play, simulate, World } from '#tests/support/sim-run.ts';
import { sweep } from '#tests/support/sim-sweep.ts';

const prompts = await readPrompts();
const SEEDS = 60;
/** Of the run that is swept: seconds. */
const AWAITS_MAX = 200;

test('K7 K10 K11 N2 X1 whatever crashes, refuses, races, answers and cancels, nothing is lost, doubled or stuck, and every log verifies', async () => {
  const crashed = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { problems, crashed: at } = await simulate(seed, prompts);
    expect(problems, `npm run sim -- --seeds 1 --seed ${seed}`).toEqual([]);
    for (const point of at.keys()) crashed.add(point);
  }
  expect([...crashed].filter((point) => !points.includes(point))).toEqual([]);
  expect(crashed.size).toBeGreaterThan(30);
});

test('K12 the same seed gives the same bytes', async () => {
  const [one, two] = [await simulate(7, prompts), await simulate(7, prompts)];
  expect(two.log).toBe(one.log);
  expect((await simulate(8, prompts)).log).not.toBe(one.log);
});

test('K10 K11 X1 a crash at any await of a run changes no answer, no outcome and no tree', async () => {
  let swept = null;
  for (let seed = 1; swept === null; seed += 1) swept = await sweep(seed, prompts, AWAITS_MAX);
  expect(swept.problems).toEqual([]);
  expect(swept.crashes).toBeGreaterThan(50);
});

test('an await point that the list does not know is refused', () => {
  expect(() => awaitOf('drive blobs.forget')).toThrow('not listed');
  expect(awaitOf('drive blobs.memo').isWrite).toBe(true);
});

test('the judge sees a record that is lost, one that is there twice and one of a holder that was taken over', async () => {
  const kinds = async (damage: (world: World) => void): Promise<string[]> => {
    const world = new World(1, prompts, true);
    await play(world, world.tellSteadily(null));
    expect(world.problems).toEqual([]);
    damage(world);
    await judgeLog(world);
    return [...new Set(world.problems.map(({ kind }) => kind))].sort();
  };
  const of = ({ disk }: World) => disk.streams.get('run-simulated') ?? [];
  expect(await kinds((world) => void of(world).splice(5, 1))).toContain('divergence');
  expect(await kinds((world) => void world.acknowledged.add('an id of nothing'))).toEqual(['lost']);
  expect(await kinds((world) => void of(world).splice(6, 0, of(world)[5] as never))).toEqual(['divergence', 'doubled']);
  const byAnother = (event: StoredEvent): StoredEvent => ({ ...event, id: eventId(event.metadata.hash, 'process-0'), metadata: { ...event.metadata, nonce: 'process-0' } });
  expect(await kinds((world) => void of(world).splice(5, 1, byAnother(of(world)[5] as StoredEvent)))).toContain('broken');
});
