// Commands of team mode
// =====================

import type { Command } from 'commander';
import type { Act } from './arguments.ts';
import type { Global } from './context.ts';

const team = () => import('./team-commands.ts');

export function teamCommands(command: (name: string, description: string) => Command, act: Act): void {
  command('ledger', 'Answer for the store over NATS, until it is stopped: executors with --store ledger: append, read and keep bodies through it.')
    .addHelpText('after', '\nAny number may run. NATS is at $AUTOPACK_NATS_URL.\n\nExamples:\n  autopack ledger --store sqlite:/var/lib/autopack/store.db')
    .action((options: Global) => act(options, async (context) => (await team()).ledgerCommand(context)));
}
