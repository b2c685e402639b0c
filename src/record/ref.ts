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
