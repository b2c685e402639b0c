// buildCandidate: reads the answer, applies it to what the builder saw, holds it against path policy and guards, and
// carries it onto the base where that moved. All or nothing; every reason for a refusal goes to the next attempt.

import { applyEdits, type Edit, type Written } from '#src/domain/answers/edits.ts';
import { formats } from '#src/domain/answers/formats.ts';
import { judgeDeliverables } from '#src/domain/deliverables.ts';
import { changeClassOf, classInputOf, judgeGuards, type GuardedFile } from '#src/domain/guards.ts';
import { shownWhole } from '#src/domain/manifest.ts';
import { isRegular, judgePaths, type ChangedPath } from '#src/domain/path-policy.ts';
import { riskTraits } from '#src/domain/risk.ts';
import { isSecretFree, withoutSecrets } from '#src/domain/secrets.ts';
import { cut } from '#src/domain/text.ts';
import { canonical, sha256 } from '#src/record/canonical.ts';
import type { InputEvent } from '#src/record/record.ts';
import type { Candidate, TreeChange } from '#src/ports/workspace.ts';
import type { InputData } from '#src/events/inputs.ts';
import { judgeFile } from './syntax.ts';
import { getText, partOf, phaseOf, policyOf, putText, result, type Handler, type Performing, type RepositoryHands } from './performing.ts';

type Work = Performing<'buildCandidate', RepositoryHands>;
type Built = Extract<Candidate, { ok: true }>;
interface Refused { readonly kind: InputData<'candidate.refused'>['kind']; readonly code: string; readonly problems: readonly string[] }
/** `whole`: paths of which the answer gave everything. */
interface Made { readonly candidate: Built; readonly whole: ReadonlySet<string> }

const isRefused = (value: object): value is Refused => 'problems' in value;
const refusal = (kind: Refused['kind'], found: readonly { readonly path: string; readonly message: string }[], code: string): Refused => ({ kind, code, problems: found.map(({ path, message }) => `${path}: ${message}`) });

export const buildCandidate: Handler<'buildCandidate', RepositoryHands> = async (work) => {
  const { hands, params, run } = work;
  await hands.workspace.reopen(run, params.base);
  const seen = await hands.workspace.treeOf(params.shown.base);
  const made = await makeBatch(work, seen);
  if (isRefused(made)) return refused(hands, made);
  const judged = await judge(work, seen, made);
  if (judged !== null) return refused(hands, judged);
  if (params.shown.base === params.base) return accepted(hands, made.candidate, null);
  const onto = await hands.workspace.treeOf(params.base);
  const carried = await hands.workspace.carry({ from: seen, to: made.candidate.tree, onto });
  return carried.ok ? accepted(hands, { ...carried, rung: made.candidate.rung }, carried.rung) : refused(hands, { kind: 'apply', code: 'does_not_apply', problems: carried.problems });
};

/** The answer, or what it makes with the whole part of the cut one before it. */
async function answerOf({ hands: { blobs }, params: { answer, partial, mode } }: Work): Promise<string> {
  const text = await getText(blobs, answer);
  const { continuation } = formats[mode];
  const whole = partial === null || continuation === null ? null : continuation.whole(await getText(blobs, partial));
  return whole === null || continuation === null ? text : continuation.joined(whole.answer, text);
}

/** What the answer makes of the batches before it, told as a change of what the attempt began with (E-116). */
async function makeBatch(work: Work, seen: string): Promise<Made | Refused> {
  const { workspace } = work.hands;
  const before = work.params.shown.tree ?? seen;
  const made = await makeCandidate(work, before);
  if (isRefused(made)) return made;
  const violations = pathViolations(work, made.candidate.changes, (await workspace.files(before)).map(({ path }) => path));
  if (violations !== null || before === seen) return violations ?? made;
  const all = await workspace.carry({ from: seen, to: made.candidate.tree, onto: seen });
  return all.ok ? { ...made, candidate: { ...all, rung: made.candidate.rung } } : { kind: 'apply', code: 'does_not_apply', problems: all.problems };
}

async function makeCandidate(work: Work, seen: string): Promise<Made | Refused> {
  const { hands, params } = work;
  const read = formats[params.mode].parse(await answerOf(work));
  if (!read.ok) return { kind: read.cut ? 'truncated' : 'format', code: read.code, problems: read.problems };
  const written = 'edits' in read ? await filesOf(work, seen, read.edits) : [];
  if (isRefused(written)) return written;
  const candidate = 'edits' in read ? await hands.workspace.applyFiles(seen, written) : await hands.workspace.applyDiff(seen, read.diff);
  if (!candidate.ok) return { kind: 'apply', code: 'does_not_apply', problems: candidate.problems };
  return { candidate, whole: new Set(written.flatMap(({ path, whole }) => (whole ? [path] : []))) };
}

/** The files that edits come to; paths are held against the policy before git sees one. */
async function filesOf(work: Work, seen: string, edits: readonly Edit[]): Promise<readonly Written[] | Refused> {
  const { hands, params } = work;
  const early = pathViolations(work, edits.map(({ path }) => ({ path, oldMode: '100644', newMode: '100644' })), []);
  if (early !== null) return early;
  const wanted = new Set(edits.map(({ path }) => path));
  const files = (await hands.workspace.files(seen)).filter(({ path, mode }) => wanted.has(path) && isRegular(mode));
  const contents = await hands.workspace.readAll(files.map(({ blob }) => blob));
  const bytes = new Map(files.map(({ path }, at) => [path, contents[at] ?? null]));
  const shown = shownWhole(await getText(hands.blobs, params.shown.manifest));
  const applied = applyEdits(edits, {
    base: (path) => bytes.get(path) ?? null, wasShown: (path) => shown.has(path),
    isAsShown: (path) => !shown.has(path) || shown.get(path) === sha256(bytes.get(path) ?? ''),
  });
  return applied.ok ? applied.files : { kind: 'apply', code: 'edit_does_not_apply', problems: applied.problems };
}

