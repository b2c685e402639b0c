// Bodies on their way
// ===================
// A body that goes out in many messages is read from the store once: it is kept from its first part to its last, for as many
// readers as there are, and never more bytes than the bound.

import type { Blobs } from '#src/ports/blobs.ts';
import type { Ref } from '#src/record/ref.ts';

export class Bodies {
  private readonly blobs: Pick<Blobs, 'get'>;
  private readonly bytesMax: number;
  /** Name and length -> what is on its way; the one that was asked for last at the end. */
  private readonly kept = new Map<string, { readonly bytes: number; readonly body: Promise<Uint8Array> }>();

  constructor(blobs: Pick<Blobs, 'get'>, bytesMax: number) {
    this.blobs = blobs;
    this.bytesMax = bytesMax;
  }

  /** @returns so many bytes from `offset`; nothing behind the end. @throws ExecutorError `blob.missing` | `store.unavailable` */
  async part(ref: Ref, { offset, length }: { readonly offset: number; readonly length: number }): Promise<Uint8Array> {
    const end = offset + length;
    const body = await this.body(ref);
    if (end >= ref.bytes) this.kept.delete(nameOf(ref)); // its reader has all of it; another one reads it anew
    return body.subarray(offset, end);
  }

  private body(ref: Ref): Promise<Uint8Array> {
    const name = nameOf(ref);
    const entry = this.kept.get(name) ?? { bytes: ref.bytes, body: this.blobs.get(ref) };
    entry.body.catch(() => this.kept.delete(name)); // it may be there later
    this.kept.delete(name);
    if (ref.bytes <= this.bytesMax) this.kept.set(name, entry);
    this.forget();
    return entry.body;
  }

  /** The oldest first. */
  private forget(): void {
    let sum = 0;
    for (const { bytes } of this.kept.values()) sum += bytes;
    for (const [name, { bytes }] of this.kept) {
      if (sum <= this.bytesMax) return;
      this.kept.delete(name);
      sum -= bytes;
    }
  }
}

const nameOf = ({ ref, bytes }: Ref): string => `${ref} ${bytes}`;
