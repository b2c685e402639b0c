// Providers
// =========
// What a vendor's HTTP status means for the next try, and how long it asks to wait. Sources: E-137, E-145, E-314.

export interface StatusMeaning {
  readonly code: 'prompt_too_long' | 'http_401' | 'http_402' | 'http_429' | 'http_4xx' | 'http_5xx' | 'timeout' | 'bad_response';
  readonly retryable: boolean;
}

/** In the words of the vendors and of servers that speak their wire. */
const TOO_LONG = /context_length_exceeded|prompt is too long|maximum context length|exceeds? (?:the )?(?:available )?context (?:limit|size|length|window)/i;
const QUOTA_SPENT = /^(?:insufficient_quota|billing_error|billing_hard_limit_reached)$/;

/** @param words the vendor's own for the error, where it gave any: its type, its sentence. */
export function meaningOf(status: number, words: readonly string[]): StatusMeaning {
  if (status === 402 || words.some((word) => QUOTA_SPENT.test(word))) return { code: 'http_402', retryable: false };
  if (status === 401 || status === 403) return { code: 'http_401', retryable: false };
  if (status === 408) return { code: 'timeout', retryable: true };
  if (status === 429) return { code: 'http_429', retryable: true };
  if (status >= 500 && status <= 599) return { code: 'http_5xx', retryable: true };
  if (status === 413 || (status === 400 && words.some((word) => TOO_LONG.test(word)))) return { code: 'prompt_too_long', retryable: false };
  // 409 is a lock timeout and 425 too early, with both vendors: the same request may pass later.
  if (status >= 400 && status <= 499) return { code: 'http_4xx', retryable: status === 409 || status === 425 };
  return { code: 'bad_response', retryable: false };
}

/** A provider that asks for more waits in vain: the run pauses sooner. Source: E-314. */
export const RETRY_AFTER_MAX_MS = 300_000;

/**
 * @param header value of the named header, or null.
 * @returns milliseconds, 0 where nothing usable is said; at most 5 minutes (E-314).
 */
export function retryAfterMs(header: (name: string) => string | null): number {
  const exact = Number(header('retry-after-ms') ?? Number.NaN);
  const after = header('retry-after') ?? '';
  const seconds = /^\d+(?:\.\d+)?$/.test(after.trim()) ? Number(after) : (Date.parse(after) - Date.parse(header('date') ?? '')) / 1000;
  const ms = Number.isFinite(exact) ? exact : seconds * 1000;
  return Number.isFinite(ms) && ms > 0 ? Math.min(Math.ceil(ms), RETRY_AFTER_MAX_MS) : 0;
}
