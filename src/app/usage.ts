// Usage of vendors
// ================
// Tokens that the runs of this machine took of each vendor in the last seven days, from their logs. Source: E-143, A-110, A-115.

import { z } from 'zod';
import { quotaState, type ModelTable } from '#src/domain/routing.ts';
import { inputs } from '#src/events/inputs.ts';
import { streamOf } from '#src/record/record.ts';
import { recollect } from './beside.ts';
import type { Machine, Store } from './machine.ts';

const WEEK_MS = 7 * 24 * 3_600_000;
const PAGE = 1000;
/** Everything that a call came to: its answer, its failure, or what arrived too late. */
const SPENDING = Object.values(inputs).filter(({ data }) => 'inputTokens' in data.shape).map(({ type }) => type as string);
/** Only an answer says which model it was; of the others the effect does, by its id. */
const Spending = z.object({ run: z.string(), at: z.int(), event: z.object({ cause: z.string().optional(), data: z.object({ model: z.string().optional(), effect: z.string().optional(), inputTokens: z.int(), outputTokens: z.int() }) }) });
const Asking = z.object({ effects: z.array(z.object({ id: z.string(), params: z.object({ model: z.string().optional() }) })) });

/** @returns tokens by vendor; answers that a file gave cost nobody anything. */
export async function weeklyUsage({ home, clock }: Machine, { events }: Store, table: ModelTable): Promise<Map<string, number>> {
  const since = clock.now() - WEEK_MS;
  const used = new Map<string, number>();
  const scripted = remembered(async (run) => (await recollect(home, run))?.provider.startsWith('script:') !== false);
  const asked = remembered((run) => modelsAsked(events, run));
  for (let from: number | undefined; ; ) {
    const page = await events.readAll({ backwards: true, limit: PAGE, types: SPENDING, ...(from === undefined ? {} : { from }) });
    const spent = page.flatMap(({ data }) => Spending.safeParse(JSON.parse(data)).data ?? []); // another version's run may say it in another way
    for (const { run, at, event: { cause, data } } of spent) {
      const tokens = data.inputTokens + data.outputTokens;
      if (at < since || tokens === 0 || (await scripted(run))) continue;
      const vendor = table.models.get(data.model ?? (await asked(run)).get(data.effect ?? cause ?? '') ?? '')?.provider;
      if (vendor !== undefined) used.set(vendor, (used.get(vendor) ?? 0) + tokens);
    }
    const last = page.at(-1);
    // Runs are interleaved and each has a clock of its own: a whole page must be older.
    if (last === undefined || page.length < PAGE || spent.every(({ at }) => at < since)) return used;
    from = last.position - 1;
  }
}

/** Vendors of which nothing may be asked now; an answers file has no quota. */
export async function spentVendors(machine: Machine, store: Store, { provider, table }: { readonly provider: string; readonly table: ModelTable }): Promise<ReadonlySet<string>> {
  if (provider.startsWith('script:')) return new Set();
  const used = await weeklyUsage(machine, store, table);
  return new Set([...used].filter(([vendor, tokens]) => quotaState(tokens, table.quotas.get(vendor)) === 'spent').map(([vendor]) => vendor));
}

/** Effect id -> model. */
async function modelsAsked(events: Store['events'], run: string): Promise<ReadonlyMap<string, string>> {
  const records = (await events.read(streamOf(run))).flatMap(({ data }) => Asking.safeParse(JSON.parse(data)).data ?? []);
  return new Map(records.flatMap(({ effects }) => effects.map(({ id, params: { model = '' } }) => [id, model] as const)));
}

/** Each run is looked up once. */
function remembered<T>(look: (run: string) => Promise<T>): (run: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (run) => {
    const found = known.get(run) ?? look(run);
    known.set(run, found);
    return found;
  };
}
