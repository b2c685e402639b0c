// The contract of the Blobs port: every adapter runs it.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Blobs } from '#src/ports/blobs.ts';
import { refOf, type Ref } from '#src/record/ref.ts';

/** One place where bodies are kept. Every `open` is another process on it. */
export interface BlobsWorld {
  open(): Promise<{ readonly blobs: Blobs; close(): Promise<void> }>;
  /** Changes a byte of the kept body; null where nobody can. */
  readonly damage: ((ref: Ref) => void) | null;
  dispose(): Promise<void>;
}

const missing = expect.objectContaining({ code: 'blob.missing' });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function blobsContract(name: string, makeWorld: () => Promise<BlobsWorld>): void {
  describe(`Blobs on ${name}`, () => {
    let world: BlobsWorld;
    let store: Awaited<ReturnType<BlobsWorld['open']>>;
    beforeEach(async () => {
      world = await makeWorld();
      store = await world.open();
    });
    afterEach(async () => {
      await store.close();
      await world.dispose();
    });
    const given: Given = { blobs: () => store.blobs, world: () => world };
    bodies(given);
    memos(given);
  });
}

interface Given {
  readonly blobs: () => Blobs;
  readonly world: () => BlobsWorld;
}

function bodies({ blobs, world }: Given): void {
  test('B1 a body put twice, at once or later, is one body with one name', async () => {
    const body = bytes('answer');
    const refs = [...(await Promise.all([blobs().put(body), blobs().put(body)])), await blobs().put(body)];
    expect(refs).toEqual([refOf(body), refOf(body), refOf(body)]);
  });

  test('B1 a body that was put is there for whoever opens next', async () => {
    const ref = await blobs().put(bytes('kept'));
    const next = await world().open();
    expect(await next.blobs.get(ref)).toEqual(bytes('kept'));
    await next.close();
  });

  test('B2 any bytes come back as they were when they were put', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (body) => {
      const before = new Uint8Array(body);
      const putting = blobs().put(body);
      body.fill(0); // the caller goes on using its buffer
      expect(await blobs().get(await putting)).toEqual(before);
    }), { numRuns: 50 });
  });

  test('B2 what the caller does to a body it got stays its own', async () => {
    const ref = await blobs().put(bytes('mine'));
    (await blobs().get(ref)).fill(0);
    expect(await blobs().get(ref)).toEqual(bytes('mine'));
  });

  test('B2 an unknown body, or a name with the wrong length, is missing', async () => {
    const ref = await blobs().put(bytes('four'));
    await expect(blobs().get(refOf(bytes('never')))).rejects.toEqual(missing);
    await expect(blobs().get({ ...ref, bytes: 5 })).rejects.toEqual(missing);
  });

  test('B2 a damaged body is missing, never given out, and putting it again mends it', async ({ skip }) => {
    const ref = await blobs().put(bytes('precious'));
    const { damage } = world();
    if (damage === null) return skip();
    damage(ref);
    await expect(blobs().get(ref)).rejects.toEqual(missing);
    await blobs().put(bytes('precious'));
    expect(await blobs().get(ref)).toEqual(bytes('precious'));
  });
}

function memos({ blobs, world }: Given): void {
  test('B3 the first memo of an effect wins, whoever asks, and is recalled', async () => {
    const first = await blobs().put(bytes('first'));
    const second = await blobs().put(bytes('second'));
    expect(await blobs().recall('r1', 'run/1')).toBeNull();
    const [kept, again] = await Promise.all([blobs().memo('r1', 'run/1', first), blobs().memo('r1', 'run/1', second)]); // which is first is the store's to say
    expect([first, second]).toContainEqual(kept);
    expect(again).toEqual(kept);
    const next = await world().open();
    for (const other of [first, second]) expect(await next.blobs.memo('r1', 'run/1', other)).toEqual(kept);
    expect(await next.blobs.recall('r1', 'run/1')).toEqual(kept);
    await next.close();
  });

  test('B3 effects and runs are told apart, also when their names run together', async () => {
    const one = await blobs().put(bytes('1'));
    const two = await blobs().put(bytes('2'));
    expect(await blobs().memo('r', '1/2', one)).toEqual(one);
    expect(await blobs().memo('r/1', '2', two)).toEqual(two);
    expect(await blobs().memo('r', '1', two)).toEqual(two);
    expect(await blobs().recall('r', '1/2')).toEqual(one);
  });

  test('B3 a later memo answers with the first even when its own body is missing', async () => {
    const first = await blobs().put(bytes('first'));
    await blobs().memo('r1', 'run/1', first);
    expect(await blobs().memo('r1', 'run/1', refOf(bytes('never put')))).toEqual(first);
  });

  test('B4 a memo of a body that is not there, or not of that length, is refused and keeps nothing', async () => {
    const there = await blobs().put(bytes('there'));
    await expect(blobs().memo('r1', 'run/1', refOf(bytes('never put')))).rejects.toEqual(missing);
    await expect(blobs().memo('r1', 'run/1', { ...there, bytes: 1 })).rejects.toEqual(missing);
    expect(await blobs().recall('r1', 'run/1')).toBeNull();
  });

  test('B4 a body and its memo that meet are kept together', async () => {
    const body = bytes('together');
    const [, kept] = await Promise.all([blobs().put(body), blobs().memo('r1', 'run/1', refOf(body))]);
    expect(kept).toEqual(refOf(body));
    expect(await blobs().get(kept)).toEqual(body);
  });
}
