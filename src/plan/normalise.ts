// Normalisation
// =============
// The plan as it is recorded: nothing left to default, every change told once as a warning. Sources: E-014, E-015,
// E-017, E-034, E-035, E-190.

import type { Plan } from '#src/events/plan.ts';
import { judgePaths } from '#src/domain/path-policy.ts';
import type { Located, Notice, Path } from '#src/yaml/located.ts';
import type { CanonicalInput, CiInput, PhaseInput } from './input.ts';
import { splitCommand } from './quoting.ts';

export interface PlanLimits {
  readonly phasesMax: number;
  readonly filesPerScopeMax: number;
  readonly testsMs: number;
  readonly baselineMs: number;
  readonly protectedPaths: readonly string[];
}

interface Source {
  readonly defaultRunId: string;
  readonly protect: string | null;
}

type Draft = Plan;
type Reporting = { readonly located: Located; readonly problems: Notice[]; readonly warnings: Notice[] };

export function normalised(input: CanonicalInput, located: Located, source: Source, limits: PlanLimits): { plan: Draft; problems: Notice[]; warnings: Notice[] } {
  const report: Reporting = { located, problems: [], warnings: [] };
  const ownProtected = cleanPaths(input.protected ?? [], ['protected'], report);
  const protectedPaths = [...new Set([...ownProtected, ...(source.protect === null ? [] : [source.protect])])];
  if (input.phases.length > 20) report.warnings.push(located.at(['phases'], `${input.phases.length} phases are many`, 'smaller plans are easier to follow'));
  const plan: Draft = {
    run: { run_id: input.run?.run_id ?? source.defaultRunId },
    tiers: input.tiers.map(({ tier_id, tier_index, name, description }) => ({ tier_id, tier_index, name, description: description ?? null })),
    phases: input.phases.map((phase, i) => phaseOf(phase, i, { input, report, limits, protectedPaths })),
    baseline: baselineOf(input.ci ?? null, report, limits),
    workspace: { setup: (input.workspace?.setup ?? []).map((command, i) => argvOf(command, ['workspace', 'setup', i], report)) },
    protected: protectedPaths,
  };
  return { plan, problems: report.problems, warnings: report.warnings };
}

interface Around { readonly input: CanonicalInput; readonly report: Reporting; readonly limits: PlanLimits; readonly protectedPaths: readonly string[] }

function phaseOf(phase: PhaseInput, i: number, { input, report, limits, protectedPaths }: Around): Draft['phases'][number] {
  const at: Path = ['phases', i];
  const deliverables = cleanPaths(flat(phase.deliverables ?? phase.scope?.deliverables), phase.deliverables === undefined ? [...at, 'scope', 'deliverables'] : [...at, 'deliverables'], report);
  const given = cleanPaths(phase.scope?.paths ?? [], [...at, 'scope', 'paths'], report);
  const paths = given.length > 0 ? given : fromDeliverables(deliverables);
  if (given.length === 0 && paths.length > 0) report.warnings.push(report.located.at(at, `no scope is given: it may change ${paths.join(', ')}, from its deliverables`));
  if (paths.length > limits.filesPerScopeMax) report.problems.push(report.located.at([...at, 'scope', 'paths'], `${paths.length} paths are more than ${limits.filesPerScopeMax}`, 'name folders instead, or split the phase'));
  const refused = judgePaths(paths.map((path) => ({ path: path.replace(/\/$/, '/x'), oldMode: '100644', newMode: '100644' })), { scope: [], readOnly: [], protectedPaths: [...limits.protectedPaths, ...protectedPaths] });
  for (const { path, message } of refused) report.problems.push(report.located.at([...at, 'scope', 'paths'], `${path.replace(/\/x$/, '/')}: ${message}`, 'no phase may change it'));
  if ((phase.acceptance_criteria ?? []).length === 0) report.warnings.push(report.located.at(at, `${phase.phase_id} has no acceptance criteria`, 'auditors judge better with them'));
  return {
    phase_id: phase.phase_id, phase_index: phase.phase_index, tier_id: phase.tier_id, name: phase.name, description: phase.description ?? null,
    task_category: phase.task_category?.trim().toLowerCase() ?? null, complexity: complexityOf(phase.complexity ?? null, [...at, 'complexity'], report), builder_mode: phase.builder_mode ?? null,
    phase_type: phase.phase_type ?? null, scope: { paths, read_only_context: readOnlyOf(phase, at, report) }, acceptance_criteria: phase.acceptance_criteria ?? [], deliverables,
    dependencies: phase.dependencies ?? [], ci: ciOf(phase, at, input.ci ?? null, report, limits), allow_noop: phase.allow_noop ?? false, allow_mass_deletion: phase.allow_mass_deletion ?? false,
    max_builder_attempts: phase.max_builder_attempts ?? null,
  };
}

function readOnlyOf(phase: PhaseInput, at: Path, report: Reporting): { path: string; reason: string }[] {
  return (phase.scope?.read_only_context ?? []).flatMap((entry, j) => {
    const { path, reason } = typeof entry === 'string' ? { path: entry, reason: '' } : entry;
    return cleanPaths([path], [...at, 'scope', 'read_only_context', j], report).map((clean) => ({ path: clean, reason }));
  });
}

function flat(deliverables: PhaseInput['deliverables']): string[] {
  if (deliverables === undefined) return [];
  return Array.isArray(deliverables) ? deliverables : Object.values(deliverables).flatMap((part: string | string[] | undefined): string[] => (part === undefined ? [] : [part].flat()));
}

/** The folders of what is to be made; a file at the root stands for itself. */
const fromDeliverables = (deliverables: readonly string[]): string[] => [...new Set(deliverables.map((path) => (path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : path)))];

