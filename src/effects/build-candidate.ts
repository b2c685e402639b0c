// buildCandidate: reads the answer, applies it to the base in our own repository, holds it against the path policy.
// All or nothing; every reason for a refusal goes to the next attempt.

import { parseDiff } from '#src/domain/answers/diff.ts';
import { parseFullFile, type FileAnswer } from '#src/domain/answers/full-file.ts';
import { judgePaths } from '#src/domain/path-policy.ts';
import { canonical, sha256 } from '#src/record/canonical.ts';
import type { InputEvent } from '#src/record/record.ts';
import type { Candidate, TreeChange } from '#src/ports/workspace.ts';
import { getText, phaseOf, policyOf, putText, result, type Handler, type Hands, type Performing } from './performing.ts';

export const buildCandidate: Handler<'buildCandidate'> = async (performing) => {
  const { params, hands } = performing;
  await hands.workspace.reopen(performing.run, params.base);
  const answer = await getText(hands.blobs, params.answer);
  const base = await hands.workspace.treeOf(params.base);
  const built = policyOf(hands, params.phase).builderMode === 'diff' ? await fromDiff(performing, base, answer) : await fromFiles(performing, base, answer);
  if ('type' in built) return built;
  if (!built.ok) return refused(hands, 'apply', 'does_not_apply', built.problems);
  const violations = judgePaths(built.changes, scopeOf(hands, params.phase));
  if (violations.length > 0) return refused(hands, 'policy', violations[0]?.rule ?? 'path', violations.map(({ path, message }) => `${path}: ${message}`));
  return accepted(hands, built);
};

function scopeOf(hands: Hands, phase: string) {
  const { scope } = phaseOf(hands, phase);
  return { scope: scope.paths, readOnly: scope.read_only_context.map(({ path }) => path), protectedPaths: hands.requested.policy.protectedPaths };
}

async function fromDiff({ hands }: Performing<'buildCandidate'>, base: string, answer: string): Promise<Candidate | InputEvent> {
  const parsed = parseDiff(answer);
  if (!parsed.ok) return refused(hands, 'format', parsed.code, parsed.problems);
  return hands.workspace.applyDiff(base, parsed.diff);
}

async function fromFiles({ hands, params }: Performing<'buildCandidate'>, base: string, answer: string): Promise<Candidate | InputEvent> {
  const parsed = parseFullFile(answer);
  if (!parsed.ok) return refused(hands, 'format', parsed.code, parsed.problems);
  // Held against the policy before git sees a path, and again on the tree that came of it.
  const early = judgePaths(parsed.files.map(({ path }) => ({ path, oldMode: '100644', newMode: '100644' })), scopeOf(hands, params.phase));
  if (early.length > 0) return refused(hands, 'policy', early[0]?.rule ?? 'path', early.map(({ path, message }) => `${path}: ${message}`));
  const known = new Set((await hands.workspace.files(base)).map(({ path }) => path));
  const wrong = parsed.files.flatMap((file) => modeProblem(file, known));
  if (wrong.length > 0) return refused(hands, 'apply', 'wrong_mode', wrong);
  return hands.workspace.applyFiles(base, parsed.files.map(({ path, content }) => ({ path, content })));
}

function modeProblem({ path, mode }: FileAnswer, known: ReadonlySet<string>): string[] {
  if (mode === 'delete' && !known.has(path)) return [`${path}: it is to be deleted, but does not exist`];
  if (mode === 'create' && known.has(path)) return [`${path}: it is to be created, but exists; use modify`];
  return [];
}

async function refused(hands: Hands, kind: 'format' | 'apply' | 'policy', code: string, problems: readonly string[]): Promise<InputEvent> {
  const list = await putText(hands.blobs, problems.map((problem) => `- ${problem}\n`).join(''));
  return result('candidate.refused', { kind, code: code.slice(0, 64), message: problems.join('; ').slice(0, 480) || code, problems: list });
}

async function accepted(hands: Hands, { tree, changes, diff }: Extract<Candidate, { ok: true }>): Promise<InputEvent> {
  const set = changes.map(({ path, oldMode, oldBlob, newMode, newBlob }) => ({ path, oldMode, oldBlob, newMode, newBlob }));
  const absent = /^0+$/;
  const sum = (of: (change: TreeChange) => number): number => changes.reduce((total, change) => total + of(change), 0);
  return result('candidate.built', {
    tree,
    diff: await putText(hands.blobs, diff),
    set: sha256(canonical(set)),
    changes: await putText(hands.blobs, canonical(set)),
    created: sum(({ oldMode }) => Number(absent.test(oldMode))),
    modified: sum(({ oldMode, newMode }) => Number(!absent.test(oldMode) && !absent.test(newMode))),
    deleted: sum(({ newMode }) => Number(absent.test(newMode))),
    added: sum(({ added }) => added),
    removed: sum(({ removed }) => removed),
    keyChanges: changes.slice(0, 10).map(({ path, added, removed }) => `${[...path].slice(0, 170).join('')} (+${added} −${removed})`),
  });
}
