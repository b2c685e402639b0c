// merge
// =====
// What a run has built, into a branch of the user's.

import { merge, type MergeOptions } from '#src/app/merge.ts';
import { reportRejection, withStore, type Context } from './context.ts';

const DONE = { already: 'holds it already', fast_forward: 'is moved forward to', merge: 'has a merge commit' } as const;

export const mergeCommand = (context: Context, options: MergeOptions): Promise<number> =>
  withStore(context, async (store) => {
    const { output, machine } = context;
    const merged = await merge(machine, store, options);
    if ('rejected' in merged) return reportRejection(output, merged);
    const { kind, branch, before, commit, checkedOut } = merged;
    if (output.json) output.emit({ v: 1, type: 'merge', run: options.run, ...merged });
    output.print(`${branch} ${DONE[kind]} ${commit.slice(0, 12)}${checkedOut ? ', and your working tree followed' : ''}`);
    if (kind !== 'already') output.print(`look: git log --stat ${before.slice(0, 12)}..${branch}`);
    return 0;
  });
