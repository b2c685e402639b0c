// References
// ==========
// A body that is too large for a record stands in the blob store; the record names it by content.

import { z } from 'zod';
import { sha256 } from './canonical.ts';

/** `ref`: `sha256:` and 64 hex digits of the bytes; `bytes`: their number. */
export const Ref = z.strictObject({
  ref: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  bytes: z.int().nonnegative(),
});
export type Ref = z.infer<typeof Ref>;

export function refOf(body: Uint8Array): Ref {
  return { ref: `sha256:${sha256(body)}`, bytes: body.byteLength };
}

/** Every reference in a value, at any depth, in order. */
export function refsIn(value: unknown): Ref[] {
  if (value === null || typeof value !== 'object') return [];
  if (!Array.isArray(value) && 'ref' in value) {
    const parsed = Ref.safeParse(value);
    if (parsed.success) return [parsed.data];
  }
  return Object.values(value).flatMap(refsIn);
}