/** Quotes, `./`, double `/` and a trailing note go, once and told; what leaves the repository is an error. */
function cleanPaths(paths: readonly string[], at: Path, { located, problems, warnings }: Reporting): string[] {
  const clean = paths.flatMap((given, i) => {
    const place = Array.isArray(paths) && paths.length > 1 ? [...at, i] : at;
    const path = given.trim().replace(/^["'`]|["'`]$/g, '').replace(/ \([^)]*\)$/, '').replace(/\/{2,}/g, (run, offset: number) => (offset === 0 ? run : '/')).replace(/^(?:\.\/)+/, '');
    const wrong = pathProblem(path);
    if (wrong !== null) problems.push(located.at(place, `${JSON.stringify(given)}: ${wrong}`, 'paths are relative to the root of the repository, with /'));
    else if (path !== given) warnings.push(located.at(place, `${JSON.stringify(given)} is read as ${JSON.stringify(path)}`));
    return wrong === null ? [path] : [];
  });
  return [...new Set(clean)];
}

function pathProblem(path: string): string | null {
  if (path === '' || path === '.') return 'it is empty';
  if (path.includes('\0')) return 'it holds a NUL';
  if (path.includes('\\')) return 'it holds a backslash';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'it is absolute';
  if (path.startsWith('~')) return 'it begins with ~';
  return path.split('/').includes('..') ? 'it leaves the repository' : null;
}

const WORDS: Readonly<Record<string, Plan['phases'][number]['complexity']>> = {
  low: 'low', simple: 'low', trivial: 'low', easy: 'low', medium: 'medium', med: 'medium', moderate: 'medium', normal: 'medium', average: 'medium',
  high: 'high', complex: 'high', difficult: 'high', hard: 'high', maintenance: 'maintenance', maint: 'maintenance', maintain: 'maintenance', maintenance_mode: 'maintenance',
};

/** E-017: words and suffixes are understood; anything else is medium, and told. */
function complexityOf(given: string | null, at: Path, { located, warnings }: Reporting): Plan['phases'][number]['complexity'] {
  if (given === null) return 'medium';
  const word = given.trim().toLowerCase();
  const known = WORDS[word] ?? WORDS[word.replace(/[_-](?:complexity|level|mode|task|tier)$/, '')];
  if (known !== word) warnings.push(located.at(at, `complexity ${JSON.stringify(given)} is read as ${known ?? 'medium'}`, known === undefined ? 'known: low, medium, high, maintenance' : ''));
  return known ?? 'medium';
}

function argvOf(command: string | readonly string[], at: Path, { located, problems }: Reporting): string[] {
  if (typeof command !== 'string') {
    const [program = ''] = command;
    if (program.trim() === '') problems.push(located.at(at, 'the program is empty'));
    return command.some((word) => word.includes('\0')) ? (problems.push(located.at(at, 'it holds a NUL')), ['false']) : [...command];
  }
  const split = splitCommand(command);
  if (split.ok) return [...split.argv];
  problems.push(located.at(at, `the command cannot be split: ${split.message}`, 'give argv, or a script of the repository'));
  return ['false'];
}

const HAS_COMMAND = (ci: CiInput | null): boolean => ci?.command !== undefined || ci?.type === 'pytest';

function commandOf(ci: CiInput, at: Path, report: Reporting, defaultMs: number) {
  const given = ci.command === undefined ? ['pytest', ...(ci.paths ?? [])] : argvOf(ci.command, [...at, 'command'], report);
  const workdir = ci.workdir === undefined ? '.' : (cleanPaths([ci.workdir === '.' ? './.' : ci.workdir], [...at, 'workdir'], { ...report, problems: ci.workdir === '.' ? [] : report.problems })[0] ?? '.');
  const seconds = ci.timeout_seconds ?? ci.timeout;
  return {
    kind: 'command' as const, argv: [...given, ...(ci.args ?? [])], timeoutMs: seconds === undefined ? defaultMs : seconds * 1000, workdir,
    env: Object.entries(ci.env ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]): [string, string] => [name, value]), newTestsMustFailBefore: false,
  };
}

/** A phase's own entry wins, its scope's next, the run's last. */
function ciOf(phase: PhaseInput, at: Path, ofRun: CiInput | null, report: Reporting, limits: PlanLimits): Plan['phases'][number]['ci'] {
  const [own, place]: [CiInput | null, Path] = phase.ci != null ? [phase.ci, [...at, 'ci']] : phase.scope?.ci !== undefined ? [phase.scope.ci, [...at, 'scope', 'ci']] : [null, ['ci']];
  const ci: CiInput | null = own === null ? ofRun : { ...(ofRun ?? {}), ...own };
  if (ci?.skip === true) {
    if (ci.reason === undefined) report.problems.push(report.located.at([...place, 'skip'], 'tests are skipped without a reason', 'say why in ci.reason'));
    return { kind: 'skip', reason: ci.reason ?? '' };
  }
  return ci !== null && HAS_COMMAND(ci) ? commandOf(ci, own?.command === undefined ? ['ci'] : place, own === null ? { ...report, problems: [], warnings: [] } : report, limits.testsMs) : { kind: 'none' };
}

function baselineOf(ci: CiInput | null, report: Reporting, limits: PlanLimits): Plan['baseline'] {
  if (ci?.baseline === 'none') return { kind: 'none', reason: 'the plan says so' };
  if (ci === null || !HAS_COMMAND(ci) || ci.skip === true) return { kind: 'none', reason: 'no test command for the whole run' };
  const command = commandOf(ci, ['ci'], report, limits.testsMs);
  return { ...command, timeoutMs: Math.min(command.timeoutMs, Math.max(limits.baselineMs, (ci.timeout_seconds ?? ci.timeout ?? 0) * 1000)) };
}
