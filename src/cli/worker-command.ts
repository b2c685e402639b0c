// worker
// ======
// Sees submitted runs through until it is stopped; then they are handed back.

import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import { readPrompts } from '#src/app/execute.ts';
import { setting } from '#src/app/machine.ts';
import { defaultProvider, NO_PROVIDER_HINT } from '#src/app/provider.ts';
import { configuration } from '#src/app/start.ts';
import { checkedLabels, isOfAnyRepo, labelsToOffer } from '#src/app/submission.ts';
import { work } from '#src/app/worker.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Fate } from '#src/kernel/group.ts';
import type { RunView } from '#projections/run-view.ts';
import { withRuns, type Context } from './context.ts';
import { runResult } from './report.ts';

export interface WorkerOptions {
  readonly workspace: string;
  readonly provider?: string;
  readonly capacity: number;
  readonly sandbox: 'required' | 'auto' | 'none';
  readonly label?: readonly string[];
}

const CAPACITY_MAX = 64;

export async function workerCommand(context: Context, { workspace, provider: given, capacity, sandbox, label = [] }: WorkerOptions): Promise<number> {
  const { machine, output, env, stop } = context;
  const provider = given ?? setting(env, 'AUTOPACK_PROVIDER') ?? defaultProvider(env);
  if (provider === null) throw new ExecutorError('usage.invalid', 'no provider is given', { hint: NO_PROVIDER_HINT });
  if (capacity < 1 || capacity > CAPACITY_MAX) throw new ExecutorError('usage.invalid', `--capacity ${capacity} cannot be meant`, { hint: `1 to ${CAPACITY_MAX}` });
  if (capacity > 1 && machine.clock.virtual) throw new ExecutorError('usage.invalid', 'a virtual clock is of one run at a time', { hint: '--capacity 1, or no AUTOPACK_CLOCK' });
  const own = checkedLabels(label);
  const { root } = await gitWorkspace({ userRepo: workspace, home: machine.home }).inspect(null);
  const labels = await labelsToOffer(own, root);
  const { models: table, executor } = await configuration();
  const prompts = await readPrompts();
  return withRuns(context, async (store) => {
    output.say(`worker ready: ${capacity} at once, ${[...labels].join(', ') || 'no labels'}`);
    if (isOfAnyRepo(labels)) output.say('this clone is shallow: it takes what is submitted for any repository, where the base commit is here; `git fetch --unshallow` fetches older ones');
    await work({
      machine, store, root, provider, table, prompts, labels, sandbox, capacity, snapshotEvery: executor.snapshots.everyRecords, stop: stop.signal,
      taken: (run) => output.say(`${run} is taken`),
      ended: (fate, view) => tell(output, fate, view),
    });
    return stop.code() ?? 0;
  });
}

function tell(output: Context['output'], fate: Fate, view: RunView | null): void {
  if (output.json && view !== null) output.emit(runResult(view));
  if ('error' in fate) return output.warn(output.style('red', `${fate.run}: ${fate.error instanceof Error ? fate.error.message : String(fate.error)}`));
  const { end } = fate.driven;
  const how = { done: `over: ${view?.outcome ?? ''}`, rest: `resting: ${view?.pause?.reason ?? 'it waits for a human'}`, interrupted: 'handed back', lost: 'in other hands' }[end];
  output.say(`${fate.run} is ${how}`);
}
