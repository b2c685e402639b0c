// Commands of upkeep
// ==================

import type { Command } from 'commander';
import type { Act } from './arguments.ts';
import type { Global } from './context.ts';

export function upkeepCommands(command: (name: string, description: string) => Command, act: Act): void {
  command('gc', 'Give back what runs that are over left in the state folder: checkouts, snapshots, locks, repositories whose own is gone.')
    .option('--dry-run', 'say what would be removed, remove nothing', false)
    .addHelpText('after', '\nThe log is never collected, nor anything of a run that may go on.')
    .action((options: Global & { dryRun: boolean }) => act(options, async (context) => (await import('./gc-command.ts')).gcCommand(context, options.dryRun)));
}
