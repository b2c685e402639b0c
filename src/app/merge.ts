// Merge
// =====
// What a run that is over has built, into a branch of the user's. It changes no run: nothing is recorded.

import { mergeRun, type Merged } from '#src/adapters/git/merge-branch.ts';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import { ExecutorError, reject, type Rejection } from '#src/errors/errors.ts';
import { history } from '#src/kernel/history.ts';
import { recollect } from './beside.ts';
import { viewOf } from './commands.ts';
import type { Machine, Store } from './machine.ts';
import { remake } from './remake.ts';

export interface MergeOptions {
  readonly run: string;
  /** Null: where the run was started. */
  readonly workspace: string | null;
  readonly into: string | null;
  readonly always: boolean;
  /** Also what a run built that did not succeed. */
  readonly partial: boolean;
}

/** @throws ExecutorError `workspace.unusable` with the way out, `run.unknown` */
export async function merge(machine: Machine, store: Store, { run, workspace, into, always, partial }: MergeOptions): Promise<Merged | Rejection> {
  const { outcome, base, commit, at, phases } = await viewOf(store, run);
  const built = phases.filter((phase) => phase.commit !== null);
  if (outcome === null) return reject('not_over', `${run} is not over: autopack resume ${run}`);
  if (base === null || commit === null || commit === base) return reject('nothing_built', `${run} has built nothing: autopack show ${run}`);
  if (outcome !== 'COMPLETE' && !partial) return reject('not_complete', `${run} is ${outcome}, ${built.length} of ${phases.length} phases are built: give --partial to merge those`);
  const userRepo = workspace ?? (await recollect(machine.home, run))?.workspace;
  if (userRepo === undefined) throw new ExecutorError('usage.invalid', `this machine does not know the repository of ${run}`, { hint: 'give it with -C' });
  const ours = gitWorkspace({ userRepo, home: machine.home });
  await ours.reopen(run, base);
  if (!(await ours.isWhole(commit, base))) await remake(run, history(store.events, run), { workspace: ours, blobs: store.blobs });
  const message = `Merge run ${run}\n\n${built.map(({ phase_id, name }) => `- ${phase_id}: ${name.replace(/\s+/g, ' ')}`).join('\n')}\n\nAutopack-Run: ${run}\n`;
  return mergeRun({ userRepo, home: machine.home }, { run, commit, into, always, message, atSeconds: Math.floor(at / 1000) });
}
