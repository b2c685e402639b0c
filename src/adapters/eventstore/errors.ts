// The client's errors in our words
// ================================
// By `type` and by numeric `code`: a refused connection on the first append has no type at all (rule 7).

import { ExecutorError } from '#src/errors/errors.ts';

/** Numbers of gRPC that say more than "not now". Source: grpc.io/docs/guides/status-codes. */
const UNIMPLEMENTED = 12;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

/** What our own timer throws: the client's `deadline` bounds neither an append nor a read. */
export class TimeIsUp extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
  }
}

interface Said {
  readonly type: string | null;
  readonly code: number | null;
  readonly message: string;
}

function said(error: unknown): Said {
  if (!(error instanceof Error)) return { type: null, code: null, message: String(error) };
  const { type, code } = error as { readonly type?: unknown; readonly code?: unknown };
  return { type: typeof type === 'string' ? type : null, code: typeof code === 'number' ? code : null, message: error.message };
}

export const isConflict = (error: unknown): boolean => said(error).type === 'wrong-expected-version';
export const isMissing = (error: unknown): boolean => said(error).type === 'stream-not-found';

/** @param place the store without its credentials. @returns null: the outcome is unknown, the same call may be made again. */
export function refusal(error: unknown, place: string): ExecutorError | null {
  if (error instanceof ExecutorError) return error;
  const { type, code, message } = said(error);
  const refused = (why: string, hint: string): ExecutorError => new ExecutorError('store.refused', `the store ${place} ${why}`, { hint, cause: error });
  if (type === 'stream-deleted') return new ExecutorError('store.damaged', `the store ${place}: a stream of ours was deleted for ever`, { hint: 'restore the database from a copy; nobody may delete what a run recorded', cause: error });
  if (type === 'access-denied' || code === PERMISSION_DENIED || code === UNAUTHENTICATED) return refused('refuses these credentials', 'give esdb://USER:PASSWORD@HOST:PORT of a user who may read $all and append');
  if (type === 'maximum-append-size-exceeded') return refused('takes no append of this size', 'start the server with its default --max-append-size, or above');
  if (code === UNIMPLEMENTED) return refused('does not know this call', 'give the address of an EventStoreDB 23.10, gRPC port (2113 unless changed)');
  if (/wrong version number|packet length too long|EPROTO/i.test(message)) return refused('speaks plain text where TLS was asked for', 'add ?tls=false, or start the server with certificates');
  if (/certificate|self[- ]signed|altnames/i.test(message)) return refused(`has a certificate that does not hold: ${message}`, 'name its authority with ?tlsCAFile=FILE');
  if (type === 'unknown' && code === null && message.startsWith('Could not recognize')) return refused('takes an argument for malformed', 'this is a bug: please report it');
  return null;
}

/** After all patience. An append may have been written all the same: whoever asks again with the same ids finds out. */
export function unavailable(error: unknown, place: string): ExecutorError {
  const { message, code } = said(error);
  const why = message === '' ? `error ${code ?? 'without a word'}` : message;
  return new ExecutorError('store.unavailable', `the store ${place} does not answer: ${why}`, { hint: 'look whether the server runs there and whether it asks for TLS (?tls=true or ?tls=false), then try again', cause: error });
}

export const closed = (place: string): ExecutorError => new ExecutorError('store.unavailable', `the store ${place} is closed`);
