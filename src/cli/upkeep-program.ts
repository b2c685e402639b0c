// Commands of upkeep
// ==================

import { Argument, type Command } from 'commander';
import type { Act } from './arguments.ts';
import type { Shell } from './completions.ts';
import type { Global } from './context.ts';

export function upkeepCommands(command: (name: string, description: string) => Command, act: Act): void {
  command('gc', 'Give back what runs that are over left in the state folder: checkouts, snapshots, locks, repositories whose own is gone.')
    .option('--dry-run', 'say what would be removed, remove nothing', false)
    .addHelpText('after', '\nThe log is never collected, nor anything of a run that may go on.')
    .action((options: Global & { dryRun: boolean }) => act(options, async (context) => (await import('./gc-command.ts')).gcCommand(context, options.dryRun)));
  command('merge', 'Bring what a run has built into a branch of yours: moved forward where that is possible, else by a merge commit.')
    .argument('<run>')
    .option('--into <branch>', 'the branch (default: the one that is checked out)')
    .option('-C, --workspace <dir>', 'folder of the git repository (default: where the run was started)')
    .option('--no-ff', 'a merge commit in any case')
    .option('--partial', 'also of a run that did not succeed', false)
    .addHelpText('after', '\nYour files follow only where the branch is checked out and clean. A conflict moves nothing.\n\nExamples:\n  autopack merge RUN\n  autopack merge RUN --into main --no-ff')
    .action((run: string, { into, workspace, ff, partial, ...options }: Global & MergeFlags) => act(options, async (context) => (await import('./merge-command.ts')).mergeCommand(context, { run, into: into ?? null, workspace: workspace ?? null, always: !ff, partial })));
  const completions = command('completions', 'A completion script for your shell.');
  completions
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', '\nExamples:\n  eval "$(autopack completions bash)"\n  source <(autopack completions zsh)\n  autopack completions fish | source')
    .action((shell: Shell, options: Global) => act(options, async ({ output, write }) => {
      const { completionScript } = await import('./completions.ts');
      const script = completionScript(shell, completions.parent as Command);
      if (output.json) output.emit({ v: 1, type: 'completions', shell, script });
      else await write(Buffer.from(script));
      return 0;
    }));
}

interface MergeFlags {
  readonly into?: string;
  readonly workspace?: string;
  readonly ff: boolean;
  readonly partial: boolean;
}
