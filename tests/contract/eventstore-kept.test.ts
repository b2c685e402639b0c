// The wire server's process is killed at any byte: what it answered for is there, once, and nothing else.

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { openEventStoreDb } from '#src/adapters/eventstore/store.ts';
import { keptLog } from '#tests/support/eventstore-wire/kept.ts';
import type { Proposed } from '#tests/support/eventstore-wire/log.ts';
import { startFaultyStore } from '#tests/support/faulty-store.ts';
import { temporaryFolder } from './support.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function folder(): ReturnType<typeof temporaryFolder> {
  const made = temporaryFolder();
  closing.push(() => made.remove());
  return made;
}

const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const proposed = (n: number): Proposed => ({ id: uuid(n), type: 't', contentType: 'application/json', data: Buffer.from(`{"n":${n},"a":"ü"}`), metadata: Buffer.from('{}') });
const idsOf = (file: string): string[] => keptLog(file).all.map(({ id }) => id);

test('a last line that is torn at any byte is dropped, and what is written next is read again', () => {
  const { file } = folder();
  const whole = keptLog(file('log'));
  whole.append('run-a', 'no_stream', [proposed(1)]);
  const first = readFileSync(file('log'));
  whole.append('run-a', 0n, [proposed(2), proposed(3)]);
  const bytes = readFileSync(file('log'));
  expect(idsOf(file('log'))).toEqual([1, 2, 3].map(uuid));
  for (let end = first.length; end < bytes.length; end += 1) {
    writeFileSync(file('torn'), bytes.subarray(0, end));
    expect(keptLog(file('torn')).append('run-a', 0n, [proposed(4)]).kind).toBe('ok');
    expect(idsOf(file('torn')), `torn at ${end}`).toEqual([1, 4].map(uuid));
  }
});

test('what makes `any` idempotent is in memory alone, and a whole line that is none of ours is damage', () => {
  const { file } = folder();
  keptLog(file('log')).append('run-a', 'any', [proposed(1)]);
  expect(keptLog(file('log')).append('run-a', 'any', [proposed(1)])).toMatchObject({ kind: 'ok', revision: 1n });
  appendFileSync(file('log'), 'not json\n');
  expect(() => keptLog(file('log'))).toThrow('JSON');
});

test('appends that were answered survive kills of the process, each once', async () => {
  const { path } = folder();
  const store = await startFaultyStore('wire', path, '');
  closing.push(() => store.dispose());
  const { events, close } = await openEventStoreDb({ url: store.spec });
  closing.push(close);
  const answered: number[] = [];
  let isOver = false;
  const writing = (async () => {
    for (let n = 1; !isOver; n += 1) answered.push(await events.append('run-a', n - 2, [{ id: uuid(n), type: 't', data: JSON.stringify({ n, fill: 'x'.repeat(n % 60_000) }), metadata: { hash: `h${n}`, nonce: 'n' } }]));
  })();
  for (let kills = 0; kills < 5; kills += 1) {
    const before = answered.length;
    while (answered.length < before + 20) await pause(3);
    await store.faults?.kill();
    await store.faults?.start();
  }
  isOver = true;
  await writing;
  const kept = await events.read('run-a');
  expect(answered).toEqual(answered.map((_, i) => i));
  expect(kept.map(({ id, revision }) => [id, revision])).toEqual(answered.map((_, i) => [uuid(i + 1), i]));
}, 60_000);
