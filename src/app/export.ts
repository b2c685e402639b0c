// Export and import
// =================
// A run out of a store into one file, and back into another store. Importing verifies before it writes anything.

import { createReadStream } from 'node:fs';
import { ExecutorError } from '#src/errors/errors.ts';
import { lineage, ownRecords, unknownRun } from '#src/kernel/history.ts';
import { diverged, toStored } from '#src/kernel/log.ts';
import { ExportReader, ExportWriter, type ExportHeader, type ExportLine } from '#src/record/export-file.ts';
import { sealed, streamOf, type RunRecord } from '#src/record/record.ts';
import { refsIn, type Ref } from '#src/record/ref.ts';
import type { Store } from './machine.ts';
import { Replay, type Verified } from './verify.ts';

/** The bytes of a file, from the beginning each time it is called. */
export type Source = () => AsyncIterable<Uint8Array>;

/** @param path `-` for standard input. @throws ExecutorError `run.unknown` | `store.unavailable` */
export async function sourceOf(path: string): Promise<Source> {
  if (path !== '-') return () => named(path, createReadStream(path));
  const all: Uint8Array[] = []; // it can be read once only, and is needed more than once
  for await (const chunk of named('standard input', process.stdin)) all.push(chunk);
  return async function* () {
    yield* all;
  };
}

async function* named(name: string, stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error';
    if (code === 'ENOENT') throw new ExecutorError('run.unknown', `there is no file ${name}`, { hint: 'give a run, or the path of an exported one; `autopack status` lists the runs', cause });
    throw new ExecutorError('store.unavailable', `${name} cannot be read: ${code}`, { cause });
  }
}

async function* linesOf(source: Source): AsyncGenerator<ExportLine> {
  const reader = new ExportReader();
  for await (const chunk of source()) yield* reader.push(chunk);
  reader.end();
}

/** The file of a run, piece by piece. @throws ExecutorError `run.unknown`; `record.damaged` | `blob.missing` naming the record */
export async function* exportRun({ events, blobs }: Store, run: string): AsyncGenerator<Buffer> {
  const { header, refs } = await survey(events, run);
  const writer = new ExportWriter();
  yield writer.header(header);
  for (const part of header.runs) {
    for await (const record of ownRecords(events, part.run, { end: part.records })) yield writer.record(sealed(record).body, record.hash);
  }
  for (const ref of refs) yield writer.blob(await blobs.get(ref));
  yield writer.end();
}

/** What the file will hold; records that are appended from here on are not in it. */
async function survey(events: Store['events'], run: string): Promise<{ header: Omit<ExportHeader, 'type' | 'v'>; refs: readonly Ref[] }> {
  const refs = new Map<string, Ref>();
  const runs: ExportHeader['runs'] = [];
  let last: RunRecord | null = null;
  for (const part of await lineage(events, run)) {
    let records = 0;
    for await (const record of ownRecords(events, part.run, { end: part.records })) {
      for (const ref of refsIn(record)) refs.set(ref.ref, ref);
      records += 1;
      last = record;
    }
    runs.push({ run: part.run, records });
  }
  if (last === null) throw unknownRun(run);
  const sorted = [...refs.values()].sort((a, b) => (a.ref < b.ref ? -1 : 1));
  return { header: { run, runs, blobs: sorted.length, head: { seq: last.seq, hash: last.hash } }, refs: sorted };
}

export interface VerifiedFile extends Verified {
  readonly header: ExportHeader;
  /** Hash of every record, in order. */
  readonly hashes: readonly string[];
}

/** The bytes first, then what they say. @throws ExecutorError `record.damaged` | `blob.missing` naming the first record that differs */
export async function verifyFile(source: Source): Promise<VerifiedFile> {
  const header = await checkBytes(source);
  const replay = new Replay();
  const hashes: string[] = [];
  for await (const line of linesOf(source)) {
    if (line.type !== 'record') continue;
    const divergence = replay.take(line.record);
    if (divergence !== null) return { ...replay.verified(header.run, divergence), header, hashes };
    hashes.push(line.record.hash);
  }
  return { ...replay.verified(header.run, null), header, hashes };
}

async function checkBytes(source: Source): Promise<ExportHeader> {
  let header: ExportHeader | null = null;
  for await (const line of linesOf(source)) if (line.type === 'header') header = line.header;
  if (header === null) throw new Error('a whole file without a header');
  return header;
}

export interface Imported {
  readonly run: string;
  readonly verified: Verified;
  /** How many records were new to the store. */
  readonly added: number;
}

/** @throws ExecutorError `run.exists` when a different run has the name; of a damaged file nothing is written. */
export async function importRun(store: Store, source: Source): Promise<Imported> {
  const verified = await verifyFile(source);
  if (verified.divergence !== null) throw diverged(verified.divergence);
  const known = await knownOf(store, verified);
  const added = verified.records - known.reduce((sum, count) => sum + count, 0);
  if (added > 0) {
    for await (const line of linesOf(source)) if (line.type === 'blob') await store.blobs.put(line.body); // bodies are durable before what names them
    await appendRecords(store, source, { ...verified, known });
  }
  return { run: verified.run, verified, added };
}

/** How many records of each part the store holds already. */
async function knownOf({ events }: Store, { header, hashes }: VerifiedFile): Promise<number[]> {
  const known: number[] = [];
  let at = 0;
  for (const { run, records } of header.runs) {
    let count = 0;
    for await (const { hash } of ownRecords(events, run, { end: records })) {
      if (hash !== hashes[at + count]) throw new ExecutorError('run.exists', `there is another run ${run} in this store: its record ${count} differs`, { hint: 'import it into a store of its own: --store sqlite:FILE' });
      count += 1;
    }
    known.push(count);
    at += records;
  }
  return known;
}

/** EventStoreDB drops live subscriptions over larger appends. */
const BATCH = 100;
/** So that one append fits into one message of a bus, however it is quoted there. */
const BATCH_BYTES = 256 * 1024;
/** Equal for everybody, so that an import that was cut off can be made again. */
const NONCE = 'import';

async function appendRecords({ events }: Store, source: Source, { header, hashes, known }: VerifiedFile & { known: readonly number[] }): Promise<void> {
  let batch: RunRecord[] = [];
  let bytes = 0;
  let at = 0;
  const flush = async (): Promise<void> => {
    const [first] = batch;
    if (first === undefined) return;
    await events.append(streamOf(first.run), first.seq - 1, batch.map((record) => toStored(sealed(record), NONCE)));
    [batch, bytes] = [[], 0];
  };
  for await (const line of linesOf(source)) {
    if (line.type !== 'record') continue;
    const { record } = line;
    if (record.hash !== hashes[at]) throw new ExecutorError('record.damaged', `record ${record.run}@${record.seq}: the file changed while it was imported`);
    at += 1;
    if (record.seq < (known[header.runs.findIndex(({ run }) => run === record.run)] ?? 0)) continue;
    const size = Buffer.byteLength(JSON.stringify(record));
    if (batch.length >= BATCH || bytes + size > BATCH_BYTES || batch.at(-1)?.run !== record.run) await flush();
    batch.push(record);
    bytes += size;
  }
  await flush();
}
