// Remake
// ======
// Base, answers and records are enough to make every tree and commit of a run again. That proves them, and it mends a
// repository of ours that was lost or damaged.

import { ExecutorError } from '#src/errors/errors.ts';
import { buildCandidate } from '#src/effects/build-candidate.ts';
import type { Handler, Performing, RepositoryHands, Requested } from '#src/effects/performing.ts';
import { writeCommit } from '#src/effects/write-commit.ts';
import type { InputData } from '#src/events/inputs.ts';
import type { Divergence, Head } from '#src/kernel/log.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { Workspace } from '#src/ports/workspace.ts';
import { canonical } from '#src/record/canonical.ts';
import type { InputEvent, RunRecord } from '#src/record/record.ts';
import { refOf } from '#src/record/ref.ts';

interface Maker {
  readonly what: 'candidate' | 'commit';
  readonly result: string;
  readonly handler: Handler<never, RepositoryHands>;
}

/** Effect type -> what makes its result again. A refusal made nothing, and its words are git's. */
const MAKERS: Readonly<Record<string, Maker>> = {
  buildCandidate: { what: 'candidate', result: 'candidate.built', handler: buildCandidate },
  writeCommit: { what: 'commit', result: 'commit.written', handler: writeCommit },
};

export interface Remade {
  readonly candidates: number;
  readonly commits: number;
  /** The first record that says something else than what was made. */
  readonly divergence: Divergence | null;
}

/** @param blobs are read, never written: what is made again has the same bytes. */
interface Sources {
  readonly workspace: Workspace;
  readonly blobs: Blobs;
}

/**
 * @param run whose history the records are.
 * @throws ExecutorError `workspace.unusable` naming the base commit when the repository lacks it
 */
export async function remake(run: string, records: AsyncIterable<RunRecord>, { workspace, blobs }: Sources): Promise<Remade> {
  const remaking = new Remaking(run, workspace, { ...blobs, put: (body) => Promise.resolve(refOf(body)) });
  for await (const record of records) {
    const divergence = await remaking.take(record);
    if (divergence !== null) return { ...remaking.made, divergence };
  }
  return { ...remaking.made, divergence: null };
}

class Remaking {
  readonly made = { candidates: 0, commits: 0 };
  private readonly run: string;
  private readonly workspace: Workspace;
  private readonly blobs: Blobs;
  private requested: Requested | null = null;
  /** Effect id -> what its answer is made with. */
  private readonly asked = new Map<string, { readonly maker: Maker; readonly performing: Omit<Performing<never>, 'hands'> }>();

  constructor(run: string, workspace: Workspace, blobs: Blobs) {
    this.run = run;
    this.workspace = workspace;
    this.blobs = blobs;
  }

  async take({ run: owner, seq, at, event, effects }: RunRecord): Promise<Divergence | null> {
    const differs = (what: Divergence['what'], actual: unknown): Divergence | null => (canonical(actual) === canonical(event.data) ? null : { run: owner, seq, what, expected: event.data, actual });
    if (event.type === 'run.requested') this.requested = event.data as unknown as Requested;
    for (const { id, type, params } of effects) {
      const maker = MAKERS[type];
      if (maker !== undefined) this.asked.set(id, { maker, performing: { run: this.run, id, place: { run: owner, seq }, at, params: params as never, signal: new AbortController().signal } });
    }
    if (event.type === 'workspace.prepared') return differs('base', await this.prepared(event.data as InputData<'workspace.prepared'>));
    const made = await this.answer(event);
    return made === null ? null : differs(made.what, made.data);
  }

  private async prepared(data: InputData<'workspace.prepared'>): Promise<InputData<'workspace.prepared'>> {
    await this.workspace.reopen(this.run, data.base);
    return { ...data, tree: await this.workspace.treeOf(data.base) };
  }

  /** Null for a result that makes nothing. */
  private async answer({ type, cause = '' }: InputEvent): Promise<{ readonly what: Maker['what']; readonly data: InputEvent['data'] | null } | null> {
    const asked = this.asked.get(cause);
    if (asked?.maker.result !== type || this.requested === null) return null;
    const { maker, performing } = asked;
    this.asked.delete(cause);
    this.made[maker.what === 'commit' ? 'commits' : 'candidates'] += 1;
    const event = await maker.handler({ ...performing, hands: { workspace: this.workspace, blobs: this.blobs, requested: this.requested } });
    return { what: maker.what, data: event?.data ?? null };
  }
}

/** The run's branch, and what its phases hold that is not committed yet. */
interface Holding extends Sources {
  readonly base: string | null;
  readonly commit: string | null;
  readonly head: Head;
  readonly records: () => AsyncIterable<RunRecord>;
  tell(why: string): void;
}

/**
 * Before a run is gone on with: what our repository lost of it is made again.
 * @throws ExecutorError `workspace.unusable` when it cannot be; a repository or a base that is not there is left to the run, which pauses for it or ends
 */
export async function mend(holding: Holding): Promise<void> {
  const { head, tell } = holding;
  try {
    if (await isIntact(holding)) return;
    tell('our repository lost what the run builds on: it is made again from the log');
    await remake(head.run, holding.records(), holding);
  } catch (error) {
    if (!(error instanceof ExecutorError) || error.code !== 'workspace.unusable') throw error;
    return tell(error.message);
  }
  if (!(await isIntact(holding))) throw new ExecutorError('workspace.unusable', `what ${head.run} has built cannot be made again from its log`, { hint: `look for the first difference: autopack replay ${head.run} --verify --workspace` });
}

async function isIntact({ workspace, base, commit, head: { state } }: Holding): Promise<boolean> {
  if (base === null) return true; // nothing was made yet
  const active = [...state.cells.values()].filter(({ state: { status } }) => status === 'active');
  const trees = active.map(({ state: { context } }) => (context as { tree?: string | null }).tree ?? '').filter((tree) => tree !== '');
  if (active.length === 0) return true;
  for (const id of new Set([commit ?? base, ...trees])) if (!(await workspace.isWhole(id, base))) return false;
  return true;
}
