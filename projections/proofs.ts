// Proofs
// ======
// One bounded proof per ended phase, from that attempt's own patch and its own tests. Sources: A-280…A-286.

import { z } from 'zod';
import { cut } from '#src/domain/text.ts';
import type { FactData } from '#src/events/facts.ts';
import type { InputData } from '#src/events/inputs.ts';
import type { RunRecord } from '#src/record/record.ts';
import { iso, type Projection } from './projection.ts';

const TEXT_MAX = 500;
const Cut = z.string().max(TEXT_MAX);

/** Schema 1.0 (A-280), with the evidence's place in the log (A-283). */
export const Proof = z.strictObject({
  schema_version: z.literal('1.0'),
  proof_id: z.string(),
  run_id: z.string(),
  phase_id: z.string(),
  created_at: z.string(),
  completed_at: z.string(),
  duration_seconds: z.number().nonnegative(),
  success: z.boolean(),
  outcome: z.string(),
  changes: z.strictObject({
    files_created: z.int().nonnegative(),
    files_modified: z.int().nonnegative(),
    files_deleted: z.int().nonnegative(),
    key_changes: z.array(z.string().max(200)).max(10),
    change_summary: Cut,
  }),
  verification: z.strictObject({
    tests_passed: z.int().nonnegative(),
    tests_failed: z.int().nonnegative(),
    probes_executed: z.array(z.string().max(200)).max(20),
    contracts_verified: z.array(z.string().max(200)).max(20),
    verification_summary: Cut,
  }),
  error_summary: Cut.nullable(),
  /** True only where no fact about the change exists. */
  metrics_placeholder: z.boolean(),
  attempt_index: z.int().nonnegative(),
  commit: z.string().nullable(),
  patch_digest: z.string().nullable(),
  sandbox: z.string().nullable(),
  first_record: z.int().nonnegative(),
  last_record: z.int().nonnegative(),
});
export type Proof = z.infer<typeof Proof>;

interface Evidence {
  readonly phase: string;
  readonly first: number;
  readonly startedAt: number;
  readonly attempt: number;
  readonly candidate: InputData<'candidate.built'> | null;
  readonly tests: InputData<'tests.finished'> | null;
  readonly check: FactData<'check.judged'> | FactData<'check.skipped'> | null;
  readonly audit: FactData<'audit.merged'> | null;
  readonly gate: FactData<'gate.judged'> | null;
}

export interface Proofs {
  readonly run: string;
  readonly open: readonly Evidence[];
  readonly proofs: readonly Proof[];
}

export const proofs: Projection<Proofs> = {
  name: 'proofs',
  version: 1,
  initial: { run: '', open: [], proofs: [] },
  apply(state, record) {
    if (record.event.type === 'run.requested') return { ...state, run: record.run };
    // What is open from here on is the fork's: its evidence begins with the fork's first record.
    if (record.event.type === 'run.forked') return { ...state, run: record.run, open: state.open.map((evidence) => ({ ...evidence, first: record.seq })) };
    const actors = new Set([record.to, ...record.facts.map(({ actor }) => actor), ...record.moves.map(({ actor }) => actor)].filter((actor) => actor.startsWith('phase:')));
    return [...actors].reduce((after, actor) => gather(after, actor.slice('phase:'.length), record), state);
  },
};

function gather(state: Proofs, phase: string, record: RunRecord): Proofs {
  const known = state.open.find((evidence) => evidence.phase === phase);
  const before = known ?? { phase, first: record.seq, startedAt: record.at, attempt: 0, candidate: null, tests: null, check: null, audit: null, gate: null };
  const after = read(before, record);
  const others = state.open.filter((evidence) => evidence.phase !== phase);
  const ended = record.facts.find(({ actor, type }) => actor === `phase:${phase}` && type === 'phase.ended');
  if (ended === undefined) return { ...state, open: [...others, after] };
  const proof = prove(state.run, after, ended.data as FactData<'phase.ended'>, record);
  return { ...state, open: others, proofs: [...state.proofs.filter(({ phase_id }) => phase_id !== phase), proof] };
}

