// gc
// ==
// Gives back what runs that are over left in the state folder, and says what.

import { garbage } from '#src/app/collect.ts';
import { withStore, type Context } from './context.ts';
import { table } from './report.ts';

const size = (bytes: number): string => (bytes < 10_000 ? `${bytes} B` : bytes < 10_000_000 ? `${Math.round(bytes / 1000)} kB` : `${Math.round(bytes / 1_000_000)} MB`);

export const gcCommand = (context: Context, dryRun: boolean): Promise<number> =>
  withStore(context, async (store) => {
    const { output, machine } = context;
    const found = await garbage(machine, store);
    const done = [];
    for (const item of found) done.push({ ...item, removed: !dryRun && (await item.remove()) });
    const bytes = done.reduce((sum, item) => sum + (dryRun || item.removed ? item.bytes : 0), 0);
    if (output.json) output.emit({ v: 1, type: 'gc', dryRun, bytes, items: done.map(({ kind, of, bytes: each, why, removed }) => ({ kind, of, bytes: each, why, removed })) });
    for (const line of table(done.map(({ kind, of, bytes: each, why, removed }) => [kind, of, size(each), why, dryRun || removed ? '' : 'kept: somebody began to use it']))) output.print(line);
    output.print(done.length === 0 ? 'nothing to collect' : `${dryRun ? 'would give' : 'gave'} back ${size(bytes)}; the log is kept`);
    return 0;
  });
