// run, resume
// ===========
// Start or go on with a run and show it until it is over or rests.

import { existsSync } from 'node:fs';
import { access, constants, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { execute, readPrompts, type Execution } from '#src/app/execute.ts';
import { exitOf } from '#src/app/exit.ts';
import { finishCommand, tellFinish } from '#src/app/on-finish.ts';
import { recordedAnswers } from '#src/app/recording.ts';
import { recollect, remember } from '#src/app/beside.ts';
import { setting, type Store } from '#src/app/machine.ts';
import { promptsChanged } from '#src/app/pins.ts';
import { absoluteProvider, defaultProvider, modelsUsed, NO_PROVIDER_HINT, nobody, openProvider } from '#src/app/provider.ts';
import { appendRequest, configuration, prepareStart, refuseTaken, rememberStart, type Prepared, type StartRequest } from '#src/app/start.ts';
import { spentVendors, weeklyUsage } from '#src/app/usage.ts';
import { recordsOf, requestedOf } from '#src/app/commands.ts';
import { standingOf } from '#src/app/standing.ts';
import { writeViews } from '#src/app/views.ts';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import { usd } from '#src/domain/cost.ts';
import type { Estimate } from '#src/domain/estimate.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { project } from '#projections/projection.ts';
import { runView, type RunView } from '#projections/run-view.ts';
import type { Views } from '#projections/files.ts';
import type { RunRecord } from '#src/record/record.ts';
import { capsOf, type CapFlags } from './arguments.ts';
import { withRuns, withStore, type Context } from './context.ts';
import { progressOn, tokens } from './progress.ts';
import { runResult, summaryLines, table } from './report.ts';

export interface RunOptions extends CapFlags {
  readonly plan: string;
  readonly runId?: string;
  readonly workspace: string;
  readonly base?: string;
  readonly provider: string;
  readonly dualAuditor: boolean;
  readonly disableProvider?: readonly string[];
  readonly sandbox?: 'required' | 'auto' | 'none';
  readonly dryRun: boolean;
  readonly estimate: boolean;
  readonly wait: boolean;
  /** File that gets the run's answers, as an answers file. */
  readonly record?: string;
  /** A command line that is told of the end. */
  readonly onFinish?: string;
}

/** As they are given: the plan may also be the argument, the provider may be left to the environment. */
export type RunFlags = Omit<RunOptions, 'plan' | 'provider'> & { readonly plan?: string; readonly provider?: string; readonly detach: boolean; readonly label?: readonly string[] };

/** @throws ExecutorError `usage.invalid` */
export function planOf(argument: string | undefined, given: { readonly plan?: string }): string {
  if (argument !== undefined && given.plan !== undefined && argument !== given.plan) throw new ExecutorError('usage.invalid', `two plans are given: ${argument} and ${given.plan}`, { hint: 'give one' });
  const plan = argument ?? given.plan;
  if (plan === undefined) throw new ExecutorError('usage.invalid', 'no plan is given', { hint: 'autopack run plan.yaml; `autopack init --example` makes one' });
  return plan;
}

function runOptions(argument: string | undefined, given: RunFlags, env: Context['env']): RunOptions {
  const plan = planOf(argument, given);
  if (given.label !== undefined) throw new ExecutorError('usage.invalid', '--label is for workers', { hint: 'give --detach too' });
  const provider = given.provider ?? setting(env, 'AUTOPACK_PROVIDER') ?? defaultProvider(env);
  if (provider === null) throw new ExecutorError('usage.invalid', 'no provider is given', { hint: NO_PROVIDER_HINT });
  return { ...given, plan, provider };
}

export type StartOptions = Pick<RunOptions, 'plan' | 'runId' | 'workspace' | 'base' | 'provider' | 'dualAuditor' | 'disableProvider' | 'sandbox' | keyof CapFlags>;

export const requestOf = (options: StartOptions, used: ReadonlyMap<string, number>): StartRequest => ({
  disabledVendors: options.disableProvider ?? [], used,
  plan: options.plan, runId: options.runId ?? null, workspace: options.workspace, provider: options.provider,
  flags: { base: options.base ?? null, caps: capsOf(options), dualAudit: options.dualAuditor, sandbox: options.sandbox ?? 'auto' },
});

export async function runCommand(context: Context, argument: string | undefined, flags: RunFlags): Promise<number> {
  const { machine, output, env } = context;
  const options = runOptions(argument, flags, env);
  const onFinish = finishCommand(options.onFinish);
  await refuseUnwritable(options.record);
  const prepared = await prepareStart(machine, requestOf(options, await usedOf(context, options)));
  for (const notice of prepared.notices) output.say(output.style('yellow', `warning: ${notice}`));
  if (options.estimate) return showEstimate(context, prepared);
  if (options.dryRun) return dryRun(context, prepared);
  return withRuns(context, async (store) => {
    const hold = await store.holders.acquire(prepared.run); // first: of those that are started together, all but one are told who works
    try {
      await refuseTaken(store, prepared.run);
      await rememberStart(machine, prepared, options.provider);
      await appendRequest(machine, store, prepared);
      const { run, prompts, models, inspection } = prepared;
      return await perform(context, store, { run, models, workspace: inspection.root, prompts, wait: options.wait, recording: options.record, onFinish, isNew: true, resume: capsOf(options) });
    } finally {
      await hold.release();
    }
  });
}

/** An answers file has no quota, and a dry run leaves nothing behind, no store either. */
export async function usedOf(context: Context, { provider, dryRun: isDry = false }: { readonly provider: string; readonly dryRun?: boolean }): Promise<ReadonlyMap<string, number>> {
  if (isDry || provider.startsWith('script:')) return new Map();
  const { models } = await configuration();
  return withStore(context, (store) => weeklyUsage(context.machine, store, models));
}

/** Told before anything is spent. @throws ExecutorError `usage.invalid` */
async function refuseUnwritable(recording: string | undefined): Promise<void> {
  if (recording === undefined) return;
  await access(dirname(resolve(recording)), constants.W_OK).catch((cause: unknown) => {
    throw new ExecutorError('usage.invalid', `the answers cannot be written to ${recording}`, { hint: 'give --record a file in a folder that is there and may be written', cause });
  });
}

/** The order of the phases and the most that they can cost; nothing is asked, nothing is written. */
function dryRun({ output }: Context, { run, requested, inspection }: Prepared): number {
  const view = project(runView, [{ run, seq: 0, at: 0, to: 'kernel', event: { type: 'run.requested', v: 1, data: requested as unknown as Record<string, unknown> }, moves: [], facts: [], effects: [], state: '', prev: '', hash: '' }]);
  const worst = view.phases.map(({ phase_id }) => worstCase(requested.policy, phase_id));
  if (output.json) output.emit({ v: 1, type: 'run.plan', run, base: inspection.base, phases: view.phases.map(({ phase_id, tier_id }, i) => ({ phase_id, tier_id, ...worst[i] })) });
  const rows = view.phases.map(({ phase_id, tier_id, name }, i) => [String(i + 1), phase_id, tier_id, String(worst[i]?.attempts ?? 0), tokens(worst[i]?.outputTokens ?? 0), name]);
  for (const line of table([['#', 'phase', 'tier', 'attempts at most', 'output tokens at most', 'name'], ...rows])) output.print(line);
  output.print(`\n${run} would start from ${inspection.base.slice(0, 12)}; the run stops before ${tokens(requested.policy.run.tokenCap)} tokens`);
  return 0;
}

/** What it would cost; nothing is asked, nothing is written. */
function showEstimate({ output }: Context, { run, requested: { policy }, estimate }: Prepared): number {
  const { phases, total } = estimate();
  const { tokenCap, costCapMicroUsd } = policy.run;
  if (output.json) output.emit({ v: 1, type: 'run.estimate', run, phases, total, tokenCap, costCapMicroUsd });
  const cells = ({ low, expected, worst }: Estimate): string[] => [low, expected, worst].map((sum) => `${tokens(sum.tokens)} ${usd(sum.costMicroUsd)}`);
  for (const line of table([['phase', 'low', 'expected', 'worst'], ...phases.map((of) => [of.phase_id, ...cells(of)]), ['all', ...cells(total)]])) output.print(line);
  output.print(`\n${run} would stop before ${tokens(tokenCap)} tokens${costCapMicroUsd === null ? '' : ` and ${usd(costCapMicroUsd)}`}`);
  return 0;
}

function worstCase({ phases }: Prepared['requested']['policy'], id: string): { attempts: number; outputTokens: number } {
  const policy = phases.find(({ phase }) => phase === id)?.policy;
  if (policy === undefined) return { attempts: 0, outputTokens: 0 };
  const { attemptsMax, transportTriesMax, outputTokensMax, auditorOutputTokens, auditor2Walk, plannerOutputTokens, replansMax } = policy;
  const perAttempt = 2 * outputTokensMax + (auditor2Walk === null ? 2 : 5) * auditorOutputTokens;
  return { attempts: attemptsMax, outputTokens: transportTriesMax * (attemptsMax * perAttempt + replansMax * plannerOutputTokens) };
}

export interface ResumeOptions extends CapFlags {
  readonly run: string;
  readonly workspace?: string;
  readonly provider?: string;
  readonly wait: boolean;
  /** File that gets the run's answers, as an answers file. */
  readonly record?: string;
  /** A command line that is told of the end. */
  readonly onFinish?: string;
  /** Only to settle what was cancelled. */
  readonly cancels?: boolean;
}

export async function resumeCommand(context: Context, options: ResumeOptions): Promise<number> {
  const { machine, output } = context;
  const onFinish = finishCommand(options.onFinish);
  await refuseUnwritable(options.record);
  return withRuns(context, async (store) => {
    const { run } = options;
    const { policy, pins } = await requestedOf(store, run); // an unknown run is told before anything else
    const beside = await recollect(machine.home, run);
    const provider = options.provider ?? beside?.provider;
    const workspace = options.workspace ?? beside?.workspace;
    if (provider === undefined || workspace === undefined) throw new ExecutorError('usage.invalid', `this machine does not know where ${run} was started`, { hint: 'give --provider and -C' });
    const hold = await store.holders.acquire(run);
    try {
      const { models: table } = await configuration();
      const spent = options.cancels === true ? new Set<string>() : await spentVendors(machine, store, { provider, table });
      for (const vendor of spent) output.warn(output.style('yellow', `warning: the weekly quota of ${vendor} (config/models.yaml) is used up: nothing is asked of it`));
      const models = await openProvider(provider, { env: machine.env, table, used: modelsUsed(policy), spent }).catch((error: unknown) => {
        // Whoever cancels needs nobody who answers.
        if (options.cancels === true && error instanceof ExecutorError) return nobody;
        throw error;
      });
      if (models !== nobody && beside !== null && beside.providerDigest !== null && beside.providerDigest !== models.digest) output.warn(output.style('yellow', 'warning: the answers file changed since the run last used it; answers that are recorded stay as they are'));
      const prompts = await readPrompts();
      const changed = promptsChanged(pins, prompts);
      if (changed.length > 0) output.warn(output.style('yellow', `warning: prompts are not those that the run began with: ${changed.join(', ')}; what was asked stays as it is`));
      const { root } = await gitWorkspace({ userRepo: workspace, home: machine.home }).inspect(null).catch((error: unknown) => {
        // A run whose repository is gone can be ended all the same.
        if (options.cancels === true && error instanceof ExecutorError) return { root: workspace };
        if (options.workspace === undefined && !existsSync(workspace)) throw new ExecutorError('workspace.unusable', `the repository of ${run} is not at ${workspace} any more`, { hint: `name its new place: autopack resume ${run} -C FOLDER`, cause: error });
        throw error;
      });
      await remember(machine.home, run, { workspace: root, provider: absoluteProvider(provider), providerDigest: models.digest });
      return await perform(context, store, { run, models, workspace: root, prompts, wait: options.wait, recording: options.record, onFinish, isNew: false, resume: capsOf(options) });
    } finally {
      await hold.release();
    }
  });
}

interface Part extends Pick<Execution, 'run' | 'models' | 'workspace' | 'prompts' | 'wait' | 'resume'> {
  readonly recording: string | undefined;
  readonly onFinish: readonly string[] | null;
  /** Its first record was appended by this command, so that is shown too. */
  readonly isNew: boolean;
}

async function perform({ machine, output, stop }: Context, store: Store, part: Part): Promise<number> {
  const standing = await standingOf(machine, store, part.run);
  const snapshotEvery = (await configuration()).executor.snapshots.everyRecords;
  let { views } = standing;
  const progress = progressOn(output, views.run);
  const onRecord = (record: RunRecord, after: Views): void => {
    views = after;
    progress.see(record, after.run);
  };
  if (part.isNew) progress.see(standing.first, views.run);
  try {
    await execute({ ...part, machine, store, standing, snapshotEvery, stop: stop.signal, onRecord });
  } finally {
    progress.stop();
    await writeViews(part.workspace, views).catch((error: unknown) => {
      output.warn(`warning: the files for people could not be written (${(error as NodeJS.ErrnoException).code ?? 'error'}); \`autopack rebuild ${part.run}\` makes them again`);
    });
  }
  if (part.recording !== undefined) {
    const answers = await recordedAnswers(store.blobs, await recordsOf(store, part.run));
    await writeFile(part.recording, answers, { mode: 0o600 }).then(
      () => output.say(`answers recorded: ${part.recording}`),
      (error: NodeJS.ErrnoException) => output.warn(`warning: the answers could not be written to ${part.recording} (${error.code}); \`autopack resume ${part.run} --record FILE\` writes them again`),
    );
  }
  const exit = conclude(output, views.run, stop.code());
  if (part.onFinish === null) return exit;
  const problem = await tellFinish(part.onFinish, runResult(views.run, exit), { env: machine.env, secrets: part.models.secrets });
  if (problem !== null) output.warn(output.style('yellow', `warning: --on-finish: ${problem}`));
  return exit;
}

function conclude(output: Context['output'], view: RunView, stopped: number | null): number {
  const exit = view.outcome === null && stopped !== null ? stopped : exitOf(view);
  if (output.json) output.emit(runResult(view, exit));
  for (const line of summaryLines(output, view)) output.print(line);
  if (exit === 130 || exit === 143) output.warn(`stopped; go on with: autopack resume ${view.run}`);
  return exit;
}
