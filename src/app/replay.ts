// Replay
// ======
// A run as it was: out of a store by its name, or out of an exported file without one.

import { ExecutorError } from '#src/errors/errors.ts';
import { history, unknownRun } from '#src/kernel/history.ts';
import { diverged } from '#src/kernel/log.ts';
import type { RunRecord } from '#src/record/record.ts';
import { importRun, sourceOf, verifyFile } from './export.ts';
import { openStore, type Machine, type Store } from './machine.ts';
import { Replay, verify, type Verified } from './verify.ts';

/** What cannot be the name of a run is the path of a file; `-` is standard input. */
export const isFile = (subject: string): boolean => !/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(subject);

export interface Opening {
  readonly machine: Machine;
  /** Aborts a store that is being waited for. */
  readonly signal: AbortSignal;
}

export async function verifySubject(opening: Opening, subject: string): Promise<Verified> {
  if (isFile(subject)) return verifyFile(await sourceOf(subject));
  return within(opening, subject, verify);
}

/** Hands on the store that holds the run; an exported one is read into memory, where it verifies first. */
export async function within<T>({ machine, signal }: Opening, subject: string, work: (store: Store, run: string) => Promise<T>): Promise<T> {
  const store = isFile(subject) ? await openStore('memory:', signal) : await machine.openStore(signal);
  try {
    const run = isFile(subject) ? (await importRun(store, await sourceOf(subject))).run : subject;
    return await work(store, run);
  } finally {
    await store.close();
  }
}

/**
 * Recomputes a run up to its record `until`, or to its head.
 * @throws ExecutorError `usage.invalid` when there is no such record; `record.diverged` when one before it differs
 */
export async function replayUntil(store: Store, run: string, until: number | null): Promise<Replay & { readonly record: RunRecord }> {
  const replay = new Replay();
  let last: RunRecord | null = null;
  for await (const record of history(store.events, run)) {
    const divergence = replay.take(record);
    if (divergence !== null) throw diverged(divergence);
    last = record;
    if (record.run === run && record.seq === until) break;
  }
  if (last === null) throw unknownRun(run);
  if (until !== null && (last.run !== run || last.seq !== until)) throw new ExecutorError('usage.invalid', `${run} has no record ${until}, its last is ${last.seq}`, { hint: '`autopack log RUN` shows them' });
  return Object.assign(replay, { record: last });
}
