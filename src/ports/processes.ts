// Processes port
// ==============
// Runs commands that we did not write: setup and tests.
//
//   P1. argv only, never a shell; the environment is exactly `env`.
//   P2. When `run` resolves, no process of the tree it started is alive (its group, and on Linux everything that
//       carries its AUTOPACK_EFFECT mark), also after a time-out, an abort or an output flood.
//   P3. Output is kept as head and tail with its true length; any amount of it is survived in bounded memory.
//   P4. A command that cannot be started is an outcome (`spawn_failed`), not an exception.

export interface ProcessRequest {
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** `<run>/<effect id>`: marks the children, so that a later process can end what is left of them. */
  readonly mark: string;
}

export interface ProcessOutcome {
  /** `exited`: see `exitCode` or `signal`. */
  readonly ended: 'exited' | 'timed_out' | 'aborted' | 'spawn_failed';
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** stdout and stderr as they came, head and tail kept, the cut marked. */
  readonly output: string;
  /** How many bytes were written in all. */
  readonly outputBytes: number;
}

export interface Processes {
  run(request: ProcessRequest, signal: AbortSignal): Promise<ProcessOutcome>;
  /** Ends what earlier processes left behind for marks that begin with `prefix`. @returns how many were ended. */
  endLeftovers(prefix: string): Promise<number>;
}
