// Workspace port
// ==============
// The user's repository, our bare one beside it, and throw-away checkouts. Source: DESIGN 7.
//
//   W1. The user's files, index, stash, config, HEAD, branches, hooks and untracked files are never written, but for
//       `.autonomous_runs/`, `autopack/run-<run>` and `autopack/pre-run-<run>`.
//   W2. Git never runs in a directory where foreign code ran.
//   W3. The same inputs give the same trees, diffs and commit ids, on every machine and in sha1 and sha256 repositories.
//   W4. A candidate is all or nothing: a refused one leaves no trace.
//   W5. Every operation is idempotent; what a crash left is made good or thrown away by the next call.
//   W6. What a plan adds to a checkout is read inside of the user's working tree, links resolved, and never stands in the
//       place of a file of the tree.
//   W7. What foreign code wrote into a checkout is read as a plain file inside of it, up to a size: no link leads out.

export type ObjectFormat = 'sha1' | 'sha256';

export interface WorkspaceFacts {
  /** Commit id of the base. */
  readonly base: string;
  /** Tree id of the base. */
  readonly tree: string;
  readonly objectFormat: ObjectFormat;
  /** For people, from our catalogue, no absolute path: uncommitted changes, submodules, LFS pointers, shallow. */
  readonly warnings: readonly string[];
}

/** One path of a change, from git's raw diff. Modes are six octal digits, `000000` where the path is absent. */
export interface TreeChange {
  readonly path: string;
  readonly oldMode: string;
  readonly oldBlob: string;
  readonly newMode: string;
  readonly newBlob: string;
  /** Lines; 0 for binary content. */
  readonly added: number;
  readonly removed: number;
  readonly binary: boolean;
}

/** What to do to one file of a tree. `content: null` deletes it. A new file gets mode 100644. */
export interface FileWrite {
  readonly path: string;
  readonly content: string | null;
}

/** How a change came into a tree: written by us, or the rung of the ladder that took the patch. */
export type Rung = 'written' | 'strict' | 'whitespace' | 'three_way';

export type Candidate =
  | { readonly ok: true; readonly tree: string; readonly changes: readonly TreeChange[]; readonly diff: string; readonly rung: Rung }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface TreeFile {
  readonly path: string;
  readonly mode: string;
  readonly blob: string;
  /** Bytes. */
  readonly size: number;
}

export interface CommitRequest {
  readonly tree: string;
  readonly parent: string;
  readonly message: string;
  /** Seconds since the epoch, +0000. */
  readonly atSeconds: number;
}

/** Ignored paths of the user's working tree for a checkout: to be copied, and to be seen read-only. */
export interface Fill {
  readonly include: readonly string[];
  readonly link: readonly string[];
}

/** Absolute: what is seen, and the empty place in the checkout where a sandbox shows it. */
export interface Link {
  readonly from: string;
  readonly to: string;
}

export interface Checkout {
  /** Absolute. */
  readonly path: string;
  /** Absolute; an empty HOME and TMPDIR for what runs in the checkout. */
  readonly home: string;
  readonly temp: string;
  readonly links: readonly Link[];
  /** A plain file below `path`; null where there is none, something else stands there, or it is larger than `bytesMax`. */
  read(file: string, bytesMax: number): Promise<Uint8Array | null>;
  /** Removes a file or link below `path`, so that what is read afterwards was written afterwards. */
  forget(file: string): Promise<void>;
  remove(): Promise<void>;
}

export type PublishResult = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** What is known of the user's repository before anything is written into it. */
export interface Inspection {
  /** Absolute: the top of the working tree. Never recorded. */
  readonly root: string;
  readonly base: string;
  readonly tree: string;
  /** For people: that `-C` names a subfolder. Never recorded. */
  readonly warnings: readonly string[];
}

export interface Workspace {
  /** The checks of `prepare` without its writes. @throws ExecutorError `workspace.unusable` */
  inspect(base: string | null): Promise<Inspection>;
  /**
   * Checks the user's repository and makes ours; creates `autopack/pre-run-<run>` first.
   * @param base revision to start from, null for HEAD.
   * @throws ExecutorError `workspace.unusable` (not a repository, unborn HEAD, bare, partial clone, a branch named
   * `autopack`, unknown base, …), each with the way out.
   */
  prepare(run: string, base: string | null): Promise<WorkspaceFacts>;
  /** Opens our repository again for the commit that is built on: the base or a later one of the run. @throws ExecutorError `workspace.unusable` naming the missing commit. */
  reopen(run: string, base: string): Promise<void>;
  files(tree: string): Promise<readonly TreeFile[]>;
  /** In the order asked. */
  readAll(blobs: readonly string[]): Promise<readonly Uint8Array[]>;
  treeOf(commit: string): Promise<string>;
  /** Whether our repository can read all that a commit or tree names, as far as `base` does not name it. */
  isWhole(id: string, base: string): Promise<boolean>;
  /** A unified diff on a tree, by the ladder: strict, white space ignored, three-way. */
  applyDiff(tree: string, diff: string): Promise<Candidate>;
  /** Writes whole files into a tree. */
  applyFiles(tree: string, writes: readonly FileWrite[]): Promise<Candidate>;
  /** The change from one tree to another, done to a third: a branch that moved. */
  carry(change: { readonly from: string; readonly to: string; readonly onto: string }): Promise<Candidate>;
  /** A fresh directory with the files of a tree, without `.git`. `mark` is `<run>/<effect id>`; what an earlier life left there is removed. @throws ExecutorError `workspace.unusable` where `fill` names what cannot be had */
  checkout(tree: string, mark: string, fill: Fill): Promise<Checkout>;
  /** Writes the commit object into our repository. @returns its id. */
  commit(request: CommitRequest): Promise<string>;
  /** Moves `autopack/run-<run>` in the user's repository to `commit` (idempotent). */
  publish(run: string, commit: string): Promise<PublishResult>;
  /** Removes checkouts of the run; `success` also removes `autopack/pre-run-<run>`. */
  clean(run: string, success: boolean): Promise<void>;
}
