// What an EventStoreDB 23.10 keeps and how it judges an append: each rule was measured on a real one, without a network.

export type Expected = bigint | 'no_stream' | 'any' | 'stream_exists';

export interface Proposed {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface Kept extends Proposed {
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
}

export type Verdict =
  | { readonly kind: 'ok'; readonly revision: bigint; readonly position: bigint; readonly written: readonly Kept[] }
  | { readonly kind: 'wrong'; readonly actual: bigint | null; readonly told: Expected }
  | { readonly kind: 'deleted' | 'too-large' | 'bad-request' };

export const APPEND_BYTES_MAX = 1_048_576;
/** Of the event that ends a stream for ever. */
const TOMBSTONE_REVISION = 2n ** 63n - 1n;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface WireLog {
  append(stream: string, expected: Expected, events: readonly Proposed[]): Verdict;
  /** Events of a stream that a read shows; null when it is missing or soft-deleted, 'deleted' when it is tombstoned. */
  stream(name: string): readonly Kept[] | null | 'deleted';
  readonly all: readonly Kept[];
  softDelete(stream: string): void;
  tombstone(stream: string): void;
  /** A restart: what was only in memory is gone, the log is not. */
  restart(): void;
  /** Changes a byte of each event of `stream`, as a bad disk would. */
  damage(stream: string): void;
}

export function wireLog(): WireLog {
  const all: Kept[] = [];
  const streams = new Map<string, Kept[]>();
  const hiddenBelow = new Map<string, bigint>();
  const tombstones = new Set<string>();
  let recent = new Map<string, Kept>(); // what makes `any` idempotent: memory alone
  let position = 0n;

  const write = (stream: string, events: readonly Proposed[]): readonly Kept[] => {
    const there = streams.get(stream) ?? [];
    const first = BigInt(there.length);
    const written = events.map((event, i) => ({ ...event, stream, revision: first + BigInt(i), position: (position += 100n + BigInt(event.data.length)) }));
    streams.set(stream, [...there, ...written]);
    all.push(...written);
    for (const kept of written) recent.set(`${stream}/${kept.id}`, kept);
    return written;
  };

  /** What the server writes for itself: seen by who reads everything. */
  const note = (stream: string, type: string, revision: bigint): void =>
    void all.push({ id: '00000000-0000-4000-8000-000000000001', type, contentType: 'application/json', data: Buffer.from('{}'), metadata: new Uint8Array(), stream, revision, position: (position += 100n) });

  return {
    all,
    append(stream, expected, events) {
      if (stream === '' || events.some(({ id, type }) => !UUID.test(id) || type === '')) return { kind: 'bad-request' };
      if (events.reduce((sum, { data }) => sum + data.length, 0) > APPEND_BYTES_MAX) return { kind: 'too-large' };
      if (tombstones.has(stream)) return { kind: 'deleted' };
      const verdict = judge({ there: streams.get(stream) ?? [], hidden: hiddenBelow.get(stream), recent }, { stream, expected, events });
      if (verdict !== null) return verdict;
      const written = write(stream, events);
      return { kind: 'ok', revision: written.at(-1)?.revision ?? 0n, position, written };
    },
    stream(name) {
      if (tombstones.has(name)) return 'deleted';
      const shown = (streams.get(name) ?? []).filter(({ revision }) => revision >= (hiddenBelow.get(name) ?? 0n));
      return shown.length === 0 ? null : shown;
    },
    softDelete(stream) {
      hiddenBelow.set(stream, BigInt(streams.get(stream)?.length ?? 0));
      note(`$$${stream}`, '$metadata', 0n);
    },
    tombstone(stream) {
      tombstones.add(stream);
      note(stream, '$streamDeleted', TOMBSTONE_REVISION);
    },
    restart: () => void (recent = new Map()),
    damage(stream) {
      for (const event of streams.get(stream) ?? []) (event as { data: Uint8Array }).data = event.data.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
    },
  };
}

interface Standing {
  readonly there: readonly Kept[];
  readonly hidden: bigint | undefined;
  readonly recent: ReadonlyMap<string, Kept>;
}

/** @returns null when the events are to be written. */
function judge({ there, hidden, recent }: Standing, { stream, expected, events }: { stream: string; expected: Expected; events: readonly Proposed[] }): Verdict | null {
  const head = BigInt(there.length) - 1n;
  const isMissing = head < 0n || hidden === head + 1n;
  const actual = head < 0n ? null : head;
  const again = (last: Kept | undefined): Verdict => ({ kind: 'ok', revision: last?.revision ?? 0n, position: last?.position ?? 0n, written: [] });
  if (expected === 'any' || expected === 'stream_exists') {
    if (expected === 'stream_exists' && isMissing) return { kind: 'wrong', actual: null, told: expected };
    const known = events.map(({ id }) => recent.get(`${stream}/${id}`));
    if (known.every((kept) => kept !== undefined)) return again(known.at(-1));
    return known.some((kept) => kept !== undefined) ? { kind: 'wrong', actual, told: 'any' } : null;
  }
  const wanted = expected === 'no_stream' ? -1n : expected;
  if (wanted === head || (expected === 'no_stream' && isMissing)) return null;
  if (wanted > head) return { kind: 'wrong', actual, told: expected };
  // Behind: the same ids at the same revisions are a repeat, whatever is in them and whatever follows.
  const matching = events.filter(({ id }, i) => there[Number(wanted) + 1 + i]?.id === id).length;
  if (matching === events.length) return again(there[Number(wanted) + events.length]);
  return { kind: 'wrong', actual, told: matching > 0 ? 'any' : expected };
}
