// Executors that are started together on one run; `npm run e2e:race` does it two hundred times.

import { afterAll, expect, test } from 'vitest';
import { removePlace } from '#tests/support/e2e.ts';
import { arena, race } from '#tests/support/racing.ts';

const place = arena();
afterAll(() => removePlace(place));

test.each([[2, true], [3, true], [2, false], [3, false]])('H1 H3 of %i executors that are started together one works, the others exit 9 and name it, and no result is there twice (killed before: %s)', async (executors, begun) => {
  const { codes, problems } = await race(place, { run: `together-${executors}-${begun}`, executors, begun });
  expect(problems).toEqual([]);
  expect([...codes].sort((a, b) => Number(a) - Number(b))).toEqual([0, ...Array.from({ length: executors - 1 }, () => 9)]);
}, 120_000);
