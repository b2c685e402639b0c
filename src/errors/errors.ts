// Bad news
// ========
// The four kinds of it, each with one shape. Nothing else is thrown or returned.
//
//   invariant  our code is wrong: thrown, dealt with by nobody; stop, resume from the log
//   error      the world said no: `ExecutorError`, its code fixes `retryable` and the exit code
//   failure    an effect ended badly: `Failure` as data in an event; the chart deals with it
//   rejection  a command was refused: `Rejection` as a returned value; CLI exit 10, HTTP 409

import { z } from 'zod';

export class InvariantError extends Error {
  override readonly name = 'InvariantError';
  readonly invariant: string;
  constructor(id: string, why: string) {
    super(`${id}: ${why}`);
    this.invariant = id;
  }
}

/** @throws InvariantError when `ok` is false; `id` names the promise that broke (K3, E1, …). */
export function invariant(ok: unknown, id: string, why: string): asserts ok {
  if (!ok) throw new InvariantError(id, why);
}

/** Every error code of the product: its exit code and whether the same call may succeed later. */
export const errorCodes = {
  'usage.invalid': { exit: 2, retryable: false },
  'config.invalid': { exit: 2, retryable: false },
  'plan.invalid': { exit: 2, retryable: false },
  'run.exists': { exit: 2, retryable: false },
  'run.unknown': { exit: 2, retryable: false },
  'phase.unknown': { exit: 2, retryable: false },
  'question.unknown': { exit: 2, retryable: false },
  'provider.invalid': { exit: 2, retryable: false },
  'provider.unavailable': { exit: 6, retryable: true },
  'store.unavailable': { exit: 7, retryable: true },
  'store.wrong_revision': { exit: 7, retryable: true },
  'store.newer_schema': { exit: 7, retryable: false },
  'store.damaged': { exit: 7, retryable: false },
  'store.full': { exit: 7, retryable: true },
  'store.refused': { exit: 7, retryable: false },
  'bus.unavailable': { exit: 7, retryable: true },
  'bus.refused': { exit: 7, retryable: false },
  'ledger.refused': { exit: 2, retryable: false },
  'blob.missing': { exit: 8, retryable: false },
  'record.damaged': { exit: 8, retryable: false },
  'record.diverged': { exit: 8, retryable: false },
  'record.version': { exit: 8, retryable: false },
  'workspace.unusable': { exit: 9, retryable: true },
  'run.locked': { exit: 9, retryable: true },
} as const satisfies Record<string, { exit: number; retryable: boolean }>;

export type ErrorCode = keyof typeof errorCodes;

/** The world said no. `hint` is the way out, in one sentence. */
export class ExecutorError extends Error {
  override readonly name = 'ExecutorError';
  readonly code: ErrorCode;
  readonly hint: string | null;
  constructor(code: ErrorCode, why: string, options: { hint?: string; cause?: unknown } = {}) {
    super(why, { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? null;
  }
  get exit(): number {
    return errorCodes[this.code].exit;
  }
  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }
}

/** An effect ended badly. The message comes from our catalogue, never from the system (records stay machine-free). */
export const Failure = z.strictObject({
  code: z.string().max(64),
  message: z.string().max(500),
  retryable: z.boolean(),
});
export type Failure = z.infer<typeof Failure>;

export interface Rejection {
  readonly rejected: true;
  readonly code: string;
  readonly message: string;
}

export const reject = (code: string, message: string): Rejection => ({ rejected: true, code, message });

/** Of who may be there later: bus or store do not answer. */
export const isAway = (error: unknown): error is ExecutorError => error instanceof ExecutorError && (error.code === 'bus.unavailable' || error.code === 'store.unavailable');
