// Usage of vendors
// ================
// Tokens that the runs of this machine took of each vendor in the last seven days, from their logs. Source: E-143, A-110, A-115.

import { z } from 'zod';
import type { ModelTable } from '#src/domain/routing.ts';
import { inputs } from '#src/events/inputs.ts';
import { recollect } from './beside.ts';
import type { Machine, Store } from './machine.ts';

const WEEK_MS = 7 * 24 * 3_600_000;
const PAGE = 1000;
/** Every answered call says which model it was; of a failed one only its run knows. */
const ANSWERS = Object.values(inputs).filter(({ data }) => 'model' in data.shape && 'inputTokens' in data.shape).map(({ type }) => type as string);
const Answered = z.object({ run: z.string(), at: z.int(), event: z.object({ data: z.object({ model: z.string(), inputTokens: z.int(), outputTokens: z.int() }) }) });

/** @returns tokens by vendor; answers that a file gave cost nobody anything. */
export async function weeklyUsage({ home, clock }: Machine, { events }: Store, table: ModelTable): Promise<Map<string, number>> {
  const since = clock.now() - WEEK_MS;
  const used = new Map<string, number>();
  const scripted = new Map<string, boolean>();
  for (let from: number | undefined; ; ) {
    const page = await events.readAll({ backwards: true, limit: PAGE, types: ANSWERS, ...(from === undefined ? {} : { from }) });
    const answers = page.flatMap(({ data }) => Answered.safeParse(JSON.parse(data)).data ?? []); // another version's run may say it in another way
    for (const { run, at, event: { data: { model, inputTokens, outputTokens } } } of answers) {
      const vendor = table.models.get(model)?.provider;
      if (at < since || vendor === undefined) continue;
      if (!scripted.has(run)) scripted.set(run, (await recollect(home, run))?.provider.startsWith('script:') !== false);
      if (scripted.get(run) === false) used.set(vendor, (used.get(vendor) ?? 0) + inputTokens + outputTokens);
    }
    const last = page.at(-1);
    // Runs are interleaved and each has a clock of its own: a whole page must be older.
    if (last === undefined || page.length < PAGE || answers.every(({ at }) => at < since)) return used;
    from = last.position - 1;
  }
}
