// runTests: the test command on a tree, held against the tests of its base; judged by nobody here.

import { afterAnother, compare, needsAnother, type Comparison } from '#src/domain/reports/comparison.ts';
import type { TestReport } from '#src/domain/reports/report.ts';
import { storedReport, storedText } from '#src/domain/reports/stored.ts';
import { failureMessage } from '#src/domain/test-output.ts';
import type { InputData } from '#src/events/inputs.ts';
import type { CiCommand } from '#src/events/plan.ts';
import { changesOf, treeBefore, weakenedBy, type Changes } from './changed-tests.ts';
import { failed, getText, phaseOf, putText, result, type Handler, type Hands, type Performing } from './performing.ts';
import { executeTests, sandboxOf, type Execution } from './test-execution.ts';

type Finished = InputData<'tests.finished'>;

export const runTests: Handler<'runTests'> = async (performing) => {
  const { params, hands } = performing;
  const command = commandOf(hands, params.phase);
  const { sandbox } = hands.requested.policy;
  if (sandbox === 'required' && hands.processes.sandbox() === null) return failed('sandbox_missing');
  const execution = await executeTests(performing, params.tree, command);
  if (execution === null) return failed('aborted');
  const compared = await comparedWithBase(performing, execution, command);
  if (compared === null) return failed('aborted');
  const { base, tree } = params;
  const changes = base === null ? null : await changesOf(hands.workspace, base, tree);
  const newTests = changes !== null && command.newTestsMustFailBefore ? await newTestsBefore(performing, { changes, command, execution, compared }) : null;
  if (newTests === 'aborted') return failed('aborted');
  return result('tests.finished', { ...(await basics(hands, execution, compared)), weakened: changes === null ? 0 : await weakenedBy(hands.workspace, changes), newTests });
};

interface Tried { readonly changes: Changes; readonly command: CiCommand; readonly execution: Execution; readonly compared: Compared }

/** New tests on the base without the rest of the change: those that pass there test nothing of it. Without names their command speaks for all. */
async function newTestsBefore(performing: Performing<'runTests'>, { changes, command, execution, compared: { comparison } }: Tried): Promise<Finished['newTests'] | 'aborted'> {
  const tree = execution.ended === 'exited' ? await treeBefore(performing.hands.workspace, changes) : null;
  if (tree === null) return null;
  const before = await executeTests(performing, tree, command);
  if (before === null) return 'aborted';
  const { report } = execution;
  if (comparison === null || report?.named !== 'all' || before.ended !== 'exited' || before.report?.named !== 'all' || before.report.dialect !== report.dialect) {
    return { tried: 1, passedBefore: before.ended === 'exited' && before.exitCode === 0 ? 1 : 0 };
  }
  const told = before.report.tests;
  const tried = comparison.added.filter((id) => report.tests.get(id) === 'passed');
  return { tried: tried.length, passedBefore: tried.filter((id) => told.get(id) === 'passed').length };
}

function commandOf(hands: Hands, phase: string | null): CiCommand {
  const command = phase === null ? hands.requested.plan.baseline : phaseOf(hands, phase).ci;
  if (command.kind !== 'command') throw new Error(`runTests without a command for ${phase ?? 'the baseline'}`);
  return command;
}

interface Compared {
  readonly comparison: Comparison | null;
  readonly againExitCode: number | null;
}

/** What fails newly is run once more, whole and in a checkout of its own (E-184). Null when it was aborted. */
async function comparedWithBase(performing: Performing<'runTests'>, { ended, report }: Execution, command: CiCommand): Promise<Compared | null> {
  const { baseline, tree } = performing.params;
  const none = { comparison: null, againExitCode: null };
  if (baseline === null || report === null || ended !== 'exited') return none;
  const comparison = compare(report, storedReport(await getText(performing.hands.blobs, baseline)));
  if (comparison === null || !needsAnother(comparison)) return { ...none, comparison };
  const again = await executeTests(performing, tree, command);
  if (again === null) return null;
  const isComparable = again.ended === 'exited' && again.report?.dialect === report.dialect;
  return { comparison: afterAnother(comparison, isComparable ? again.report : null), againExitCode: again.exitCode };
}

