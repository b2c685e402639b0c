// Continuation
// ============
// What of a cut answer is whole, and the answer that it makes with what came behind. Sources: E-134, E-631, E-653, E-694.
//
// Only files that are surely complete are kept; the one that was being written is asked for again.

import { within } from '../path-policy.ts';

/** @param answer in the same format, of whole files alone. */
export interface Whole {
  readonly paths: readonly string[];
  readonly answer: string;
}

/** Deliverables that no whole file covers: itself, or for a folder one below it. */
export function remainingOf(deliverables: readonly string[], whole: readonly string[]): string[] {
  return deliverables.filter((path) => !whole.some((made) => within(made, path)));
}
