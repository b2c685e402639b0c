// Goals
// =====
// Each goal of the bench: its pair, its bound, and what keeps it from being better. `size` is 1, or less with --quick.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialTransition, transition } from 'xstate';
import { memoryStore } from '#src/adapters/memory/store.ts';
import { openSqliteStore, type Store } from '#src/adapters/sqlite/store.ts';
import { configuration } from '#src/app/start.ts';
import { load, readHistory } from '#src/kernel/history.ts';
import { seen } from '#src/kernel/step.ts';
import type { RunRecord } from '#src/record/record.ts';
import { commitRows } from './baseline.ts';
import type { Aim, Pair } from './measure.ts';
import { BIN, child, timed } from './processes.ts';
import { contextPair, phasePair } from './repository.ts';
import { alertPair, appendPair, partsPair, relayPair } from './team.ts';
import { benchChart, benchSystem, driveRuns, layDown, PAYLOAD_BYTES, type BenchEvent, type BenchStore } from './world.ts';

export interface Goal extends Aim {
  readonly unit: string;
  readonly rounds: number;
  /** What bounds the value. */
  readonly bound: string;
  /** A tool without which it cannot be measured. */
  readonly needs?: string;
  pair(size: number): Promise<Pair> | Pair;
}

const folder = mkdtempSync(join(tmpdir(), 'autopack-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const fresh = (): string => join(folder, `${(files += 1)}.db`);
const perSecond = (count: number, ms: number): number => (count * 1000) / ms;

async function onDisk<T>(work: (store: Store) => Promise<T>, commit?: (now: () => void) => void): Promise<T> {
  const store = await openSqliteStore({ path: fresh(), ...(commit === undefined ? {} : { commit }) });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const named = (count: number): string[] => Array.from({ length: count }, (_, i) => `bench${i}`);

/** Commits by counting, against steps by counting: no clock. */
function commitsPerStep(runs: number, steps: number): Pair {
  return {
    async value() {
      let commits = 0;
      await onDisk((store) => driveRuns(store, named(runs), steps), (now) => {
        commits += 1;
        now();
      });
      return commits;
    },
    baseline: async () => runs * steps,
  };
}

async function bytesOf(steps: number): Promise<number> {
  const path = fresh();
  const store = await openSqliteStore({ path });
  await driveRuns(store, ['bench'], steps);
  await store.close();
  return statSync(path).size;
}

/** The same events through the documented, pure `transition()`; nothing is read, parsed, hashed or compared. */
function bareReplay(records: readonly RunRecord[]): number {
  const events = records.slice(1).map(({ to, at, event }) => seen({ to, at, event }) as BenchEvent);
  const start = performance.now();
  let [state] = initialTransition(benchChart, { steps: events.length - 1 });
  for (const event of events) [state] = transition(benchChart, state, event);
  const took = performance.now() - start;
  if (state.status !== 'done') throw new Error('the bare replay did not end');
  return perSecond(events.length, took);
}

/** As `replay --verify` and a resume without a snapshot do it; @throws when a record differs. */
async function verifiedReplay(store: BenchStore): Promise<number> {
  const start = performance.now();
  const { seq } = await load({ store: store.events, run: 'bench', systemFor: () => benchSystem });
  return perSecond(seq + 1, performance.now() - start);
}

const STEP = 'a quarter is XState, nearly a third canonical texts and four sha256, a sixth the garbage collector';

export const goals: Readonly<Record<string, Goal>> = {
  'disk.oneRun': {
    unit: 'steps/s', goal: 0.6, rounds: 7, bound: "the disk's sync, once for each step like the baseline's; the rest is the step itself",
    pair: (size) => {
      const steps = Math.ceil(400 * size);
      return { value: () => onDisk(async (store) => perSecond(steps, await driveRuns(store, ['bench'], steps))), baseline: async () => perSecond(steps, commitRows(fresh(), steps, 1)) };
    },
  },
  'disk.fiftyRuns': {
    unit: 'steps/s', goal: 0.2, rounds: 5, bound: `the pages of a commit (rows of 1.1 kB, three indexes, one of them over random ids), then the step: ${STEP}`,
    pair: (size) => {
      const steps = Math.ceil(100 * size);
      return { value: () => onDisk(async (store) => perSecond(50 * steps, await driveRuns(store, named(50), steps))), baseline: async () => perSecond(50 * steps, commitRows(fresh(), 50 * steps, 64)) };
    },
  },
  'disk.oneRun.commitsPerStep': {
    unit: 'commits', goal: 1.05, atMost: true, counted: true, rounds: 5, bound: 'one commit a step, one each for record 0 and the take-over',
    pair: (size) => commitsPerStep(1, Math.ceil(200 * size)),
  },
  'disk.fiftyRuns.commitsPerStep': {
    unit: 'commits', goal: 0.05, atMost: true, counted: true, rounds: 5, bound: 'how many runs meet in one turn of the loop',
    pair: (size) => commitsPerStep(50, Math.ceil(40 * size)),
  },
  'memory.step': {
    unit: 'us/step', goal: 5.5, atMost: true, rounds: 15, bound: `${STEP} (all records stay in the memory of this process, those of the baseline in SQLite's)`,
    pair: (size) => {
      const steps = Math.ceil(10_000 * size);
      return { value: async () => ((await driveRuns(memoryStore(), ['bench'], steps)) * 1000) / steps, baseline: async () => (commitRows(':memory:', steps, 1) * 1000) / steps };
    },
  },
  'replay.verified': {
    unit: 'records/s', goal: 0.8, rounds: 15, bound: `the step, once more for each record: ${STEP}; reading and parsing it`,
    async pair(size) {
      const steps = Math.ceil(5000 * size);
      const store = await openSqliteStore({ path: fresh() });
      await driveRuns(store, ['bench'], steps);
      const records = await readHistory(store.events, 'bench');
      return { value: () => verifiedReplay(store), baseline: async () => bareReplay(records) };
    },
  },
  'resume.snapshot': {
    unit: 'ms', goal: 6, atMost: true, rounds: 7, bound: 'what start.cold is bound by; then the records behind the snapshot, folded and compared',
    async pair(size) {
      const path = fresh();
      const { everyRecords } = (await configuration()).executor.snapshots;
      const store = await openSqliteStore({ path });
      await layDown(store, 'long', { records: Math.ceil(100_000 * size), behind: everyRecords / 2 }); // a run dies in the middle between two
      await store.close();
      return { value: async () => timed([child('resume.js'), path, folder]), baseline: async () => timed([child('one-row.js'), fresh()]) };
    },
  },
  'disk.bytesPerStep': {
    unit: 'bytes', goal: 2, atMost: true, counted: true, rounds: 5, bound: 'the record in words: 400 B of result in 850 B of text with two hashes, its own hash, two ids, three indexes',
    async pair(size) {
      const steps = Math.ceil(2000 * size);
      const empty = await bytesOf(1);
      return { value: async () => ((await bytesOf(steps)) - empty) / (steps - 1), baseline: async () => PAYLOAD_BYTES };
    },
  },
  'start.help': {
    unit: 'ms', goal: 3, atMost: true, rounds: 11, bound: 'commander, and six files of ours',
    pair: () => ({ value: async () => timed([BIN, '--help']), baseline: async () => timed(['-e', '0']) }),
  },
  'start.cold': {
    unit: 'ms', goal: 5, atMost: true, rounds: 9, bound: 'loading about 400 modules (zod brings 64 languages, yaml 72 files), the schemas, the three commits of record 0, take-over and step',
    pair: () => ({ value: async () => timed([child('cold.js'), fresh(), folder]), baseline: async () => timed([child('one-row.js'), fresh()]) }),
  },
  'phase.overhead': {
    unit: 'ms/phase', goal: 2, atMost: true, rounds: 5, bound: 'processes of git, each 2 to 3 ms',
    pair: (size) => phasePair(Math.ceil(4 * size)),
  },
  'context.select': {
    unit: 'ms', goal: 3, atMost: true, rounds: 15, bound: 'git ls-tree with sizes, and cat-file, where the baseline reads the index and files',
    pair: (size) => contextPair(Math.ceil(20_000 * size)),
  },
  'team.oneCaller': {
    unit: 'appends/s', goal: 0.6, rounds: 9, needs: 'nats-server', bound: 'two hops to NATS and back; what is ours of it is a tenth: team.oneCaller.parts',
    pair: (size) => appendPair(1, Math.ceil(400 * size)),
  },
  'team.oneCaller.parts': {
    unit: 'ms', goal: 1.67, atMost: true, rounds: 9, needs: 'nats-server', bound: 'what is ours of team.oneCaller: the baseline is a bare append behind a bare request on NATS',
    pair: (size) => partsPair(Math.ceil(400 * size)),
  },
  'team.manyRuns': {
    unit: 'appends/s', goal: 0.6, rounds: 9, needs: 'nats-server', bound: "the processor of one ledger; more of them share the work",
    pair: (size) => appendPair(64, Math.ceil(30 * size)),
  },
  'team.relay': {
    unit: 'msgs/s', goal: 0.8, rounds: 9, needs: 'nats-server', bound: 'reading, parsing and checking the hash of each record, in the process that publishes',
    pair: (size) => relayPair(Math.ceil(2000 * size)),
  },
  'team.alert': {
    unit: 'ms', goal: 3, atMost: true, rounds: 9, needs: 'nats-server', bound: 'three hops: to the ledger, to the store, the alert to who listens',
    pair: (size) => alertPair(Math.ceil(150 * size)),
  },
};