/** A new attempt forgets what the one before it built (A-282). */
function read(evidence: Evidence, { to, event, facts }: RunRecord): Evidence {
  const actor = `phase:${evidence.phase}`;
  let after = evidence;
  if (to === actor && event.type === 'candidate.built') after = { ...after, candidate: event.data as InputData<'candidate.built'> };
  if (to === actor && event.type === 'tests.finished') after = { ...after, tests: event.data as InputData<'tests.finished'> };
  for (const { actor: of, type, data } of facts) {
    if (of !== actor) continue;
    if (type === 'attempt.started') after = { ...after, attempt: (data as FactData<'attempt.started'>).attempt, candidate: null, tests: null, check: null, audit: null, gate: null };
    if (type === 'check.judged' || type === 'check.skipped') after = { ...after, check: data as Evidence['check'] };
    if (type === 'audit.merged') after = { ...after, audit: data as FactData<'audit.merged'> };
    if (type === 'gate.judged') after = { ...after, gate: data as FactData<'gate.judged'> };
  }
  return after;
}

function prove(run: string, evidence: Evidence, ended: FactData<'phase.ended'>, record: RunRecord): Proof {
  const { candidate, tests } = evidence;
  const success = ended.outcome === 'COMPLETE';
  return {
    schema_version: '1.0',
    proof_id: `${run}-${evidence.phase}`,
    run_id: run,
    phase_id: evidence.phase,
    created_at: iso(evidence.startedAt),
    completed_at: iso(record.at),
    duration_seconds: Math.round((record.at - evidence.startedAt) / 100) / 10,
    success,
    outcome: ended.outcome,
    changes: {
      files_created: candidate?.created ?? 0,
      files_modified: candidate?.modified ?? 0,
      files_deleted: candidate?.deleted ?? 0,
      key_changes: candidate?.keyChanges ?? [],
      change_summary: changeSummary(candidate),
    },
    verification: {
      tests_passed: Math.max(0, (tests?.testsRun ?? 0) - (tests?.testsFailed ?? 0)),
      tests_failed: tests?.testsFailed ?? 0,
      probes_executed: [],
      contracts_verified: [],
      verification_summary: cut(verificationSummary(evidence), TEXT_MAX),
    },
    error_summary: success ? null : cut(ended.reason ?? ended.outcome, TEXT_MAX),
    metrics_placeholder: candidate === null,
    attempt_index: evidence.attempt,
    commit: ended.commit,
    patch_digest: candidate?.diff.ref ?? null,
    sandbox: tests?.sandbox ?? null,
    first_record: evidence.first,
    last_record: record.seq,
  };
}

const SHOWN_MAX = 5;

function changeSummary(candidate: Evidence['candidate']): string {
  if (candidate === null) return 'nothing was built';
  const total = candidate.created + candidate.modified + candidate.deleted;
  const more = total > SHOWN_MAX ? ` +${total - SHOWN_MAX} more` : '';
  const shown = `${total} files, +${candidate.added} −${candidate.removed}: ${candidate.keyChanges.slice(0, SHOWN_MAX).join(', ')}`;
  return cut(shown, TEXT_MAX - more.length) + more;
}

function verificationSummary({ check, tests, audit, gate }: Evidence): string {
  const parts = [
    check === null ? 'no check was made' : 'passed' in check ? `tests ${check.passed ? 'passed' : 'failed'} (${check.reason}${tests?.testsRun == null ? '' : `, ${tests.testsRun} run`})` : `tests skipped: ${check.reason}`,
    audit === null ? 'not audited' : `${audit.auditors === 1 ? 'one auditor' : `${audit.auditors} auditors`} ${audit.judge === 'none' ? '' : `disagreed, a judge ${audit.judge}, and `}${audit.approved ? 'approved' : 'rejected'} (${audit.minor} minor, ${audit.major} major, ${audit.critical} critical)`,
    gate === null ? 'not gated' : `gate ${gate.level} (row ${gate.row}${gate.overridden ? ', overridden by a human' : ''})`,
  ];
  return parts.join('; ');
}

export function proofMarkdown(proof: Proof): string {
  const { changes, verification } = proof;
  const list = (title: string, items: readonly string[]): string => (items.length === 0 ? '' : `\n${title}:\n${items.map((item) => `- ${item}\n`).join('')}`);
  return `# ${proof.phase_id}

${proof.outcome}, ${proof.duration_seconds.toFixed(1)} s, completed ${proof.completed_at}${proof.commit === null ? '' : `, commit ${proof.commit}`}

## Changes
${changes.change_summary}
${changes.files_created} created, ${changes.files_modified} modified, ${changes.files_deleted} deleted
${list('Key changes', changes.key_changes)}
## Verification
${verification.verification_summary}
${verification.tests_passed} tests passed, ${verification.tests_failed} failed
${list('Probes', verification.probes_executed)}${list('Contracts', verification.contracts_verified)}${proof.error_summary === null ? '' : `\n## Error\n${proof.error_summary}\n`}`;
}

