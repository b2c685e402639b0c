// Holders on the bus
// ==================
// One key per run, renewed while its process lives; a dead one's lapses. It decides whether to take over, never safety:
// who was cut off from the bus for longer may find another holder, and the log's revision tells the two apart.

import { hostname } from 'node:os';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Bucket, Bus } from '#src/ports/bus.ts';
import type { Hold, HolderRow, Holders } from '#src/ports/holder.ts';

export interface BusHoldersOptions {
  /** A key that was not renewed for so long is gone; it is renewed three times as often. */
  readonly ttlMs?: number;
}

const TTL_MS = 15_000;
const BUCKET = 'autopack-holders';
const TRIES_MAX = 5;

export function busHolders(bus: Bus, { ttlMs = TTL_MS }: BusHoldersOptions = {}): Holders {
  const row: HolderRow = { host: hostname(), pid: process.pid, started: new Date(performance.timeOrigin).toISOString() };
  let opened: Promise<Bucket> | null = null;
  const bucket = (): Promise<Bucket> => {
    opened ??= bus.bucket(BUCKET, ttlMs).catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
  const holder = async (run: string): Promise<HolderRow | null> => {
    const entry = await (await bucket()).get(run);
    return entry === null ? null : (JSON.parse(entry.value) as HolderRow);
  };
  return {
    async acquire(run) {
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        const revision = await (await bucket()).create(run, JSON.stringify(row));
        if (revision !== null) return renewed({ bucket: await bucket(), run, value: JSON.stringify(row), ttlMs }, revision);
        const live = await holder(run);
        if (live !== null) throw locked(run, live); // else it let go between our two looks
      }
      throw new ExecutorError('run.locked', `run ${run} changes its holder all the time`, { hint: 'try again' });
    },
    holder,
    isKept: async () => false,
    forget: async (run) => (await holder(run)) === null,
  };
}

interface Beat {
  readonly bucket: Bucket;
  readonly run: string;
  readonly value: string;
  readonly ttlMs: number;
}

function renewed({ bucket, run, value, ttlMs }: Beat, first: number): Hold {
  let revision = first;
  let beating: Promise<void> = Promise.resolve();
  const beat = async (): Promise<void> => {
    // Lapsed while the bus was away: taken again unless somebody else was there first.
    const next = (await bucket.update(run, value, revision)) ?? (await bucket.create(run, value));
    if (next === null) clearInterval(timer);
    else revision = next;
  };
  const timer = setInterval(() => {
    beating = beating.then(beat).catch(() => {}); // the bus is away: the next beat comes
  }, ttlMs / 3).unref();
  return {
    async release() {
      clearInterval(timer);
      await beating;
      await bucket.remove(run, revision).catch(() => {}); // it lapses by itself
    },
  };
}

const locked = (run: string, { host, pid, started }: HolderRow): ExecutorError =>
  new ExecutorError('run.locked', `run ${run} is held by process ${pid} on ${host}, started ${started}`, { hint: `wait for it, or end process ${pid} on ${host}; the hold of a dead one lapses in seconds` });