function pathViolations({ hands, params }: Work, changes: readonly ChangedPath[], present: readonly string[]): Refused | null {
  const { scope } = partOf(hands, params);
  const readOnly = scope.read_only_context.map(({ path }) => path);
  const found = judgePaths(changes, { scope: scope.paths, readOnly, protectedPaths: hands.requested.policy.protectedPaths, present });
  return found.length === 0 ? null : refusal('policy_refused', found, found[0]?.rule ?? 'path');
}

/** What the change does to its files, and what it must leave. */
async function judge(work: Work, seen: string, { candidate, whole }: Made): Promise<Refused | null> {
  const { hands, params } = work;
  if (candidate.changes.length === 0) return null;
  const before = (await hands.workspace.files(seen)).map(({ path }) => path);
  // The patch is recorded and read by auditors; nothing is masked inside of one.
  if (!isSecretFree(candidate.diff)) return { kind: 'policy_refused', code: 'secret', problems: ['the patch, or a line around it, holds what looks like a key: keys are changed by people'] };
  const phase = phaseOf(hands, params.phase);
  const files = await guardedFiles(hands, candidate.changes, whole);
  const gone = new Set(candidate.changes.filter(({ newMode }) => ABSENT.test(newMode)).map(({ path }) => path));
  const touched = candidate.changes.map(({ path }) => path).filter((path) => !gone.has(path));
  const present = new Set([...before.filter((path) => !gone.has(path)), ...touched]);
  const unreadable = await Promise.all(files.map((file) => judgeFile({ ...file, isExpected: phase.deliverables.includes(file.path) })));
  const found = [
    ...judgeGuards(files, {
      changeClass: changeClassOf(classInputOf(phase)),
      allowMassDeletion: phase.allow_mass_deletion, allowMassAddition: phase.allow_mass_addition, allowSymbolRemoval: phase.allow_symbol_removal, limits: hands.requested.policy.guards,
    }),
    ...judgeDeliverables({ expected: dueBy(work), manifest: phase.scope.deliverables_manifest, present, touched }),
    ...unreadable.flat(),
  ];
  return found.length === 0 ? null : refusal('policy_refused', found, found[0]?.code ?? 'guard');
}

/** The deliverables of the batches up to this one; of a phase without batches all. */
function dueBy({ hands, params: { phase, batch } }: Work): readonly string[] {
  const { batches } = policyOf(hands, phase);
  return batches.length === 0 ? phaseOf(hands, phase).deliverables : batches.slice(0, batch + 1).flatMap(({ deliverables }) => deliverables);
}

const ABSENT = /^0+$/;

async function guardedFiles(hands: RepositoryHands, changes: readonly TreeChange[], whole: ReadonlySet<string>): Promise<GuardedFile[]> {
  const text = changes.filter(({ binary }) => !binary);
  const blobs = [...new Set(text.flatMap(({ oldBlob, newBlob }) => [oldBlob, newBlob]).filter((blob) => !ABSENT.test(blob)))];
  const bodies = await hands.workspace.readAll(blobs);
  const contents = new Map(blobs.map((blob, at) => [blob, Buffer.from(bodies[at] ?? []).toString('utf8')]));
  return text.map(({ path, oldBlob, newBlob }) => ({ path, before: contents.get(oldBlob) ?? null, after: contents.get(newBlob) ?? null, whole: whole.has(path) }));
}

/** What is told of a change may repeat lines of a file that no prompt may hold. */
async function refused(hands: RepositoryHands, { kind, code, problems: found }: Refused): Promise<InputEvent> {
  const problems = found.map((problem) => withoutSecrets(problem));
  const list = await putText(hands.blobs, problems.map((problem) => `- ${problem}\n`).join(''));
  return result('candidate.refused', { kind, code: code.slice(0, 64), message: problems.join('; ').slice(0, 480).toWellFormed() || code, problems: list });
}

async function accepted(hands: RepositoryHands, { tree, changes, diff, rung }: Built, carried: Built['rung'] | null): Promise<InputEvent> {
  const set = changes.map(({ path, oldMode, oldBlob, newMode, newBlob }) => ({ path, oldMode, oldBlob, newMode, newBlob }));
  const sum = (of: (change: TreeChange) => number): number => changes.reduce((total, change) => total + of(change), 0);
  return result('candidate.built', {
    tree,
    diff: await putText(hands.blobs, diff),
    set: sha256(canonical(set)),
    changes: await putText(hands.blobs, canonical(set)),
    created: sum(({ oldMode }) => Number(ABSENT.test(oldMode))),
    modified: sum(({ oldMode, newMode }) => Number(!ABSENT.test(oldMode) && !ABSENT.test(newMode))),
    deleted: sum(({ newMode }) => Number(ABSENT.test(newMode))),
    added: sum(({ added }) => added),
    removed: sum(({ removed }) => removed),
    keyChanges: changes.slice(0, 10).map(({ path, added, removed }) => `${cut(path, 160)} (+${added} −${removed})`),
    risk: riskTraits(changes.map(({ path }) => path), diff, hands.requested.policy.criticalPaths),
    rung,
    carried,
  });
}
