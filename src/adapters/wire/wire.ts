// Wire
// ====
// What the clients of model vendors share: a fetch that ends in time and in size, and what went wrong as a value.
// The vendors' SDKs bound the time to the first byte only; a body may stall or flow for ever.

import { meaningOf, retryAfterMs } from '#src/domain/provider.ts';
import type { FailedCall, ModelReply, ModelRequest, Usage } from '#src/ports/models.ts';

export interface VendorOptions {
  /** Null for a server that wants none. */
  readonly apiKey: string | null;
  /** Used as given; null for the vendor's own. */
  readonly baseUrl: string | null;
}

export type VendorCall = (request: ModelRequest, signal: AbortSignal) => Promise<ModelReply>;

/** Far above the longest answer that an output limit allows. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;

class BodyTooLarge extends Error {}

/** Like fetch, but a body above the limit is an error. */
export async function boundedFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  if (response.body === null) return response;
  let bytes = 0;
  const counted = response.body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > BODY_BYTES_MAX) controller.error(new BodyTooLarge(`the answer is longer than ${BODY_BYTES_MAX} bytes`));
      else controller.enqueue(chunk);
    },
  }));
  return new Response(counted, { status: response.status, statusText: response.statusText, headers: response.headers });
}

export const nothing: Usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

/** The parts of a vendor's error that both SDKs give. */
interface HttpError {
  readonly status: number;
  readonly headers?: Headers | undefined;
  readonly code?: unknown;
  readonly type?: unknown;
  readonly message: string;
}

const isHttpError = (error: unknown): error is HttpError => error instanceof Error && 'status' in error && typeof error.status === 'number';

/** The vendor's own word for the error. */
const wordOf = ({ code, type }: HttpError): string => [code, type].find((word) => typeof word === 'string') ?? '';

/** Refused before a byte of the request could arrive: the vendor knows nothing of the call. */
const NEVER_SENT = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT|ERR_TLS|ERR_SSL/;

/** M1: whatever a client throws becomes a failure. The message is for our logger, never for a record. */
export function failureOf(error: unknown, ended: { readonly timedOut: boolean; readonly aborted: boolean }): FailedCall {
  const message = describe(error);
  if (ended.timedOut) return { ok: false, usage: null, retryAfterMs: 0, failure: { code: 'timeout', message, retryable: true } };
  if (ended.aborted) return { ok: false, usage: null, retryAfterMs: 0, failure: { code: 'aborted', message, retryable: false } };
  if (isHttpError(error)) {
    const { code, retryable } = meaningOf(error.status, [wordOf(error), message]);
    return { ok: false, usage: nothing, retryAfterMs: retryAfterMs((name) => error.headers?.get(name) ?? null), failure: { code, message, retryable } };
  }
  if (error instanceof SyntaxError) return badResponse(message);
  const causes = [...causesOf(error)];
  if (causes.some((cause) => cause instanceof BodyTooLarge)) return badResponse(message);
  const isNeverSent = causes.some((cause) => NEVER_SENT.test('code' in cause && typeof cause.code === 'string' ? cause.code : cause.message));
  return { ok: false, usage: isNeverSent ? nothing : null, retryAfterMs: 0, failure: { code: 'network', message, retryable: true } };
}

/** 200, but not an answer of this vendor: a proxy's page, another API, half a document. It may have cost something. */
export const badResponse = (message: string): FailedCall => ({ ok: false, usage: null, retryAfterMs: 0, failure: { code: 'bad_response', message: message.slice(0, 500), retryable: false } });

/** What a body that is no answer looks like, for the logger: `provider.bad_response` needs status, type and beginning. */
export function looksLike(response: { readonly status: number; readonly headers: Headers }, body: unknown): string {
  const text = typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
  return `status ${response.status}, ${response.headers.get('content-type') ?? 'no content type'}: ${text.slice(0, 200)}`;
}

function* causesOf(error: unknown): Generator<Error> {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) yield at;
}

const describe = (error: unknown): string => [...causesOf(error)].map(({ message }) => message).join(': ').slice(0, 500) || 'no reason given';

/** The clients' own limit stands behind ours: which of two equal timers fires first would decide what the failure is called. */
export const clientTimeoutMs = ({ timeoutMs }: Pick<ModelRequest, 'timeoutMs'>): number => timeoutMs + 60_000;

/** M3, M4: one call under its own time limit and the caller's signal. */
export async function within(timeoutMs: number, signal: AbortSignal, call: (signal: AbortSignal) => Promise<ModelReply>): Promise<ModelReply> {
  const timer = AbortSignal.timeout(timeoutMs);
  try {
    return await call(AbortSignal.any([signal, timer]));
  } catch (error) {
    return failureOf(error, { timedOut: timer.aborted && !signal.aborted, aborted: signal.aborted });
  }
}
