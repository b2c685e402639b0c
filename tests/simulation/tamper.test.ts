// What an auditor who trusts nobody relies on: whatever was changed afterwards is noticed, and the first record is named.

import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportRun } from '#src/app/export.ts';
import { openStore } from '#src/app/machine.ts';
import { verify } from '#src/app/verify.ts';
import { bytesOf, finishedRun, NEVER } from '#tests/support/real-run.ts';
import { cutTails, isMisplaced, isMissed, tamperBytes, tamperStore, verdictOfBytes, type StoreChange } from '#tests/support/tamper.ts';
import { temporary } from '#tests/support/user-repository.ts';

const folder = temporary('autopack-tamper-');
const path = join(folder, 'store.db');
let bytes: Buffer;

beforeAll(async () => {
  const small = await finishedRun({ a: 'one\n' }, `sqlite:${path}`);
  bytes = await bytesOf(exportRun(small.store, small.run));
  await small.store.close();
});

describe('tampering', () => {
  // Every seventh byte here; `npm run e2e:tamper` takes every one.
  test('R7 a changed byte of an exported file is exit 8 and names the record that it belongs to', async () => {
    expect((await verdictOfBytes(bytes)).exit).toBe(0);
    const missed = [];
    for await (const tampered of tamperBytes(bytes, 7)) if (isMissed(tampered)) missed.push(tampered);
    expect(missed).toEqual([]);
  });

  test('R7 an exported file without its tail is exit 8, wherever it was cut', async () => {
    const missed = [];
    for await (const cut of cutTails(bytes)) if (cut.verdict.exit !== 8) missed.push(cut);
    expect(missed).toEqual([]);
  });

  test('K10 every column of every record and every body of a store is held: exit 8 names the first record', async () => {
    const changes: StoreChange[] = [];
    for await (const change of tamperStore(path, 'small')) changes.push(change);
    expect(changes.length).toBeGreaterThan(90);
    expect(changes.filter((change) => isMisplaced(change, 'small'))).toEqual([]);
  });

  test('a store whose file is damaged is exit 7', async () => {
    const broken = join(folder, 'broken.db');
    const store = await openStore(`sqlite:${path}`, NEVER);
    await store.close();
    writeFileSync(broken, Buffer.alloc(statSync(path).size, 0xaa));
    const file = openSync(broken, 'r+');
    writeSync(file, 'SQLite format 3\0');
    closeSync(file);
    await expect(openStore(`sqlite:${broken}`, NEVER).then((opened) => verify(opened, 'small'))).rejects.toMatchObject({ exit: 7 });
  });
});
