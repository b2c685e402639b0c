// Team mode
// =========
// The wiring of bus and ledger: what a machine needs to take part in a team. Loaded only where it is asked for.

import type { Logger } from 'pino';
import { ledgerVersion, openLedgerStore } from '#src/adapters/ledger/store.ts';
import { APPENDED_FILTER, appendedOf } from '#src/adapters/ledger/wire.ts';
import { memoryStore } from '#src/adapters/memory/store.ts';
import { natsBus, natsServer } from '#src/adapters/nats/bus.ts';
import type { NatsOptions } from '#src/adapters/nats/connection.ts';
import { busHolders } from '#src/adapters/nats/holder.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Bus } from '#src/ports/bus.ts';
import type { Holders } from '#src/ports/holder.ts';
import { setting, type Environment, type Store } from './machine.ts';
import { askLeader, type Asked } from './relay-hello.ts';

type Surroundings = { readonly env: Environment; readonly logger: Logger };

export const natsUrl = (env: Environment): string => setting(env, 'AUTOPACK_NATS_URL') ?? 'nats://127.0.0.1:4222';

function natsOptions({ env, logger }: Surroundings): NatsOptions {
  const of = (name: string): string | null => setting(env, `AUTOPACK_NATS_${name}`);
  return { url: withUser(natsUrl(env), env), token: of('TOKEN'), nkey: of('NKEY'), creds: of('CREDS'), ca: of('CA'), cert: of('CERT'), key: of('KEY'), tell: (what) => logger.warn(what) };
}

/** Addresses that name nobody, with AUTOPACK_NATS_USER and AUTOPACK_NATS_PASSWORD: those may hold what an address cannot. @throws ExecutorError `usage.invalid` */
function withUser(urls: string, env: Environment): string {
  const [user, password] = [env['AUTOPACK_NATS_USER'] ?? '', env['AUTOPACK_NATS_PASSWORD'] ?? '']; // untrimmed: a password may end in a space
  if (user === '' && password === '') return urls;
  if (user === '' || password === '') throw new ExecutorError('usage.invalid', 'AUTOPACK_NATS_USER and AUTOPACK_NATS_PASSWORD go together', { hint: 'set both, or a token alone: AUTOPACK_NATS_TOKEN' });
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
  return urls.split(',').map((url) => (url.includes('@') ? url : `${url.includes('://') ? '' : 'nats://'}${url.trim()}`.replace('://', `://${credentials}`))).join(',');
}

/** @throws ExecutorError `usage.invalid` | `bus.unavailable` | `bus.refused` */
export const openBus = (around: Surroundings): Promise<Bus> => natsBus(natsOptions(around));

/** @throws ExecutorError `usage.invalid` | `bus.unavailable` | `bus.refused` */
export const askNats = (around: Surroundings): Promise<Asked> => natsServer(natsOptions(around));

/** @throws ExecutorError `store.unavailable` where none answers within seconds */
export const askLedger = (around: Surroundings, stop: AbortSignal): Promise<Asked> =>
  onBus(around, async (bus) => {
    const begun = performance.now();
    const version = await ledgerVersion({ bus, stop, tell: (what) => around.logger.warn(what) });
    return { version, roundTripMs: performance.now() - begun };
  });

/** The one that leads. @throws ExecutorError `bus.unavailable` */
export const askRelay = (around: Surroundings): Promise<Asked> => onBus(around, (bus) => askLeader(bus, holdersOn(bus)));

async function onBus(around: Surroundings, ask: (bus: Bus) => Promise<Asked>): Promise<Asked> {
  const bus = await openBus(around);
  try {
    return await ask(bus);
  } finally {
    await bus.close();
  }
}

/** Who leads among services, as who holds a run. */
export const holdersOn = (bus: Bus): Holders => busHolders(bus);

/** What ledgers tell of their appends. */
export const hearOn = (bus: Bus): NonNullable<Store['hear']> => (appended) => bus.listen(APPENDED_FILTER, ({ subject }) => appended(subject.slice(appendedOf('').length)));

/** Snapshots stay in this process: a take-over in a team folds the run from its first record. */
export async function openTeamStore(around: Surroundings, stop: AbortSignal): Promise<Store> {
  const bus = await openBus(around);
  try {
    const { events, blobs, close } = await openLedgerStore({ bus, stop, tell: (what) => around.logger.warn(what) });
    const closeAll = async (): Promise<void> => {
      await close();
      await bus.close();
    };
    return { events, blobs, holders: holdersOn(bus), snapshots: memoryStore().snapshots, hear: hearOn(bus), close: closeAll };
  } catch (error) {
    await bus.close();
    throw error;
  }
}

/** @throws ExecutorError `usage.invalid` where the store is itself behind a ledger */
export function refuseLedgerStore(storeSpec: string, command: string): void {
  if (storeSpec.startsWith('ledger:')) throw new ExecutorError('usage.invalid', `${command} needs the store itself, not a ledger`, { hint: 'give --store sqlite:PATH' });
}
