// Blobs in EventStoreDB
// =====================
// The Blobs port. A body stands in a stream of its own, in chunks, each an event. Nothing there is ever changed: a copy that was
// cut off is finished, behind a damaged one a whole one is written, and a reader takes the first that has the right hash.

import type { EventData, RecordedEvent } from '@eventstore/db-client';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import { Ref, refOf } from '#src/record/ref.ts';
import { sha256 } from '#src/record/canonical.ts';
import { uuidOf } from './streams.ts';

export const CHUNK_BYTES = 256 * 1024;
const CHUNKS_PER_APPEND = 2; // 512 KiB: half of what the server takes
const PUT_ROUNDS_MAX = 20;

export interface BlobsParts {
  /** Every event of a stream. */
  readonly read: (stream: string) => Promise<readonly RecordedEvent[]>;
  /** @throws ExecutorError `store.wrong_revision` */
  readonly append: (stream: string, expected: number, events: readonly EventData[]) => Promise<number>;
}

const streamOf = ({ ref }: Ref): string => `blob-${ref.slice('sha256:'.length)}`;
const memoStreamOf = (run: string, effect: string): string => `memo-${sha256(JSON.stringify([run, effect]))}`;
const isConflict = (error: unknown): boolean => error instanceof ExecutorError && error.code === 'store.wrong_revision';
const missing = ({ ref, bytes }: Ref): ExecutorError => new ExecutorError('blob.missing', `the body ${ref} (${bytes} bytes) is missing or damaged`);

export function eventStoreBlobs({ read, append }: BlobsParts): Blobs {
  const putting = new Map<string, Promise<Ref>>();
  const get = async (ref: Ref): Promise<Uint8Array> => {
    const body = wholeCopy(await read(streamOf(ref)), ref);
    if (body === null) throw missing(ref);
    return body;
  };
  const put = async (body: Uint8Array, ref: Ref): Promise<Ref> => {
    for (let round = 0; round < PUT_ROUNDS_MAX; round += 1) {
      const there = await read(streamOf(ref));
      if (wholeCopy(there, ref) !== null) return ref;
      if (await finish({ there, body, ref }, append)) return ref;
    }
    throw new ExecutorError('store.unavailable', `the body ${ref.ref} is written by others all the time`, { hint: 'try again' });
  };
  const recall = async (run: string, effect: string): Promise<Ref | null> => {
    const [first] = await read(memoStreamOf(run, effect));
    return first === undefined ? null : memoOf(first, run, effect);
  };
  return {
    get,
    recall,
    put(body) {
      const ref = refOf(body);
      const kept = new Uint8Array(body); // the caller goes on using its buffer
      const done = (putting.get(ref.ref) ?? put(kept, ref)).finally(() => putting.delete(ref.ref));
      putting.set(ref.ref, done);
      return done;
    },
    async memo(run, effect, result) {
      const first = await recall(run, effect);
      if (first !== null) return first;
      await putting.get(result.ref);
      await get(result); // B4
      const data = { run, effect, ref: result.ref, bytes: result.bytes };
      const event: EventData = { id: uuidOf('memo', run, effect, result.ref, result.bytes), type: 'memo.kept', contentType: 'application/json', data, metadata: undefined };
      return append(memoStreamOf(run, effect), -1, [event]).then(() => ({ ref: result.ref, bytes: result.bytes }), async (error: unknown) => {
        const winner = isConflict(error) ? await recall(run, effect) : null;
        if (winner === null) throw error;
        return winner;
      });
    },
  };
}

function memoOf({ streamId, data }: RecordedEvent, run: string, effect: string): Ref {
  const { run: ofRun, effect: ofEffect, ref, bytes } = (data ?? {}) as unknown as Record<string, unknown>;
  const parsed = Ref.safeParse({ ref, bytes });
  if (!parsed.success || ofRun !== run || ofEffect !== effect) throw new ExecutorError('store.damaged', `the stream ${streamId} was not written by autopack`, { hint: 'give autopack a database of its own' });
  return parsed.data;
}

interface Chunk {
  /** Its place in the copy, from 0. */
  readonly part: number;
  readonly of: number;
  readonly bytes: Uint8Array;
}

/** Null for what is no chunk of ours; then what stood before it is no part of what comes behind. */
function chunkOf({ data, metadata }: RecordedEvent): Chunk | null {
  const { part, of } = (metadata ?? {}) as { readonly part?: unknown; readonly of?: unknown };
  return data instanceof Uint8Array && typeof part === 'number' && typeof of === 'number' ? { part, of, bytes: data } : null;
}

/** Every run of chunks that begins with part 0 and goes on without a gap; the last may be unfinished. */
function copiesOf(events: readonly RecordedEvent[]): readonly (readonly Chunk[])[] {
  const copies: Chunk[][] = [];
  let current: Chunk[] = [];
  for (const chunk of events.map(chunkOf)) {
    if (chunk?.part === 0) copies.push((current = []));
    if (chunk !== null && chunk.part === current.length && copies.length > 0) current.push(chunk);
    else current = [];
  }
  return copies;
}

function wholeCopy(events: readonly RecordedEvent[], ref: Ref): Uint8Array | null {
  for (const copy of copiesOf(events)) {
    if (copy.length !== copy[0]?.of) continue;
    const body = new Uint8Array(Buffer.concat(copy.map(({ bytes }) => bytes)));
    const found = refOf(body);
    if (found.ref === ref.ref && found.bytes === ref.bytes) return body;
  }
  return null;
}

interface Unfinished {
  readonly there: readonly RecordedEvent[];
  readonly body: Uint8Array;
  readonly ref: Ref;
}

/** Writes the rest of a copy that was cut off, else a new one. @returns false when somebody else wrote meanwhile. */
async function finish({ there, body, ref }: Unfinished, append: BlobsParts['append']): Promise<boolean> {
  const of = Math.max(1, Math.ceil(body.byteLength / CHUNK_BYTES));
  const bytesOf = (part: number): Uint8Array => body.subarray(part * CHUNK_BYTES, (part + 1) * CHUNK_BYTES);
  const last = copiesOf(there).at(-1) ?? [];
  const isCutOff = last.length < of && there.length > 0 && chunkOf(there.at(-1) as RecordedEvent)?.part === last.length - 1 && last.every(({ part, bytes }) => Buffer.compare(bytes, bytesOf(part)) === 0);
  let revision = there.length - 1;
  for (let part = isCutOff ? last.length : 0; part < of; part += CHUNKS_PER_APPEND) {
    const parts = Array.from({ length: Math.min(CHUNKS_PER_APPEND, of - part) }, (_, i) => part + i);
    const events = parts.map((each, i): EventData => ({ id: uuidOf('blob', ref.ref, revision + 1 + i, each), type: 'blob.chunk', contentType: 'application/octet-stream', data: bytesOf(each), metadata: { part: each, of } }));
    try {
      revision = await append(streamOf(ref), revision, events);
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }
  return true;
}
