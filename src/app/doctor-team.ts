// Doctor of a team
// ================
// The services of a team, a check each: who it is, in which version, how fast it answers, and the way out where it is away.
// What a run cannot do without fails; a relay, and a ledger where the store is opened without one, are only missed.

import { withoutCredentials } from '#src/domain/secrets.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { DoctorRequest, Verdict } from './doctor.ts';
import { setting } from './machine.ts';
import type { Asked } from './relay-hello.ts';

type Check = readonly [name: string, check: () => Promise<Verdict> | Verdict];

const told = (name: string, { version, roundTripMs }: Asked): Verdict => ({ level: 'ok', text: `${name} ${version} answers in ${roundTripMs.toFixed(1)} ms`, fix: null });

/** Whoever is configured is asked. */
export function teamChecks({ machine, stop }: DoctorRequest): readonly Check[] {
  const { env, storeSpec } = machine;
  const [isLedger, isServer] = [storeSpec === 'ledger:', storeSpec.startsWith('esdb')];
  const isBus = isLedger || setting(env, 'AUTOPACK_NATS_URL') !== null;
  if (!isBus && !isServer) return [['team', () => ({ level: 'ok', text: 'NATS and EventStoreDB: not configured, using a store on this machine', fix: null })]];
  let isAway = false;
  const nats: Check = ['NATS', async () => {
    const { askNats, natsUrl } = await import('./team.ts');
    isAway = true;
    const { version, roundTripMs } = await askNats(machine);
    isAway = false;
    return told('NATS', { version: `${version} at ${withoutCredentials(natsUrl(env))}`, roundTripMs });
  }];
  const behind = (name: 'ledger' | 'relay', level: Verdict['level']): Check => [name, async () => {
    if (isAway) return { level, text: `the ${name} cannot be asked while NATS is away`, fix: 'mend NATS first' };
    const { askLedger, askRelay } = await import('./team.ts');
    return missed(level, async () => told(name, name === 'ledger' ? await askLedger(machine, stop) : await askRelay(machine)));
  }];
  const store: Check = ['EventStoreDB', async () => eventStoreDb(machine, stop)];
  return [...(isBus ? [nats, behind('ledger', isLedger ? 'fail' : 'warn')] : []), ...(isServer ? [store] : []), ...(isBus ? [behind('relay', 'warn')] : [])];
}

/** @param level of what it throws */
async function missed(level: Verdict['level'], check: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof ExecutorError)) throw error;
    return { level, text: error.message, fix: error.hint ?? 'see above' };
  }
}

async function eventStoreDb({ storeSpec, openStore }: DoctorRequest['machine'], stop: AbortSignal): Promise<Verdict> {
  const store = await openStore(stop);
  try {
    const begun = performance.now();
    await store.events.read('run-doctor', { limit: 1 });
    const roundTripMs = performance.now() - begun;
    return told('EventStoreDB', { version: `${await eventStoreVersion(storeSpec)} at ${withoutCredentials(storeSpec)}`, roundTripMs });
  } finally {
    await store.close();
  }
}

/** What its own page of information says; a proxy may hide that. */
async function eventStoreVersion(spec: string): Promise<string> {
  try {
    const { host, searchParams } = new URL(spec);
    const page = await fetch(`http${searchParams.get('tls') === 'false' ? '' : 's'}://${host}/info`, { signal: AbortSignal.timeout(2000) });
    return ((await page.json()) as { esVersion?: string }).esVersion ?? 'of unknown version';
  } catch {
    return 'of unknown version';
  }
}
