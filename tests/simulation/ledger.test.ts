// A ledger behind a bus that loses answers, doubles requests and brings them late, by seed: nothing is lost, nothing is
// doubled, and nobody but the network notices.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openLedgerStore } from '#src/adapters/ledger/store.ts';
import { encodeRequest } from '#src/adapters/ledger/wire.ts';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { memoryDisk, memoryStore } from '#src/adapters/memory/store.ts';
import { serveLedger } from '#src/app/ledger.ts';
import { ledgerRules } from '#src/app/ledger-rules.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { toStored } from '#src/kernel/log.ts';
import type { NewEvent } from '#src/ports/event-store.ts';
import type { Bus } from '#src/ports/bus.ts';
import { refOf } from '#src/record/ref.ts';
import { GENESIS, seal, sealed, streamOf, type RunRecord } from '#src/record/record.ts';
import { recordRun } from '#tests/support/recorded.ts';
import { generator } from '#tests/support/world.ts';

interface Faults {
  lost: number;
  doubled: number;
  late: number;
}

/** The bus as a bad network makes it; what is late comes with a request of a later time. */
function faulty(bus: Bus, seed: number, faults: Faults): Bus {
  const { next } = generator(seed);
  const below = (n: number): number => Math.floor(next() * n);
  const late: (() => Promise<unknown>)[] = [];
  return {
    ...bus,
    async request(subject, body, timeoutMs) {
      const luck = below(10);
      for (const again of below(3) === 0 ? late.splice(0) : []) await again().catch(() => {});
      const ask = (): Promise<Uint8Array> => bus.request(subject, body, timeoutMs);
      if (luck === 0) {
        faults.late += 1;
        late.push(ask);
        throw new ExecutorError('bus.unavailable', 'on its way');
      }
      if (luck === 1) {
        faults.doubled += 1;
        await ask().catch(() => {});
      }
      const answer = await ask();
      if (luck > 2) return answer;
      faults.lost += 1;
      throw new ExecutorError('bus.unavailable', 'the answer was lost');
    },
  };
}

const told = (record: RunRecord) => toStored(sealed(record), 'n');

describe.each([1, 2, 3, 4])('seed %i', (seed) => {
  test('L7 B1 B3 runs side by side over two ledgers and a bad network stand in the log once, each in its order', async () => {
    const [disk, broker] = [memoryDisk(), memoryBroker()];
    const ledgers = await Promise.all([0, 1].map(() => {
      const store = memoryStore(disk);
      return serveLedger({ bus: memoryBus(broker), store, rules: ledgerRules(store.events), logger: { warn: () => {}, debug: () => {} } });
    }));
    const faults: Faults = { lost: 0, doubled: 0, late: 0 };
    const runs = [3, 5, 11].map((of) => recordRun(of, `run${of}`, ['a', 'b']).records);
    const said: string[] = [];
    await Promise.all(runs.map(async (records, i) => {
      const bus = faulty(memoryBus(broker), seed * 100 + i, faults);
      const { events, blobs, close } = await openLedgerStore({ bus, stop: new AbortController().signal, tell: (what) => said.push(what), restMs: 1 });
      const seen: number[] = [];
      const subscription = events.subscribe(streamOf(`run${[3, 5, 11][i]}`), 0, ({ revision }) => void seen.push(revision), (error) => { throw error; });
      for (const record of records) {
        expect(await events.append(streamOf(record.run), record.seq - 1, [told(record)])).toBe(record.seq);
        const body = Buffer.from(`answer ${record.seq}`);
        expect(await blobs.memo(record.run, `run/${record.seq}`, await blobs.put(body))).toEqual(refOf(body));
      }
      while (seen.length < records.length) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(seen).toEqual(records.map(({ seq }) => seq));
      await subscription.close();
      await close();
    }));
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    for (const records of runs) expect((disk.streams.get(streamOf(records[0]?.run ?? '')) ?? []).map(({ metadata }) => metadata.hash)).toEqual(records.map(({ hash }) => hash));
    expect(disk.events).toHaveLength(runs.flat().length);
    expect(Object.values(faults).every((count) => count > 5), JSON.stringify(faults)).toBe(true);
    expect(said[0]).toMatch(/waiting$/);
  });
});

test('B1 B2 a body of many messages is put in parts, by whatever ledger, and comes back whole', async () => {
  const [disk, broker] = [memoryDisk(), memoryBroker()];
  for (let i = 0; i < 3; i += 1) {
    const store = memoryStore(disk);
    await serveLedger({ bus: memoryBus(broker), store, rules: ledgerRules(store.events), logger: { warn: () => {}, debug: () => {} } });
  }
  const faults: Faults = { lost: 0, doubled: 0, late: 0 };
  const { blobs } = await openLedgerStore({ bus: faulty(memoryBus(broker), 7, faults), stop: new AbortController().signal, tell: () => {}, restMs: 1 });
  const body = Buffer.alloc(3_500_001, 'never the same twice, ');
  body.write('x', 2_000_000);
  const ref = await blobs.put(body);
  expect(ref).toEqual(refOf(body));
  expect(Buffer.compare(await blobs.get(ref), body)).toBe(0);
});

