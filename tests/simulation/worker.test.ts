// When a worker looks: at once when it is told of an append, seldom however many tell, and by itself for what nobody told.

import { afterEach, expect, test } from 'vitest';
import { openLedgerStore } from '#src/adapters/ledger/store.ts';
import { appendedOf } from '#src/adapters/ledger/wire.ts';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { memoryHolders } from '#src/adapters/memory/holder.ts';
import { memoryDisk, memoryStore } from '#src/adapters/memory/store.ts';
import { readPrompts } from '#src/app/execute.ts';
import { ledgerRules } from '#src/app/ledger-rules.ts';
import { serveLedger } from '#src/app/ledger.ts';
import { machineOf, type Store } from '#src/app/machine.ts';
import { configuration, prepareStart } from '#src/app/start.ts';
import { submitRun } from '#src/app/submission.ts';
import { hearOn } from '#src/app/team.ts';
import { work } from '#src/app/worker.ts';
import { unchanged } from '#src/events/inputs.ts';
import type { HolderRow } from '#src/ports/holder.ts';
import { streamOf } from '#src/record/record.ts';
import { CLOCK, makePlace, removePlace } from '#tests/support/e2e.ts';

const HOUR_MS = 3_600_000;
/** The rest between two looks that were told of, and what a timer may be early. */
const REST_MS = 200 - 2;

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

/** A ledger, who submits, and a worker that looks by itself every `lookMs`. */
async function team(lookMs: number, isTold = true) {
  const [place, disk, broker, held] = [makePlace(), memoryDisk(), memoryBroker(), new Map<string, HolderRow>()];
  const machine = machineOf({ AUTOPACK_HOME: place.home, AUTOPACK_CLOCK: CLOCK, PATH: process.env['PATH'] }, {});
  const kept = memoryStore(disk);
  await serveLedger({ bus: memoryBus(broker), store: kept, rules: ledgerRules(kept.events), logger: { warn: () => {}, debug: () => {} } });
  const stop = new AbortController();
  const storeOn = async (): Promise<Store> => {
    const bus = memoryBus(broker);
    const { events, blobs, close } = await openLedgerStore({ bus, stop: stop.signal, tell: () => {} });
    return { events, blobs, holders: memoryHolders({ held }), snapshots: memoryStore().snapshots, ...(isTold ? { hear: hearOn(bus) } : {}), close };
  };
  const [submitters, workers] = [await storeOn(), await storeOn()];
  const seen = { looks: 0, holders: 0, taken: [] as string[] };
  const counted: Store = {
    ...workers,
    events: { ...workers.events, readAll: (options) => ((seen.looks += 1), workers.events.readAll(options)) },
    holders: { ...workers.holders, holder: (run) => ((seen.holders += 1), workers.holders.holder(run)) },
  };
  const ended = work({
    machine, store: counted, root: place.repo.root, provider: `script:${place.answers}`, table: (await configuration()).models, prompts: await readPrompts(), labels: new Set(), sandbox: 'none',
    capacity: 1, snapshotEvery: 100, lookMs, stop: stop.signal, taken: (run) => void seen.taken.push(run), ended: () => {},
  });
  closing.push(() => removePlace(place), () => submitters.close(), () => workers.close(), async () => (stop.abort(), ended));
  await until(() => seen.looks === 1);
  const submit = async (run: string, holders = submitters.holders): Promise<void> => {
    const prepared = await prepareStart(machine, { plan: place.plan, runId: run, workspace: place.repo.root, provider: 'vendors', flags: { base: null, caps: unchanged, dualAudit: true, sandbox: 'none' }, isElsewhere: true });
    await submitRun(machine, { ...submitters, holders }, { prepared, labels: [] });
  };
  const bus = memoryBus(broker);
  const tell = (run: string): Promise<void> => bus.publish(appendedOf(streamOf(run)), new Uint8Array());
  return { seen, submit, tell, holders: submitters.holders };
}

test('a submitted run is taken as soon as it is told, not when it is time to look: within three reads', async () => {
  const { seen, submit } = await team(HOUR_MS);
  await submit('one');
  await until(() => seen.taken.includes('one'));
  expect(seen.looks).toBeLessThanOrEqual(3);
});

test('a run whose submitter lets go of it after it was told is looked at once more, and taken', async () => {
  const { seen, submit, holders } = await team(HOUR_MS);
  await submit('one', {
    ...holders,
    async acquire(run) {
      const hold = await holders.acquire(run);
      return { ...hold, release: () => until(() => seen.holders > 0).then(() => hold.release()) };
    },
  });
  await until(() => seen.taken.includes('one'));
  expect(seen.looks).toBeLessThanOrEqual(4);
});

test('however many appends are told, there is a rest between two looks', async () => {
  const { seen, tell } = await team(HOUR_MS);
  const [begun, before] = [performance.now(), seen.looks];
  let told = 0;
  while (seen.looks < before + 3) {
    for (let i = 0; i < 10; i += 1) await tell(`other${(told += 1)}`);
    await turn();
  }
  expect(told).toBeGreaterThan(100);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(2 * REST_MS);
});

test('what is appended to a run in other hands is no reason to look', async () => {
  const { seen, submit, tell, holders } = await team(HOUR_MS);
  await submit('one', { ...holders, acquire: async (run) => ({ ...(await holders.acquire(run)), release: async () => {} }) });
  await until(() => seen.holders === 2); // once when it was told, once more
  const before = seen.looks;
  for (const begun = performance.now(); performance.now() - begun < 2 * REST_MS; await turn()) await tell('one');
  expect([seen.looks, seen.taken]).toEqual([before, []]);
});

test.each([['where nothing is ever told', false], ['though more is told than it can look at', true]])('a run is found by looking %s', async (_what, isTold) => {
  const { seen, submit, tell } = await team(50, isTold);
  await submit('one');
  while (!seen.taken.includes('one')) await tell('other').then(turn);
});
