// A ledger behind a bus that loses answers, doubles requests and brings them late, by seed: nothing is lost, nothing is
// doubled, and nobody but the network notices.

import { describe, expect, test } from 'vitest';
import { openLedgerStore } from '#src/adapters/ledger/store.ts';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { memoryDisk, memoryStore } from '#src/adapters/memory/store.ts';
import { serveLedger } from '#src/app/ledger.ts';
import { ledgerRules } from '#src/app/ledger-rules.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { toStored } from '#src/kernel/log.ts';
import type { Bus } from '#src/ports/bus.ts';
import { refOf } from '#src/record/ref.ts';
import { sealed, streamOf, type RunRecord } from '#src/record/record.ts';
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
