// SQLite's errors in our words
// ============================
// One place decides which code of the product an error of SQLite or of the file system is.

import { ExecutorError, type ErrorCode } from '#src/errors/errors.ts';

// Source: sqlite.org/rescode.html; the low byte is the primary code.
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR_SHMSIZE = 4874; // the -shm file could not grow: in practice a full disk
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const PROTOCOL = 15; // too many processes opened the file at the same moment
const CONSTRAINT = 19;
const NOTADB = 26;

/** @returns the extended result code, or null when the error is not SQLite's. */
function resultCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : null;
}

const primary = (error: unknown): number => (resultCode(error) ?? 0) & 0xff;

/** True when the same call may succeed in a moment: another connection has the lock. */
export const isBusy = (error: unknown): boolean => [BUSY, LOCKED, PROTOCOL].includes(primary(error));

export const isConstraint = (error: unknown): boolean => primary(error) === CONSTRAINT;

interface Told {
  readonly code: ErrorCode;
  readonly why: string;
  readonly hint: string;
}

const ELSEWHERE = 'name another file with --store';

const locked: Told = { code: 'store.unavailable', why: 'is locked by another process', hint: 'end the process that holds it, then try again' };
const unopened: Told = { code: 'store.unavailable', why: 'cannot be opened', hint: `allow this user to read and write it and its folder, or ${ELSEWHERE}` };
const readOnly: Told = { code: 'store.unavailable', why: 'is read-only', hint: `allow this user to write it and its folder, or ${ELSEWHERE}` };
const full: Told = { code: 'store.full', why: 'cannot grow: the disk is full', hint: 'free some space, then resume' };

function ofSqlite(error: Error): Told {
  if (isBusy(error)) return locked;
  if (resultCode(error) === IOERR_SHMSIZE) return full;
  switch (primary(error)) {
    case FULL:
      return full;
    case CORRUPT:
      return { code: 'store.damaged', why: `is damaged: ${error.message}`, hint: `restore it from a copy, or ${ELSEWHERE}` };
    case NOTADB:
      return { code: 'store.damaged', why: 'is not a database', hint: `restore it from a copy, or ${ELSEWHERE}` };
    case CANTOPEN:
      return unopened;
    case READONLY:
      return readOnly;
    default:
      return { code: 'store.unavailable', why: `does not answer: ${error.message}`, hint: 'look at the disk it is on, then try again' };
  }
}

function ofSystem(error: NodeJS.ErrnoException): Told {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return full;
  if (error.syscall === 'access') return readOnly;
  return { ...unopened, why: `cannot be opened (${error.code ?? error.message})` };
}

/** @returns `error` itself when it is one of ours, else the code and the way out. `path` names the file. */
export function storeError(error: unknown, path: string): ExecutorError {
  if (error instanceof ExecutorError) return error;
  if (!(error instanceof Error)) return new ExecutorError('store.unavailable', `the store ${path} does not answer: ${String(error)}`);
  const { code, why, hint } = resultCode(error) === null ? ofSystem(error) : ofSqlite(error);
  return new ExecutorError(code, `the store ${path} ${why}`, { hint, cause: error });
}
