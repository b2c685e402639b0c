// A resume from a snapshot: the program goes on from it, tells a damaged one, and the files for people are the same.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unchanged } from '#src/events/inputs.ts';
import { machineOf, type Store } from '#src/app/machine.ts';
import { snapshotKeeper, standingOf } from '#src/app/standing.ts';
import { next, toStored, type Head } from '#src/kernel/log.ts';
import { streamOf } from '#src/record/record.ts';
import { autopack, smallPlace, startArgs, type Ended, type Place } from '#tests/support/small-run.ts';
import { fingerprint } from '#tests/support/user-repository.ts';

let place: Place;
beforeEach(async () => {
  place = smallPlace();
  await run([...startArgs(place), '--max-iterations', '1']); // rests before its second phase
});
afterEach(() => rmSync(place.folder, { recursive: true, force: true }));

const run = (args: readonly string[]): Promise<Ended> => autopack(place, args).ended;
const machine = () => machineOf({ AUTOPACK_HOME: place.home }, {});

async function withStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const store = await machine().openStore(new AbortController().signal);
  return work(store).finally(() => store.close());
}

/** Takes the run over again and again, as a run does that lives long. */
async function lengthen(store: Store, from: Head, count: number): Promise<Head> {
  let head = from;
  const added = [];
  for (let i = 0; i < count; i += 1) {
    const made = next(head, { to: 'run', at: head.at, event: { type: 'run.resumed', v: 1, data: { ...unchanged, epoch: head.epoch + 1, downMs: 0, iterations: 5 } } });
    added.push(toStored(made.sealed, 'n'));
    head = made.head;
  }
  await store.events.append(streamOf('small'), from.seq, added);
  return head;
}

const keptSeq = (): unknown => {
  using db = new DatabaseSync(join(place.home, 'store.db'));
  return db.prepare('select seq from snapshot').get()?.['seq'] ?? null;
};

test('K13 a resume of a long run reads what is behind its snapshot alone, keeps the next, and ends like any other', async () => {
  const { keptAt, read } = await withStore(async (store) => {
    const first = await standingOf(machine(), store, 'small');
    expect(first.head.seq).toBe(10);
    const head = await lengthen(store, first.head, 400);
    const long = await standingOf(machine(), store, 'small');
    expect(long.head).toMatchObject({ seq: head.seq, hash: head.hash });
    const keeper = snapshotKeeper(machine(), store, { ...long, every: 1 });
    keeper.see(long.head, long.views);
    await keeper.settled();
    let count = 0;
    const counting = { ...store, events: { ...store.events, read: async (...args: Parameters<Store['events']['read']>) => store.events.read(...args).then((found) => ((count += found.length), found)) } };
    const again = await standingOf(machine(), counting, 'small');
    expect(again.views).toEqual(long.views);
    return { keptAt: again.keptAt, read: count };
  });
  expect(keptAt).toBe(410);
  expect(read).toBeLessThan(10);
  expect(await run(['resume', 'small'])).toMatchObject({ exit: 0, err: expect.not.stringContaining('snapshot') });
  expect(await run(['replay', 'small', '--verify'])).toMatchObject({ exit: 0, out: expect.stringMatching(/^equal: small, 4\d\d records/) });
  const folder = join(place.repository.root, '.autonomous_runs');
  const made = fingerprint(folder);
  rmSync(folder, { recursive: true });
  expect(await run(['rebuild', 'small'])).toMatchObject({ exit: 0 });
  expect(fingerprint(folder)).toEqual(made);
}, 60_000);

test('K14 a damaged snapshot is told and dropped, a new one is kept, and the run ends like any other', async () => {
  await withStore(async (store) => {
    const { head } = await standingOf(machine(), store, 'small');
    await lengthen(store, head, 300);
  });
  expect(await run(['resume', 'small', '--max-iterations', '0'])).toMatchObject({ exit: 0 });
  const kept = keptSeq();
  expect(kept).toBeGreaterThan(300);
  {
    using db = new DatabaseSync(join(place.home, 'store.db'));
    db.exec(`update snapshot set text = replace(text, '"epoch":', '"epoch":1')`);
  }
  const resumed = await run(['resume', 'small']);
  expect(resumed).toMatchObject({ exit: 0, err: expect.stringMatching(/its bytes do not hash to the kept hash.*the snapshot is dropped/) });
  expect(keptSeq()).toBeNull(); // the run was over: nothing was appended
  expect(await run(['replay', 'small', '--verify'])).toMatchObject({ exit: 0 });
}, 60_000);
