// One run of the tests: setup and the command in a fresh checkout of a tree, and what they say of each test.

import { commandEnv } from '#src/domain/command-env.ts';
import { normaliseOutput, readable, type OutputPlaces } from '#src/domain/normalise-output.ts';
import { coverageBp } from '#src/domain/reports/coverage.ts';
import { readOutput, readReport } from '#src/domain/reports/dialects.ts';
import { merged, type TestReport } from '#src/domain/reports/report.ts';
import { withoutSecrets } from '#src/domain/secrets.ts';
import type { CiCommand } from '#src/events/plan.ts';
import type { ProcessOutcome } from '#src/ports/processes.ts';
import type { Checkout, Fill } from '#src/ports/workspace.ts';
import { join } from 'node:path';
import type { Hands, Performing } from './performing.ts';

type Command = Pick<CiCommand, 'argv' | 'timeoutMs' | 'workdir' | 'env'> & { readonly network: boolean };

export interface Execution {
  readonly ended: 'exited' | 'signalled' | 'timed_out' | 'spawn_failed' | 'setup_failed';
  readonly exitCode: number | null;
  /** Normalised. */
  readonly output: string;
  readonly cut: boolean;
  readonly report: TestReport | null;
  /** Asked for, and absent or damaged. */
  readonly reportMissing: boolean;
  /** Null: unknown. */
  readonly coverageBp: number | null;
}

/** A report of 100,000 tests has about a tenth of it. */
const REPORT_BYTES_MAX = 32 * 1024 * 1024;

/** What the commands of this run are locked into on this machine. */
export const sandboxOf = ({ requested, processes }: Hands): 'bubblewrap' | 'none' => (requested.policy.sandbox === 'none' ? 'none' : (processes.sandbox() ?? 'none'));

/** Without a sandbox nothing can be shown read-only, and a copy is the next best. */
function fillOf(hands: Hands): Fill {
  const { include, link } = hands.requested.plan.workspace;
  return sandboxOf(hands) === 'none' ? { include: [...include, ...link], link: [] } : { include, link };
}

/** Null when it was aborted. */
export async function executeTests(performing: Performing<'runTests'>, tree: string, command: CiCommand): Promise<Execution | null> {
  const { run, id, hands } = performing;
  const checkout = await hands.workspace.checkout(tree, `${run}/${id}`, fillOf(hands));
  try {
    return (await runSetup(performing, checkout)) ?? (performing.signal.aborted ? null : await runCommand(performing, checkout, command));
  } finally {
    await checkout.remove();
  }
}

/** Once per checkout; a step that fails says so and nothing else is run. */
async function runSetup(performing: Performing<'runTests'>, checkout: Checkout): Promise<Execution | null> {
  const { plan, policy } = performing.hands.requested;
  for (const argv of plan.workspace.setup) {
    const outcome = await execute(performing, checkout, { argv, timeoutMs: policy.setupTimeoutMs, workdir: '.', env: [], network: true });
    if (performing.signal.aborted) return null;
    if (outcome.ended !== 'exited' || outcome.exitCode !== 0) return { ...executionOf(checkout, outcome), ended: 'setup_failed' };
  }
  return null;
}

async function runCommand(performing: Performing<'runTests'>, checkout: Checkout, command: CiCommand): Promise<Execution | null> {
  const files = command.reports.map((file) => join(command.workdir, file));
  // A report that the tree or the setup brought along is not of this run.
  const coverage = command.coverage === null ? null : join(command.workdir, command.coverage);
  for (const file of coverage === null ? files : [...files, coverage]) await checkout.forget(file);
  const outcome = await execute(performing, checkout, { ...command, network: false });
  if (outcome.ended === 'aborted') return null;
  const execution = { ...executionOf(checkout, outcome), coverageBp: coverage === null ? null : await coverageOf(checkout, coverage) };
  return files.length === 0 ? execution : { ...execution, ...(await reportOf(checkout, files, performing.hands.secrets)) };
}

async function reportOf(checkout: Checkout, files: readonly string[], secrets: readonly string[]): Promise<Pick<Execution, 'report' | 'reportMissing'>> {
  const found: TestReport[] = [];
  for (const file of files) {
    const bytes = await checkout.read(file, REPORT_BYTES_MAX);
    const report = bytes === null ? null : readReport(readable(withoutSecrets(Buffer.from(bytes).toString('utf8'), secrets), placesOf(checkout)));
    if (report !== null) found.push(report);
  }
  const reportMissing = found.length < files.length;
  // Half of the files would be fewer tests.
  return { report: reportMissing ? null : merged(found), reportMissing };
}

async function coverageOf(checkout: Checkout, file: string): Promise<number | null> {
  const bytes = await checkout.read(file, REPORT_BYTES_MAX);
  return bytes === null ? null : coverageBp(Buffer.from(bytes).toString('utf8'));
}

const placesOf = ({ path, temp, home }: Checkout): OutputPlaces => ({ checkout: path, temp, home });

/** What a test prints is recorded: keys are struck out before anything is read of it. */
async function execute({ run, id, hands, signal }: Performing<'runTests'>, checkout: Checkout, { argv, timeoutMs, workdir, env, network }: Command): Promise<ProcessOutcome> {
  const places = { home: checkout.home, temp: checkout.temp, path: hands.searchPath };
  const sandbox = sandboxOf(hands) === 'none' ? null : { writable: [checkout.path, checkout.home, checkout.temp], readOnly: checkout.links, network };
  const extra = { CI: 'true', NO_COLOR: '1', TESTING: '1', ...Object.fromEntries(env) };
  const outcome = await hands.processes.run({ argv, cwd: join(checkout.path, workdir), env: commandEnv(places, extra), timeoutMs, mark: `${run}/${id}`, sandbox }, signal);
  const output = withoutSecrets(outcome.output, hands.secrets);
  return { ...outcome, output, outputBytes: outcome.outputBytes - Buffer.byteLength(outcome.output) + Buffer.byteLength(output) };
}

function executionOf(checkout: Checkout, outcome: ProcessOutcome): Execution {
  const { ended, exitCode, output } = outcome;
  // Its true length holds durations and so would differ from run to run; the cut is marked in the text.
  const cut = outcome.outputBytes > Buffer.byteLength(output);
  const isSignalled = ended === 'aborted' || (ended === 'exited' && exitCode === null);
  return {
    ended: isSignalled ? 'signalled' : ended, exitCode, output: normaliseOutput(output, placesOf(checkout)), cut,
    report: readOutput(readable(output, placesOf(checkout)), cut), reportMissing: false, coverageBp: null,
  };
}
