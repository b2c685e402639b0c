// What a command is handed
// ========================
// Parsed global options, the machine, output. One place turns errors into exit codes.

import { z } from 'zod';
import { machineOf, refuseServer, type Environment, type Machine, type Store } from '#src/app/machine.ts';
import { ExecutorError, InvariantError, type Rejection } from '#src/errors/errors.ts';
import type { Output } from './streams.ts';

export interface Global {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly store?: string;
  readonly C?: string;
}

export interface Context {
  readonly machine: Machine;
  readonly output: Output;
  readonly env: Environment;
  /** Null where no person sits at a terminal. */
  readonly input: { readonly in: NodeJS.ReadStream; readonly err: NodeJS.WriteStream } | null;
  /** Bytes of the result to stdout, as fast as they are read there. */
  write(chunk: Uint8Array): Promise<void>;
  /** Aborts at the first SIGINT or SIGTERM; `code` says which. */
  readonly stop: { readonly signal: AbortSignal; code(): number | null };
}

export const machineFor = (env: Environment, { store, verbose }: Global): Machine => machineOf(env, { store, verbose });

export async function withStore<T>({ machine, stop }: Context, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await machine.openStore(stop.signal);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** As `withStore`, for who begins, steers or performs runs. @throws ExecutorError `usage.invalid` on a server's own store */
export async function withRuns<T>(context: Context, work: (store: Store) => Promise<T>): Promise<T> {
  refuseServer(context.machine.storeSpec);
  return withStore(context, work);
}

/** Says what went wrong where people or programs look, and gives the exit code. */
export function reportError(output: Output, error: unknown): number {
  const known = error instanceof ExecutorError ? error : null;
  const bug = error instanceof InvariantError ? `${error.message} (a bug of autopack: nothing was appended)` : error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? (error.stack ?? error.message) : String(error);
  const message = known?.message ?? bug;
  if (output.json) output.emit({ error: { code: known?.code ?? 'internal', message, hint: known?.hint ?? null } });
  output.warn(`${output.style('red', 'error')}: ${message}`);
  if (known?.hint != null) output.warn(`  ${known.hint}`);
  return known?.exit ?? 1;
}

export function reportRejection(output: Output, { code, message }: Rejection): number {
  if (output.json) output.emit({ error: { code, message, hint: null } });
  output.warn(`rejected: ${message}`);
  return 10;
}
