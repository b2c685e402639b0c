// Group
// =====
// Many runs driven by one process on one store, which puts the appends that meet into one commit (store promise L8).
//
//   K17. The runs of a group share commits, never fates: an error, a conflict or a broken invariant of one ends that one.

import { drive, type DriveDeps, type Driven } from './drive.ts';

export type Fate = { readonly run: string; readonly driven: Driven } | { readonly run: string; readonly error: unknown };

/** Whatever ends one run ends no other: it never throws. */
export async function fateOf(run: string, driving: () => Promise<Driven>): Promise<Fate> {
  try {
    return { run, driven: await driving() };
  } catch (error) {
    return { run, error };
  }
}

/** @returns how each run ended, in the order of `runs`; never throws. */
export const driveGroup = (runs: readonly string[], depsOf: (run: string) => DriveDeps): Promise<readonly Fate[]> =>
  Promise.all(runs.map((run) => fateOf(run, () => drive(run, depsOf(run)))));
