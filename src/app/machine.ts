// Machine
// =======
// What depends on this machine and is never recorded: folders, store, clock, search path, logger.
// Flags beat AUTOPACK_* variables, which beat the defaults.

import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { pino, type Logger } from 'pino';
import { memoryHolders } from '#src/adapters/memory/holder.ts';
import { memoryStore } from '#src/adapters/memory/store.ts';
import { systemClock, virtualClock } from '#src/adapters/clock/clock.ts';
import { sqliteHolders } from '#src/adapters/sqlite/holder.ts';
import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import type { Holders } from '#src/ports/holder.ts';
import type { Snapshots } from '#src/ports/snapshots.ts';

export interface Machine {
  /** Our state folder: store, locks, bare repositories, checkouts. */
  readonly home: string;
  readonly storeSpec: string;
  readonly clock: Clock;
  readonly searchPath: string;
  /** As this process found it; children get a list of their own. */
  readonly env: Environment;
  readonly logger: Logger;
  /** @param stop aborts when the process shall end: what waits for a lock then gives up soon. */
  openStore(stop: AbortSignal): Promise<Store>;
}

export interface Store {
  readonly events: EventStore;
  readonly blobs: Blobs;
  readonly holders: Holders;
  readonly snapshots: Snapshots;
  close(): Promise<void>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws ExecutorError `usage.invalid` for a store or clock that cannot be meant. */
export function machineOf(env: Environment, flags: { readonly store?: string | undefined; readonly verbose?: boolean | undefined }): Machine {
  const home = stateFolder(env);
  const storeSpec = flags.store ?? env['AUTOPACK_STORE'] ?? `sqlite:${join(home, 'store.db')}`;
  const logger = pino({ level: env['AUTOPACK_LOG_LEVEL'] ?? (flags.verbose === true ? 'debug' : 'warn'), base: null }, pino.destination({ dest: 2, sync: true }));
  return { home, storeSpec, clock: clockOf(env), searchPath: env['PATH'] ?? '/usr/bin:/bin', env, logger, openStore: (stop) => openStore(storeSpec, stop) };
}

function stateFolder(env: Environment): string {
  const given = env['AUTOPACK_HOME'];
  if (given !== undefined && given !== '') return resolve(given);
  const state = env['XDG_STATE_HOME'];
  const base = state !== undefined && isAbsolute(state) ? state : join(env['HOME'] ?? homedir(), '.local', 'state');
  return join(base, 'autopack');
}

function clockOf(env: Environment): Clock {
  const given = env['AUTOPACK_CLOCK'];
  if (given === undefined || given === '') return systemClock;
  const start = Date.parse(given);
  if (Number.isNaN(start)) throw new ExecutorError('usage.invalid', `AUTOPACK_CLOCK=${given} is not a time`, { hint: 'give ISO 8601, like 2026-01-01T00:00:00Z' });
  return virtualClock(start);
}

/** @param spec `sqlite:PATH` or `memory:` */
export async function openStore(spec: string, stop: AbortSignal): Promise<Store> {
  const [kind, rest] = [spec.slice(0, spec.indexOf(':')), spec.slice(spec.indexOf(':') + 1)];
  if (kind === 'sqlite' && rest !== '') {
    const path = resolve(rest);
    const { close, ...store } = await openSqliteStore({ path, stop });
    return { ...store, holders: sqliteHolders(join(dirname(path), 'locks')), close };
  }
  if (kind === 'memory') {
    const { close, ...store } = memoryStore();
    return { ...store, holders: memoryHolders(), close };
  }
  throw new ExecutorError('usage.invalid', `the store ${spec} is not known`, { hint: 'give sqlite:PATH or memory:' });
}
