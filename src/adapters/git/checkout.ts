// Checkouts
// =========
// Throw-away folders with the files of a tree and without `.git`; setup and tests run here, git never does again.

import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Checkout, Fill } from '#src/ports/workspace.ts';
import { type Ours, withIndex } from './bare.ts';
import { fillCheckout } from './checkout-fill.ts';
import { forgetInside, readInside } from './checkout-files.ts';
import { git } from './git.ts';
import { discardTree, removeTree } from './remove-tree.ts';

const runFolder = (home: string, run: string): string => path.join(home, 'work', run);

/** Readable and unique: `<run>/phase:p1/2` gives `phase-p1-2-<hash>`. */
function nameOf(effect: string): string {
  const hash = createHash('sha256').update(effect).digest('hex').slice(0, 10);
  return `${effect.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 60)}-${hash}`;
}

export interface CheckoutRequest {
  readonly home: string;
  readonly run: string;
  /** What is behind the run in the mark. */
  readonly effect: string;
  readonly tree: string;
  /** Absolute. */
  readonly userRoot: string;
  readonly fill: Fill;
}

export async function makeCheckout(ours: Ours, { home, run, effect, tree, userRoot, fill }: CheckoutRequest): Promise<Checkout> {
  await mkdir(runFolder(home, run), { recursive: true, mode: 0o700 });
  const folder = path.join(runFolder(home, run), nameOf(effect));
  await discardTree(folder);
  await mkdir(folder, { mode: 0o700 });
  const [files, ownHome, temp] = ['files', 'home', 'temp'].map((name) => path.join(folder, name)) as [string, string, string];
  for (const made of [files, ownHome, temp]) await mkdir(made, { mode: 0o700 });
  await withIndex(ours, async (call) => {
    await git(['read-tree', tree], call);
    await git(['checkout-index', '--all', '--quiet', `--prefix=${files}/`], { ...call, cwd: files, workTree: files });
  });
  const links = await fillCheckout(userRoot, files, fill);
  return {
    path: files, home: ownHome, temp, links,
    read: (file, bytesMax) => readInside(files, file, bytesMax),
    forget: (file) => forgetInside(files, file),
    remove: () => removeTree(folder),
  };
}

export const removeCheckouts = (home: string, run: string): Promise<void> => removeTree(runFolder(home, run));
