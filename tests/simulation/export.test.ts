// A run out of one store and into another.

import { hostname, userInfo } from 'node:os';
import { beforeAll, describe, expect, test } from 'vitest';
import { listRuns, recordsOf, viewOf } from '#src/app/commands.ts';
import { exportRun, importRun, type Source } from '#src/app/export.ts';
import { openStore, type Store } from '#src/app/machine.ts';
import { verify } from '#src/app/verify.ts';
import { streamOf } from '#src/record/record.ts';
import { bytesOf, driven, finishedRun, NEVER, requestedRun, type SmallRun } from '#tests/support/real-run.ts';

const sourceOf = (bytes: Uint8Array): Source =>
  async function* () {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  };
const exported = ({ store }: { store: Store }, run = 'small'): Promise<Buffer> => bytesOf(exportRun(store, run));
const empty = (): Promise<Store> => openStore('memory:', NEVER);

let small: SmallRun;
let bytes: Buffer;

beforeAll(async () => {
  small = await finishedRun();
  bytes = await exported(small);
});

describe('export and import', () => {
  test('equal runs give equal bytes, also after a journey through another store', async () => {
    expect((await exported(small)).equals(bytes)).toBe(true);
    const store = await empty();
    await importRun(store, sourceOf(bytes));
    expect((await exported({ store })).equals(bytes)).toBe(true);
    expect(await verify(store, 'small')).toMatchObject({ divergence: null, records: 10 });
    expect(await viewOf(store, 'small')).toEqual(await viewOf(small.store, 'small'));
  });

  test('nothing of the machine is in the file', () => {
    const text = bytes.toString('utf8');
    for (const word of [small.machine.home, small.repo.root, hostname(), process.env['HOME'] ?? '/nonexistent']) expect(text).not.toContain(word);
    expect(text).not.toMatch(new RegExp(`\\b${userInfo().username}\\b`));
    expect(text).not.toContain('nonce');
  });

  test('the same run again is a no-op', async () => {
    const store = await empty();
    expect(await importRun(store, sourceOf(bytes))).toMatchObject({ run: 'small', added: 10 });
    expect(await importRun(store, sourceOf(bytes))).toMatchObject({ run: 'small', added: 0 });
    expect(await importRun(small.store, sourceOf(bytes))).toMatchObject({ added: 0 });
    expect(await listRuns(store)).toHaveLength(1);
  });

  test('a different run of the same name is refused, and nothing of it is written', async () => {
    const other = await finishedRun({ a: 'two\n' });
    const before = await recordsOf(other.store, 'small');
    await expect(importRun(other.store, sourceOf(bytes))).rejects.toMatchObject({ code: 'run.exists', exit: 2 });
    expect(await recordsOf(other.store, 'small')).toEqual(before);
  });

  test('what a run has gained since it was imported is added, and a run goes on where it was imported', async () => {
    const begun = await requestedRun();
    const early = await exported(begun);
    await driven(begun);
    const late = await exported(begun);
    const store = await empty();
    expect((await importRun(store, sourceOf(early))).added).toBe(1);
    expect((await importRun(store, sourceOf(late))).added).toBeGreaterThan(5);
    expect((await importRun(store, sourceOf(early))).added).toBe(0);
    expect((await exported({ store })).equals(late)).toBe(true);

    const elsewhere = await empty();
    await importRun(elsewhere, sourceOf(early));
    await driven({ ...begun, store: elsewhere });
    expect((await viewOf(elsewhere, 'small')).outcome).toBe('COMPLETE');
  });

  test('R7 of a damaged file nothing is written', async () => {
    for (const at of [300, 5000, bytes.length - 300]) {
      const store = await empty();
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(importRun(store, sourceOf(changed))).rejects.toMatchObject({ exit: 8 });
      expect(await store.events.readAll()).toEqual([]);
    }
  });

  test('a file that changes between its two readings is not believed', async () => {
    const store = await empty();
    let readings = 0;
    const changed = Buffer.from(bytes);
    changed[bytes.length - 500] = 0;
    const changing: Source = () => sourceOf(++readings < 3 ? bytes : changed)();
    await expect(importRun(store, changing)).rejects.toMatchObject({ exit: 8 });
    expect(await store.events.read(streamOf('small'))).toEqual([]);
  });
});
