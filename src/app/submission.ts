// Submission
// ==========
// A run that is begun here and performed elsewhere. That it was submitted, and the labels of who may take it, are no part of
// its records: they are kept as a memo beside record 0, under its hash, before it. So a run whose record 0 never came leaves
// nothing that another run of its name could be taken for.

import { z } from 'zod';
import { rootCommits } from '#src/adapters/git/roots.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { StoredEvent } from '#src/ports/event-store.ts';
import { runOf, streamOf, type RunRecord } from '#src/record/record.ts';
import type { Machine, Store } from './machine.ts';
import { appendSealed, refuseTaken, sealRequest, type Prepared } from './start.ts';

const LABEL = /^[A-Za-z][A-Za-z0-9_.-]{0,62}=[^\s\p{Cc}]{1,200}$/u;
const LABELS_MAX = 20;
const Submission = z.strictObject({ v: z.literal(1), labels: z.array(z.string().max(300)).max(LABELS_MAX).readonly() });

const markOf = (hash: string): string => `submitted:${hash}`;
/** What may be kept for a run before its first record; of no run but the one that begins with it. */
export const isSubmissionMark = (effect: string): boolean => /^submitted:[0-9a-f]{64}$/.test(effect);

/** @throws ExecutorError `usage.invalid` */
export function checkedLabels(labels: readonly string[]): readonly string[] {
  const wrong = labels.find((label) => !LABEL.test(label));
  if (wrong !== undefined) throw new ExecutorError('usage.invalid', `--label ${wrong} is no label`, { hint: 'give NAME=VALUE, like repo=shop' });
  if (labels.length >= LABELS_MAX) throw new ExecutorError('usage.invalid', `${labels.length} labels are too many`, { hint: `fewer than ${LABELS_MAX}` });
  return [...new Set(labels)].sort();
}

const repo = (commit: string): string => `repo=${commit}`;
/** Of a shallow clone, which does not know where its repository began. */
const ANY = '*';
const NAMED_BY_COMMIT = /^repo=(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export const isOfAnyRepo = (labels: ReadonlySet<string>): boolean => labels.has(repo(ANY));

/** A worker needs the base in its clone in any case; where that is shallow it says which repository it is as well as the first commit. */
export const hasLabels = (labels: ReadonlySet<string>, asked: readonly string[]): boolean => asked.every((label) => labels.has(label) || (isOfAnyRepo(labels) && NAMED_BY_COMMIT.test(label)));

/** What a worker must have. Unless told otherwise the repository is named by the first commit that the base goes back to. */
export async function labelsToAsk(labels: readonly string[], workspace: string, base: string): Promise<readonly string[]> {
  if (labels.some((label) => label.startsWith('repo='))) return labels;
  return [...labels, ...((await rootCommits(workspace, base)) ?? []).slice(0, 1).map(repo)];
}

/** What a worker has: what it was given, and the names of its repository. */
export async function labelsToOffer(labels: readonly string[], workspace: string): Promise<ReadonlySet<string>> {
  return new Set([...labels, ...((await rootCommits(workspace, null)) ?? [ANY]).map(repo)]);
}

/** Appends record 0 for a worker to take up. @throws ExecutorError `run.exists` | `run.locked` */
export async function submitRun(machine: Machine, store: Store, { prepared, labels }: { readonly prepared: Prepared; readonly labels: readonly string[] }): Promise<RunRecord> {
  const hold = await store.holders.acquire(prepared.run);
  try {
    await refuseTaken(store, prepared.run);
    const sealed = sealRequest(machine, prepared);
    const body = Buffer.from(JSON.stringify({ v: 1, labels } satisfies z.infer<typeof Submission>));
    await store.blobs.memo(prepared.run, markOf(sealed.record.hash), await store.blobs.put(body));
    await appendSealed(store, sealed);
    return sealed.record;
  } finally {
    await hold.release();
  }
}

/** @param first the event of record 0. @returns the labels that it asks for, or null where the run was not submitted */
export async function submissionOf(blobs: Blobs, { stream, metadata }: Pick<StoredEvent, 'stream' | 'metadata'>): Promise<readonly string[] | null> {
  const mark = await blobs.recall(runOf(stream) ?? '', markOf(metadata.hash));
  if (mark === null) return null;
  try {
    return Submission.parse(JSON.parse(Buffer.from(await blobs.get(mark)).toString('utf8'))).labels;
  } catch (error) {
    if (error instanceof ExecutorError) throw error;
    return null; // another version's mark: its workers know it
  }
}

export async function isSubmitted({ events, blobs }: Pick<Store, 'events' | 'blobs'>, run: string): Promise<boolean> {
  const [first] = await events.read(streamOf(run), { limit: 1 });
  return first !== undefined && (await submissionOf(blobs, first)) !== null;
}
