// Doctor
// ======
// Whether a run could begin here: each check says what it found, and where that is bad how to mend it. Nothing is changed but
// a probe in the state folder, gone again. A vendor is asked only when it is named: a call costs.

import { accessSync, constants, existsSync, rmSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { gitVersion, repositoryHealth } from '#src/adapters/git/health.ts';
import { nodeProcesses } from '#src/adapters/process/processes.ts';
import { withoutCredentials, withoutSecrets } from '#src/domain/secrets.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { inputs } from '#src/events/inputs.ts';
import { teamChecks } from './doctor-team.ts';
import { openStore, setting, type Environment, type Machine } from './machine.ts';
import { configured, defaultProvider, keyVariables, NO_PROVIDER_HINT, openProvider, serverOf, type Provider } from './provider.ts';
import { configuration, readPlan, refuse } from './start.ts';

export interface Finding {
  readonly name: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** How to mend it; null where nothing is to be mended. */
  readonly fix: string | null;
}

export interface DoctorRequest {
  readonly machine: Machine;
  readonly workspace: string;
  /** To be opened, and asked one short question where it is a vendor. */
  readonly provider: string | null;
  /** Whose test commands shall be found. */
  readonly plan: string | null;
  readonly stop: AbortSignal;
}

export type Verdict = Omit<Finding, 'name'>;
const ok = (text: string): Verdict => ({ level: 'ok', text, fix: null });
const warn = (text: string, fix: string): Verdict => ({ level: 'warn', text, fix });
const fail = (text: string, fix: string): Verdict => ({ level: 'fail', text, fix });

/** In the order in which a run meets them. */
export async function examine(given: DoctorRequest): Promise<Finding[]> {
  const request = { ...given, machine: { ...given.machine, openStore: openedOrNever(given.machine) } };
  const checks: readonly (readonly [name: string, check: (request: DoctorRequest) => Promise<Verdict> | Verdict])[] = [
    ['node', node], ['git', git], ['workspace', workspace], ['state folder', stateFolder], ['disk', disk], ['store', store], ['clock', clock], ['sandbox', sandbox],
    ['configuration', config], ...(request.plan === null ? [] : [['plan', plan] as const]), ['provider', provider], ['secrets', secrets], ...teamChecks(request),
  ];
  const findings: Finding[] = [];
  for (const [name, check] of checks) findings.push({ name, ...(await checked(() => check(request))) });
  return findings;
}

/** A store that was waited for in vain is not waited for again. */
function openedOrNever({ openStore: open }: Machine): Machine['openStore'] {
  let inVain: { readonly error: unknown } | null = null;
  return async (stop) => {
    if (inVain !== null) throw inVain.error;
    try {
      return await open(stop);
    } catch (error) {
      inVain = { error };
      throw error;
    }
  };
}

/** What a check throws is what a run would meet. */
async function checked(check: () => Promise<Verdict> | Verdict): Promise<Verdict> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof ExecutorError)) throw error;
    return fail(error.message, error.hint ?? 'see above');
  }
}

const MAJOR_MIN = 24;

function node(): Verdict {
  const [major = 0] = process.versions.node.split('.').map(Number);
  return major >= MAJOR_MIN ? ok(`Node ${process.versions.node}`) : fail(`Node ${process.versions.node} is too old`, `use Node ${MAJOR_MIN} or newer`);
}

/** What `doctor` promises; an older one may do. */
const GIT_MIN = [2, 39] as const;

async function git(): Promise<Verdict> {
  const version = await gitVersion();
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > GIT_MIN[0] || (major === GIT_MIN[0] && minor >= GIT_MIN[1]) ? ok(`git ${version}`) : warn(`git ${version} is older than ${GIT_MIN.join('.')}, which this is tested with`, 'install a newer git');
}

async function workspace({ workspace: folder }: DoctorRequest): Promise<Verdict> {
  const { base, uncommitted } = await repositoryHealth(folder);
  return uncommitted === 0 ? ok(`a run would start from ${base.slice(0, 12)}`) : warn(`${uncommitted} uncommitted files are no part of a run, which would start from ${base.slice(0, 12)}`, 'commit what the run shall see');
}

const origin = (env: Environment, name: string): string => (setting(env, name) === null ? 'default' : name);

async function stateFolder({ machine: { home, env } }: DoctorRequest): Promise<Verdict> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    accessSync(home, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return fail(`${home} cannot be written: ${(error as NodeJS.ErrnoException).code ?? 'error'}`, 'make it writable, or name another with AUTOPACK_HOME');
  }
  return ok(`${home} (${origin(env, 'AUTOPACK_HOME')})`);
}

const MB = 1_000_000;
const FREE_MIN = 200 * MB;
const FREE_WANTED = 2000 * MB;

async function disk({ machine: { home } }: DoctorRequest): Promise<Verdict> {
  const { bavail, bsize } = await statfs(existsSync(home) ? home : '/');
  const [free, text] = [bavail * bsize, `${Math.floor((bavail * bsize) / MB)} MB free beside the store`];
  if (free < FREE_MIN) return fail(text, 'make room, or `autopack gc`');
  return free < FREE_WANTED ? warn(text, 'checkouts and their setup need room: `autopack gc` gives some back') : ok(text);
}

