// Tampering
// =========
// Changes what was recorded and tells what verification says of it. Returns data, never expects.

import { copyFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { verifyFile } from '#src/app/export.ts';
import { openStore } from '#src/app/machine.ts';
import { verify, type Verified } from '#src/app/verify.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { NEVER } from './real-run.ts';

/** `place`: the record that was named as the first that differs, empty where none was. */
export interface Verdict {
  readonly exit: number;
  readonly place: string;
  readonly message: string;
}

async function verdictOf(verifying: Promise<Verified>): Promise<Verdict> {
  try {
    const { divergence } = await verifying;
    return divergence === null ? { exit: 0, place: '', message: 'equal' } : { exit: 8, place: `${divergence.run}@${divergence.seq}`, message: divergence.what };
  } catch (error) {
    if (!(error instanceof ExecutorError)) throw error;
    return { exit: error.exit, place: /record (\S+@\d+)/.exec(error.message)?.[1] ?? '', message: error.message };
  }
}

/** What `autopack replay FILE --verify` says of these bytes. */
export const verdictOfBytes = (bytes: Uint8Array): Promise<Verdict> =>
  verdictOf(
    verifyFile(async function* () {
      yield bytes;
    }),
  );

/** The record that each line of an exported file belongs to; empty for header and end. */
export function placesOf(bytes: Buffer): string[] {
  const refs = new Map<string, string>();
  return bytes.toString('utf8').trimEnd().split('\n').map((text) => {
    const line = JSON.parse(text) as { type: string; ref?: string; record?: { run: string; seq: number } };
    if (line.type === 'blob') return refs.get(line.ref ?? '') ?? '';
    if (line.record === undefined) return '';
    const place = `${line.record.run}@${line.record.seq}`;
    for (const [, ref = ''] of text.matchAll(/"ref":"(sha256:[0-9a-f]{64})"/g)) if (!refs.has(ref)) refs.set(ref, place);
    return place;
  });
}

export interface Tampered {
  readonly at: number;
  /** The record that the changed byte belongs to. */
  readonly expected: string;
  readonly verdict: Verdict;
}

/** Changes the bytes at `step`, `2 * step`, … each alone. */
export async function* tamperBytes(bytes: Buffer, step: number, mask = 0x01): AsyncGenerator<Tampered> {
  const places = placesOf(bytes);
  const changed = Buffer.from(bytes);
  let line = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (at % step === 0) {
      changed[at] = (bytes[at] ?? 0) ^ mask;
      yield { at, expected: places[line] ?? '', verdict: await verdictOfBytes(changed) };
      changed[at] = bytes[at] ?? 0;
    }
    if (bytes[at] === 10) line += 1;
  }
}

/** A change that was not noticed, or that was put down to another record. The header concerns all of them. */
export const isMissed = ({ expected, verdict }: Tampered): boolean => verdict.exit !== 8 || (expected !== '' && verdict.place !== expected);

/** Cuts the end off: after each line, and in the middle of each. */
export async function* cutTails(bytes: Buffer): AsyncGenerator<{ at: number; verdict: Verdict }> {
  let from = 0;
  for (let lf = bytes.indexOf(10); lf !== -1; lf = bytes.indexOf(10, from)) {
    for (const at of [from, Math.floor((from + lf) / 2), lf]) yield { at, verdict: await verdictOfBytes(bytes.subarray(0, at)) };
    from = lf + 1;
  }
}

export interface StoreChange {
  readonly what: string;
  readonly verdict: Verdict;
}

/** Every column of every record and every body, each changed alone in a copy of the store. */
export async function* tamperStore(path: string, run: string): AsyncGenerator<StoreChange> {
  for (const { what, sql } of changesOf(path)) {
    const copy = `${path}.tampered`;
    copyFileSync(path, copy);
    const db = new DatabaseSync(copy);
    db.exec(`pragma foreign_keys = off; ${sql}`);
    db.close();
    const store = await openStore(`sqlite:${copy}`, NEVER);
    const verdict = await verdictOf(verify(store, run));
    await store.close();
    yield { what, verdict };
  }
}

/**
 * Not noticed, or put down to another record. A record that was moved behind the others leaves its successor in the wrong
 * place; a body is put down to the first record that names it.
 */
export function isMisplaced({ what, verdict }: StoreChange, run: string): boolean {
  const [, seq, column] = /^record (\d+) (\w+)$/.exec(what) ?? [];
  const isNamed = seq === undefined || column === 'position' ? new RegExp(`^${run}@\\d+$`).test(verdict.place) : verdict.place === `${run}@${seq}`;
  return verdict.exit !== 8 || !isNamed;
}

function changesOf(path: string): { what: string; sql: string }[] {
  const db = new DatabaseSync(path, { readOnly: true });
  const events = db.prepare('select position, revision from event order by position').all() as { position: number; revision: number }[];
  const bodies = db.prepare('select rowid, sha256 from body').all() as { rowid: number; sha256: string }[];
  db.close();
  const last = events.at(-1)?.position ?? 0;
  const columns: Readonly<Record<string, (position: number) => string>> = {
    stream: () => `'run-other'`,
    revision: () => 'revision + 1000',
    // Its place among all records of the store; gaps are allowed, another order is not.
    position: (position) => (position === last ? '0' : 'position + 1000'),
    id: () => `'00000000-0000-8000-a000-000000000000'`,
    type: () => `type || 'x'`,
    data: () => `replace(data, '"seq":', '"seq": ')`,
    hash: () => `replace(hash, substr(hash, 1, 1), 'x')`,
    nonce: () => `nonce || 'x'`,
  };
  return [
    ...events.flatMap(({ position, revision }) => Object.entries(columns).map(([column, value]) => ({ what: `record ${revision} ${column}`, sql: `update event set ${column} = ${value(position)} where position = ${position}` }))),
    ...bodies.flatMap(({ rowid, sha256 }) => [
      { what: `body ${sha256} body`, sql: `update body set body = cast(cast(body as text) || 'x' as blob) where rowid = ${rowid}` },
      { what: `body ${sha256} sha256`, sql: `update body set sha256 = sha256 || 'x' where rowid = ${rowid}` },
    ]),
  ];
}
