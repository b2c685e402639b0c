// The record
// ==========
// One input and everything that followed from it, chained by hash. Source: DESIGN 3.
//
//   R3. `hash` = sha256 of the canonical bytes of the record without `hash`; those bytes are stored.
//   R4. `prev` = hash of the record before, 64 zeros before the first; `seq` counts from 0. The first record of a fork
//       goes on from a record of its ancestor: `prev` is that one's hash.
//   R5. A record above 256 KiB is refused before anything happens.
//   R6. `at` never falls.

import { z } from 'zod';
import { ExecutorError, invariant } from '#src/errors/errors.ts';
import { canonical, sha256 } from './canonical.ts';

export const GENESIS = '0'.repeat(64);
export const RECORD_BYTES_MAX = 256 * 1024;

export const Hash = z.string().regex(/^[0-9a-f]{64}$/);
/** `run`, `kernel` or `phase:<id>`. */
export const Address = z.string().regex(/^(run|kernel|phase:[A-Za-z][A-Za-z0-9_-]{0,63})$/);
const Data = z.record(z.string(), z.unknown());

export const InputEvent = z.strictObject({
  type: z.string().regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/),
  v: z.int().min(1),
  data: Data,
  /** Id of the effect whose result this is. */
  cause: z.string().max(200).optional(),
});
export const Move = z.strictObject({ actor: Address, from: z.string(), to: z.string() });
export const Fact = z.strictObject({ actor: Address, type: z.string(), data: Data });
export const Effect = z.strictObject({ id: z.string(), type: z.string(), params: Data });

export const RunRecord = z.strictObject({
  run: z.string(),
  seq: z.int().nonnegative(),
  /** Milliseconds since the epoch: the only time a chart ever sees. */
  at: z.int().nonnegative(),
  to: Address,
  event: InputEvent,
  moves: z.array(Move),
  facts: z.array(Fact),
  effects: z.array(Effect),
  state: Hash,
  prev: Hash,
  hash: Hash,
});

/** Where a record stands. */
export interface Place {
  readonly run: string;
  readonly seq: number;
}

/** The record of another run that a fork goes on from. */
export const Origin = z.strictObject({ run: z.string().max(64), seq: z.int().nonnegative(), hash: Hash });

export type Origin = z.infer<typeof Origin>;

/** Made once: zod compiles a schema at its first use. */
const Unsealed = RunRecord.omit({ hash: true });

export type InputEvent = z.infer<typeof InputEvent>;
export type Move = z.infer<typeof Move>;
export type Fact = z.infer<typeof Fact>;
export type Effect = z.infer<typeof Effect>;
export type RunRecord = z.infer<typeof RunRecord>;
export type UnsealedRecord = Omit<RunRecord, 'hash'>;

export interface Sealed {
  readonly record: RunRecord;
  /** The canonical bytes without `hash`: what is stored and hashed. */
  readonly body: string;
}

/** @throws InvariantError R5 when the body is too large; TypeError when it is not JSON. */
export function seal(unsealed: UnsealedRecord): Sealed {
  const body = canonical(unsealed);
  const mayBeLarge = body.length > RECORD_BYTES_MAX / 3; // UTF-8 takes three bytes at most for a code unit
  invariant(!mayBeLarge || Buffer.byteLength(body) <= RECORD_BYTES_MAX, 'R5', `record ${unsealed.seq} of ${unsealed.run} is above 256 KiB`);
  return { record: { ...unsealed, hash: sha256(body) }, body };
}

export function sealed(record: RunRecord): Sealed {
  const { hash: _, ...unsealed } = record;
  return { record, body: canonical(unsealed) };
}

/**
 * Reads a stored record back. The bytes are hashed before they are parsed.
 * @throws ExecutorError `record.damaged` when the bytes do not hash to `hash` or are not a record.
 */
export function unseal(body: string, hash: string, place: string): RunRecord {
  if (sha256(body) !== hash) throw damaged(place, 'its bytes do not hash to the stored hash');
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (cause) {
    throw damaged(place, 'it is not JSON', cause);
  }
  const result = Unsealed.safeParse(parsed);
  if (!result.success) throw damaged(place, z.prettifyError(result.error));
  return { ...(parsed as UnsealedRecord), hash };
}

const damaged = (place: string, why: string, cause?: unknown): ExecutorError =>
  new ExecutorError('record.damaged', `record ${place}: ${why}`, { cause });

/** The stream of a run in the event store. */
const STREAM = 'run-';
export const streamOf = (run: string): string => `${STREAM}${run}`;
/** Null where it is the stream of no run. */
export const runOf = (stream: string): string | null => (stream.startsWith(STREAM) ? stream.slice(STREAM.length) : null);

export const RUN_FORKED = 'run.forked';

/** Null for a record that is not the first of a fork. */
export function originOf(record: RunRecord | undefined): Origin | null {
  if (record?.event.type !== RUN_FORKED) return null;
  const parsed = Origin.safeParse(record.event.data['origin']);
  return parsed.success ? parsed.data : null;
}
