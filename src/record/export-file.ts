// Export file
// ===========
// A run as one file that verifies anywhere: JSON lines of canonical JSON. First the header; then every record, a fork's
// ancestors first; then every body that a record names, by hash; last the number of lines and the sha256 of all bytes
// before it. Nothing of a machine or of a store is in it: equal runs give equal bytes.
//
//   R7. Every byte is held: a changed, added or missing one is noticed before anything is believed, and the first
//       record that it concerns is named.

import { z } from 'zod';
import { ExecutorError } from '#src/errors/errors.ts';
import { canonical, growingSha256, type GrowingHash } from './canonical.ts';
import { GENESIS, unseal, type Place, type RunRecord } from './record.ts';
import { refOf, refsIn, type Ref } from './ref.ts';

const Header = z.strictObject({
  type: z.literal('autopack.run'),
  v: z.literal(1),
  run: z.string(),
  /** The run and its ancestors, the eldest first, with how many of its records are here. */
  runs: z.array(z.strictObject({ run: z.string(), records: z.int().min(1) })).min(1),
  blobs: z.int().nonnegative(),
  head: z.strictObject({ seq: z.int().nonnegative(), hash: z.string() }),
});
export type ExportHeader = z.infer<typeof Header>;
const BlobLine = z.strictObject({ type: z.literal('blob'), ref: z.string(), encoding: z.enum(['utf8', 'base64']), body: z.string() });

/** Longer lines are not ours: what we write stays far below. */
const LINE_BYTES_MAX = 256 * 1024 * 1024;
const LF = 10;

// Writing

/** Makes the lines of one file, in the order in which they are asked for. */
export class ExportWriter {
  private readonly hash = growingSha256();
  private lines = 0;

  /** @param header with neither `type` nor `v`. */
  header(header: Omit<ExportHeader, 'type' | 'v'>): Buffer {
    return this.line(canonical({ type: 'autopack.run', v: 1, ...header }));
  }

  /** @param body the canonical bytes of the record without its hash, as they are stored. */
  record(body: string, hash: string): Buffer {
    return this.line(`${recordStart(hash)}${body}${RECORD_END}`);
  }

  blob(body: Uint8Array): Buffer {
    return this.line(blobText(body));
  }

  end(): Buffer {
    return Buffer.from(`${ending(this.lines, this.hash)}\n`);
  }

  private line(text: string): Buffer {
    const bytes = Buffer.from(`${text}\n`, 'utf8');
    this.hash.add(bytes);
    this.lines += 1;
    return bytes;
  }
}

// A record's line is its stored bytes in an envelope of canonical JSON: what is hashed stands in the file as it is.
const recordStart = (hash: string): string => `{"hash":"${hash}","record":`;
const RECORD_END = ',"type":"record"}';

/** Text stands as text, so that people can search in the file. */
function blobText(body: Uint8Array): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes);
  return canonical({ type: 'blob', ref: refOf(body).ref, encoding: isText ? 'utf8' : 'base64', body: isText ? text : bytes.toString('base64') });
}

const ending = (lines: number, hash: GrowingHash): string => canonical({ type: 'end', lines, sha256: hash.hex() });

// Reading

export type ExportLine =
  | { readonly type: 'header'; readonly header: ExportHeader }
  | { readonly type: 'record'; readonly record: RunRecord }
  | { readonly type: 'blob'; readonly ref: Ref; readonly body: Uint8Array }
  | { readonly type: 'end' };

interface Wanted {
  readonly ref: Ref;
  /** The first record that names it. */
  readonly place: string;
}

/** Reads a file in pieces. What it gives out is whole in itself; the file is whole when `end` has returned. */
export class ExportReader {
  private readonly hash = growingSha256();
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  private readonly wanted = new Map<string, Wanted>();
  private pending: Uint8Array[] = [];
  private pendingBytes = 0;
  private lines = 0;
  private header: ExportHeader | null = null;
  /** Places of all records, in order. */
  private places: Iterator<Place, undefined> = placesOf([]);
  private prev = GENESIS;
  private blobs: Wanted[] | null = null;
  private nextPlace: Place | null = null;
  private ended = false;

