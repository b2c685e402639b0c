// Scope and repository
// ====================
// What a plan's paths come to in the base: files that are not there, and sizes that nobody can read. Source: E-034.

import { within } from '#src/domain/path-policy.ts';
import type { Plan } from '#src/events/plan.ts';
import type { TreeFile } from '#src/ports/workspace.ts';

interface Limits {
  readonly filesPerScopeMax: number;
  readonly bytesMax: number;
}

export function scopeNotices(plan: Plan, files: readonly TreeFile[], limits: Limits, name: string): { readonly errors: readonly string[]; readonly warnings: readonly string[] } {
  const errors: string[] = [];
  const warnings: string[] = [];
  const all = new Map<string, number>();
  for (const { phase_id, scope } of plan.phases) {
    const matched = files.filter(({ path }) => scope.paths.some((entry) => within(path, entry)));
    for (const { path, size } of matched) all.set(path, size);
    const named = scope.paths.filter((path) => !path.endsWith('/'));
    const missing = named.filter((path) => !files.some((file) => file.path === path));
    if (missing.length > 0) warnings.push(`${name}: ${phase_id}: will be created: ${missing.slice(0, 10).join(', ')}${missing.length > 10 ? ` and ${missing.length - 10} more` : ''}`);
    if (scope.paths.length > 0 && matched.length > limits.filesPerScopeMax) warnings.push(`${name}: ${phase_id}: its scope holds ${matched.length} files; the context shows those that fit`);
  }
  const bytes = [...all.values()].reduce((sum, size) => sum + size, 0);
  if (bytes > limits.bytesMax) errors.push(`${name}: the scopes hold ${bytes} bytes in ${all.size} files, more than ${limits.bytesMax}. Name the files that matter`);
  return { errors, warnings };
}
