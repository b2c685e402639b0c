// Arguments
// =========
// What every command is declared with.

import { InvalidArgumentError } from 'commander';
import type { Context, Global } from './context.ts';

export type Act = (global: Global, work: (context: Context) => Promise<number>) => Promise<void>;

export const count = (text: string): number => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('a whole number is wanted');
  return value;
};

export const providerOption = ['--provider <provider>', 'who answers: vendors (default with a key), openai, anthropic or script:FILE'] as const;
export const finishOption = ['--on-finish <command>', 'tell this command how it ended: JSON on its standard input; no shell, no keys in its environment'] as const;
