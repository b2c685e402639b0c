// Start
// =====
// From a plan's text to a run that may be driven: everything is checked before anything is written.

import { isUtf8 } from 'node:buffer';
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, extname, relative, resolve, sep } from 'node:path';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import { loadConfig, type Config } from '#src/config/config.ts';
import { isSecretFree, secretsIn } from '#src/domain/secrets.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { usd } from '#src/domain/cost.ts';
import { ID } from '#src/events/define.ts';
import type { Policy } from '#src/events/policy.ts';
import type { InputData } from '#src/events/inputs.ts';
import { first, toStored } from '#src/kernel/log.ts';
import { parsePlan, type ParsedPlan, type PlanLimits } from '#src/plan/parse.ts';
import type { Inspection } from '#src/ports/workspace.ts';
import { RUN_FORKED, runOf, streamOf, type RunRecord, type Sealed } from '#src/record/record.ts';
import { noticeText } from '#src/yaml/located.ts';
import { remember } from './beside.ts';
import { estimatePlan, type PlanEstimate } from './estimate.ts';
import { readPrompts } from './execute.ts';
import type { Machine, Store } from './machine.ts';
import { pinsFor, systemFor } from './pins.ts';
import { absoluteProvider, modelsUsed, nobody, openProvider, vendorNames, vendorsBy, type Provider } from './provider.ts';
import { policyFor, type PolicyFlags } from './policy.ts';
import { scopeNotices } from './scope.ts';

let loaded: Promise<Config> | null = null;

/** Read once per process. */
export function configuration(): Promise<Config> {
  loaded ??= loadConfig(fileURLToPath(new URL('../../config', import.meta.url)));
  return loaded;
}

const limitsOf = ({ executor, protectedPaths }: Config): PlanLimits => ({
  phasesMax: executor.plan.phasesMax, filesPerScopeMax: executor.plan.filesPerScopeMax, testsMs: executor.timeouts.testsMs, baselineMs: executor.timeouts.baselineMs, protectedPaths,
});

/** The file's name and the time in UTC, where the plan names no run. */
function defaultRunId(file: string, now: number): string {
  const stem = basename(file, extname(file)).replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[^A-Za-z]+/, '').slice(0, 40) || 'run';
  const [day = '', time = ''] = new Date(now).toISOString().slice(0, 19).split('T');
  return `${stem}-${day.replaceAll('-', '')}-${time.replaceAll(':', '')}`;
}

/** @throws ExecutorError `plan.invalid` when the file cannot be read. */
export async function readPlan(file: string, config: Config, options: { readonly now: number; readonly root: string | null }): Promise<ParsedPlan> {
  const path = resolve(file);
  // Opening one waits for a writer, and nothing ends that; what a shell hands over as `<(…)` has one.
  if (!path.startsWith('/dev/fd/') && (await stat(path).catch(() => null))?.isFIFO() === true) throw new ExecutorError('plan.invalid', `the plan ${file} is a named pipe`, { hint: 'give the path of a YAML or JSON file' });
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'does not exist' : cause.code === 'EISDIR' ? 'is a folder' : 'cannot be read';
    throw new ExecutorError('plan.invalid', `the plan ${file} ${why}`, { hint: 'give the path of a YAML or JSON file; `autopack init --example` makes one', cause });
  });
  if (!isUtf8(bytes)) throw new ExecutorError('plan.invalid', `the plan ${file} is not UTF-8 text`, { hint: 'save it as UTF-8' });
  const text = bytes.toString('utf8');
  const inside = options.root === null ? null : relative(options.root, await realpath(path));
  const protect = inside === null || inside === '..' || inside.startsWith(`..${sep}`) ? null : inside.split(sep).join('/');
  return parsePlan({ text, file, protect, defaultRunId: defaultRunId(file, options.now) }, limitsOf(config));
}

export interface StartRequest {
  readonly plan: string;
  readonly runId: string | null;
  readonly workspace: string;
  readonly provider: string;
  readonly flags: Omit<PolicyFlags, 'vendors' | 'known'>;
  /** Switched off for this run. */
  readonly disabledVendors?: readonly string[];
  /** Tokens of the last seven days by vendor. */
  readonly used?: ReadonlyMap<string, number>;
  /** For a worker, which has keys of its own and maybe another HEAD: none is needed here, and the base is pinned as the commit that it is. */
  readonly isElsewhere?: boolean;
}

export interface Prepared {
  readonly run: string;
  readonly requested: InputData<'run.requested'>;
  /** Those that record 0 pins. */
  readonly prompts: ReadonlyMap<string, string>;
  readonly models: Provider;
  readonly inspection: Inspection;
  /** Goes through every file for every phase: only for who asks. */
  readonly estimate: () => PlanEstimate;
  readonly notices: readonly string[];
}

/** @throws ExecutorError `usage.invalid` */
export function checkedRunId(run: string): string {
  if (!ID.test(run)) throw new ExecutorError('usage.invalid', `--run-id ${run} is not a run id`, { hint: 'a letter, then up to 63 letters, digits, _ or -' });
  return run;
}

