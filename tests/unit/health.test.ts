// When failures stop a run: the two counts, by their tables.

import { describe, expect, test } from 'vitest';
import { afterAttempt, afterCall, afterPhase, afterRest, atOnce, CLOSED, exhaustedBy, HEALTHY, type Breaker } from '#src/domain/health.ts';
import type { PhaseOutcome } from '#src/domain/schedule.ts';

const budget = { http5xxMax: 10, patchesMax: 15, failuresMax: 25 };
const limits = { phasesMax: 5, resetMs: 300_000 };
const after = (outcomes: readonly PhaseOutcome[], from: Breaker = CLOSED): Breaker => outcomes.reduce((breaker, outcome, i) => afterPhase(breaker, { outcome, at: 1000 + i }, limits), from);
const times = <T>(count: number, of: T): T[] => Array.from({ length: count }, () => of);

describe('E-218 the health budget', () => {
  test.each([
    [{ http5xx: 9, patches: 14, all: 24 }, null],
    [{ http5xx: 10, patches: 0, all: 10 }, '10 calls met an error of the provider'],
    [{ http5xx: 0, patches: 15, all: 15 }, '15 patches did not apply'],
    [{ http5xx: 9, patches: 14, all: 25 }, '25 failures'],
  ])('%o: %s', (failures, reached) => {
    expect(exhaustedBy(failures, budget)).toBe(reached);
  });

  test('counts patches that do not apply, failed attempts and errors of the provider, and nothing else', () => {
    const attempts = (['apply', 'conflict', 'tests', 'audit', 'format'] as const).reduce(afterAttempt, HEALTHY);
    expect(attempts).toEqual({ http5xx: 0, patches: 2, all: 5 });
    expect([null, 'http_5xx', 'http_429', 'timeout'].reduce(afterCall, HEALTHY)).toEqual({ http5xx: 1, patches: 0, all: 1 });
  });
});

describe('E-219 the breaker', () => {
  test.each<readonly [string, readonly PhaseOutcome[], number, boolean]>([
    ['four failed phases', times(4, 'FAILED'), 4, false],
    ['five', times(5, 'FAILED'), 5, true],
    ['four, a good one, and four', [...times<PhaseOutcome>(4, 'FAILED'), 'COMPLETE', ...times<PhaseOutcome>(4, 'FAILED')], 4, false],
    ['what was blocked, left out or stopped says nothing', [...times<PhaseOutcome>(4, 'FAILED'), 'BLOCKED', 'SKIPPED', 'STOPPED', 'FAILED'], 5, true],
  ])('%s', (_what, outcomes, inARow, isOpen) => {
    const { inARow: counted, openedAt } = after(outcomes);
    expect([counted, openedAt !== null]).toEqual([inARow, isOpen]);
  });

  test('is half open after its time, and not before: one phase at a time, closed by a good one, open by another bad one', () => {
    const open = after(times(5, 'FAILED'));
    expect(afterRest(open, 1004 + 299_999, limits)).toEqual(open);
    const half = afterRest(open, 1004 + 300_000, limits);
    expect([half.openedAt, atOnce(half, limits, 3), atOnce(CLOSED, limits, 3)]).toEqual([null, 1, 3]);
    expect([after(['COMPLETE'], half), after(['FAILED'], half).openedAt]).toEqual([CLOSED, 1000]);
  });
});
