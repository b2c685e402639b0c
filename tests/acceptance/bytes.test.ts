// Whatever a model answers: nothing outside of the run's own repositories changes, and what is accepted is in scope.

import { readdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formats } from '#src/domain/answers/formats.ts';
import type { Scene } from '#tests/support/hands.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { fingerprint, repositoryAt, temporary } from '#tests/support/user-repository.ts';
import { modes } from './answers.ts';
import { answered, bytesScene, strayed } from './bytes.ts';
import { hostileCase, run } from './runs.ts';

const SEED = 20_260_101;

test.each(modes)('E-649 %s: any bytes are read or refused, at once and without a word to the machine', (mode) => {
  fc.assert(fc.property(answered(mode), (answer) => {
    const before = performance.now();
    const read = formats[mode].parse(answer);
    if (!read.ok) for (const problem of read.problems) expect(problem.isWellFormed()).toBe(true);
    expect(performance.now() - before).toBeLessThan(1000);
  }), { numRuns: 3000, seed: SEED });
});

describe('E-195 E-648 on a repository', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await bytesScene();
  });
  afterAll(() => scene.remove());

  test.each(modes)('E-195 E-644 E-648 %s: any bytes change at most what the phase may change, in our repository alone', async (mode) => {
    const photo = (): unknown => [fingerprint(scene.repo.root), readdirSync(dirname(scene.repo.root)).filter((name) => name.includes('evil'))];
    const before = photo();
    const { built, problems } = await strayed(scene, { mode, count: 30, seed: SEED });
    expect(problems).toEqual([]);
    expect(photo()).toEqual(before);
    expect(built).toBeGreaterThan(0);
  }, 120_000);
});

describe.skipIf(skipWithout('bwrap'))('PR5 with tests run', () => {
  test('PR5 E-670 a test of random mischief touches nothing outside of its checkout', async () => {
    for (const one of fc.sample(hostileCase, { numRuns: 2, seed: SEED })) {
      const { outcome, said } = await run(one, 'full_file');
      expect(outcome, said).not.toBe('wrong');
    }
  }, 120_000);

  test('PR5 mischief that is not caught would be seen', () => {
    const repo = repositoryAt(temporary('autopack-user-'));
    repo.git('init', '-q');
    const before = fingerprint(repo.root);
    repo.write({ '.git/hooks/pre-commit': 'evil' });
    expect(fingerprint(repo.root)).not.toEqual(before);
    rmSync(repo.root, { recursive: true, force: true });
  });
});
