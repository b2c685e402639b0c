// The drive loop on a store that becomes full at every page in turn.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { drive } from '#src/kernel/drive.ts';
import { readHistory } from '#src/kernel/history.ts';
import { fold } from '#src/kernel/log.ts';
import { memoryDisk } from '#src/adapters/memory/store.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { streamOf } from '#src/record/record.ts';
import { temporaryFolder, type Folder } from '#tests/contract/support.ts';
import { life, outcomes, requestOn, RUN, system } from '#tests/support/drive-world.ts';

let folder: Folder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** One process's life on the store `name`. @returns how it ended, or the code of what ended it. */
async function live(name: string, pagesMax?: number): Promise<string> {
  const { events, blobs, close } = await openSqliteStore({ path: folder.file(name), ...(pagesMax === undefined ? {} : { pagesMax }) });
  try {
    if ((await events.read(streamOf(RUN), { limit: 1 })).length === 0) {
      await requestOn(events, RUN);
    }
    return (await drive(RUN, { ...life(memoryDisk()), store: events, blobs })).end;
  } catch (error) {
    if (error instanceof ExecutorError) return error.code;
    throw error;
  } finally {
    await close();
  }
}

async function recordsIn(name: string) {
  const { events, close } = await openSqliteStore({ path: folder.file(name) });
  return readHistory(events, RUN).finally(close);
}

test('L1 L3 a run whose store is full at any page ends with store.full, loses no record, and ends well once there is room', async () => {
  expect(await live('calm')).toBe('done');
  const calm = outcomes(await recordsIn('calm'));
  const lengths = new Set<number>();
  let pages = 8;
  for (; pages < 200; pages += 1) {
    const name = `full-${pages}`;
    const end = await live(name, pages);
    if (end === 'done') break;
    expect(end, `${pages} pages`).toBe('store.full');
    const before = await recordsIn(name);
    lengths.add(before.length);
    expect(await live(name)).toBe('done');
    const after = await recordsIn(name);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(outcomes(after)).toEqual(calm);
    expect(fold(after, () => system).divergence).toBeNull();
    const causes = after.flatMap(({ event }) => event.cause ?? []);
    expect(causes).toEqual([...new Set(causes)]);
  }
  expect(lengths.size).toBeGreaterThan(5);
});
