// Commands of team mode
// =====================

import type { Command } from 'commander';
import type { AlertsOptions } from './alerts-command.ts';
import { count, labelOption, providerOption, sandboxOption, startOptions, type Act } from './arguments.ts';
import type { Global } from './context.ts';
import type { SubmitFlags } from './submit-command.ts';
import type { WorkerOptions } from './worker-command.ts';

const team = () => import('./team-commands.ts');

export function teamCommands(command: (name: string, description: string) => Command, act: Act): void {
  command('ledger', 'Answer for the store over NATS, until it is stopped: executors with --store ledger: append, read and keep bodies through it.')
    .option('--relay', 'relay the same store too', false)
    .option('--check', 'only ask whether one answers: exit 0, else 7', false)
    .addHelpText('after', '\nAny number may run. NATS is at $AUTOPACK_NATS_URL.\n\nExamples:\n  autopack ledger --store sqlite:/var/lib/autopack/store.db')
    .action((options: Global & { relay: boolean; check: boolean }) => act(options, async (context) => (options.check ? (await team()).checkCommand(context, 'ledger') : (await team()).servicesCommand(context, { ledger: true, relay: options.relay }))));
  command('relay', 'Publish records, facts, moves and alerts of all runs of the store on NATS, until it is stopped.')
    .option('--check', 'only ask whether one leads: exit 0, else 7', false)
    .addHelpText('after', '\nOne leads, others wait to take over.\n\nExamples:\n  autopack relay --store sqlite:/var/lib/autopack/store.db')
    .action((options: Global & { check: boolean }) => act(options, async (context) => (options.check ? (await team()).checkCommand(context, 'relay') : (await team()).servicesCommand(context, { ledger: false, relay: true }))));
  startOptions(command('submit', 'Begin a run that a worker sees through, and end.'))
    .option(...labelOption)
    .addHelpText('after', '\nChecked as run checks it; no key is needed here. Works with every store that workers share.\n\nExamples:\n  autopack submit plan.yaml -C ../project --token-cap 300000')
    .action((plan: string | undefined, options: Global & SubmitFlags) => act(options, async (context) => (await import('./submit-command.ts')).submitCommand(context, plan, options)));
  command('worker', 'See submitted runs through, those whose base commit is here, until it is stopped.')
    .option('-C, --workspace <dir>', 'folder of the git repository', '.')
    .option(...providerOption)
    .addOption(sandboxOption('the least that a run must ask for to be taken: required, auto or none'))
    .option('--capacity <n>', 'runs at once', count, 1)
    .option('--label <label...>', 'NAME=VALUE: what it has, besides its repository')
    .addHelpText('after', '\nStopped by SIGTERM it hands its runs back; one that was killed is replaced when its hold lapses, by any worker.\n\nExamples:\n  autopack worker -C ~/shop --capacity 4\n  autopack worker -C ~/shop --label gpu=yes --store ledger:')
    .action((options: Global & WorkerOptions) => act(options, async (context) => (await import('./worker-command.ts')).workerCommand(context, options)));
  command('alerts', 'Tell of what happens to runs: questions, pauses, failures, ends.')
    .option('--since <time>', 'also what was told since: 15m, 2h, 7d or ISO 8601 (default: from now on)')
    .option('--run <run>', 'only of this run')
    .option('--severity <severity>', 'only these: info, warn or critical')
    .option('--kind <kind>', 'only these, like needs_human or failed')
    .option('--exec <command>', 'give each alert to this command: JSON on its standard input; no shell, no keys in its environment; again until it exits 0')
    .option('--durable <name>', 'miss nothing while this command is away: the next one of this name goes on where it stopped')
    .addHelpText('after', '\nExamples:\n  autopack alerts --since 1h\n  autopack alerts --kind needs_human --durable pager --exec ./page.sh')
    .action((options: Global & AlertsOptions) => act(options, async (context) => (await import('./alerts-command.ts')).alertsCommand(context, options)));
}
