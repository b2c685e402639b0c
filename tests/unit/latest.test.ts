import { expect, test } from 'vitest';
import { Latest } from '#src/record/latest.ts';

test('of more entries than there is room for the one that was set longest ago goes, and setting one again makes it the latest', () => {
  const latest = new Latest<string, number>(2);
  latest.set('a', 1).set('b', 2).set('a', 3).set('c', 4);
  expect([...latest]).toEqual([['a', 3], ['c', 4]]);
  latest.get('a');
  latest.set('d', 5);
  expect([...latest.keys()]).toEqual(['c', 'd']);
});
