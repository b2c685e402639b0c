// The fault table's own measure bites: an effect that was performed again although its result was recorded is told.

import { expect, test } from 'vitest';
import type { RunRecord } from '#src/record/record.ts';
import { performedAgain } from '#tests/support/performed.ts';

type Told = readonly [type: string, cause: string | null, asks?: string];

/** Tests are asked for, a result comes, the run is taken over: nothing else of a record counts here. */
const records = (...told: readonly Told[]): readonly RunRecord[] =>
  told.map(([type, cause, asks], seq) => ({ seq, event: { type, v: 1, data: {}, ...(cause === null ? {} : { cause }) }, effects: asks === undefined ? [] : [{ id: asks, type: 'runTests', params: {} }] }) as unknown as RunRecord);

const finished = records(['run.requested', null, 'run/1'], ['tests.finished', 'run/1', 'run/2'], ['run.resumed', null], ['tests.finished', 'run/2']);

test('what was open when a run was taken over may be performed once more, what was recorded before may not', () => {
  expect(performedAgain('r', finished, ['r/run/1', 'r/run/2'])).toEqual([]);
  expect(performedAgain('r', finished, ['r/run/1', 'r/run/2', 'r/run/2'])).toEqual([]);
  expect(performedAgain('r', finished, ['r/run/1', 'r/run/1', 'r/run/2'])).toEqual(['r: run/1 was performed 2 times, and while it was open the run was taken over 0 times']);
  expect(performedAgain('r', finished, ['r/run/1', 'r/run/2', 'r/run/2', 'r/run/2'])).toEqual([expect.stringContaining('run/2 was performed 3 times')]);
});

test('a result that nobody made and a performance that nobody recorded are told', () => {
  expect(performedAgain('r', finished, ['r/run/2'])).toEqual(['r: run/1 has a result that nobody made']);
  expect(performedAgain('r', finished, ['r/run/1', 'r/run/2', 'r/run/9'])).toEqual(['r: r/run/9 was performed and stands in no record']);
  expect(performedAgain('r', records(['run.requested', null, 'run/1']), [])).toEqual([]);
});
