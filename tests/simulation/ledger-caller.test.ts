// Who asks a ledger, by the clock: a request that is lost with its ledger costs a second, a store that is slow is not asked
// more and more, and what people are told does not flap.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Caller, type CallerOptions } from '#src/adapters/ledger/caller.ts';
import { encodeAnswer, encodeError, LEDGER_FILTER } from '#src/adapters/ledger/wire.ts';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { ExecutorError } from '#src/errors/errors.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const HELLO = encodeAnswer({ version: '1' });

interface Asked {
  readonly caller: Caller;
  readonly told: readonly string[];
  /** When each request came, ms after the first. */
  readonly came: readonly number[];
}

/** @param answers of the ledger, by how many requests came before: what and when, or null for never */
async function asking(answers: (nth: number) => { readonly body?: Uint8Array; readonly afterMs: number } | null, options: Partial<CallerOptions> = {}): Promise<Asked> {
  const broker = memoryBroker();
  const [told, times]: [string[], number[]] = [[], []];
  await memoryBus(broker).listen(LEDGER_FILTER, ({ respond }) => {
    const answer = answers(times.length);
    times.push(performance.now());
    if (answer !== null) setTimeout(() => respond(answer.body ?? HELLO), answer.afterMs);
  });
  const caller = new Caller({ bus: memoryBus(broker), stop: new AbortController().signal, tell: (what) => told.push(what), ...options });
  closing.push(() => caller.close());
  return { caller, told, get came() { return times.map((at) => Math.round(at - (times[0] ?? 0))); } };
}

async function took(work: Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work;
  return performance.now() - begun;
}

/** The proportions of the real times, a tenth of them. */
const QUICK = { timeoutMs: 500, againMs: 100, restMs: 5 };

test('a request that was lost with its ledger is asked again after a second, and nobody is told of it', async () => {
  const asked = await asking((nth) => (nth === 0 ? null : { afterMs: 0 }));
  expect(await took(asked.caller.call('hello', {}))).toBeLessThan(2_000);
  expect([asked.came.length, asked.told]).toEqual([2, []]);
});

test('an answer that comes after the request was sent again is the answer', async () => {
  const asked = await asking(() => ({ afterMs: 250 }), QUICK);
  expect(await took(asked.caller.call('hello', {}))).toBeLessThan(400);
  expect([asked.came.length, asked.told]).toEqual([2, []]);
});

test('a ledger that is slow is asked once each time as soon as that is known, and as before when it is quick again', async () => {
  let afterMs = 250;
  const asked = await asking(() => ({ afterMs }), QUICK);
  for (let i = 0; i < 4; i += 1) await asked.caller.call('hello', {});
  expect(asked.came).toHaveLength(2 + 3);
  afterMs = 0;
  for (let i = 0; i < 30; i += 1) await asked.caller.call('hello', {});
  const before = asked.came.length;
  afterMs = 250;
  await asked.caller.call('hello', {});
  expect(asked.came.length - before).toBe(2);
});

test('of a request that nobody answers three tries at most are under way, it is told once, and the answer ends it', async () => {
  let isAway = true;
  const asked = await asking(() => (isAway ? null : { afterMs: 0 }), QUICK);
  const calling = asked.caller.call('hello', {});
  await pause(2_000);
  const came = asked.came;
  expect(came.length).toBeLessThanOrEqual(6); // 0, 100, 300, 700, 1200, 1700
  for (const at of came) expect(came.filter((other) => other <= at && other > at - QUICK.timeoutMs + 20).length).toBeLessThanOrEqual(3);
  expect(asked.told).toEqual([expect.stringMatching(/^no ledger answers \(.*no answer in time\): waiting$/)]);
  isAway = false;
  await calling;
  expect(asked.told.slice(1)).toEqual(['a ledger answers again: going on']);
});

test('what is told does not depend on other requests that are answered meanwhile', async () => {
  const broker = memoryBroker();
  const told: string[] = [];
  let isStuck = true;
  await memoryBus(broker).listen(LEDGER_FILTER, ({ subject, respond }) => {
    if (subject.endsWith('.hello')) respond(HELLO);
    else if (!isStuck) respond(encodeAnswer(null));
  });
  const caller = new Caller({ bus: memoryBus(broker), stop: new AbortController().signal, tell: (what) => told.push(what), ...QUICK });
  const stuck = caller.call('recall', { run: 'r1', effect: 'e' });
  for (const begun = performance.now(); performance.now() - begun < 1_500; await pause(20)) await caller.call('hello', {});
  isStuck = false;
  await stuck;
  expect(told).toEqual([expect.stringMatching(/waiting$/), expect.stringMatching(/going on$/)]);
});

test('nobody there, and a ledger whose store is away, are told at once', async () => {
  const away = encodeError(new ExecutorError('store.unavailable', 'the store is away'));
  const asked = await asking((nth) => ({ body: nth === 0 ? away : HELLO, afterMs: 0 }), QUICK);
  await asked.caller.call('hello', {});
  expect(asked.told).toEqual(['no ledger answers (the store is away): waiting', 'a ledger answers again: going on']);
  const told: string[] = [];
  const alone = new Caller({ bus: memoryBus(memoryBroker()), stop: new AbortController().signal, tell: (what) => told.push(what), ...QUICK });
  await expect(alone.call('hello', {}, 50)).rejects.toMatchObject({ code: 'store.unavailable' });
  expect(told).toHaveLength(1);
});

test('a limit of patience holds, and an answer before it counts however often it was asked', async () => {
  const asked = await asking(() => ({ afterMs: 400 }), QUICK);
  await asked.caller.call('hello', {}, 500);
  const never = await asking(() => null, QUICK);
  const begun = performance.now();
  await expect(never.caller.call('hello', {}, 300)).rejects.toMatchObject({ code: 'store.unavailable' });
  expect(performance.now() - begun).toBeLessThan(450);
});

test('a process that shall end sends nothing again, and what it sent may still be answered', async () => {
  const stop = new AbortController();
  const asked = await asking(() => ({ afterMs: 300 }), { ...QUICK, stop: stop.signal });
  const calling = asked.caller.call('hello', {});
  stop.abort();
  await calling;
  expect(asked.came).toHaveLength(1);
  const silent = await asking(() => null, { ...QUICK, stop: stop.signal });
  await expect(silent.caller.call('hello', {})).rejects.toMatchObject({ code: 'store.unavailable' });
  expect(silent.came).toHaveLength(1);
});
