// Replay
// ======
// A run as it was: out of a store by its name, or out of an exported file without one.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { ID } from '#src/events/define.ts';
import { history, unknownRun } from '#src/kernel/history.ts';
import { diverged } from '#src/kernel/log.ts';
import type { RunRecord } from '#src/record/record.ts';
import { recollect } from './beside.ts';
import { importRun, sourceOf, verifyFile } from './export.ts';
import { openStore, type Machine, type Store } from './machine.ts';
import { remake, type Remade } from './remake.ts';
import { Replay, verify, type Verified } from './verify.ts';
import { holdFiles, type FilesHeld } from './views.ts';

/** What cannot be the name of a run is the path of a file; `-` is standard input. */
export const isFile = (subject: string): boolean => !ID.test(subject);

export interface Opening {
  readonly machine: Machine;
  /** Aborts a store that is being waited for. */
  readonly signal: AbortSignal;
}

export interface Proved extends Verified {
  /** What was made again in a repository, null where none was asked for. */
  readonly remade: Remade | null;
  /** The files for people there, held against the records; null where there are none. */
  readonly files: FilesHeld | null;
}

/** @param repository null for the records alone; a folder of it, or empty for the one where the run was started. */
export async function verifySubject(opening: Opening, subject: string, repository: string | null): Promise<Proved> {
  const prove = async (store: Store, run: string, verified: Verified): Promise<Proved> => {
    if (repository === null || verified.divergence !== null) return { ...verified, remade: null, files: null };
    const userRepo = await repositoryOf(opening.machine, run, repository);
    const remade = await remadeIn(userRepo, store, run);
    const { root } = await gitWorkspace({ userRepo, home: opening.machine.home }).inspect(null);
    const files = await holdFiles(root, run, history(store.events, run));
    return { ...verified, divergence: remade.divergence ?? files?.divergence ?? null, remade, files };
  };
  if (!isFile(subject)) return within(opening, subject, async (store, run) => prove(store, run, await verify(store, run)));
  const source = await sourceOf(subject);
  const verified = await verifyFile(source);
  const store = await openStore('memory:', opening.signal);
  if (repository !== null && verified.divergence === null) await importRun(store, source);
  return prove(store, verified.run, verified);
}

async function repositoryOf({ home }: Machine, run: string, given: string): Promise<string> {
  const folder = given === '' ? (await recollect(home, run))?.workspace : given;
  if (folder === undefined) throw new ExecutorError('usage.invalid', `this machine does not know the repository of ${run}`, { hint: 'give its folder: --workspace DIR' });
  return folder;
}

/** In an empty repository beside theirs, so that nothing counts that lies about in ours. */
async function remadeIn(userRepo: string, { events, blobs }: Store, run: string): Promise<Remade> {
  const home = await mkdtemp(join(tmpdir(), 'autopack-verify-'));
  try {
    return await remake(run, history(events, run), { workspace: gitWorkspace({ userRepo, home }), blobs });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
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
