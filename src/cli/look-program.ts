// Commands that look at runs
// ==========================
// Each shows what the log says, and changes nothing in it.

import type { Command } from 'commander';
import { count, type Act } from './arguments.ts';
import type { Global } from './context.ts';
import type { LogOptions } from './query-commands.ts';

const query = () => import('./query-commands.ts');

export function lookCommands(command: (name: string, description: string) => Command, act: Act): void {
  command('status', 'All runs, or one with its phases, cost and questions.')
    .argument('[run]')
    .action((run: string | undefined, options: Global) => act(options, async (context) => (await query()).statusCommand(context, run)));
  command('show', 'What happened to a run or a phase, why, where the evidence is, and the next command.')
    .argument('<run>')
    .argument('[phase]')
    .addHelpText('after', '\nAt most 40 lines. Examples:\n  autopack show RUN\n  autopack show RUN PHASE')
    .action((run: string, phase: string | undefined, options: Global) => act(options, async (context) => (await import('./show-command.ts')).showCommand(context, run, phase)));
  command('log', 'The records of a run, for people; with --json as they are.')
    .argument('<run>')
    .option('--phase <phase>', 'only records that concern this phase')
    .option('--actor <actor>', 'only records that concern this actor: run, kernel or phase:ID')
    .option('--type <type>', 'only records with an input, a fact or an effect of this type (docs/events.md)')
    .option('--since <seq>', 'first record', count, 0)
    .addHelpText('after', '\nExamples:\n  autopack log RUN --phase PHASE --type tests.finished\n  autopack log RUN --since 40 --json')
    .action((run: string, options: Global & Omit<LogOptions, 'run'>) => act(options, async (context) => (await query()).logCommand(context, { ...options, run })));
  command('rebuild', 'Make the files for people again, from the log.')
    .argument('<run>')
    .option('-C, --workspace <dir>', 'folder of the git repository (default: as before)')
    .action((run: string, options: Global & { workspace?: string }) => act(options, async (context) => (await query()).rebuildCommand(context, run, options.workspace)));
  command('doctor', 'Check whether a run could begin here: each line ok, warn or fail, and how to mend it.')
    .argument('[plan]', 'a plan whose commands shall be found')
    .option('-C, --workspace <dir>', 'folder of the git repository', '.')
    .option('--provider <provider>', 'ask each of its models one short question: vendors, openai, anthropic or script:FILE')
    .addHelpText('after', '\nExit 0 without a fail, else 1. Without --provider nobody is asked: a call costs.\n\nExamples:\n  autopack doctor\n  autopack doctor plan.yaml -C ../project --provider vendors')
    .action((plan: string | undefined, options: Global & { workspace: string; provider?: string }) => act(options, async (context) => (await import('./doctor-command.ts')).doctorCommand(context, { plan: plan ?? null, workspace: options.workspace, provider: options.provider ?? null })));
}