/** The store opens, and one like it takes a record beside it and gives it back. */
async function store({ machine, stop }: DoctorRequest): Promise<Verdict> {
  const real = await machine.openStore(stop);
  await real.close();
  if (!machine.storeSpec.startsWith('sqlite:')) return ok(withoutCredentials(machine.storeSpec));
  const file = join(dirname(resolve(machine.storeSpec.slice('sqlite:'.length))), `doctor-${process.pid}.db`);
  try {
    const probe = await openStore(`sqlite:${file}`, stop);
    const id = randomUUID();
    await probe.events.append('probe', -1, [{ id, type: 'probe', data: '{}', metadata: { hash: '', nonce: '' } }]);
    const back = await probe.events.read('probe');
    await probe.close();
    return back[0]?.id === id ? ok(`${machine.storeSpec} (${machine.storeOrigin}): opened; a probe beside it was written, read and removed`) : fail('what was written was not read back', 'check the disk');
  } finally {
    for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${ending}`, { force: true });
  }
}

const SKEW_MAX_MS = 60_000;
/** Others write beside the runs: a relay how far it is. */
const RECORDS = Object.values(inputs).map(({ type }) => type);

/** 0 of what is damaged: that is for `replay --verify` to tell. */
function atOf(record: string): number {
  try {
    return z.object({ at: z.int() }).parse(JSON.parse(record)).at;
  } catch {
    return 0;
  }
}

async function clock({ machine, stop }: DoctorRequest): Promise<Verdict> {
  const opened = await machine.openStore(stop);
  try {
    const [newest] = await opened.events.readAll({ backwards: true, limit: 1, types: RECORDS });
    const behind = (newest === undefined ? 0 : atOf(newest.data)) - machine.clock.now();
    return behind > SKEW_MAX_MS ? warn(`the clock is ${Math.round(behind / 1000)} s behind the newest record`, 'set the clock: deadlines would come late') : ok(new Date(machine.clock.now()).toISOString());
  } finally {
    await opened.close();
  }
}

function sandbox({ machine: { home, searchPath } }: DoctorRequest): Verdict {
  return nodeProcesses({ home, searchPath }).sandbox() === null ? warn('bubblewrap does not work here: tests run as you, with your network', 'install bubblewrap and allow user namespaces, or look at what you run') : ok('bubblewrap: tests see no home and no network');
}

async function config(): Promise<Verdict> {
  const { models, categories } = await configuration();
  return ok(`${models.models.size} models, ${categories.size} categories`);
}

async function plan({ machine, workspace: folder, plan: file }: DoctorRequest): Promise<Verdict> {
  const parsed = await readPlan(file ?? '', await configuration(), { now: machine.clock.now(), root: null });
  refuse(parsed);
  if (!parsed.ok) return fail('no plan', 'see above');
  const commands = [parsed.plan.baseline, ...parsed.plan.phases.map(({ ci }) => ci)].flatMap((ci) => (ci.kind === 'command' ? [ci.argv[0] ?? ''] : []));
  const missing = [...new Set([...commands, ...parsed.plan.workspace.setup.map(([command = '']) => command)])].filter((command) => !isFound(command, machine.searchPath, folder));
  return missing.length === 0 ? ok(`${parsed.plan.phases.length} phases, and their commands are there`) : fail(`not found: ${missing.join(', ')}`, 'install it, or name another command in the plan');
}

function isFound(command: string, searchPath: string, folder: string): boolean {
  const places = command.includes('/') ? [isAbsolute(command) ? command : join(folder, command)] : searchPath.split(':').map((part) => join(part, command));
  return places.some((path) => existsSync(path));
}

async function provider({ machine: { env }, provider: named, stop }: DoctorRequest): Promise<Verdict> {
  const { models } = await configuration();
  if (named === null) {
    const byDefault = defaultProvider(env);
    return byDefault === null ? warn('no model can be asked', NO_PROVIDER_HINT) : ok(`${configured(env).join(' and ')}: configured, not asked; --provider ${byDefault} asks each one question`);
  }
  const vendors = configured(env);
  const asked = [...models.models].filter(([, { provider: vendor }]) => (named === 'vendors' ? vendors.includes(vendor) : vendor === named));
  const cheapest = [...Map.groupBy(asked, ([, { provider: vendor }]) => vendor).values()].flatMap((of) => [...of].sort(([, a], [, b]) => a.output - b.output)[0]?.[0] ?? []);
  const opened = await openProvider(named, { env, table: models, used: cheapest });
  if (named.startsWith('script:')) return ok(`${named}: every answer can be read`);
  const said: string[] = [];
  for (const model of cheapest) {
    const server = serverOf(env, named === 'vendors' ? (models.models.get(model)?.provider ?? '') : named);
    said.push(await question(opened, { model, name: server === null ? model : `${model} at ${server}` }, stop));
  }
  return said.length === 0 ? fail('no model can be asked', NO_PROVIDER_HINT) : ok(said.join(', '));
}

const ASKED = { role: 'doctor', phase: 'doctor', attempt: 1, call: 1, system: 'Answer in one word.', prompt: 'Say ok.', outputTokensMax: 16, timeoutMs: 30_000, schema: null } as const;

async function question(models: Provider, { model, name }: { readonly model: string; readonly name: string }, stop: AbortSignal): Promise<string> {
  const reply = await models.call({ ...ASKED, model }, stop);
  if (!reply.ok) throw new ExecutorError('provider.unavailable', `${name} gave no answer: ${reply.failure.code}: ${withoutSecrets(reply.failure.message, models.secrets)}`, { hint: 'check key, base URL (OPENAI_BASE_URL with /v1, ANTHROPIC_BASE_URL without) and quota' });
  return `${name} answered (${reply.usage.inputTokens + reply.usage.outputTokens} tokens)`;
}

/** Their names alone. */
function secrets({ machine: { env } }: DoctorRequest): Verdict {
  const names = keyVariables.filter((name) => setting(env, name) !== null);
  return ok(names.length === 0 ? 'none is set' : `${names.join(', ')}: no child process sees them, no answer that holds one is taken`);
}
