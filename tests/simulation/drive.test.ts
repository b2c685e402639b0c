// The drive loop on a virtual world: crashes at every append and every answer, races, cancels, late results.

import { describe, expect, test } from 'vitest';
import { memoryDisk, memoryStore } from '#src/adapters/memory/store.ts';
import { capsLeft } from '#src/app/caps.ts';
import { unchanged } from '#src/events/inputs.ts';
import { drive, type DriveDeps, type Performance } from '#src/kernel/drive.ts';
import { load } from '#src/kernel/history.ts';
import { fold, type Head } from '#src/kernel/log.ts';
import { submit } from '#src/kernel/submit.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import type { RunRecord } from '#src/record/record.ts';
import { steadyClock, virtualClock } from '#src/adapters/clock/clock.ts';
import { phasePolicy, runPolicy } from '#tests/support/policies.ts';
import { runContext, testSystem } from '#tests/support/world.ts';
import { goodAnswer, life, outcomes, recordsOn, request, RUN, START_MS, system } from '#tests/support/drive-world.ts';

class Crash extends Error {}

/** Dies at the n-th append, before or after it is durable. */
function dyingAt(n: number, when: 'before' | 'after'): (events: EventStore) => EventStore {
  let appends = 0;
  return (events) => ({
    ...events,
    append: async (...args) => {
      appends += 1;
      if (appends === n && when === 'before') throw new Crash();
      const revision = await events.append(...args);
      if (appends === n) throw new Crash();
      return revision;
    },
  });
}

async function calm() {
  const disk = memoryDisk();
  await request(disk);
  const driven = await drive(RUN, life(disk));
  return { driven, records: await recordsOn(disk) };
}

const answers = (records: readonly RunRecord[]): string[] => records.map(({ event }) => event.cause ?? '').filter((cause) => cause !== '');
const verifies = (records: readonly RunRecord[]) => fold(records, () => system).divergence;

describe('one holder', () => {
  test('K12 under a virtual clock the same run gives the same records, byte for byte', async () => {
    const [one, two] = [await calm(), await calm()];
    expect(one.driven.end).toBe('done');
    expect(JSON.stringify(one.records)).toBe(JSON.stringify(two.records));
    expect(outcomes(one.records)).toEqual([['phase:a', 'COMPLETE'], ['phase:b', 'COMPLETE'], ['run', 'COMPLETE']]);
  });

  test('K4 no effect is performed before the record that asks for it is durable', async () => {
    const disk = memoryDisk();
    await request(disk);
    let performed = 0;
    await drive(RUN, life(disk, {
      perform: async (performance) => {
        const durable = (await recordsOn(disk)).some(({ effects }) => effects.some(({ id }) => id === performance.open.effect.id));
        expect(durable).toBe(true);
        performed += 1;
        return goodAnswer(performance);
      },
    }));
    expect(performed).toBeGreaterThan(10);
  });

  test('K11 a paid answer that arrived before a crash is not asked for again', async () => {
    const disk = memoryDisk();
    await request(disk);
    const asked: string[] = [];
    const perform = async (performance: Performance) => {
      if (performance.open.effect.type.startsWith('call')) asked.push(performance.open.effect.id);
      return goodAnswer(performance);
    };
    for (let n = 2; n < 200; n += 1) {
      // Dies before the second append of each life: the answer is there, its record is not.
      const end = await drive(RUN, life(disk, { perform, wrap: dyingAt(n % 2 === 0 ? 2 : 3, 'before'), nonce: `n${n}` })).catch((error: unknown) => error);
      if (!(error(end) instanceof Crash)) break;
    }
    expect(outcomes(await recordsOn(disk)).at(-1)).toEqual(['run', 'COMPLETE']);
    expect(asked).toEqual([...new Set(asked)]);
  });

  test('K11 X1 what is no answer to a paid call is a bug that is not kept: the next life asks again', async () => {
    const disk = memoryDisk();
    await request(disk);
    const confused = async (performance: Performance) => (performance.open.effect.type === 'callBuilder' ? { type: 'commit.written', v: 1, data: { commit: '0'.repeat(40) } } : goodAnswer(performance));
    await expect(drive(RUN, life(disk, { perform: confused }))).rejects.toThrow(/X1.*callBuilder was answered with commit\.written/);
    expect((await drive(RUN, life(disk, { nonce: 'n2' }))).end).toBe('done');
  });

  test('K11 a paid answer that arrives while the process is told to stop is kept for the next one', async () => {
    const disk = memoryDisk();
    await request(disk);
    const stop = new AbortController();
    const asked: string[] = [];
    const perform = async (performance: Performance) => {
      const { id, type } = performance.open.effect;
      if (type === 'callBuilder') asked.push(id);
      if (type === 'callBuilder' && asked.length === 1) stop.abort();
      await turns(5);
      return goodAnswer(performance);
    };
    expect((await drive(RUN, life(disk, { perform, stop: stop.signal }))).end).toBe('interrupted');
    expect((await drive(RUN, life(disk, { perform, nonce: 'n2' }))).end).toBe('done');
    expect(asked).toEqual([...new Set(asked)]);
  });
});