async function basics(hands: Hands, execution: Execution, { comparison, againExitCode }: Compared): Promise<Omit<Finished, 'weakened' | 'newTests'>> {
  const { blobs } = hands;
  const { ended, exitCode, output, cut, reportMissing } = execution;
  const report = ended === 'exited' && execution.report !== null ? settled(execution.report, comparison) : null;
  return {
    ended, exitCode, reportMissing, againExitCode, cut,
    // Where nothing came to run, what a report says of zero tests is not known.
    testsRun: report === null || isUnknown(report) ? null : report.run,
    testsFailed: report === null || isUnknown(report) ? null : report.failed,
    testsSkipped: report === null || isUnknown(report) ? null : report.skipped,
    collectionErrors: report?.collectionErrors.length ?? 0,
    dialect: report?.dialect ?? null,
    report: report === null ? null : await putText(blobs, storedText(report)),
    compared: comparison === null ? null : counts(comparison),
    comparison: comparison === null ? null : await putText(blobs, `${JSON.stringify(comparison)}\n`),
    coverageBp: execution.coverageBp,
    message: messageOf(execution, comparison),
    output: await putText(blobs, output),
    sandbox: sandboxOf(hands),
  };
}

const isUnknown = ({ run, skipped, collectionErrors }: TestReport): boolean => run + skipped === 0 && collectionErrors.length > 0;

/** A suspect that passed in the end fails newly when it fails the next time. */
function settled(report: TestReport, comparison: Comparison | null): TestReport {
  const flaky = (comparison?.flaky ?? []).filter((id) => report.tests.get(id) === 'failed');
  if (flaky.length === 0) return report;
  const tests = new Map(report.tests);
  for (const id of flaky) if (report.named === 'all') tests.set(id, 'passed'); else tests.delete(id);
  return { ...report, failed: Math.max(0, report.failed - flaky.length), tests };
}

const counts = (comparison: Comparison): NonNullable<Finished['compared']> => {
  const { newlyFailing, newlyPassing, stillFailing, flaky, newErrors, gone, added, newlySkipped } = comparison;
  return {
    newlyFailing: newlyFailing.length, newlyPassing: newlyPassing.length, stillFailing: stillFailing.length, flaky: flaky.length,
    newErrors: newErrors.length, gone: gone.length, added: added.length, newlySkipped: newlySkipped.length,
  };
};

const MESSAGE_MAX = 500;
const NAMES_SHOWN = 3;

function messageOf({ ended, exitCode, output }: Execution, comparison: Comparison | null): string {
  const parts = [endOf(ended, exitCode), ...(comparison === null ? [] : namedIn(comparison)), ended === 'exited' && exitCode === 0 ? '' : failureMessage(output)];
  return parts.filter((part) => part !== '').join(': ').slice(0, MESSAGE_MAX).toWellFormed();
}

function namedIn({ newErrors, newlyFailing, newlySkipped, gone, added, flaky }: Comparison): string[] {
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['does not load', newErrors], ['newly failing', newlyFailing], ['newly skipped', newlySkipped], ['gone', gone.length > added.length ? gone : []], ['passed when run again', flaky],
  ];
  return lists.filter(([, names]) => names.length > 0).map(([what, names]) => `${what}: ${names.slice(0, NAMES_SHOWN).map((name) => name.slice(0, 80)).join(', ')}${names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : ''}`);
}

function endOf(ended: Execution['ended'], exitCode: number | null): string {
  switch (ended) {
    case 'exited':
      return exitCode === 0 ? '' : `exit ${exitCode}`;
    case 'timed_out':
      return 'the tests did not end in time';
    case 'spawn_failed':
      return 'the command cannot be started';
    case 'setup_failed':
      return 'a setup command failed';
    case 'signalled':
      return 'the tests were ended by a signal';
  }
}
