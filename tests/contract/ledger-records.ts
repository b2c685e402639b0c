// The contract of ledgers with the rules that they really have: records of runs in their chain, asked by two processes of two
// ledgers before one store. Every store behind a ledger runs it; a store that others fill too shows nothing but its own runs.

import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerStore } from '#src/adapters/ledger/store.ts';
import { ledgerRules } from '#src/app/ledger-rules.ts';
import { systemFor } from '#src/app/pins.ts';
import { readHistory } from '#src/kernel/history.ts';
import { fold, toStored } from '#src/kernel/log.ts';
import type { NewEvent } from '#src/ports/event-store.ts';
import { GENESIS, runOf, seal, sealed, streamOf, type RunRecord } from '#src/record/record.ts';
import { refOf } from '#src/record/ref.ts';
import { recordRun } from '#tests/support/recorded.ts';
import { ledgersOn, type Backing, type LedgerWorld } from './ledger-world.ts';

/** As many as one append may carry. */
const BATCH = 100;

const told = (record: RunRecord, nonce = 'n'): NewEvent => toStored(sealed(record), nonce);
const wrongRevision = expect.objectContaining({ code: 'store.wrong_revision' });

export function recordsContract(name: string, make: () => Promise<Backing>): void {
  describe(`records through ${name}`, () => {
    let world: LedgerWorld;
    let one: LedgerStore;
    let other: LedgerStore;
    beforeEach(async () => {
      world = await ledgersOn(await make(), { rules: ledgerRules, count: 2 });
      [one, other] = [await world.open(), await world.open()];
    });
    afterEach(async () => {
      await one.close();
      await other.close();
      await world.dispose();
    });
    const given: Given = { one: () => one, other: () => other };
    appending(given);
    reading(given);
    bodies(given);
  });
}

interface Given {
  readonly one: () => LedgerStore;
  readonly other: () => LedgerStore;
}

/** A run that no store has seen. */
const newRun = (): string => `r${randomBytes(6).toString('hex')}`;

/** A whole run as the product records it. */
const wholeRun = (): readonly RunRecord[] => recordRun(3, newRun(), ['a', 'b']).records;

/** Small records in their chain, as many as wanted. */
function longRun(length: number): readonly RunRecord[] {
  const [run, records]: [string, RunRecord[]] = [newRun(), []];
  for (let seq = 0; seq < length; seq += 1) {
    records.push(seal({ run, seq, at: seq, to: 'run', event: { type: 'timer.fired', v: 1, data: {} }, moves: [], facts: [], effects: [], state: GENESIS, prev: records.at(-1)?.hash ?? GENESIS }).record);
  }
  return records;
}

const streamOfAll = (records: readonly RunRecord[]): string => streamOf(records[0]?.run ?? '');

async function appendAll({ events }: LedgerStore, records: readonly RunRecord[]): Promise<void> {
  for (let at = 0; at < records.length; at += BATCH) await events.append(streamOfAll(records), at - 1, records.slice(at, at + BATCH).map((record) => told(record)));
}

function appending({ one, other }: Given): void {
  test('L1 L3 L4 a run that was appended record by record is read by another process byte for byte, and replays to the same hashes', async () => {
    const records = wholeRun();
    const stream = streamOfAll(records);
    for (const record of records) expect(await one().events.append(stream, record.seq - 1, [told(record)])).toBe(record.seq);
    const found = await other().events.read(stream);
    expect(found.map(({ id, type, data, metadata }) => ({ id, type, data, metadata }))).toEqual(records.map((record) => told(record)));
    const history = await readHistory(other().events, records[0]?.run ?? '');
    expect(history).toEqual(records);
    expect(fold(history, systemFor).divergence).toBeNull();
  });

  test('L7 the same append again is answered as the first was, by whichever ledger, also behind what came since', async () => {
    const records = wholeRun();
    const stream = streamOfAll(records);
    const first = records.slice(0, 3).map((record) => told(record));
    expect(await one().events.append(stream, -1, first)).toBe(2);
    expect(await other().events.append(stream, -1, first)).toBe(2);
    expect(await other().events.append(stream, 2, [told(records[3] as RunRecord)])).toBe(3);
    expect(await Promise.all([one(), other(), one()].map(({ events }) => events.append(stream, -1, first)))).toEqual([2, 2, 2]);
    expect((await one().events.read(stream)).map(({ metadata }) => metadata.hash)).toEqual(records.slice(0, 4).map(({ hash }) => hash));
  });

  test('L2 of two that go on from the same record one is written and the other is a wrong revision, and so is the same record under another id', async () => {
    const records = wholeRun();
    const [stream, next] = [streamOfAll(records), records[1] as RunRecord];
    const { hash: _, ...unsealed } = next;
    const theirs = seal({ ...unsealed, at: next.at + 1 }).record;
    await one().events.append(stream, -1, [told(records[0] as RunRecord)]);
    const outcomes = await Promise.allSettled([one().events.append(stream, 0, [told(next)]), other().events.append(stream, 0, [told(theirs)])]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: wrongRevision });
    await expect(other().events.append(stream, -1, [told(records[0] as RunRecord, 'another process')])).rejects.toEqual(wrongRevision);
    expect((await one().events.read(stream)).map(({ metadata }) => metadata.hash)).toEqual([records[0]?.hash, outcomes[0].status === 'fulfilled' ? next.hash : theirs.hash]);
  });

  test('L1 records that are out of their chain are refused, the good ones before them too', async () => {
    const records = wholeRun();
    const stream = streamOfAll(records);
    const [first, second, , fourth] = records.map((record) => told(record)) as [NewEvent, NewEvent, NewEvent, NewEvent];
    await one().events.append(stream, -1, [first]);
    await expect(other().events.append(stream, 0, [second, fourth])).rejects.toMatchObject({ code: 'record.damaged' });
    await expect(other().events.append(streamOf(newRun()), -1, [first])).rejects.toMatchObject({ code: 'record.damaged' });
    expect(await one().events.read(stream)).toHaveLength(1);
  });
}

