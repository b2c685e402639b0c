// What a ledger takes and what it refuses: with each refusal nothing is appended.

import { beforeEach, describe, expect, test } from 'vitest';
import { memoryStore } from '#src/adapters/memory/store.ts';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { openLedgerStore } from '#src/adapters/ledger/store.ts';
import { decodeAnswer, encodeError } from '#src/adapters/ledger/wire.ts';
import { serveLedger } from '#src/app/ledger.ts';
import { ledgerRules } from '#src/app/ledger-rules.ts';
import { ExecutorError, InvariantError } from '#src/errors/errors.ts';
import { eventId, toStored } from '#src/kernel/log.ts';
import type { Bus } from '#src/ports/bus.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { EventStore, NewEvent } from '#src/ports/event-store.ts';
import { sha256 } from '#src/record/canonical.ts';
import { GENESIS, seal, type Sealed, type UnsealedRecord } from '#src/record/record.ts';

const plain = (seq: number, more: Partial<UnsealedRecord> = {}): UnsealedRecord =>
  ({ run: 'r1', seq, at: 1000 + seq, to: 'run', event: { type: 'timer.fired', v: 1, data: {} }, moves: [], facts: [], effects: [], state: GENESIS, prev: GENESIS, ...more });

/** The record r1@0 in other words, with the hash of these. */
function worded(change: (text: string) => string): NewEvent {
  const data = change(r0.body);
  const hash = sha256(data);
  return { ...stored(r0), id: eventId(hash, 'n'), data, metadata: { hash, nonce: 'n' } };
}

/** Records that follow from one another. */
function chain(length: number): Sealed[] {
  const sealed: Sealed[] = [];
  for (let seq = 0; seq < length; seq += 1) sealed.push(seal(plain(seq, { prev: sealed.at(-1)?.record.hash ?? GENESIS })));
  return sealed;
}

const [r0, r1, r2] = chain(3) as [Sealed, Sealed, Sealed];
const stored = (sealed: Sealed): NewEvent => toStored(sealed, 'n');
const changed = (sealed: Sealed, more: Partial<UnsealedRecord>): NewEvent => {
  const { hash: _, ...unsealed } = sealed.record;
  return stored(seal({ ...unsealed, ...more }));
};

let kept: EventStore;
let reads: number;
let bus: Bus;
let client: EventStore;
let blobs: Blobs;
beforeEach(async () => {
  const store = memoryStore();
  kept = store.events;
  reads = 0;
  const events: EventStore = { ...kept, read: (...asked) => ((reads += 1), kept.read(...asked)) };
  bus = memoryBus(memoryBroker());
  await serveLedger({ bus, store: { ...store, events }, rules: ledgerRules(events), logger: { warn: () => {}, debug: () => {} } });
  ({ events: client, blobs } = await openLedgerStore({ bus, stop: new AbortController().signal, tell: () => {} }));
});

const fork = (hash: string): UnsealedRecord => plain(0, { run: 'r2', at: 2000, prev: hash, event: { type: 'run.forked', v: 1, data: { run: 'r2', origin: { run: 'r1', seq: 1, hash } } } });

test('L2 records in their chain are taken one by one, in one append, again, and by a fork of them', async () => {
  expect(await client.append('run-r1', -1, [stored(r0)])).toBe(0);
  expect(await client.append('run-r1', 0, [stored(r1), stored(r2)])).toBe(2);
  expect(await client.append('run-r1', -1, [stored(r0)])).toBe(0);
  expect(await client.append('run-r2', -1, [stored(seal(fork(r1.record.hash)))])).toBe(0);
  await expect(client.append('run-r1', 0, [changed(r1, { at: 5000 })])).rejects.toMatchObject({ code: 'store.wrong_revision' });
});

describe('a memo', () => {
  test('B3 of a run that is not there is refused, whatever its effect, and nothing is kept', async () => {
    const ref = await blobs.put(Buffer.from('an answer'));
    for (const effect of ['phase:p1/4', 'run/1', 'submitted:', `submitted:${GENESIS}x`]) {
      await expect(blobs.memo('nosuch', effect, ref)).rejects.toMatchObject({ code: 'ledger.refused', message: expect.stringContaining('there is no run nosuch') });
      expect(await blobs.recall('nosuch', effect)).toBeNull();
    }
  });

  test('B3 of a run is kept, and the ledger looks for the run once at most', async () => {
    const ref = await blobs.put(Buffer.from('an answer'));
    await kept.append('run-r1', -1, [stored(r0)]); // by another ledger
    for (let i = 0; i < 20; i += 1) expect(await blobs.memo('r1', `phase:p1/${i}`, ref)).toEqual(ref);
    expect(reads).toBe(1);
    await client.append('run-r1', 0, [stored(r1)]);
    expect(await blobs.memo('r1', 'run/1', ref)).toEqual(ref);
    expect(reads).toBe(1);
  });

  test('B3 that a run is submitted is kept before its first record, as submitting does', async () => {
    const ref = await blobs.put(Buffer.from('{"v":1,"labels":[]}'));
    expect(await blobs.memo('later', `submitted:${r0.record.hash}`, ref)).toEqual(ref);
  });
});

