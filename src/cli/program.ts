// The command line
// ================
// Commands, options, help. commander's own errors are usage errors: exit 2. A command's code is loaded when it is
// called, so that help needs no more than this file; a test holds it to that.

import { Command, CommanderError } from 'commander';
import { exitCodes } from '#src/app/exit.ts';
import type { Store } from '#src/app/machine.ts';
import { packageVersion } from '#src/app/version.ts';
import { finishOption, labelOption, providerOption, startOptions, withCaps, type Act } from './arguments.ts';
import type { Context, Global } from './context.ts';
import { historyCommands } from './history-program.ts';
import { lookCommands } from './look-program.ts';
import type { RunFlags } from './run-commands.ts';
import { teamCommands } from './team-program.ts';
import { bytesTo, inputOf, outputOf, watchStreams, type Streams } from './streams.ts';
import { upkeepCommands } from './upkeep-program.ts';

export interface Invocation {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly streams: Streams;
  readonly stop: Context['stop'];
  /** Called when the result could not be written. */
  readonly lost?: () => void;
  /** Stands between the run and its store: where the kill harness dies after a durable record. */
  readonly wrapStore?: (store: Store) => Store;
}

const exitHelp = (): string => `Exit codes:\n${exitCodes.map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`).join('\n')}`;

/** @returns the exit code; never throws. */
export async function main({ argv, env, streams, stop, lost = () => {}, wrapStore = (store) => store }: Invocation): Promise<number> {
  watchStreams(streams, lost);
  const color = !argv.includes('--no-color');
  const options = { json: argv.includes('--json'), quiet: argv.includes('-q') || argv.includes('--quiet'), color };
  const output = outputOf(streams, options);
  let code = 0;
  const act = async (global: Global, work: (context: Context) => Promise<number>): Promise<void> => {
    const { machineFor } = await import('./context.ts');
    const machine = machineFor(env, global);
    const openStore = async (signal: AbortSignal): Promise<Store> => wrapStore(await machine.openStore(signal));
    const context: Context = { machine: { ...machine, openStore }, output: outputOf(streams, { json: global.json === true, quiet: global.quiet === true, color }), env, stop, input: inputOf(streams), write: bytesTo(streams.out) };
    code = await work(context);
  };
  try {
    await programWith(act, streams).parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return exitAfter((await import('./context.ts')).reportError(output, error), stop.code());
    if (['commander.helpDisplayed', 'commander.version', 'commander.help'].includes(error.code)) return error.exitCode === 0 ? 0 : 2;
    if (output.json) output.emit({ error: { code: 'usage.invalid', message: error.message, hint: 'autopack --help' } });
    return 2;
  }
}

/** A signal says why a process ended; an error that a resume mends came with it, others are worse. */
const exitAfter = (exit: number, stopped: number | null): number => (stopped !== null && [6, 7, 9].includes(exit) ? stopped : exit);

const query = () => import('./query-commands.ts');
const runs = () => import('./run-commands.ts');

function programWith(act: Act, { out, err }: Streams): Command {
  const program = new Command('autopack');
  program
    .description('Builds software from a plan, unattended, and keeps the evidence.')
    .version(packageVersion)
    .configureOutput({ writeOut: (text) => out.write(text), writeErr: (text) => err.write(text) })
    .showHelpAfterError('(autopack --help lists the commands)')
    .addHelpText('after', `\n${exitHelp()}\n\nExamples:\n  autopack init --example demo\n  autopack run plan.yaml --provider script:answers.yaml\n  autopack replay RUN --verify`);
  const command = (name: string, description: string, parent = program): Command =>
    parent
      .command(name)
      .description(description)
      .option('--json', 'JSON on stdout, nothing else')
      .option('-q, --quiet', 'no progress on stderr')
      .option('-v, --verbose', 'debug log on stderr')
      .option('--no-color', 'no colours')
      .option('--store <store>', 'sqlite:PATH, memory: or ledger: (default: $AUTOPACK_STORE, else a file in the state folder)');

  const recordOption = ['--record <file>', 'write the answers of the run: an answers file for --provider script:'] as const;
  startOptions(command('run', 'Start a run from a plan and see it through.'))
    .option(...recordOption)
    .option(...finishOption)
    .option('--dry-run', 'show order and worst case, start nothing', false)
    .option('--estimate', 'show what it would cost, start nothing', false)
    .option('--wait', 'keep waiting when only questions are left', false)
    .option('--detach', 'leave it to a worker, as submit does', false)
    .option(...labelOption)
    .addHelpText('after', `\nExamples:\n  autopack run plan.yaml --provider script:answers.yaml\n  autopack run --plan plan.yaml -C ../project --dry-run\n\n${exitHelp()}`)
    .action((argument: string | undefined, options: Global & RunFlags) => act(options, async (context) => (options.detach ? (await import('./submit-command.ts')).submitCommand(context, argument, options) : (await runs()).runCommand(context, argument, options))));
  withCaps(command('resume', 'Go on with a run that paused, waited or was killed.'), 'more ')
    .argument('<run>')
    .option('-C, --workspace <dir>', 'folder of the git repository (default: as before)')
    .option(...providerOption)
    .option('--wait', 'keep waiting when only questions are left', false)
    .option(...recordOption)
    .option(...finishOption)
    .action((run: string, options: Global & Record<string, never>) => act(options, async (context) => (await runs()).resumeCommand(context, { ...(options as object), run, wait: Boolean(options['wait']) })));
  lookCommands(command, act);
  for (const [name, option, description] of [['approve', null, 'Answer a waiting question with yes.'], ['reject', 'reject', 'Answer a waiting question with no.']] as const) {
    command(name, description)
      .argument('<question>', 'its id, as `status` shows it')
      .option('--comment <text>', 'a note for the record and the next attempt', '')
      .option('--choose <option>', 'another option that the question offers')
      .action((question: string, options: Global & { comment: string; choose?: string }) => act(options, async (context) => (await query()).answerCommand(context, { question, option: options.choose ?? option, comment: options.comment })));
  }
  command('retry', 'Grant a phase that waits for a human one more attempt.')
    .argument('<run>')
    .argument('<phase>')
    .option('--comment <text>', 'what the next attempt shall know', '')
    .action((run: string, phase: string, options: Global & { comment: string }) => act(options, async (context) => (await query()).retryCommand(context, { run, phase, note: options.comment })));
  command('skip', 'Leave a phase out: what is open of it is cancelled, what depends on it goes on without it.')
    .argument('<run>')
    .argument('<phase>')
    .option('--reason <text>', 'for the record', 'skipped by command')
    .action((run: string, phase: string, options: Global & { reason: string }) => act(options, async (context) => (await query()).skipCommand(context, { run, phase, reason: options.reason })));
  command('cancel', 'End a run: what is open is cancelled, what was committed stays.')
    .argument('<run>')
    .action((run: string, options: Global) => act(options, async (context) => (await query()).cancelCommand(context, run, async () => (await runs()).resumeCommand(context, { run, wait: false, cancels: true }))));
  historyCommands(command, act);
  upkeepCommands(command, act);
  teamCommands(command, act);
  const plan = program.command('plan').description('What concerns plans.');
  command('check', 'Check a plan: every problem with its place and the way out.', plan)
    .argument('<file>')
    .action((file: string, options: Global) => act(options, async (context) => (await query()).planCheckCommand(context, file)));
  command('init', 'Make an example repository with a plan and scripted answers.')
    .argument('[folder]', 'where', 'autopack-demo')
    .option('--example', 'the nine-phase example', false)
    .action((folder: string, options: Global & { example: boolean }) => act(options, async (context) => (await import('./init-command.ts')).initCommand(context, folder, options.example)));
  program.exitOverride();
  for (const sub of [...program.commands, ...plan.commands]) sub.exitOverride();
  return program;
}
