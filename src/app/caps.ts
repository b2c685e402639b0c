// Caps of a take-over
// ===================
// A person who resumes grants attempts and phases anew; a process that takes the place of a dead one grants nothing: what was
// left is left.

import { accountIn, ROOT, type Resource } from '#src/domain/ledger.ts';
import { unchanged, type Resumption } from '#src/events/inputs.ts';
import type { Head } from '#src/kernel/log.ts';
import { resumedWith, type RunContext } from '#machines/run-context.ts';

export function capsLeft({ epoch, at, state }: Head): Resumption {
  const before = state.cells.get('run')?.state.context as unknown as RunContext | undefined;
  const limits = before === undefined ? undefined : accountIn(before.ledger, ROOT)?.limits;
  if (before === undefined || limits === undefined || epoch === 0) return unchanged;
  // Calls that were lost with the dead process are counted before anything new is granted.
  const { ledger = before.ledger } = resumedWith(before, { type: 'run.resumed', cause: '', epoch: epoch + 1, downMs: 0, at, ...unchanged });
  const settled = accountIn(ledger, ROOT)?.settled ?? {};
  const left = (resource: Resource): number | null => (limits[resource] === undefined ? null : Math.max(0, limits[resource] - (settled[resource] ?? 0)));
  return { ...unchanged, iterations: left('attempts'), phases: left('phases') };
}
