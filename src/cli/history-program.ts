// Commands about what was recorded
// ================================

import type { Command } from 'commander';
import { count, finishOption, providerOption, withCaps, type Act, type CapFlags } from './arguments.ts';
import type { Global } from './context.ts';

const replays = () => import('./replay-commands.ts');

export function historyCommands(command: (name: string, description: string) => Command, act: Act): void {
  command('replay', 'Rebuild a run from its log alone, or from an exported file.')
    .argument('<run>', "a run's name, the path of an exported one, or - for standard input")
    .option('--verify', 'recompute and compare every record, print only the verdict', false)
    .option('-C, --workspace [folder]', 'also make every tree, commit and file for people again, from the base in this repository (default: as before)')
    .option('--until <seq>', 'show the state at this record', count)
    .option('--step', 'show record after record; on a terminal one per Enter, s shows the state, q quits', false)
    .addHelpText('after', '\nExamples:\n  autopack replay RUN --verify\n  autopack replay ./run.jsonl --step\n  autopack replay RUN --until 40 --json')
    .action((subject: string, options: Global & ReplayFlags) => act(options, async (context) => (await replays()).replayCommand(context, { ...options, subject, until: options.until ?? null, workspace: options.workspace === true ? '' : (options.workspace ?? null) })));
  command('export', 'Write a run as one file that verifies anywhere.')
    .argument('<run>')
    .option('-o, --output <file>', 'where (default: standard output)')
    .action((run: string, options: Global & { output?: string }) => act(options, async (context) => (await replays()).exportCommand(context, run, options.output ?? null)));
  command('import', 'Verify an exported run and take it into the store.')
    .argument('<file>', 'its path, or - for standard input')
    .action((file: string, options: Global) => act(options, async (context) => (await replays()).importCommand(context, file)));
  command('diff', 'Compare two runs: the first record that differs, then outcome, patches and cost.')
    .argument('<a>', "a run's name, the path of an exported one, or - for standard input")
    .argument('<b>')
    .addHelpText('after', '\nA difference is a result, not an error: the exit code is 0.\n\nExamples:\n  autopack diff RUN RUN-at-40\n  autopack diff RUN ./theirs.jsonl --json')
    .action((a: string, b: string, options: Global) => act(options, async (context) => (await import('./diff-command.ts')).diffCommand(context, a, b)));
  withCaps(command('fork', 'Begin a new run with the past of another, and see it through.'), 'more ')
    .argument('<run>')
    .requiredOption('--at <seq>', 'the last record that both have', count)
    .option('--run-id <id>', 'name of the new run (default: RUN-at-SEQ)')
    .option('-C, --workspace <dir>', 'folder of the git repository (default: as before)')
    .option(...providerOption)
    .option('--wait', 'keep waiting when only questions are left', false)
    .option(...finishOption)
    .addHelpText('after', '\nExample:\n  autopack fork RUN --at 40 --run-id second --provider script:other.yaml')
    .action((from: string, options: Global & ForkFlags) => act(options, async (context) => (await replays()).forkCommand(context, { ...options, from, name: options.runId ?? null })));
}

interface ReplayFlags {
  readonly verify: boolean;
  readonly until?: number;
  readonly step: boolean;
  readonly workspace?: string | true;
}

interface ForkFlags extends CapFlags {
  readonly at: number;
  readonly runId?: string;
  readonly workspace?: string;
  readonly provider?: string;
  readonly onFinish?: string;
  readonly wait: boolean;
}
