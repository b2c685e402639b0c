// submit, run --detach
// ====================
// Begin a run that a worker sees through: checked as `run` checks it, but for the keys, which are the worker's.

import { setting } from '#src/app/machine.ts';
import { prepareStart } from '#src/app/start.ts';
import { checkedLabels, labelsToAsk, submitRun } from '#src/app/submission.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { withRuns, type Context } from './context.ts';
import { planOf, requestOf, usedOf, type RunFlags, type StartOptions } from './run-commands.ts';

export type SubmitFlags = Omit<StartOptions, 'plan' | 'provider'> & Pick<RunFlags, 'plan' | 'provider' | 'label'>;

/** Flags of `run` that need somebody who sees it through. */
const WATCHING = { wait: '--wait', record: '--record', onFinish: '--on-finish', dryRun: '--dry-run' } as const;

export async function submitCommand(context: Context, argument: string | undefined, flags: SubmitFlags & Partial<Pick<RunFlags, keyof typeof WATCHING>>): Promise<number> {
  const { machine, output, env } = context;
  const plan = planOf(argument, flags);
  const watching = Object.entries(WATCHING).find(([name]) => flags[name as keyof typeof WATCHING] !== undefined && flags[name as keyof typeof WATCHING] !== false);
  if (watching !== undefined) throw new ExecutorError('usage.invalid', `${watching[1]} does not go with --detach: this command ends before the run begins`);
  const given = checkedLabels(flags.label ?? []);
  const options: StartOptions = { ...flags, plan, provider: flags.provider ?? setting(env, 'AUTOPACK_PROVIDER') ?? 'vendors' };
  const prepared = await prepareStart(machine, { ...requestOf(options, await usedOf(context, options)), isElsewhere: true });
  const labels = await labelsToAsk(given, flags.workspace, prepared.inspection.base);
  for (const notice of prepared.notices) output.say(output.style('yellow', `warning: ${notice}`));
  return withRuns(context, async (store) => {
    await submitRun(machine, store, { prepared, labels });
    const { run, inspection: { base } } = prepared;
    if (output.json) output.emit({ v: 1, type: 'run.submitted', run, base, labels });
    output.print(`${run} is submitted: a worker takes it that has ${base.slice(0, 12)}${labels.map((label) => ` and ${label}`).join('')}`);
    output.print(`follow it: autopack status ${run}`);
    return 0;
  });
}
