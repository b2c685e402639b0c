// Normalisation
// =============
// The plan as it is recorded: nothing left to default, every change told once as a warning. Sources: E-014,
// E-017, E-034, E-035, E-190.

import type { Plan } from '#src/events/plan.ts';
import { judgePaths } from '#src/domain/path-policy.ts';
import type { Path } from '#src/yaml/located.ts';
import { argvOf, planCi, type CiLimits, type PlanCi } from './ci.ts';
import type { CanonicalInput, PhaseInput } from './input.ts';
import { cleanDeliverables, cleanPaths, PATH_MAX, placed, type Placed } from './paths.ts';
import type { Report } from './report.ts';

export interface PlanLimits extends CiLimits {
  readonly phasesMax: number;
  readonly filesPerScopeMax: number;
  readonly protectedPaths: readonly string[];
}

interface Source {
  readonly defaultRunId: string;
  readonly protect: string | null;
}

type PlannedPhase = Plan['phases'][number];

/** A plan that is good for nothing where `report` holds a problem. */
export function normalised(input: CanonicalInput, source: Source, { report, limits }: { readonly report: Report; readonly limits: PlanLimits }): Plan {
  const ownProtected = textsOf(cleanPaths(placed(input.protected ?? [], ['protected']), report));
  const protectedPaths = [...new Set([...ownProtected, ...(source.protect === null ? [] : [source.protect])])];
  if ((source.protect ?? '').length > PATH_MAX) report.problem([], `the path of the plan is longer than ${PATH_MAX} characters`, 'move it up');
  if (input.phases.length > 20) report.warn(['phases'], `${input.phases.length} phases are many`, 'smaller plans are easier to follow');
  const ci = planCi(input.ci, report, limits);
  return {
    run: { run_id: input.run?.run_id ?? source.defaultRunId },
    tiers: input.tiers.map(({ tier_id, tier_index, name, description }) => ({ tier_id, tier_index, name, description: description ?? null })),
    phases: input.phases.map((phase, i) => phaseOf(phase, ['phases', i], { ci, report, limits, protectedPaths })),
    baseline: ci.baseline,
    workspace: {
      setup: (input.workspace?.setup ?? []).map((command, i) => [...argvOf(command, ['workspace', 'setup', i], report)]),
      include: addedPaths(input, 'include', report), link: addedPaths(input, 'link', report),
    },
    protected: protectedPaths,
  };
}

/** What each checkout is filled with, held to the one path policy: no keys, nothing of git's or ours. */
function addedPaths({ workspace }: CanonicalInput, key: 'include' | 'link', report: Report): string[] {
  const paths = cleanPaths(placed((workspace?.[key] ?? []).map((text) => text.replace(/\/+$/, '')), ['workspace', key]), report);
  for (const { text, at } of paths) {
    const [refused] = judgePaths([{ path: text, oldMode: '100644', newMode: '100644' }], { scope: [], readOnly: [], protectedPaths: [] });
    if (refused !== undefined) report.problem(at, `${text}: ${refused.message}`, 'no checkout may hold it');
  }
  return textsOf(paths);
}

interface Around { readonly ci: PlanCi; readonly report: Report; readonly limits: PlanLimits; readonly protectedPaths: readonly string[] }

function phaseOf(phase: PhaseInput, at: Path, around: Around): PlannedPhase {
  const { ci, report } = around;
  const deliverables = cleanDeliverables(deliverablesOf(phase, at), report);
  const paths = scopeOf(phase, at, { ...around, deliverables });
  const manifest = manifestOf(phase, at, report);
  reachable(deliverables, { scope: paths, manifest }, report);
  if ((phase.acceptance_criteria ?? []).length === 0) report.warn(at, `${phase.phase_id} has no acceptance criteria`, 'auditors judge better with them');
  return {
    phase_id: phase.phase_id, phase_index: phase.phase_index, tier_id: phase.tier_id, name: phase.name, description: phase.description ?? null,
    task_category: phase.task_category ?? null, complexity: complexityOf(phase.complexity ?? null, [...at, 'complexity'], report), builder_mode: phase.builder_mode ?? null,
    phase_type: phase.phase_type ?? null, scope: { paths, read_only_context: readOnlyOf(phase, at, report), deliverables_manifest: manifest },
    acceptance_criteria: phase.acceptance_criteria ?? [], deliverables: textsOf(deliverables), dependencies: phase.dependencies ?? [], ci: ci.of(phase, at),
    allow_noop: phase.allow_noop ?? false, allow_mass_deletion: phase.allow_mass_deletion ?? false, allow_mass_addition: phase.allow_mass_addition ?? false,
    allow_symbol_removal: phase.allow_symbol_removal ?? false, change_size: phase.change_size ?? null, max_builder_attempts: phase.max_builder_attempts ?? null,
  };
}

