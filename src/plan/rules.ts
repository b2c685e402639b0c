// Rules of a plan
// ===============
// What no schema can say: names that must exist, be distinct or come first. Every problem, each at its place.

import type { Located, Notice, Path } from '#src/yaml/located.ts';
import { nearest } from '#src/domain/nearest.ts';
import type { CanonicalInput } from './input.ts';

type Report = (path: Path, message: string, hint?: string) => void;

export function ruleProblems(plan: CanonicalInput, located: Located, limits: { readonly phasesMax: number }): Notice[] {
  const notices: Notice[] = [];
  const report: Report = (path, message, hint) => void notices.push(located.at(path, message, hint));
  distinct(plan.tiers.map(({ tier_id }) => tier_id), (i) => ['tiers', i, 'tier_id'], 'tier', report);
  distinct(plan.tiers.map(({ tier_index }) => String(tier_index)), (i) => ['tiers', i, 'tier_index'], 'tier_index', report);
  distinct(plan.phases.map(({ phase_id }) => phase_id), (i) => ['phases', i, 'phase_id'], 'phase', report);
  distinct(plan.phases.map(({ tier_id, phase_index }) => `${tier_id}/${phase_index}`), (i) => ['phases', i, 'phase_index'], 'place in a tier', report);
  tiersExist(plan, report);
  dependenciesHold(plan, report);
  const max = plan.run?.max_phases ?? limits.phasesMax;
  if (plan.phases.length > max) report(['phases'], `${plan.phases.length} phases are more than max_phases (${max})`, 'split the plan, or raise run.max_phases');
  return notices;
}

/** Names are distinct also when case is folded: they become branches and files. */
function distinct(names: readonly string[], path: (i: number) => Path, what: string, report: Report): void {
  const seen = new Map<string, number>();
  names.forEach((name, i) => {
    const first = seen.get(name.toLowerCase());
    if (first === undefined) seen.set(name.toLowerCase(), i);
    else report(path(i), `${what} ${name} stands twice`, names[first] === name ? 'give it a name of its own' : `${String(names[first])} differs only in case`);
  });
}

function tiersExist({ tiers, phases }: CanonicalInput, report: Report): void {
  const known = tiers.map(({ tier_id }) => tier_id);
  phases.forEach(({ tier_id }, i) => {
    if (!known.includes(tier_id)) report(['phases', i, 'tier_id'], `there is no tier ${tier_id}`, meant(tier_id, known));
  });
}

const meant = (name: string, known: readonly string[]): string => {
  const near = nearest(name, known);
  return near === null ? `known: ${known.slice(0, 20).join(', ')}` : `did you mean ${near}?`;
};

function dependenciesHold({ tiers, phases }: CanonicalInput, report: Report): void {
  const tierOf = new Map(tiers.map(({ tier_id, tier_index }) => [tier_id, tier_index]));
  const byId = new Map(phases.map((phase) => [phase.phase_id, phase]));
  phases.forEach((phase, i) => {
    (phase.dependencies ?? []).forEach((name, j) => {
      if (name === '') return; // what is no text is told by the schema
      const path = ['phases', i, 'dependencies', j];
      const dependency = byId.get(name);
      if (name === phase.phase_id) report(path, `${name} depends on itself`, 'remove it');
      else if (dependency === undefined) report(path, `there is no phase ${name}`, meant(name, [...byId.keys()]));
      else if ((tierOf.get(dependency.tier_id) ?? 0) > (tierOf.get(phase.tier_id) ?? 0)) {
        report(path, `${name} is in the later tier ${dependency.tier_id}, which begins only after ${phase.tier_id} is over`, 'move one of them to the other tier');
      }
    });
  });
  for (const cycle of cycles(phases)) {
    const i = phases.findIndex(({ phase_id }) => phase_id === cycle[0]);
    report(['phases', i, 'dependencies'], `the dependencies run in a circle: ${[...cycle, cycle[0]].join(' → ')}`, 'remove one of them');
  }
}

/** Each circle once, beginning at its first phase in the plan. */
function cycles(phases: CanonicalInput['phases']): string[][] {
  const next = new Map(phases.map(({ phase_id, dependencies }) => [phase_id, [...new Set(dependencies ?? [])].filter((name) => name !== phase_id)]));
  const order = phases.map(({ phase_id }) => phase_id);
  const fromFirst = (circle: readonly string[]): string[] => {
    const start = circle.indexOf(order.find((id) => circle.includes(id)) ?? '');
    return [...circle.slice(start), ...circle.slice(0, start)];
  };
  const done = new Set<string>();
  const found: string[][] = [];
  for (const first of order) {
    // A stack of our own: a plan may be deeper than that of the language.
    const trail: { readonly id: string; readonly rest: string[] }[] = [];
    const enter = (id: string): void => {
      const at = trail.findIndex((step) => step.id === id);
      if (at !== -1) found.push(fromFirst(trail.slice(at).map((step) => step.id)));
      else if (!done.has(id)) trail.push({ id, rest: [...(next.get(id) ?? [])] });
    };
    enter(first);
    for (let last = trail.at(-1); last !== undefined; last = trail.at(-1)) {
      const dependency = last.rest.shift();
      if (dependency !== undefined) enter(dependency);
      else done.add(trail.pop()?.id ?? '');
    }
  }
  return found;
}