describe('an error that nobody has thought of', () => {
  test.each([
    ['of the ledger', new TypeError('x is not a function'), { code: 'store.refused', message: 'the ledger met an error: x is not a function', retryable: false }],
    ['of a broken promise', new InvariantError('K3', 'no edge'), { code: 'store.refused', message: 'the ledger met an error: K3: no edge', retryable: false }],
    ['of a store that is away', new ExecutorError('store.unavailable', 'away'), { code: 'store.unavailable', retryable: true }],
  ])('%s is told as what it is: who asks waits for no cure that does not come', (_what, error, told) => {
    expect(() => decodeAnswer('recall', encodeError(error))).toThrow(expect.objectContaining(told));
  });

  test('a code that a newer ledger knows is no reason to wait', () => {
    const answer = Buffer.from('{"v":1,"error":{"code":"store.haunted","message":"boo","hint":null}}');
    expect(() => decodeAnswer('recall', answer)).toThrow(expect.objectContaining({ code: 'store.refused', message: 'boo', retryable: false }));
  });
});

describe('refused, and nothing is appended', () => {
  const wide = 'ü'.repeat(200_000);
  const cases: readonly (readonly [why: string, stream: string, expected: number, event: NewEvent, code: string, words: string])[] = [
    ['a record that does not follow', 'run-r1', 0, changed(r1, { prev: GENESIS }), 'record.damaged', 'r1@1: it does not follow from the record before it'],
    ['a first record with a past', 'run-r3', -1, changed(r0, { run: 'r3', prev: r1.record.hash }), 'record.damaged', 'does not follow'],
    ['a record older than the one before it', 'run-r1', 0, changed(r1, { at: 1 }), 'record.damaged', 'older'],
    ['a fork of what is not there', 'run-r2', -1, stored(seal(fork(r1.record.hash))), 'record.damaged', 'r1@1, which is not in this store'],
    ['a record of another run', 'run-r9', -1, stored(r0), 'record.damaged', 'another run'],
    ['a record of another revision', 'run-r1', 0, stored(r2), 'record.damaged', 'seq'],
    ['bytes that do not hash', 'run-r1', 0, { ...stored(r1), data: `${r1.body} ` }, 'record.damaged', 'hash'],
    ['what is no record', 'run-r1', 0, { ...stored(r1), data: '{}' }, 'record.damaged', 'hash'],
    ['an id of its own', 'run-r1', 0, { ...stored(r1), id: eventId(r1.record.hash, 'other') }, 'record.damaged', 'id'],
    ['a type of its own', 'run-r1', 0, { ...stored(r1), type: '$metadata' }, 'record.damaged', 'type'],
    ['a record above its limit', 'run-r1', 0, { ...stored(r1), data: JSON.stringify(wide) }, 'ledger.refused', 'above 262144'],
    ['a record with room in it', 'run-r4', -1, worded((text) => text.replace('"run":"r1"', '"run": "r4"')), 'record.damaged', 'not canonical'],
    ['a record that says a thing twice', 'run-r4', -1, worded((text) => text.replace('"run":"r1"', '"run":"r1","run":"r4"')), 'record.damaged', 'not canonical'],
    ['a record in another order', 'run-r4', -1, worded((text) => `{"run":"r4",${text.replace('"run":"r1",', '').slice(1)}`), 'record.damaged', 'not canonical'],
    ['a record nested without end', 'run-r4', -1, worded((text) => text.replace('"run":"r1"', '"run":"r4"').replace('"data":{}', `"data":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)), 'record.damaged', 'not canonical'],
    ['a foreign stream', 'orders-1', -1, stored(r0), 'ledger.refused', 'no stream of a run'],
    ["the store's own stream", '$all', -1, stored(r0), 'ledger.refused', 'stream'],
    ['a run with dots', 'run-a.b', -1, stored(r0), 'ledger.refused', 'stream'],
    ['a run with stars', 'run-*', -1, stored(r0), 'ledger.refused', 'stream'],
    ['a run above its length', `run-${'a'.repeat(65)}`, -1, stored(r0), 'ledger.refused', 'no stream of a run'],
  ];
  test.each(cases)('%s', async (_why, stream, expected, event, code, words) => {
    await kept.append('run-r1', -1, [stored(r0)]);
    await expect(client.append(stream, expected, [event])).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    expect((await kept.readAll()).map(({ data }) => data)).toEqual([r0.body]);
  });

  test.each([
    ['another version', 'append', '{"v":2,"stream":"run-r1","expected":-1,"events":[]}', 'version 2'],
    ['no version', 'append', '{"stream":"run-r1"}', 'no version'],
    ['no JSON', 'append', '\u0000', 'no JSON'],
    ['a field that nobody knows', 'append', '{"v":1,"stream":"run-r1","expected":-1,"events":[],"force":true}', 'force'],
    ['an operation that nobody knows', 'drop', '{"v":1}', 'drop is not known'],
    ['an operation of every object', 'constructor', '{"v":1}', 'constructor is not known'],
    ['a memo of no run', 'memo', `{"v":1,"run":"a.b","effect":"e","result":{"ref":"sha256:${GENESIS}","bytes":0}}`, 'no stream of a run'],
    ['a body under another name', 'put', `{"v":1,"ref":{"ref":"sha256:${GENESIS}","bytes":1},"data":"YQ=="}`, 'the body is not'],
  ])('an envelope with %s', async (_why, operation, text, words) => {
    const answer = JSON.parse(Buffer.from(await bus.request(`autopack.v1.ledger.${operation}`, Buffer.from(text), 1000)).toString()) as { error: { code: string; message: string } };
    expect(answer.error).toMatchObject({ code: 'ledger.refused', message: expect.stringContaining(words) });
    expect(await kept.readAll()).toEqual([]);
  });
});
