// Fork
// ====
// A new run with the past of another up to one of its records; from there on it is a run like every other.

import { randomUUID } from 'node:crypto';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { forkOff, toStored } from '#src/kernel/log.ts';
import { streamOf } from '#src/record/record.ts';
import type { RunContext } from '#machines/run-context.ts';
import type { Machine, Store } from './machine.ts';
import { replayUntil } from './replay.ts';
import { checkedRunId, refuseTaken, runExists } from './start.ts';

export interface ForkRequest {
  readonly run: string;
  /** The last record that both have in common. */
  readonly at: number;
  /** Null: the run's name and the record. */
  readonly name: string | null;
  /** Any folder of the user's repository. */
  readonly workspace: string;
}

/** @returns the fork's name. @throws ExecutorError `run.exists`; `usage.invalid` when the run was over by then or has no such record */
export async function fork(machine: Machine, store: Store, { run, at, name, workspace }: ForkRequest): Promise<string> {
  const forked = checkedRunId(name ?? `${run.slice(0, 50)}-at-${at}`);
  await refuseTaken(store, forked);
  const { head } = await replayUntil(store, run, at);
  const cell = head?.state.cells.get('run');
  if (head === null || cell === undefined) throw new Error('a history without a run');
  if (cell.state.status === 'done') throw new ExecutorError('usage.invalid', `${run} was over at its record ${at}: nothing can go on from there`, { hint: 'fork it at an earlier record; `autopack log RUN` shows them' });
  const { base } = cell.state.context as unknown as RunContext;
  const repository = gitWorkspace({ userRepo: workspace, home: machine.home });
  if (base !== '') await repository.prepare(forked, base); // the mark of where it began comes before anything else
  const { sealed } = forkOff(head, forked, Math.max(head.at, machine.clock.now()));
  try {
    await store.events.append(streamOf(forked), -1, [toStored(sealed, randomUUID())]);
  } catch (error) {
    if (error instanceof ExecutorError && error.code === 'store.wrong_revision') throw runExists(forked);
    throw error;
  }
  return forked;
}
