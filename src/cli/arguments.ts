// Arguments
// =========
// What every command is declared with.

import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Resumption } from '#src/events/inputs.ts';
import type { Context, Global } from './context.ts';

export type Act = (global: Global, work: (context: Context) => Promise<number>) => Promise<void>;

export const count = (text: string): number => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('a whole number is wanted');
  return value;
};

/** Dollars as micro-dollars, exactly. */
const usd = (text: string): number => {
  const [, whole = '', part = ''] = /^(\d{1,9})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  if (whole === '') throw new InvalidArgumentError('dollars are wanted, as 12 or 0.50');
  return Number(whole) * 1_000_000 + Number(part.padEnd(6, '0'));
};

export interface CapFlags {
  readonly tokenCap?: number;
  readonly costCap?: number;
  readonly phaseTokenCap?: number;
  readonly ciRunCap?: number;
  readonly maxIterations?: number;
  readonly maxPhases?: number;
}

/** The flags that cap a run, or what is left of it. @param more `''` for a run that begins, `'more '` for one that goes on. */
export function withCaps(command: Command, more: '' | 'more '): Command {
  return command
    .option('--token-cap <n>', 'use at most so many tokens in all, then pause', count)
    .option('--cost-cap <usd>', 'spend at most so many dollars in all, then pause', usd)
    .option('--phase-token-cap <n>', 'use at most so many tokens in each phase, then pause', count)
    .option('--ci-run-cap <n>', 'run the tests at most so often in all, then pause', count)
    .option('--max-iterations <n>', `start at most so many ${more}attempts, then pause`, count)
    .option('--max-phases <n>', `start at most so many ${more}phases, then pause`, count);
}

export const capsOf = ({ tokenCap = null, costCap = null, phaseTokenCap = null, ciRunCap = null, maxIterations = null, maxPhases = null }: Nullable<CapFlags>): Resumption =>
  ({ tokenCap, costCapMicroUsd: costCap, phaseTokenCap, ciRunCap, iterations: maxIterations, phases: maxPhases });
type Nullable<T> = { readonly [K in keyof T]: T[K] | null };

export const providerOption = ['--provider <provider>', 'who answers: vendors (default with a key), openai, anthropic or script:FILE'] as const;
export const finishOption = ['--on-finish <command>', 'tell this command how it ended: JSON on its standard input; no shell, no keys in its environment'] as const;
export const labelOption = ['--label <label...>', 'NAME=VALUE: what a worker must have to take it (default: the repository, by its first commit)'] as const;

export const sandboxOption = (what: string): Option => new Option('--sandbox <mode>', what).choices(['required', 'auto', 'none']).env('AUTOPACK_SANDBOX').default('auto');

/** What a run begins with, wherever it is performed. */
export const startOptions = (command: Command): Command =>
  withCaps(command, '')
    .argument('[plan]', 'the plan, YAML or JSON')
    .option('--plan <file>', 'the same as the argument')
    .option('--run-id <id>', 'name of the run (default: from the plan, else the file and the time)')
    .option('-C, --workspace <dir>', 'folder of the git repository', '.')
    .option('--base <revision>', 'commit to start from (default: HEAD)')
    .option(...providerOption)
    .addOption(sandboxOption('where setup and tests run: required and auto use bubblewrap, none does not'))
    .option('--disable-provider <vendor...>', 'ask nothing of a vendor: openai, anthropic')
    .option('--no-dual-auditor', 'one auditor also where the category asks for two');
