// Warnings
// ========
// What a run will not see or not have, in words for people: from our catalogue, without absolute paths.

import { isRegular } from '#src/domain/path-policy.ts';
import type { TreeFile } from '#src/ports/workspace.ts';
import type { Ours } from './bare.ts';
import { type UserRepository, uncommitted } from './repository.ts';
import { readBlobs } from './trees.ts';

const NAMES_MAX = 10;

/** Of where the command was given: a run that goes on elsewhere has nothing to do with it. */
export const placeWarnings = ({ subfolder }: UserRepository): string[] => (subfolder === '' ? [] : [`-C names the subfolder ${shown(subfolder)}; the run works from the root of the repository`]);

export async function warningsFor(theirs: UserRepository, ours: Ours, files: readonly TreeFile[]): Promise<string[]> {
  const warnings: string[] = [];
  const changed = await uncommitted(theirs);
  if (changed.length > 0) warnings.push(`uncommitted or untracked files are not part of the run: ${listed(changed)}`);
  const submodules = files.filter(({ mode }) => mode === '160000').map(({ path }) => path);
  if (submodules.length > 0) warnings.push(`submodules are empty folders in checkouts: ${listed(submodules)}`);
  const lfs = await lfsAttributes(ours, files);
  if (lfs.length > 0) warnings.push(`files kept by Git LFS are only pointers in checkouts, see ${listed(lfs)}`);
  if (theirs.shallow) warnings.push('the repository is shallow: older history is not there');
  return warnings;
}

async function lfsAttributes(ours: Ours, files: readonly TreeFile[]): Promise<string[]> {
  const attributes = files.filter(({ path, mode }) => isRegular(mode) && /(^|\/)\.gitattributes$/.test(path));
  const contents = await readBlobs(ours, attributes.map(({ blob }) => blob));
  return attributes.filter((_file, at) => /^[^#\n]*\sfilter=lfs\b/m.test(contents[at]?.toString('utf8') ?? '')).map(({ path }) => path);
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return names.slice(0, NAMES_MAX).map(shown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** A name with a space or something invisible is quoted, so that nobody reads two of it. */
const shown = (name: string): string => (/[\s,"\p{C}]/u.test(name) ? JSON.stringify(name) : name);
