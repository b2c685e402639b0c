// Time: clocks that are set forward and back, a leap second, another zone; logs stay in order and waits as long as they are.

import { expect, test } from 'vitest';
import { memoryDisk, memoryStore, type MemoryDisk } from '#src/adapters/memory/store.ts';
import { steadyClock, systemClock, virtualClock } from '#src/adapters/clock/clock.ts';
import { drive, type Performance } from '#src/kernel/drive.ts';
import { fold } from '#src/kernel/log.ts';
import { submit } from '#src/kernel/submit.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { InputEvent, RunRecord } from '#src/record/record.ts';
import { goodAnswer, life, outcomes, recordsOn, request, RUN, START_MS } from '#tests/support/drive-world.ts';
import { phasePolicy, runPolicy } from '#tests/support/policies.ts';
import { testSystem } from '#tests/support/world.ts';

const HOUR_MS = 3_600_000;

/** A machine whose time passes only while somebody waits for it; `wallMs` is what its clock says at the beginning. */
function machine(wallMs: number): { readonly clock: Clock; wall: number; elapsed: number } {
  const state = { wall: wallMs, elapsed: 0 };
  const sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
    await new Promise((resolve) => { setImmediate(resolve); });
    if (!signal.aborted) state.elapsed += ms;
  };
  return Object.assign(state, { clock: steadyClock({ wall: () => state.wall, elapsed: () => state.elapsed, sleep }) });
}

const inOrder = (records: readonly RunRecord[]): boolean => records.every(({ at }, i) => at >= (records[i - 1]?.at ?? 0));

test('C1 the clock gives whole milliseconds and goes on evenly while the machine is set forward, back, or repeats a second', () => {
  const state = machine(START_MS);
  state.elapsed = 1000.7;
  expect(state.clock.now()).toBe(START_MS + 1000);
  for (const set of [START_MS + 24 * HOUR_MS, START_MS - 24 * HOUR_MS, START_MS + 999, START_MS]) {
    state.wall = set;
    state.elapsed += 500;
    expect(state.clock.now()).toBe(START_MS + Math.floor(state.elapsed));
  }
});

test('C1 another time zone moves no clock', () => {
  const before = process.env['TZ'];
  const now = systemClock.now();
  try {
    process.env['TZ'] = 'Pacific/Kiritimati';
    expect(new Date().getTimezoneOffset()).toBe(-14 * 60);
    expect(systemClock.now() - now).toBeLessThan(60_000);
    expect(systemClock.now()).toBeGreaterThanOrEqual(now);
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
});

test('C2 a virtual clock moves by a millisecond for each input and to the deadline it is told, never back', () => {
  const clock = virtualClock(START_MS);
  expect([clock.now(), clock.now()]).toEqual([START_MS, START_MS]);
  clock.tick();
  clock.jumpTo(START_MS);
  expect(clock.now()).toBe(START_MS + 1);
  clock.jumpTo(START_MS + HOUR_MS);
  expect(clock.now()).toBe(START_MS + HOUR_MS);
});

/** A life that ends as soon as a builder is asked. */
async function shortLife(disk: MemoryDisk, clock: Clock, nonce: string): Promise<void> {
  const stop = new AbortController();
  const perform = async (performance: Performance): Promise<InputEvent> => {
    if (performance.open.effect.type === 'callBuilder') stop.abort();
    return goodAnswer(performance);
  };
  expect((await drive(RUN, life(disk, { clock, perform, stop: stop.signal, nonce }))).end).toBe('interrupted');
}

test.each([[-3, 'back'], [3, 'forward'], [-24 * 365, 'back by a year']])('C1 K10 between lives the clock is set by %i hours (%s): the log stays in order and ends as ever', async (hours) => {
  const disk = memoryDisk();
  await request(disk);
  const set = START_MS + hours * HOUR_MS;
  await shortLife(disk, machine(START_MS).clock, 'n1');
  await shortLife(disk, machine(set).clock, 'n2');
  await drive(RUN, life(disk, { clock: machine(START_MS).clock, nonce: 'n3' }));
  const records = await recordsOn(disk);
  expect(inOrder(records)).toBe(true);
  expect(outcomes(records).at(-1)).toEqual(['run', 'COMPLETE']);
  expect(records.filter(({ event }) => event.type === 'run.resumed').every(({ event }) => Number(event.data['downMs']) >= 0)).toBe(true);
});

const failedOnce = (): InputEvent =>
  ({ type: 'effect.failed', v: 1, data: { code: 'http_5xx', message: 'm', retryable: true, retryAfterMs: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costMicroUsd: 0 } });

test('C1 a wait of a second takes a second, though the log is three hours ahead of the clock', async () => {
  const disk = memoryDisk();
  await request(disk);
  await shortLife(disk, machine(START_MS + 3 * HOUR_MS).clock, 'n1');
  const late = machine(START_MS);
  let failures = 0;
  const perform = async (performance: Performance): Promise<InputEvent> => (performance.open.effect.type === 'callAuditor' && failures++ === 0 ? failedOnce() : goodAnswer(performance));
  await drive(RUN, life(disk, { clock: late.clock, perform, nonce: 'n2' }));
  const records = await recordsOn(disk);
  expect(outcomes(records).at(-1)).toEqual(['run', 'COMPLETE']);
  expect(records.filter(({ event }) => event.type === 'timer.fired')).toHaveLength(1);
  expect(late.elapsed).toBe(1000);
});

test('C1 somebody whose clock is three hours ahead answers a question: the log moves on, no deadline of the holder comes sooner', async () => {
  const disk = memoryDisk();
  const charts = testSystem(runPolicy(), [{ id: 'a', tier: 0, dependencies: [], policy: phasePolicy({ askBeforeCommit: true }) }]);
  await request(disk, charts);
  const { events } = memoryStore(disk);
  const theirs = machine(START_MS + 3 * HOUR_MS).clock;
  const perform = async (performance: Performance): Promise<InputEvent | null> => {
    const { id, type } = performance.open.effect;
    if (type !== 'askHuman') return goodAnswer(performance);
    const answer = { type: 'question.answered', v: 1, cause: id, data: { option: 'approve', note: '', by: 'human' } };
    expect(await submit({ store: events, clock: theirs, systemFor: () => charts, nonce: 'p' }, RUN, 'phase:a', answer)).toHaveProperty('hash');
    return null;
  };
  const { end } = await drive(RUN, life(disk, { clock: machine(START_MS).clock, perform, charts, wait: true }));
  const records = await recordsOn(disk);
  expect(end).toBe('done');
  expect(inOrder(records)).toBe(true);
  expect(records.at(-1)?.at).toBeGreaterThanOrEqual(START_MS + 3 * HOUR_MS);
  expect(records.map(({ event }) => event.type)).not.toContain('timer.fired');
  expect(outcomes(records)).toEqual([['phase:a', 'COMPLETE'], ['run', 'COMPLETE']]);
  expect(fold(records, () => charts).divergence).toBeNull();
});
