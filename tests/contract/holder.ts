// The contract of the Holders port: every adapter runs it.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Hold, Holders } from '#src/ports/holder.ts';

/** One machine. Every `process` is somebody else on it. */
export interface HoldersWorld {
  process(): Promise<Holders>;
  /** A process that holds `run` until it is killed. */
  mortal(run: string): Promise<{ die(): Promise<void> }>;
  dispose(): Promise<void>;
}

export function holdersContract(name: string, makeWorld: () => Promise<HoldersWorld>): void {
  describe(`Holders on ${name}`, () => {
    let world: HoldersWorld;
    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(() => world.dispose());

    test('H1 a run has one holder, until it is released, and once more after', async () => {
      const [first, second] = [await world.process(), await world.process()];
      const hold = await first.acquire('r1');
      await expect(second.acquire('r1')).rejects.toMatchObject({ code: 'run.locked' });
      await expect(first.acquire('r1')).rejects.toMatchObject({ code: 'run.locked' });
      await hold.release();
      const next = await second.acquire('r1');
      await hold.release(); // an old hold lets go of nothing that it has no more
      await expect(first.acquire('r1')).rejects.toMatchObject({ code: 'run.locked' });
      await next.release();
    });

    test('H1 of many that acquire at once exactly one wins, round after round', async () => {
      const crowd = await Promise.all(Array.from({ length: 4 }, () => world.process()));
      for (let round = 0; round < 3; round += 1) {
        const outcomes = await Promise.allSettled(crowd.map((holders) => holders.acquire('r1')));
        const won = outcomes.filter((outcome): outcome is PromiseFulfilledResult<Hold> => outcome.status === 'fulfilled');
        expect(won).toHaveLength(1);
        for (const { value } of won) await value.release();
      }
    });

    test('H1 runs are held apart, whatever their names', async () => {
      const holders = await world.process();
      const holds = await Promise.all(['r1', 'r2', '../r1', '.', '.gate'].map((run) => holders.acquire(run)));
      for (const hold of holds) await hold.release();
    });

    test('H2 a dead process holds nothing', async () => {
      const mortal = await world.mortal('r1');
      const survivor = await world.process();
      await expect(survivor.acquire('r1')).rejects.toMatchObject({ code: 'run.locked' });
      await mortal.die();
      expect(await survivor.holder('r1')).toBeNull();
      const hold = await survivor.acquire('r1');
      await hold.release();
    });

    test('H3 a refusal names host, pid and start of the holder, and so does who asks', async () => {
      const [first, second] = [await world.process(), await world.process()];
      expect(await second.holder('r1')).toBeNull();
      const hold = await first.acquire('r1');
      const row = await second.holder('r1');
      const refusal = await second.acquire('r1').catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(ExecutorError);
      for (const part of [row?.host, String(row?.pid), row?.started]) expect((refusal as ExecutorError).message).toContain(part);
      expect(row?.started).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      await hold.release();
      expect(await second.holder('r1')).toBeNull();
    });

    test('H4 a run that is held is not forgotten; one that is not is, and can be held again', async () => {
      const [first, second] = [await world.process(), await world.process()];
      const hold = await first.acquire('r1');
      expect([await second.forget('r1'), await first.forget('r1')]).toEqual([false, false]);
      await expect(second.acquire('r1')).rejects.toMatchObject({ code: 'run.locked' });
      await hold.release();
      expect([await second.forget('r1'), await second.isKept('r1'), await second.forget('never held')]).toEqual([true, false, true]);
      const again = await second.acquire('r1');
      await expect(first.acquire('r1')).rejects.toMatchObject({ code: 'run.locked' });
      await again.release();
    });

    test('H3 asking takes nothing: an acquirer that meets it wins', async () => {
      const [first, second] = [await world.process(), await world.process()];
      const [hold] = await Promise.all([first.acquire('r1'), second.holder('r1'), second.holder('r1')]);
      await hold.release();
    });
  });
}
