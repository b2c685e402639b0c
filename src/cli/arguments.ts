// Arguments
// =========
// What every command is declared with.

import { InvalidArgumentError, type Command } from 'commander';
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
