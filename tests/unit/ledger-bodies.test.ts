// Large bodies through a ledger: one that goes out in many messages is read once, and nothing is kept that nobody reads.

import { beforeEach, expect, test } from 'vitest';
import { openLedgerStore } from '#src/adapters/ledger/store.ts';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { memoryStore } from '#src/adapters/memory/store.ts';
import { Bodies } from '#src/app/bodies.ts';
import { serveLedger } from '#src/app/ledger.ts';
import { ledgerRules } from '#src/app/ledger-rules.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import { refOf } from '#src/record/ref.ts';

const MIB = 1024 * 1024;
/** Of a part. */
const length = MIB / 2;
const body = (bytes: number, fill = 7): Uint8Array => new Uint8Array(bytes).fill(fill);

let kept: Blobs;
let reads: number;
let counted: Blobs;
beforeEach(() => {
  kept = memoryStore().blobs;
  reads = 0;
  counted = { ...kept, get: (ref) => ((reads += 1), kept.get(ref)) };
});

test('B2 a body of 16 MiB comes back whole, and the ledger reads it once', async () => {
  const [bus, store] = [memoryBus(memoryBroker()), memoryStore()];
  await serveLedger({ bus, store: { ...store, blobs: counted }, rules: ledgerRules(store.events), logger: { warn: () => {}, debug: () => {} } });
  const { blobs } = await openLedgerStore({ bus, stop: new AbortController().signal, tell: () => {} });
  const large = body(16 * MIB);
  const ref = await kept.put(large);
  expect(Buffer.compare(await blobs.get(ref), large)).toBe(0);
  expect(reads).toBe(1);
});

/** Every part in its order, as a client asks. */
async function readWhole(bodies: Bodies, large: Uint8Array): Promise<void> {
  for (let offset = 0; offset < large.byteLength; offset += length) {
    expect(Buffer.compare(await bodies.part(refOf(large), { offset, length }), large.subarray(offset, offset + length))).toBe(0);
  }
}

test('what is read at once by several is read once, what is read again is read again: nothing is kept behind its last part', async () => {
  const [bodies, large] = [new Bodies(counted, 4 * MIB), body(2 * MIB)];
  await kept.put(large);
  await Promise.all([readWhole(bodies, large), readWhole(bodies, large)]);
  expect(reads).toBe(1);
  await readWhole(bodies, large);
  expect(reads).toBe(2);
});

test('of what was begun and left the oldest goes first, and a body above the bound is kept by nobody', async () => {
  const [bodies, others, huge] = [new Bodies(counted, 4 * MIB), [1, 2, 3].map((fill) => body(2 * MIB, fill)), body(5 * MIB, 9)];
  for (const each of [...others, huge]) await kept.put(each);
  for (const each of others) await bodies.part(refOf(each), { offset: 0, length });
  for (const each of others.slice(1)) await bodies.part(refOf(each), { offset: length, length });
  expect(reads).toBe(3);
  await bodies.part(refOf(others[0] as Uint8Array), { offset: length, length });
  expect(reads).toBe(4);
  await bodies.part(refOf(huge), { offset: 0, length });
  await bodies.part(refOf(huge), { offset: length, length });
  expect(reads).toBe(6);
});

test('B2 a body that was missing is looked for again, and behind its end there is nothing', async () => {
  const [bodies, large] = [new Bodies(counted, 4 * MIB), body(2 * MIB)];
  await expect(bodies.part(refOf(large), { offset: 0, length })).rejects.toMatchObject({ code: 'blob.missing' });
  await kept.put(large);
  await readWhole(bodies, large);
  expect((await bodies.part(refOf(large), { offset: large.byteLength, length })).byteLength).toBe(0);
  await expect(bodies.part({ ...refOf(large), bytes: large.byteLength + 1 }, { offset: 0, length })).rejects.toMatchObject({ code: 'blob.missing' });
});