/** Checks everything, writes nothing that a run would be known by. */
export async function prepareStart(machine: Machine, { plan: file, runId, workspace, provider, flags, disabledVendors = [], used = new Map(), isElsewhere = false }: StartRequest): Promise<Prepared> {
  const config = await configuration();
  const repository = gitWorkspace({ userRepo: workspace, home: machine.home });
  const early = await readPlan(file, config, { now: machine.clock.now(), root: null });
  refuse(early); // the plan's own problems are told before those of a repository
  const inspection = await repository.inspect(flags.base);
  const parsed = await readPlan(file, config, { now: machine.clock.now(), root: await realpath(inspection.root) });
  refuse(parsed);
  if (!parsed.ok) throw new Error('unreachable');
  const files = await repository.files(inspection.tree);
  const scope = scopeNotices(parsed.plan, files, config.executor.plan, file);
  if (scope.errors.length > 0) throw planInvalid(scope.errors);
  const run = checkedRunId(runId ?? parsed.plan.run.run_id);
  const plan = { ...parsed.plan, run: { run_id: run } };
  const prompts = await readPrompts();
  const vendors = vendorsBy(provider, { env: machine.env, table: config.models, disabled: disabledVendors, used, isElsewhere });
  const known = vendorNames.map((vendor) => ({ vendor, weeklyTokens: used.get(vendor) ?? 0, state: vendors.state(vendor) }));
  const policy = policyFor(plan, parsed.settings, config, { ...flags, base: isElsewhere || flags.base !== null ? inspection.base : null, vendors, known });
  const estimate = (): PlanEstimate => estimatePlan(plan, policy, files);
  const confirm = confirmation(estimate, parsed.settings.confirmAboveMicroUsd, config.executor.human.expiryMs);
  const requested = { run, plan, policy: { ...policy, run: { ...policy.run, confirm } }, pins: pinsFor(prompts) };
  const models = isElsewhere ? nobody : await openProvider(provider, { env: machine.env, table: config.models, used: modelsUsed(requested.policy) });
  if (!isSecretFree(JSON.stringify(requested), [...models.secrets, ...secretsIn(machine.env)])) throw planInvalid([`${file}: it holds what looks like a key, and a plan is recorded whole; let the project read its keys where it runs`]);
  return { run, requested, prompts, models, inspection, estimate, notices: [...inspection.warnings, ...parsed.warnings.map(noticeText), ...scope.warnings, ...requested.policy.warnings] };
}

/** Asked before anything begins where the plan is likely to cost more than it says that anybody may decide alone. */
function confirmation(estimate: () => PlanEstimate, aboveMicroUsd: number | null, waitMs: number): Policy['run']['confirm'] {
  if (aboveMicroUsd === null) return null;
  const { total: { expected, worst } } = estimate();
  if (expected.costMicroUsd <= aboveMicroUsd) return null;
  return { question: `The plan is estimated at ${usd(expected.costMicroUsd)}, at worst ${usd(worst.costMicroUsd)}: above its confirm_above of ${usd(aboveMicroUsd)}. Begin?`, waitMs };
}

const planInvalid = (problems: readonly string[]): ExecutorError =>
  new ExecutorError('plan.invalid', `the plan cannot be accepted, ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);

export function refuse(parsed: ParsedPlan): void {
  if (!parsed.ok) throw planInvalid(parsed.problems.map(noticeText));
}

/** Appends record 0. @throws ExecutorError `run.exists` with the two ways out. */
export async function appendRequest(machine: Machine, store: Store, prepared: Prepared): Promise<RunRecord> {
  return appendSealed(store, sealRequest(machine, prepared));
}

export function sealRequest({ clock }: Machine, { run, requested }: Prepared): Sealed {
  const event = { type: 'run.requested', v: 1, data: requested as unknown as Record<string, unknown> };
  return first(run, clock.now(), event, systemFor(event.data)).sealed;
}

/** @throws ExecutorError `run.exists` with the two ways out. */
export async function appendSealed({ events }: Store, sealed: Sealed): Promise<RunRecord> {
  const { run } = sealed.record;
  try {
    await events.append(streamOf(run), -1, [toStored(sealed, randomUUID())]);
  } catch (error) {
    if (error instanceof ExecutorError && error.code === 'store.wrong_revision') throw runExists(run);
    throw error;
  }
  return sealed.record;
}

/** In the order in which they began. */
export async function runNames({ events }: Pick<Store, 'events'>): Promise<string[]> {
  const first = await events.readAll({ types: ['run.requested', RUN_FORKED] });
  return first.flatMap(({ stream }) => runOf(stream) ?? []);
}

/** Names are distinct when case is folded: branches and folders are named by them. @throws ExecutorError `run.exists` */
export async function refuseTaken(store: Store, run: string): Promise<void> {
  const taken = (await runNames(store)).find((name) => name.toLowerCase() === run.toLowerCase());
  if (taken !== undefined) throw runExists(taken);
}

export const runExists = (run: string): ExecutorError =>
  new ExecutorError('run.exists', `there is a run ${run} already`, { hint: `go on with it: autopack resume ${run}; or begin another: --run-id NAME` });

export async function rememberStart(machine: Machine, { run, models, inspection }: Prepared, provider: string): Promise<void> {
  await remember(machine.home, run, { workspace: inspection.root, provider: absoluteProvider(provider), providerDigest: models.digest });
}
