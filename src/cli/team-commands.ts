// ledger, relay
// =============
// Services of team mode: each says when it is ready and ends at the first signal.

import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { serveCommands } from '#src/app/command-service.ts';
import { serveLedger, type Appends } from '#src/app/ledger.ts';
import { ledgerRules } from '#src/app/ledger-rules.ts';
import { runRelay } from '#src/app/relay.ts';
import { serveHello } from '#src/app/relay-hello.ts';
import { askLedger, askNats, askRelay, holdersOn, natsUrl, openBus, refuseLedgerStore } from '#src/app/team.ts';
import { withoutCredentials } from '#src/domain/secrets.ts';
import type { Bus } from '#src/ports/bus.ts';
import { withStore, type Context } from './context.ts';

async function withBus<T>({ machine }: Context, work: (bus: Bus) => Promise<T>): Promise<T> {
  const bus = await openBus(machine);
  try {
    return await work(bus);
  } finally {
    await bus.close();
  }
}

export interface Services {
  readonly ledger: boolean;
  readonly relay: boolean;
}

export async function servicesCommand(context: Context, services: Services): Promise<number> {
  const { machine, output, env, stop } = context;
  const names = (['ledger', 'relay'] as const).filter((name) => services[name]).join(' and ');
  refuseLedgerStore(machine.storeSpec, `a ${names}`);
  return withStore(context, (store) =>
    withBus(context, async (bus) => {
      const appends = new EventEmitter<Appends>();
      const ledger = services.ledger ? await serveLedger({ bus, store, rules: ledgerRules(store.events), logger: machine.logger, appends }) : null;
      const commands = services.ledger ? await serveCommands({ bus, store, machine, logger: machine.logger }) : null;
      const hello = services.relay ? await serveHello(bus, holdersOn(bus)) : null;
      output.say(`${names} ready: ${withoutCredentials(machine.storeSpec)} at ${withoutCredentials(natsUrl(env))}`);
      if (services.relay) await runRelay({ events: store.events, bus, holders: holdersOn(bus), logger: machine.logger, nonce: randomUUID(), stop: stop.signal, appends });
      await stopped(stop.signal);
      await Promise.all([ledger?.close(), commands?.close(), hello?.close()]);
      return stop.code() ?? 0;
    }));
}

/** For whoever watches the services. @throws ExecutorError `bus.unavailable` | `store.unavailable` */
export async function checkCommand({ machine, output, stop }: Context, service: 'ledger' | 'relay'): Promise<number> {
  const nats = { name: 'NATS', ...(await askNats(machine)) };
  const services = [nats, { name: service, ...(await (service === 'ledger' ? askLedger(machine, stop.signal) : askRelay(machine))) }];
  if (output.json) output.emit({ v: 1, type: 'service.check', services });
  for (const { name, version, roundTripMs } of services) output.print(`${name} ${version} answers in ${roundTripMs.toFixed(1)} ms`);
  return 0;
}

async function stopped(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
