import { expect, test } from 'vitest';
import fc from 'fast-check';
import { costMicroUsd } from '#src/domain/cost.ts';

const uncached = { cacheReadTokens: 0, cacheWriteTokens: 0 };
const free = { cacheRead: 0, cacheWrite: 0 };

test.each([
  [0, 0, 3_000_000, 15_000_000, 0], [1, 0, 1, 0, 1], [1, 0, 0, 0, 0], [1_000_000, 0, 3_000_000, 0, 3_000_000], [1000, 500, 3_000_000, 15_000_000, 10_500],
  [1, 1, 250_000, 1_250_000, 2], [3, 0, 333_334, 0, 2], [2, 0, 500_000, 0, 1],
])('DESIGN 3: %i tokens in and %i out at %i and %i cost %i micro-dollars', (inputTokens, outputTokens, input, output, wanted) => {
  expect(costMicroUsd({ inputTokens, outputTokens, ...uncached }, { input, output, ...free })).toBe(wanted);
});

const tokens = fc.nat(200_000_000);
const price = fc.nat(100_000_000);

test('DESIGN 3: a cost is the exact one rounded up once, and never less than that', () => {
  fc.assert(fc.property(tokens, tokens, price, price, (inputTokens, outputTokens, input, output) => {
    const exact = BigInt(inputTokens) * BigInt(input) + BigInt(outputTokens) * BigInt(output);
    const cost = BigInt(costMicroUsd({ inputTokens, outputTokens, ...uncached }, { input, output, ...free })) * 1_000_000n;
    expect(cost >= exact && cost - exact < 1_000_000n).toBe(true);
  }));
});

test('DESIGN 3: more tokens never cost less', () => {
  fc.assert(fc.property(tokens, tokens, price, fc.nat(1000), (inputTokens, outputTokens, input, more) => {
    const cost = (extra: number): number => costMicroUsd({ inputTokens: inputTokens + extra, outputTokens, ...uncached }, { input, output: input, ...free });
    expect(cost(more)).toBeGreaterThanOrEqual(cost(0));
  }));
});

test('DESIGN 3: what a cache gave or took has its own price, and is among the input', () => {
  const price = { input: 4_000_000, output: 0, cacheRead: 400_000, cacheWrite: 5_000_000 };
  expect(costMicroUsd({ inputTokens: 1000, outputTokens: 0, cacheReadTokens: 600, cacheWriteTokens: 300 }, price)).toBe(400 + 240 + 1500);
});