/** Three phases at once. */
const wide = testSystem(runPolicy({ phasesAtOnce: 3 }), ['a', 'b', 'c'].map((id) => ({ id, tier: 0, dependencies: [], policy: phasePolicy() })));
/** Ends a while after it is cancelled. */
const slowly = (signal: AbortSignal): Promise<void> => new Promise((resolve) => { signal.addEventListener('abort', () => void turns(200).then(resolve), { once: true }); });
const turns = async (n: number): Promise<void> => { for (let i = 0; i < n; i += 1) await Promise.resolve(); };

describe('limits', () => {
  test('a process that takes the place of a dead one has the attempts that were left, a person who resumes has new ones', async () => {
    const disk = memoryDisk();
    const charts = testSystem(runPolicy({ iterations: 1 }), ['a', 'b'].map((id, tier) => ({ id, tier, dependencies: [], policy: phasePolicy({ auditor2Walk: null }) })));
    await request(disk, charts);
    const dies = async (performance: Performance) => {
      if (performance.open.effect.type === 'buildCandidate') throw new Crash();
      return goodAnswer(performance);
    };
    await expect(drive(RUN, life(disk, { charts, perform: dies }))).rejects.toThrow(Crash);
    const takeOver = async (resume: DriveDeps['resume']): Promise<void> => void (await drive(RUN, { ...life(disk, { charts, nonce: 'n2' }), resume }));
    const standing = (): Promise<Head> => load({ store: memoryStore(disk).events, run: RUN, systemFor: () => charts });
    const left = capsLeft(await standing());
    expect(left).toEqual({ ...unchanged, iterations: 0 });
    await takeOver(left);
    expect(runContext((await standing()).state)).toMatchObject({ pause: { reason: 'iterations' }, phases: [{ outcome: 'COMPLETE' }, { outcome: null }] });
    await takeOver({ ...unchanged, iterations: 1 });
    expect(outcomes(await recordsOn(disk)).at(-1)).toEqual(['run', 'COMPLETE']);
  });

  test('a question that expired while nobody held the run is decided by the next life, which need not wait for it', async () => {
    const disk = memoryDisk();
    const charts = testSystem(runPolicy(), [{ id: 'a', tier: 0, dependencies: [], policy: phasePolicy({ auditor2Walk: null, askBeforeCommit: true, questionMs: 60_000, attemptsMax: 1, onExhausted: 'fail' }) }]);
    await request(disk, charts);
    const perform = async (performance: Performance) => (performance.open.effect.type === 'askHuman' ? null : goodAnswer(performance));
    expect((await drive(RUN, life(disk, { charts, perform }))).end).toBe('rest');
    expect((await drive(RUN, life(disk, { charts, perform, clock: virtualClock(START_MS + 30_000) }))).end).toBe('rest');
    expect((await drive(RUN, life(disk, { charts, perform, clock: virtualClock(START_MS + 61_000) }))).end).toBe('done');
    const records = await recordsOn(disk);
    expect(records.filter(({ event }) => event.type === 'timer.fired')).toHaveLength(1);
    expect(fold(records, () => charts).divergence).toBeNull();
  });

  test('K6 a life that takes more steps than it may stops as a bug of ours, and the next one goes on', async () => {
    const disk = memoryDisk();
    await request(disk);
    await expect(drive(RUN, { ...life(disk), stepsMax: 5 })).rejects.toThrow('K6');
    const records = await recordsOn(disk);
    expect(records.length).toBeGreaterThan(2);
    expect(records.length).toBeLessThanOrEqual(1 + 1 + 5);
    expect((await drive(RUN, life(disk, { nonce: 'n2' }))).end).toBe('done');
    expect((await recordsOn(disk)).slice(0, records.length)).toEqual(records);
  });

  test.each([1, 2, 3])('K6 no more than %i effects are performed at once', async (concurrency) => {
    const disk = memoryDisk();
    await request(disk, wide);
    let [now, most] = [0, 0];
    const perform = async (performance: Performance) => {
      now += 1;
      most = Math.max(most, now);
      await turns(5);
      now -= 1;
      return goodAnswer(performance);
    };
    expect((await drive(RUN, { ...life(disk, { perform, charts: wide }), concurrency })).end).toBe('done');
    expect(most).toBe(concurrency);
  });

  test('K18 the last commit is published after the publishing of the one before has ended, not beside it', async () => {
    const disk = memoryDisk();
    await request(disk, wide);
    const published: unknown[] = [];
    const perform = async (performance: Performance) => {
      if (performance.open.effect.type === 'publish') {
        if (published.length === 0) await slowly(performance.signal);
        published.push(performance.open.effect.params['commit']);
      }
      return goodAnswer(performance);
    };
    const driven = await drive(RUN, life(disk, { perform, charts: wide, clock: steadyClock({ wall: () => START_MS, elapsed: () => 0, sleep: () => new Promise(() => undefined) }) }));
    expect(driven.end).toBe('done');
    expect(published.length).toBeGreaterThan(1);
    expect(published.at(-1)).toBe(runContext(driven.head.state).head);
  });
});

