// The store behind a ledger
// =========================
// EventStore and Blobs over the Bus: an executor of a team holds no credential for the store. See src/ports for the promises.

import { ExecutorError } from '#src/errors/errors.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { EventStore, ReadOptions, StoredEvent } from '#src/ports/event-store.ts';
import { refOf, type Ref } from '#src/record/ref.ts';
import { Caller, type CallerOptions } from './caller.ts';
import { followers } from './followers.ts';
import { PAGE_EVENTS, partBytes, type Request } from './wire.ts';

export interface LedgerStore {
  readonly events: EventStore;
  readonly blobs: Blobs;
  close(): Promise<void>;
}

/** How long the first answer is waited for: whoever starts without a ledger is told. */
const HELLO_MS = 5_000;

/** @throws ExecutorError `store.unavailable` where no ledger answers at the beginning; later it is waited for */
export async function openLedgerStore(options: CallerOptions): Promise<LedgerStore> {
  const caller = new Caller(options);
  await caller.call('hello', {}, HELLO_MS);
  const events = eventsOf(caller, options);
  return { events, blobs: blobsOf(caller, options), close: () => events.close() };
}

/** Of the ledger that answers. @throws ExecutorError `store.unavailable` where none does within seconds */
export const ledgerVersion = async (options: CallerOptions): Promise<string> => (await new Caller(options).call('hello', {}, HELLO_MS)).version;

function eventsOf(caller: Caller, { bus }: CallerOptions): EventStore {
  const read: EventStore['read'] = (stream, options = {}) =>
    paged(options, (range) => caller.call('read', { stream, ...range }), ({ revision }) => revision);
  const following = followers(bus, read);
  return {
    async append(stream, expected, events) {
      const { revision } = await caller.call('append', { stream, expected, events: [...events] });
      following.changed(stream);
      return revision;
    },
    read,
    readAll: ({ types, ...options } = {}) =>
      paged(options, (range) => caller.call('read_all', { ...range, ...(types === undefined ? {} : { types: [...types] }) }), ({ position }) => position),
    subscribe: (stream, from, ...[onEvent, onError]) => following.subscribe({ stream, from, onEvent, onError }),
    async close() {
      caller.close();
      await following.close();
    },
  };
}

type Range = Pick<Request<'read'>, 'from' | 'limit' | 'backwards'>;

/** As many messages as it takes. */
async function paged<E extends StoredEvent>({ from, limit = Number.POSITIVE_INFINITY, backwards = false }: ReadOptions, ask: (range: Range) => Promise<{ readonly events: readonly E[]; readonly more: boolean }>, placeOf: (event: E) => number): Promise<E[]> {
  const all: E[] = [];
  let next = from;
  while (all.length < limit) {
    const { events, more } = await ask({ ...(next === undefined ? {} : { from: next }), limit: Math.min(limit - all.length, PAGE_EVENTS), backwards });
    all.push(...events);
    const last = events.at(-1);
    if (!more || last === undefined) break;
    next = placeOf(last) + (backwards ? -1 : 1);
    if (next < 0) break;
  }
  return all;
}

function blobsOf(caller: Caller, { bus }: CallerOptions): Blobs {
  const putting = new Set<Promise<unknown>>();
  const track = <T>(work: Promise<T>): Promise<T> => {
    const settled = work.catch(() => {}).finally(() => putting.delete(settled));
    putting.add(settled);
    return work;
  };
  return {
    put: (body) => track(put(caller, new Uint8Array(body), partBytes(bus.maxBytes))),
    get: (ref) => get(caller, ref),
    async memo(run, effect, result) {
      await Promise.all(putting); // B4: the bodies that this process began to put are there first, whichever ledger takes them
      return caller.call('memo', { run, effect, result });
    },
    recall: (run, effect) => caller.call('recall', { run, effect }),
  };
}

/** @param max bytes of a part */
async function put(caller: Caller, body: Uint8Array, max: number): Promise<Ref> {
  const ref = refOf(body);
  if (body.byteLength <= max) return caller.call('put', { ref, data: base64(body) });
  const parts: Ref[] = [];
  for (let offset = 0; offset < body.byteLength; offset += max) parts.push(await put(caller, body.subarray(offset, offset + max), max));
  return caller.call('join', { ref, parts });
}

async function get(caller: Caller, ref: Ref): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  do {
    const { data } = await caller.call('get', { ref, offset: length });
    const part = Buffer.from(data, 'base64');
    parts.push(part);
    length += part.byteLength;
    if (part.byteLength === 0) break;
  } while (length < ref.bytes);
  const body = new Uint8Array(Buffer.concat(parts));
  const found = refOf(body);
  if (found.ref !== ref.ref || found.bytes !== ref.bytes) throw new ExecutorError('blob.missing', `the body ${ref.ref} (${ref.bytes} bytes) came back damaged`);
  return body;
}

const base64 = (body: Uint8Array): string => Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64');
