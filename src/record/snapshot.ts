// The snapshot
// ============
// What is kept of a run's state after a record: the cells of its charts, which effects are open, where the log stood. It
// is a cache and no evidence; the log stays the only truth.

import { z } from 'zod';
import { Address, Hash } from './record.ts';

const Seq = z.int().nonnegative();

export const Snapshot = z.strictObject({
  v: z.literal(1),
  run: z.string(),
  /** Hash of the record that the history begins with, which pins the versions of the charts. */
  first: Hash,
  seq: Seq,
  /** Hash of record `seq`. */
  hash: Hash,
  epoch: Seq,
  heldAt: Seq,
  cells: z.array(z.strictObject({ address: Address, chart: z.string(), version: z.string(), dump: z.unknown() })),
  /** Open effects by the record that asked for each: what they ask stands there. */
  open: z.array(z.strictObject({ id: z.string(), run: z.string(), seq: Seq, shiftMs: z.int().nonnegative() })),
  /** The views that were folded so far; the kernel does not look into them. */
  views: z.unknown(),
});
export type Snapshot = z.infer<typeof Snapshot>;