const error = (value: unknown): unknown => value;

describe('crashes', () => {
  test.each(['before', 'after'] as const)('a crash %s each append in turn ends as the calm run does, with every answer once', async (when) => {
    const expected = outcomes((await calm()).records);
    for (let n = 1; n <= 60; n += 1) {
      const disk = memoryDisk();
      await request(disk);
      const died = await drive(RUN, life(disk, { wrap: dyingAt(n, when) })).then(() => false, (thrown: unknown) => { expect(thrown).toBeInstanceOf(Crash); return true; });
      const second = await drive(RUN, life(disk, { nonce: 'n2' }));
      const records = await recordsOn(disk);
      expect(second.end).toBe('done');
      expect(outcomes(records)).toEqual(expected);
      expect(answers(records)).toEqual([...new Set(answers(records))]);
      expect(verifies(records)).toBeNull();
      if (!died) return;
    }
    throw new Error('the run never came to its end without a crash');
  });
});

describe('others', () => {
  test('K7 of two holders one finishes, the other is lost or finds the run done, and no answer is recorded twice', async () => {
    for (let round = 0; round < 30; round += 1) {
      const disk = memoryDisk();
      await request(disk);
      const yields = (ms: number) => async (performance: Performance) => { for (let i = 0; i < ms; i += 1) await Promise.resolve(); return goodAnswer(performance); };
      const ends = (await Promise.all([drive(RUN, life(disk, { nonce: 'a', perform: yields(round) })), drive(RUN, life(disk, { nonce: 'b', perform: yields(29 - round) }))])).map(({ end }) => end);
      const records = await recordsOn(disk);
      expect(ends).toContain('done');
      expect(ends.filter((end) => end === 'done' || end === 'lost')).toHaveLength(2);
      expect(answers(records)).toEqual([...new Set(answers(records))]);
      expect(outcomes(records).at(-1)).toEqual(['run', 'COMPLETE']);
      expect(verifies(records)).toBeNull();
    }
  });

  test('K5 a cancel from outside ends the run, and the call under way is recorded for its cost alone', async () => {
    const disk = memoryDisk();
    await request(disk);
    const { events } = memoryStore(disk);
    const perform = async (performance: Performance) => {
      if (performance.open.effect.type !== 'callBuilder') return goodAnswer(performance);
      const clock = { virtual: true, now: () => 0, tick: () => {}, jumpTo: () => {}, until: () => Promise.resolve() };
      const taken = await submit({ store: events, clock, systemFor: () => system, nonce: 'c' }, RUN, 'run', { type: 'run.cancel_requested', v: 1, data: { reason: 'enough' } });
      expect('rejected' in taken).toBe(false);
      return goodAnswer(performance);
    };
    const { end } = await drive(RUN, life(disk, { perform }));
    const records = await recordsOn(disk);
    expect(end).toBe('done');
    expect(outcomes(records).at(-1)).toEqual(['run', 'STOPPED']);
    expect(records.filter(({ event }) => event.type === 'effect.late').map(({ event }) => event.data['costMicroUsd'])).toEqual([7]);
    expect(records.some(({ event }) => event.type === 'builder.answered')).toBe(false);
    const again = await submit({ store: events, clock: life(disk).clock, systemFor: () => system, nonce: 'd' }, RUN, 'run', { type: 'run.cancel_requested', v: 1, data: { reason: 'again' } });
    expect(again).toMatchObject({ rejected: true });
  });
});
