// Processes port
// ==============
// Runs commands that we did not write: setup and tests.
//
//   PR1. argv only, never a shell; the environment is exactly `env`.
//   PR2. When `run` resolves, no process of the tree it started is alive (its group, and on Linux everything that
//       carries its AUTOPACK_EFFECT mark), also after a time-out, an abort or an output flood.
//   PR3. Output is kept as head and tail with its true length; any amount of it is survived in bounded memory.
//   PR4. A command that cannot be started is an outcome (`spawn_failed`), not an exception.
//   PR5. In a sandbox a command sees a read-only system, no home but an empty one, no network unless it is given, and writes only where
//       the request says. A request for one on a machine without is not started.

export interface ProcessRequest {
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** `<run>/<effect id>`: marks the children, so that a later process can end what is left of them. */
  readonly mark: string;
  /** Absolute: folders that may be written, and what is shown elsewhere, read-only; null runs outside of any sandbox. */
  readonly sandbox: { readonly writable: readonly string[]; readonly readOnly: readonly { readonly from: string; readonly to: string }[]; readonly network: boolean } | null;
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
  /** What this machine can lock a command into; null where it can not. */
  sandbox(): 'bubblewrap' | null;
  run(request: ProcessRequest, signal: AbortSignal): Promise<ProcessOutcome>;
  /** Ends what earlier processes left behind for marks that begin with `prefix`. @returns how many were ended. */
  endLeftovers(prefix: string): Promise<number>;
}
