// Holders on the bus
// ==================
// One key per run, renewed while its process lives; a dead one's lapses. It decides whether to take over, never safety:
// who was cut off from the bus for longer may find another holder, and the log's revision tells the two apart.

import { hostname } from 'node:os';
import { z } from 'zod';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Bucket, Bus } from '#src/ports/bus.ts';
import type { Hold, HolderRow, Holders } from '#src/ports/holder.ts';
import { within } from './connection.ts';

export interface BusHoldersOptions {
  /** A key that was not renewed for so long is gone; it is renewed three times as often. */
  readonly ttlMs?: number;
}

const TTL_MS = 15_000;
/** A bus that is away is not waited for by who ends. */
const RELEASE_MS = 1_000;
const BUCKET = 'autopack-holders';
const TRIES_MAX = 5;

/** Of this process: it may hold a run again whose first hold lapsed, and tells the two apart. */
let holds = 0;

export function busHolders(bus: Bus, { ttlMs = TTL_MS }: BusHoldersOptions = {}): Holders {
  const row = { host: hostname(), pid: process.pid, started: new Date(performance.timeOrigin).toISOString() };
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
    return entry === null ? null : rowIn(entry.value);
  };
  return {
    async acquire(run) {
      holds += 1;
      const value = JSON.stringify({ ...row, hold: holds });
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        const revision = await (await bucket()).create(run, value);
        if (revision !== null) return renewed({ bucket: await bucket(), run, value, ttlMs }, revision);
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

const Row = z.object({ host: z.string(), pid: z.int(), started: z.string() });
/** Whoever wrote what is no row of ours: the key is taken all the same, until it lapses. */
const SOMEBODY: HolderRow = { host: 'an unknown host', pid: 0, started: 'at an unknown time' };

function rowIn(value: string): HolderRow {
  try {
    return Row.parse(JSON.parse(value));
  } catch {
    return SOMEBODY;
  }
}

interface Beat {
  readonly bucket: Bucket;
  readonly run: string;
  readonly value: string;
  readonly ttlMs: number;
}

function renewed({ bucket, run, value, ttlMs }: Beat, first: number): Hold {
  let revision: number | null = first;
  let beating: Promise<void> | null = null;
  const beat = async (): Promise<void> => {
    if (revision === null) return;
    // Lapsed while the bus was away: taken again unless somebody else was there first.
    revision = (await bucket.update(run, value, revision)) ?? (await bucket.create(run, value)) ?? (await ours());
    if (revision === null) clearInterval(timer);
  };
  /** A renewal that was made and whose answer was lost. */
  const ours = async (): Promise<number | null> => {
    const live = await bucket.get(run);
    return live?.value === value ? live.revision : null;
  };
  const timer = setInterval(() => {
    // The bus is away: the next beat comes. One at a time, so a long absence leaves no queue of them.
    beating ??= beat().catch(() => {}).finally(() => {
      beating = null;
    });
  }, ttlMs / 3).unref();
  const letGo = async (): Promise<void> => {
    await beating;
    const live = await ours();
    if (live !== null) await bucket.remove(run, live);
  };
  return {
    async release() {
      clearInterval(timer);
      await within(RELEASE_MS, letGo()).catch(() => {}); // it lapses by itself
    },
  };
}

const locked = (run: string, { host, pid, started }: HolderRow): ExecutorError =>
  new ExecutorError('run.locked', `run ${run} is held by process ${pid} on ${host}, started ${started}`, { hint: `wait for it, or end process ${pid} on ${host}; the hold of a dead one lapses in seconds` });
