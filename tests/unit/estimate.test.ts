// What a plan would cost: from sizes, walks and prices, never less than the first attempt and never more than the caps allow.

import { describe, expect, test } from 'vitest';
import { estimatePhase, totalOf, type EstimateInput } from '#src/domain/estimate.ts';
import type { Phase } from '#src/events/plan.ts';
import { requestOf } from '#tests/support/recorded.ts';
import { phasePolicy, prices, runPolicy } from '#tests/support/policies.ts';

const given = requestOf('r', { run: runPolicy(), phases: [{ id: 'p', tier: 0, dependencies: [], policy: phasePolicy() }] }).plan.phases[0] as Phase;
const input = (changes: Partial<Omit<EstimateInput, 'phase'>> = {}, phase: Partial<Phase> = {}): EstimateInput => ({
  phase: { ...given, scope: { ...given.scope, paths: ['a.ts'] }, complexity: 'low', deliverables: ['a.ts'], ...phase }, policy: phasePolicy(), prices, scopeBytes: 25_000, contextTokensMax: 120_000, heuristicTokensMax: 20_000,
  exists: () => true, ...changes,
});

describe('an estimate', () => {
  test('of the lowest is one attempt: a builder that sees the scope, and each auditor', () => {
    // 10,000 of the scope and 2,000 around it in, E-135's floor((2000 + 700) × 1.3) out; then the auditor: 3,510 + 1,000 + 2,000 in, 800 out.
    const { low } = estimatePhase(input());
    expect(low.tokens).toBe(12_000 + 3510 + 6510 + 800);
    expect(low.costMicroUsd, 'input that may be new to a cache, and output; each call rounded up').toBe(22_020 + 9738);
    const dual = estimatePhase(input({ policy: phasePolicy({ auditor2Walk: ['m1'] }) })).low;
    expect(dual.tokens - low.tokens).toBe(6510 + 800);
  });

  test.each([['low', 1], ['maintenance', 1], ['medium', 2], ['high', 2]] as const)('expects of %s complexity %i attempts, and never more than are allowed', (complexity, attempts) => {
    const { low, expected } = estimatePhase(input({}, { complexity }));
    expect(expected.tokens).toBe(attempts * low.tokens);
    const single = estimatePhase(input({ policy: phasePolicy({ attemptsMax: 1 }) }, { complexity }));
    expect(single.expected).toEqual(single.low);
  });

  test('at worst makes every call that the caps allow, each with all that it may answer', () => {
    const { worst } = estimatePhase(input({ policy: phasePolicy({ attemptsMax: 3, transportTriesMax: 2, replansMax: 1 }) }));
    const attempt = 122_000 + 64_000 + (64_000 + 10_000 + 2000) + 8192;
    expect(worst.tokens).toBe(3 * 2 * 2 * attempt + 2 * (122_000 + 2000));
    const dual = estimatePhase(input({ policy: phasePolicy({ attemptsMax: 1, transportTriesMax: 1, replansMax: 0, auditor2Walk: ['m1'] }) })).worst;
    expect(dual.tokens, 'two auditors, and a judge who reads both').toBe(2 * (attempt + (76_000 + 8192) + (76_000 + 3 * 8192)));
  });

  test('rises with the walk: later attempts are priced as the models that they go to', () => {
    const dear = prices.map((price) => (price.model === 'm2' ? { ...price, output: price.output * 100 } : price));
    const of = (walk: string[]) => estimatePhase(input({ prices: dear, policy: phasePolicy({ builderWalk: walk }) }, { complexity: 'high' }));
    expect(of(['m1', 'm2']).expected.costMicroUsd).toBeGreaterThan(of(['m1', 'm1']).expected.costMicroUsd);
    expect(of(['m1', 'm2']).low).toEqual(of(['m1', 'm1']).low);
  });

  test('of a scope that is larger than a prompt, or none, is that of what a prompt shows', () => {
    const built = (tokens: number) => tokens + 2000 + 3510 + 6510 + 800;
    expect(estimatePhase(input({ scopeBytes: 90_000_000 })).low.tokens).toBe(built(120_000));
    expect(estimatePhase(input({}, { scope: { ...given.scope, paths: [] } })).low.tokens).toBe(built(20_000));
  });

  test('of a plan is the sum of its phases, which are in order', () => {
    const one = estimatePhase(input());
    const all = totalOf([one, one]);
    for (const level of ['low', 'expected', 'worst'] as const) expect(all[level]).toEqual({ tokens: 2 * one[level].tokens, costMicroUsd: 2 * one[level].costMicroUsd });
    expect(one.low.tokens).toBeLessThanOrEqual(one.expected.tokens);
    expect(one.expected.tokens).toBeLessThan(one.worst.tokens);
  });
});
