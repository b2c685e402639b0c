// ledger
// ======
// Services of team mode: each says when it is ready and ends at the first signal.

import { once } from 'node:events';
import { serveLedger } from '#src/app/ledger.ts';
import { ledgerRules } from '#src/app/ledger-rules.ts';
import { natsUrl, openBus, refuseLedgerStore } from '#src/app/team.ts';
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

export async function ledgerCommand(context: Context): Promise<number> {
  const { machine, output, env, stop } = context;
  refuseLedgerStore(machine.storeSpec, 'a ledger');
  return withStore(context, (store) =>
    withBus(context, async (bus) => {
      const ledger = await serveLedger({ bus, store, rules: ledgerRules(store.events), logger: machine.logger });
      output.say(`ledger ready: ${machine.storeSpec} at ${withoutKeys(natsUrl(env))}`);
      await stopped(stop.signal);
      await ledger.close();
      return stop.code() ?? 0;
    }));
}

async function stopped(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

const withoutKeys = (url: string): string => url.replaceAll(/\/\/[^/@,]*@/g, '//');
