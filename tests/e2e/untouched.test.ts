// The user's repository before and after a run (`npm run e2e:untouched` does the same with the demo).

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { autopack, leftBehind, makePlace, removePlace, runArgs } from '#tests/support/e2e.ts';
import { compare, inhabit, photograph } from '#tests/support/untouched.ts';

test('W1 a run changes nothing of a repository in use but the three things that are ours', async () => {
  const place = makePlace();
  const env = inhabit(place, { tracked: 'a.txt', ignored: 'ignored/cache.bin' });
  const before = photograph(place);
  const finished = await autopack(place, runArgs(place), { env });
  expect(finished.code, finished.err).toBe(0);
  expect(compare(place, before, photograph(place))).toMatchObject({ differences: [], newObjects: 3 });
  expect(leftBehind(place)).toEqual([]);
  // The comparison can fail:
  appendFileSync(join(place.repo.root, 'untracked/notes.txt'), 'more');
  place.repo.git('diff');
  const { differences } = compare(place, before, photograph(place));
  expect(differences).toEqual(expect.arrayContaining([expect.stringContaining('untracked/notes.txt'), 'a program of the user was run']));
  removePlace(place);
});