/** Records of `text`, in their chain. */
function saying(run: string, texts: readonly string[], nonce = 'n'): NewEvent[] {
  let prev = GENESIS;
  return texts.map((text, seq) => {
    const made = seal({ run, seq, at: 1, to: 'run', event: { type: 'timer.fired', v: 1, data: { text } }, moves: [], facts: [], effects: [], state: GENESIS, prev });
    prev = made.record.hash;
    return toStored(made, nonce);
  });
}

/** One ledger on a bus whose messages have at most so many bytes. */
async function ledgerOver(maxBytes?: number) {
  const [disk, broker] = [memoryDisk(), memoryBroker(maxBytes)];
  const store = memoryStore(disk);
  const [told, longest] = [[] as string[], { bytes: 0 }];
  const bus = memoryBus(broker);
  const measuring: Bus = { ...bus, listen: (filter, onMessage, queue) => bus.listen(filter, (message) => onMessage({ ...message, respond(body) {
    longest.bytes = Math.max(longest.bytes, body.byteLength);
    message.respond(body);
  } }), queue) };
  await serveLedger({ bus: measuring, store, rules: ledgerRules(store.events), logger: { warn: (fields: object) => void told.push(JSON.stringify(fields)), debug: () => {} } });
  const ledger = await openLedgerStore({ bus: memoryBus(broker), stop: new AbortController().signal, tell: (what) => void told.push(what) });
  return { ...ledger, store, disk, told, longest };
}

test.each([
  ['of quotes, under a long nonce, on a bus as NATS has it', undefined, '"'.repeat(1_160), '"'.repeat(200)],
  ['of control characters on a bus of small messages', 40_000, '\u0001'.repeat(1_000), 'n'],
  ['of common words on a bus of small messages', 40_000, 'as people write them '.repeat(100), 'n'],
])('a page of records %s is cut where it is written out, and all of them come back', async (_name, maxBytes, text, nonce) => {
  const { events, told, longest } = await ledgerOver(maxBytes);
  const added = saying('r1', Array.from({ length: 200 }, () => text), nonce);
  for (const [seq, event] of added.entries()) await events.append('run-r1', seq - 1, [event]);
  expect((await events.read('run-r1')).map(({ data }) => data)).toEqual(added.map(({ data }) => data));
  expect((await events.readAll({ backwards: true })).map(({ revision }) => revision)).toEqual(added.map((_, i) => i).toReversed());
  expect([longest.bytes <= (maxBytes ?? 1024 * 1024), told]).toEqual([true, []]);
});

test('an append that no answer could carry back is refused, and nothing is appended', async () => {
  const LIMIT = 30_000;
  const { events, disk } = await ledgerOver(LIMIT);
  const asked = (length: number): { added: NewEvent[]; bytes: number } => {
    const added = saying('r1', ['"'.repeat(length)]);
    return { added, bytes: encodeRequest<'append'>({ stream: 'run-r1', expected: -1, events: added }).byteLength };
  };
  let length = 1;
  while (asked(length + 1).bytes <= LIMIT) length += 1;
  await expect(events.append('run-r1', -1, asked(length).added)).rejects.toMatchObject({ code: 'ledger.refused', message: expect.stringContaining(String(LIMIT)) });
  expect(disk.events).toHaveLength(0);
  await events.append('run-r1', -1, asked(length - 100).added);
  expect(await events.read('run-r1')).toHaveLength(1);
});

test('a record that another way brought into the store, and that no answer can carry, is told by name: the ledger goes on', async () => {
  const { events, store, told } = await ledgerOver(30_000);
  const [first, ...large] = saying('r1', ['small', 'x'.repeat(40_000)]);
  await store.events.append('run-r1', -1, [first as NewEvent, ...large]);
  await expect(events.read('run-r1')).rejects.toMatchObject({ code: 'bus.refused', message: expect.stringMatching(/answer of 4\d{4} bytes .* 30000/), hint: expect.stringContaining('max_payload') });
  expect(await events.read('run-r1', { limit: 1 })).toHaveLength(1);
  expect(told).toEqual([expect.stringContaining('bus.refused')]);
});

test('B1 a body comes in parts that the bus can carry, whatever its limit', async () => {
  const { blobs, longest } = await ledgerOver(30_000);
  const body = Buffer.alloc(100_001, 'never the same twice, ');
  const ref = await blobs.put(body);
  expect(Buffer.compare(await blobs.get(ref), body)).toBe(0);
  expect(longest.bytes).toBeLessThanOrEqual(30_000);
});

test('what is wrong with a record of many faults is said in few words', async () => {
  const { store, events } = await ledgerOver(30_000);
  const [event] = saying('r1', ['x']) as [NewEvent];
  const data = JSON.stringify({ ...JSON.parse(event.data) as object, moves: Array.from({ length: 5_000 }, () => 0) });
  const hash = createHash('sha256').update(data).digest('hex');
  await expect(events.append('run-r1', -1, [{ ...event, data, metadata: { hash, nonce: 'n' } }])).rejects.toMatchObject({ code: 'record.damaged' });
  expect(await store.events.read('run-r1')).toEqual([]);
});