  /** @throws ExecutorError `record.damaged` | `blob.missing` naming the first record that a damage concerns. */
  push(chunk: Uint8Array): ExportLine[] {
    const found: ExportLine[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, from)) {
      this.pending.push(chunk.subarray(from, at + 1));
      const bytes = this.pending.length === 1 ? (this.pending[0] as Uint8Array) : Buffer.concat(this.pending);
      this.pending = [];
      this.pendingBytes = 0;
      found.push(this.take(bytes));
      from = at + 1;
    }
    if (from < chunk.length) this.pending.push(chunk.slice(from));
    this.pendingBytes += chunk.length - from;
    if (this.pendingBytes > LINE_BYTES_MAX) throw this.damaged('it does not end');
    return found;
  }

  /** @throws ExecutorError when the file ends before its last line. */
  end(): void {
    if (!this.ended || this.pendingBytes > 0) throw this.damaged(this.ended ? 'something stands behind the end' : 'the file is cut off here');
  }

  private take(bytes: Uint8Array): ExportLine {
    if (this.ended) throw this.damaged('something stands behind the end');
    const text = this.decode(bytes);
    const line = this.header === null ? this.takeHeader(text) : this.nextPlace !== null ? this.takeRecord(text) : this.takeRest(text);
    this.hash.add(bytes);
    this.lines += 1;
    return line;
  }

  private decode(bytes: Uint8Array): string {
    try {
      return this.decoder.decode(bytes.subarray(0, -1));
    } catch {
      throw this.damaged('it is not UTF-8');
    }
  }

  private takeHeader(text: string): ExportLine {
    const parsed = Header.safeParse(json(text));
    if (!parsed.success || canonical(parsed.data) !== text) throw this.damaged('it is not the header of an exported run');
    const last = parsed.data.runs.at(-1);
    if (last?.run !== parsed.data.run || last.records !== parsed.data.head.seq + 1) throw this.damaged('it contradicts itself');
    this.header = parsed.data;
    this.places = placesOf(parsed.data.runs);
    this.nextPlace = this.places.next().value ?? null;
    return { type: 'header', header: parsed.data };
  }

  private takeRecord(text: string): ExportLine {
    const { run, seq } = this.nextPlace as Place;
    const hash = text.slice(9, 73);
    if (!text.startsWith(recordStart(hash)) || !text.endsWith(RECORD_END)) throw this.damaged('it is not a record');
    const body = text.slice(recordStart(hash).length, -RECORD_END.length);
    const record = unseal(body, hash, `${run}@${seq}`);
    if (record.run !== run || record.seq !== seq) throw this.damaged(`it is record ${record.run}@${record.seq}`);
    if (record.prev !== this.prev) throw this.damaged(`it goes on from ${record.prev}, before it stands ${this.prev}`);
    const next = this.places.next().value ?? null;
    if (next === null && hash !== this.header?.head.hash) throw this.damaged('the header names another head');
    this.want(record);
    this.prev = hash;
    this.nextPlace = next;
    return { type: 'record', record };
  }

  private want(record: RunRecord): void {
    const place = `${record.run}@${record.seq}`;
    for (const ref of refsIn(record)) {
      const known = this.wanted.get(ref.ref);
      if (known === undefined) this.wanted.set(ref.ref, { ref, place });
      else if (known.ref.bytes !== ref.bytes) throw this.damaged(`it gives ${ref.ref} another length than ${known.place}`);
    }
  }

  private takeRest(text: string): ExportLine {
    const expected = this.nextBlob();
    if (expected === null) return this.takeEnd(text);
    const { ref, place } = expected;
    const line = BlobLine.safeParse(json(text));
    if (!line.success) throw missing(place, ref, `line ${this.lines + 1} holds something else`);
    const body = Buffer.from(line.data.body, line.data.encoding);
    if (refOf(body).ref !== ref.ref || body.byteLength !== ref.bytes || blobText(body) !== text) throw missing(place, ref, 'its bytes are others');
    this.blobs?.pop();
    return { type: 'blob', ref, body };
  }

  /** What the line after the records must be, null for the last one. */
  private nextBlob(): Wanted | null {
    this.blobs ??= [...this.wanted.values()].sort((a, b) => (a.ref.ref > b.ref.ref ? -1 : 1)); // the last is the next
    return this.blobs.at(-1) ?? null;
  }

  private takeEnd(text: string): ExportLine {
    if (this.header?.blobs !== this.wanted.size) throw this.damaged('the header counts other bodies');
    if (text !== ending(this.lines, this.hash)) throw this.damaged('count or sha256 of what stands before it differ');
    this.ended = true;
    return { type: 'end' };
  }

  /** Names the record that should stand here, or else the line. */
  private damaged(why: string): ExecutorError {
    const line = `line ${this.lines + 1}`;
    const place = this.nextPlace === null ? line : `record ${this.nextPlace.run}@${this.nextPlace.seq} (${line})`;
    const blob = this.nextPlace === null && this.header !== null ? this.nextBlob() : null;
    return blob === null ? new ExecutorError('record.damaged', `${place} of the exported file: ${why}`) : missing(blob.place, blob.ref, why);
  }
}

const missing = (place: string, { ref }: Ref, why: string): ExecutorError => new ExecutorError('blob.missing', `record ${place} names ${ref}, which is missing or damaged: ${why}`);

function* placesOf(runs: ExportHeader['runs']): Generator<Place, undefined> {
  for (const { run, records } of runs) for (let seq = 0; seq < records; seq += 1) yield { run, seq };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
