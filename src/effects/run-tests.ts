// runTests: setup and the test command in a fresh checkout of a tree, judged by nobody here.

import { commandEnv } from '#src/domain/command-env.ts';
import { countTests, failureMessage } from '#src/domain/test-output.ts';
import { normaliseOutput } from '#src/domain/normalise-output.ts';
import type { ProcessOutcome } from '#src/ports/processes.ts';
import type { Checkout, Fill } from '#src/ports/workspace.ts';
import type { InputEvent } from '#src/record/record.ts';
import { join } from 'node:path';
import { failed, phaseOf, putText, result, type Handler, type Hands, type Performing } from './performing.ts';

interface Command { readonly argv: readonly string[]; readonly timeoutMs: number; readonly workdir: string; readonly env: readonly (readonly [string, string])[]; readonly network: boolean }

export const runTests: Handler<'runTests'> = async (performing) => {
  const { run, id, params, hands } = performing;
  const command = commandOf(hands, params.phase);
  const { sandbox } = hands.requested.policy;
  if (sandbox === 'required' && hands.processes.sandbox() === null) return failed('sandbox_missing');
  const checkout = await hands.workspace.checkout(params.tree, `${run}/${id}`, fillOf(hands));
  try {
    const setup = await runSetup(performing, checkout);
    return setup ?? (await runCommand(performing, checkout, command));
  } finally {
    await checkout.remove();
  }
};

function commandOf(hands: Hands, phase: string | null): Command {
  const command = phase === null ? hands.requested.plan.baseline : phaseOf(hands, phase).ci;
  if (command.kind !== 'command') throw new Error(`runTests without a command for ${phase ?? 'the baseline'}`);
  return { ...command, network: false };
}

/** Once per checkout; a step that fails says so and nothing else is run. */
async function runSetup(performing: Performing<'runTests'>, checkout: Checkout): Promise<InputEvent | null> {
  const { plan, policy } = performing.hands.requested;
  for (const argv of plan.workspace.setup) {
    const outcome = await execute(performing, checkout, { argv, timeoutMs: policy.setupTimeoutMs, workdir: '.', env: [], network: true });
    if (performing.signal.aborted) return failed('aborted');
    if (outcome.ended !== 'exited' || outcome.exitCode !== 0) return finished(performing.hands, checkout, outcome, 'setup_failed');
  }
  return null;
}

async function runCommand(performing: Performing<'runTests'>, checkout: Checkout, command: Command): Promise<InputEvent> {
  const outcome = await execute(performing, checkout, command);
  return outcome.ended === 'aborted' ? failed('aborted') : finished(performing.hands, checkout, outcome, null);
}

/** What the commands of this run are locked into on this machine. */
const sandboxOf = ({ requested, processes }: Hands): 'bubblewrap' | 'none' => (requested.policy.sandbox === 'none' ? 'none' : (processes.sandbox() ?? 'none'));

/** Without a sandbox nothing can be shown read-only, and a copy is the next best. */
function fillOf(hands: Hands): Fill {
  const { include, link } = hands.requested.plan.workspace;
  return sandboxOf(hands) === 'none' ? { include: [...include, ...link], link: [] } : { include, link };
}

function execute({ run, id, hands, signal }: Performing<'runTests'>, checkout: Checkout, { argv, timeoutMs, workdir, env, network }: Command): Promise<ProcessOutcome> {
  const places = { home: checkout.home, temp: checkout.temp, path: hands.searchPath };
  const sandbox = sandboxOf(hands) === 'none' ? null : { writable: [checkout.path, checkout.home, checkout.temp], readOnly: checkout.links, network };
  const extra = { CI: 'true', NO_COLOR: '1', TESTING: '1', ...Object.fromEntries(env) };
  return hands.processes.run({ argv, cwd: join(checkout.path, workdir), env: commandEnv(places, extra), timeoutMs, mark: `${run}/${id}`, sandbox }, signal);
}

async function finished(hands: Hands, checkout: Checkout, outcome: ProcessOutcome, as: 'setup_failed' | null): Promise<InputEvent> {
  const output = normaliseOutput(outcome.output, { checkout: checkout.path, temp: checkout.temp, home: checkout.home });
  const counts = countTests(output);
  const ended = as ?? (outcome.ended === 'exited' && outcome.exitCode === null ? 'signalled' : outcome.ended === 'aborted' ? 'signalled' : outcome.ended);
  const said = ended === 'exited' && outcome.exitCode === 0 ? '' : failureMessage(output);
  return result('tests.finished', {
    ended,
    exitCode: outcome.exitCode,
    testsRun: counts.run,
    testsFailed: counts.failed,
    message: [messageOf(ended, outcome), said].filter((part) => part !== '').join(': ').slice(0, 500),
    output: await putText(hands.blobs, output),
    // Its true length holds durations and so would differ from run to run; the cut is marked in the text.
    cut: outcome.outputBytes > Buffer.byteLength(outcome.output),
    sandbox: sandboxOf(hands),
  });
}

function messageOf(ended: string, { exitCode }: ProcessOutcome): string {
  switch (ended) {
    case 'exited':
      return exitCode === 0 ? '' : `exit ${exitCode}`;
    case 'timed_out':
      return 'the tests did not end in time';
    case 'spawn_failed':
      return 'the command cannot be started';
    case 'setup_failed':
      return 'a setup command failed';
    default:
      return 'the tests were ended by a signal';
  }
}
