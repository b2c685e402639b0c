// Collecting
// ==========
// What runs that are over left in the state folder. Never the log and what it names, never anything of a run that may go on or
// is held, and never what this store knows nothing of: a folder may serve two stores.

import { bytesIn, checkoutsIn, removeStale, staleRepositories } from '#src/adapters/git/stale.ts';
import { listRuns } from './commands.ts';
import type { Machine, Store } from './machine.ts';

export interface Garbage {
  readonly kind: 'checkouts' | 'repository' | 'lock' | 'snapshot';
  /** The run; of a repository the user's that it belonged to. */
  readonly of: string;
  readonly bytes: number;
  readonly why: string;
  /** @returns false where it is needed by now. */
  remove(): Promise<boolean>;
}

export async function garbage({ home }: Machine, store: Store): Promise<Garbage[]> {
  const runs = await listRuns(store);
  const found: Garbage[] = [];
  const checkouts = await checkoutsIn(home);
  for (const { run, outcome } of runs) {
    if (outcome === null || (await store.holders.holder(run)) !== null) continue;
    const why = `the run is over: ${outcome}`;
    for (const left of checkouts.filter(({ of }) => of === run)) found.push({ kind: 'checkouts', of: run, bytes: await bytesIn(left.folder), why, remove: () => unlessHeld(store, run, () => removeStale(left)) });
    const snapshot = await store.snapshots.newest(run);
    if (snapshot !== null) found.push({ kind: 'snapshot', of: run, bytes: Buffer.byteLength(snapshot.text), why, remove: () => unlessHeld(store, run, () => store.snapshots.drop(run)) });
    if (await store.holders.isKept(run)) found.push({ kind: 'lock', of: run, bytes: 0, why, remove: () => store.holders.forget(run) });
  }
  for (const stale of await staleRepositories(home)) found.push({ kind: 'repository', of: stale.of, bytes: await bytesIn(stale.folder), why: 'the repository that it belonged to is gone', remove: () => removeStale(stale).then(() => true) });
  return found;
}

async function unlessHeld(store: Store, run: string, work: () => Promise<void>): Promise<boolean> {
  if ((await store.holders.holder(run)) !== null) return false;
  await work();
  return true;
}