const manifestOf = (phase: PhaseInput, at: Path, report: Report): string[] => textsOf(cleanPaths(placed(phase.scope?.deliverables_manifest ?? [], [...at, 'scope', 'deliverables_manifest']), report));
const textsOf = (paths: readonly Placed[]): string[] => paths.map(({ text }) => text);

function scopeOf(phase: PhaseInput, at: Path, { report, limits, protectedPaths, deliverables }: Around & { readonly deliverables: readonly Placed[] }): string[] {
  const given = cleanPaths(placed(phase.scope?.paths ?? [], [...at, 'scope', 'paths']), report);
  const paths = given.length > 0 ? given : foldersOf(deliverables);
  if (given.length === 0 && paths.length > 0) report.warn(at, `no scope is given: it may change ${textsOf(paths).join(', ')}, from its deliverables`);
  if (paths.length > limits.filesPerScopeMax) report.problem([...at, 'scope', 'paths'], `${paths.length} paths are more than ${limits.filesPerScopeMax}`, 'name folders instead, or split the phase');
  const rules = { scope: [], readOnly: [], protectedPaths: [...limits.protectedPaths, ...protectedPaths] };
  for (const { text, at: place } of paths) {
    const [refused] = judgePaths([{ path: text.replace(/\/$/, '/x'), oldMode: '100644', newMode: '100644' }], rules); // a folder as one of its files
    if (refused !== undefined) report.problem(place, `${text}: ${refused.message}`, 'no phase may change it');
  }
  return textsOf(paths);
}

/** E-192, E-657: what a phase must deliver, it must be allowed to make. */
function reachable(deliverables: readonly Placed[], { scope, manifest }: { readonly scope: readonly string[]; readonly manifest: readonly string[] }, report: Report): void {
  const allows = (list: readonly string[], path: string): boolean => list.length === 0 || list.some((entry) => path === entry || (entry.endsWith('/') && `${path}/`.startsWith(entry)) || (path.endsWith('/') && entry.startsWith(path)));
  for (const { text, at } of deliverables) {
    if (!allows(scope, text)) report.problem(at, `${text} is to be delivered, but lies outside of the scope of the phase`, 'add it to scope.paths');
    if (!allows(manifest, text)) report.problem(at, `${text} is to be delivered, but is not in deliverables_manifest`, 'add it there');
  }
}

/** The folders of what is to be made; a file at the root stands for itself. */
function foldersOf(deliverables: readonly Placed[]): Placed[] {
  const folders = new Map<string, Placed>();
  for (const { text, at } of deliverables) {
    const folder = text.includes('/') ? text.slice(0, text.lastIndexOf('/') + 1) : text;
    if (!folders.has(folder)) folders.set(folder, { text: folder, at });
  }
  return [...folders.values()];
}

function deliverablesOf(phase: PhaseInput, at: Path): Placed[] {
  const [given, place]: [PhaseInput['deliverables'], Path] = phase.deliverables === undefined ? [phase.scope?.deliverables ?? [], [...at, 'scope', 'deliverables']] : [phase.deliverables, [...at, 'deliverables']];
  if (Array.isArray(given)) return placed(given, place);
  return Object.entries(given ?? {}).flatMap(([kind, part]) => (typeof part === 'string' ? [{ text: part, at: [...place, kind] }] : placed(part ?? [], [...place, kind])));
}

function readOnlyOf(phase: PhaseInput, at: Path, report: Report): { path: string; reason: string }[] {
  return (phase.scope?.read_only_context ?? []).flatMap((entry, j) => {
    const { path, reason } = typeof entry === 'string' ? { path: entry, reason: '' } : entry;
    return cleanPaths([{ text: path, at: [...at, 'scope', 'read_only_context', j] }], report).map(({ text }) => ({ path: text, reason }));
  });
}

const WORDS: ReadonlyMap<string, PlannedPhase['complexity']> = new Map(Object.entries({
  low: 'low', simple: 'low', trivial: 'low', easy: 'low', medium: 'medium', med: 'medium', moderate: 'medium', normal: 'medium', average: 'medium',
  high: 'high', complex: 'high', difficult: 'high', hard: 'high', maintenance: 'maintenance', maint: 'maintenance', maintain: 'maintenance', maintenance_mode: 'maintenance',
} as const));

/** E-017: words and suffixes are understood; anything else is medium, and told. */
function complexityOf(given: string | null, at: Path, { warn }: Report): PlannedPhase['complexity'] {
  if (given === null) return 'medium';
  const word = given.trim().toLowerCase();
  const known = WORDS.get(word) ?? WORDS.get(word.replace(/[_-](?:complexity|level|mode|task|tier)$/, ''));
  if (known !== word) warn(at, `complexity ${JSON.stringify(given)} is read as ${known ?? 'medium'}`, known === undefined ? 'known: low, medium, high, maintenance' : '');
  return known ?? 'medium';
}
