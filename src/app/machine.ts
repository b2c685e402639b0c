// Machine
// =======
// What depends on this machine and is never recorded: folders, store, clock, search path, logger.
// Flags beat AUTOPACK_* variables, which beat the defaults.

import { userInfo } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { levels, pino, type Logger } from 'pino';
import { memoryHolders } from '#src/adapters/memory/holder.ts';
import { memoryStore } from '#src/adapters/memory/store.ts';
import { systemClock, virtualClock } from '#src/adapters/clock/clock.ts';
import { sqliteHolders } from '#src/adapters/sqlite/holder.ts';
import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { withoutCredentials } from '#src/domain/secrets.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Listening } from '#src/ports/bus.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import type { Holders } from '#src/ports/holder.ts';
import type { Snapshots } from '#src/ports/snapshots.ts';

export interface Machine {
  /** Our state folder: store, locks, bare repositories, checkouts. */
  readonly home: string;
  readonly storeSpec: string;
  /** Who chose it: a flag, a variable or nobody. */
  readonly storeOrigin: '--store' | 'AUTOPACK_STORE' | 'default';
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
  /** Where appends are told: to whom, stream by stream, until it is closed. What is told may be lost. */
  readonly hear?: (appended: (stream: string) => void) => Promise<Listening>;
  close(): Promise<void>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a variable says; set to nothing it says nothing. */
export const setting = (env: Environment, name: string): string | null => (env[name] === undefined || env[name].trim() === '' ? null : env[name].trim());

/** @throws ExecutorError `usage.invalid` for what cannot be meant. */
export function machineOf(env: Environment, flags: { readonly store?: string | undefined; readonly verbose?: boolean | undefined }): Machine {
  const home = stateFolder(env);
  const storeSpec = flags.store ?? setting(env, 'AUTOPACK_STORE') ?? `sqlite:${join(home, 'store.db')}`;
  const storeOrigin = flags.store !== undefined ? '--store' : setting(env, 'AUTOPACK_STORE') !== null ? 'AUTOPACK_STORE' : 'default';
  const logger = pino({ level: levelOf(env) ?? (flags.verbose === true ? 'debug' : 'warn'), base: null }, pino.destination({ dest: 2, sync: true }));
  const open = async (stop: AbortSignal): Promise<Store> => (storeSpec === 'ledger:' ? (await import('./team.ts')).openTeamStore({ env, logger }, stop) : openStore(storeSpec, stop));
  return { home, storeSpec, storeOrigin, clock: clockOf(env), searchPath: env['PATH'] ?? '/usr/bin:/bin', env, logger, openStore: open };
}

const LEVELS = [...Object.keys(levels.values), 'silent'];

function levelOf(env: Environment): string | null {
  const level = setting(env, 'AUTOPACK_LOG_LEVEL');
  if (level !== null && !LEVELS.includes(level)) throw new ExecutorError('usage.invalid', `AUTOPACK_LOG_LEVEL=${level} is not known`, { hint: `known: ${LEVELS.join(', ')}` });
  return level;
}

/** Always absolute: a relative one would lie wherever the command was given, also inside of a user's repository. */
function stateFolder(env: Environment): string {
  const own = setting(env, 'AUTOPACK_HOME');
  if (own !== null) return resolve(own);
  const folder = (name: string): string | null => (isAbsolute(setting(env, name) ?? '') ? setting(env, name) : null);
  return join(folder('XDG_STATE_HOME') ?? join(folder('HOME') ?? homeOfUser(), '.local', 'state'), 'autopack');
}

function homeOfUser(): string {
  try {
    return userInfo().homedir;
  } catch (cause) {
    throw new ExecutorError('usage.invalid', 'there is no home folder to keep the runs in', { hint: 'set AUTOPACK_HOME', cause });
  }
}

/** Without a zone it is UTC: what is recorded must not depend on where it runs. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

function clockOf(env: Environment): Clock {
  const text = setting(env, 'AUTOPACK_CLOCK');
  if (text === null) return systemClock;
  const match = ISO_TIME.exec(text);
  const start = match === null ? Number.NaN : Date.parse(text.includes('T') && match[1] === undefined ? `${text}Z` : text);
  if (!(start >= 0)) throw new ExecutorError('usage.invalid', `AUTOPACK_CLOCK=${text} is not a time`, { hint: 'give ISO 8601 from 1970 on, like 2026-01-01T00:00:00Z' });
  return virtualClock(start);
}

const isServer = (spec: string): boolean => /^esdb(?:\+discover)?:/.test(spec);

/** Who has a run is told on the bus alone: two executors on the server itself would both perform it. @throws ExecutorError `usage.invalid` */
export function refuseServer(spec: string): void {
  if (isServer(spec)) throw needsLedger(spec);
}

const needsLedger = (spec: string): ExecutorError =>
  new ExecutorError('usage.invalid', `${withoutCredentials(spec)} is for ledgers, relays and those who look: runs are begun, steered and performed through a ledger`, { hint: 'let `autopack ledger` run on that store, and give AUTOPACK_STORE=ledger: and AUTOPACK_NATS_URL here' });

/** @param spec `sqlite:PATH`, `memory:` or, for ledger, relay and who looks, `esdb://HOST:PORT` */
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
  if (isServer(spec)) {
    const { openEventStoreDb } = await import('#src/adapters/eventstore/store.ts'); // gRPC is loaded only by who needs it
    const { close, ...store } = await openEventStoreDb({ url: spec, stop });
    return { ...store, holders: { ...memoryHolders(), acquire: () => Promise.reject(needsLedger(spec)) }, snapshots: memoryStore().snapshots, close };
  }
  throw new ExecutorError('usage.invalid', `the store ${withoutCredentials(spec)} is not known`, { hint: 'give sqlite:PATH, ledger:, esdb://HOST:PORT or memory:' });
}