function reading({ one, other }: Given): void {
  test('L4 a history of many pages is read forwards, backwards, from a revision and up to a limit', async () => {
    const records = longRun(620);
    const stream = streamOfAll(records);
    await appendAll(one(), records);
    const seqs = async (options: Parameters<LedgerStore['events']['read']>[1]): Promise<number[]> => (await other().events.read(stream, options)).map(({ revision }) => revision);
    const all = records.map(({ seq }) => seq);
    expect(await seqs({})).toEqual(all);
    expect(await seqs({ backwards: true })).toEqual(all.toReversed());
    expect(await seqs({ from: 300, limit: 300 })).toEqual(all.slice(300, 600));
    expect(await seqs({ from: 610 })).toEqual(all.slice(610));
    expect(await seqs({ backwards: true, from: 500, limit: 400 })).toEqual(all.slice(101, 501).toReversed());
    expect(await other().events.read(streamOf(newRun()))).toEqual([]);
  });

  test('L5 the beginnings of runs are found among everything, each once, in the order in which they came', async () => {
    const runs = [wholeRun(), wholeRun(), wholeRun()];
    for (const [i, records] of runs.entries()) await appendAll(i % 2 === 0 ? one() : other(), records);
    const names = runs.map((records) => records[0]?.run);
    const found = (await other().events.readAll({ types: ['run.requested'] })).filter(({ stream }) => names.includes(runOf(stream) ?? ''));
    expect(found.map(({ stream, revision }) => [runOf(stream), revision])).toEqual(names.map((name) => [name, 0]));
    expect(found.map(({ position }) => position)).toEqual(found.map(({ position }) => position).toSorted((a, b) => a - b));
    const [newest] = await one().events.readAll({ types: ['run.requested'], backwards: true, limit: 1 });
    expect(newest?.data).toBe(told(runs[2]?.[0] as RunRecord).data);
  });

  test('L6 who follows a run from another process gets each record once, in order, while it is written', async () => {
    const records = longRun(260);
    const [stream, seen]: [string, string[]] = [streamOfAll(records), []];
    await appendAll(one(), records.slice(0, 120));
    const { promise: all, resolve } = Promise.withResolvers<void>();
    const following = other().events.subscribe(stream, 20, ({ metadata }) => { if (seen.push(metadata.hash) === 240) resolve(); }, (error) => { throw error; });
    for (const record of records.slice(120)) await one().events.append(stream, record.seq - 1, [told(record)]);
    await all;
    await following.close();
    expect(seen).toEqual(records.slice(20).map(({ hash }) => hash));
  });
}

function bodies({ one, other }: Given): void {
  test('B1 B2 B3 what one process puts, in one message or in parts, another gets whole, and the first memo of an effect stands', async () => {
    const records = wholeRun();
    const run = records[0]?.run ?? '';
    await appendAll(one(), records);
    const [small, large] = [Buffer.from(`answer of ${run}`), Buffer.alloc(1_300_001, `never the same twice in ${run}, `)];
    for (const body of [small, large]) {
      const ref = await one().blobs.put(body);
      expect(ref).toEqual(refOf(body));
      expect(await other().blobs.put(body)).toEqual(ref);
      expect(Buffer.compare(await other().blobs.get(ref), body)).toBe(0);
    }
    expect(await other().blobs.recall(run, 'run/1')).toBeNull();
    expect(await one().blobs.memo(run, 'run/1', refOf(large))).toEqual(refOf(large));
    expect(await other().blobs.memo(run, 'run/1', refOf(small))).toEqual(refOf(large));
    expect(await other().blobs.recall(run, 'run/1')).toEqual(refOf(large));
    await expect(one().blobs.memo(run, 'run/2', refOf(Buffer.from(`never put in ${run}`)))).rejects.toMatchObject({ code: 'blob.missing' });
  });
}
