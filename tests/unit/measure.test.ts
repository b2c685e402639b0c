// The bench measures what it says: turns, medians, verdicts. How fast anything is is no matter of a test.

import { expect, test } from 'vitest';
import { alternate, quantile, verdictOf, type Probe } from '#tests/bench/measure.ts';

const calm: Probe = { took: 100, share: 1 };
const measured = (ratios: readonly number[], before = calm, after = calm) => ({ value: 1, baseline: 1, ratios, before, after });

test('two sides are measured in turn, who begins changes, the first round of each is thrown away', async () => {
  const calls: string[] = [];
  const times = { value: [100, 3, 8, 2, 4, 6], baseline: [100, 1, 2, 1, 2, 2] };
  const side = (name: 'value' | 'baseline') => async () => {
    calls.push(name);
    return times[name].shift() as number;
  };
  const probe = (): Probe => {
    calls.push('probe');
    return calm;
  };
  const { value, baseline, ratios } = await alternate({ value: side('value'), baseline: side('baseline') }, 5, probe);
  const [a, b, p] = ['value', 'baseline', 'probe'];
  expect(calls).toEqual([a, b, p, p, a, b, b, a, a, b, b, a, a, b, p]);
  expect({ value, baseline, ratios }).toEqual({ value: 4, baseline: 2, ratios: [3, 4, 2, 2, 3] });
});

test('a quantile lies between the two values beside it, the order of the values does not matter', () => {
  expect([0, 0.25, 0.5, 0.75, 1].map((at) => quantile([9, 1, 5, 3], at))).toEqual([1, 2.5, 4, 6, 9]);
});

test.each([
  ['a floor is kept', [0.7, 0.6, 0.8], {}, calm, 'holds'],
  ['a floor is missed', [0.5, 0.4, 0.59], {}, calm, 'missed'],
  ['a ceiling is kept', [0.5, 0.6, 0.4], { atMost: true }, calm, 'holds'],
  ['a ceiling is missed', [0.7, 0.8, 0.9], { atMost: true }, calm, 'missed'],
  ['the rounds lie on both sides', [0.3, 0.5, 0.61, 0.7, 0.9], {}, calm, 'no verdict: half of the rounds lie between 0.500 and 0.700'],
  ['others had the processor', [0.7, 0.7, 0.7], {}, { took: 100, share: 0.6 }, 'no verdict: others took 40 % of the processor'],
  ['what is counted needs no calm', [0.7, 0.7, 0.7], { counted: true }, { took: 100, share: 0.6 }, 'holds'],
  ['the machine changed its pace', [0.7, 0.7, 0.7], {}, { took: 150, share: 1 }, 'no verdict: the same work took 1.50 times as long at one end as at the other'],
] as const)('a verdict is given only on a machine of our own: %s', (_name, ratios, how, probe, verdict) => {
  expect(verdictOf(measured(ratios, calm, probe), { goal: 0.6, ...how })).toBe(verdict);
  expect(verdictOf(measured(ratios, probe, calm), { goal: 0.6, ...how })).toBe(verdict);
});
