// Ledger
// ======
// Answers for a store over the bus. It keeps nothing of its own, so any number of them may serve one store, and one that
// dies with an answer in its hands does no harm: the same request again is answered as the first was (L7, B1, B3).

import type { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import { appendedOf, decodeRequest, encodeAnswer, encodeError, LEDGER_FILTER, LEDGER_QUEUE, PAGE_EVENTS, PART_BYTES, partBytes, type Answer, type Operation, type Request } from '#src/adapters/ledger/wire.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Bus, BusMessage } from '#src/ports/bus.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { EventStore, NewEvent, StoredEvent } from '#src/ports/event-store.ts';
import type { RunRecord } from '#src/record/record.ts';
import { refOf, type Ref } from '#src/record/ref.ts';
import { Bodies } from './bodies.ts';
import { serve } from './serving.ts';
import { packageVersion } from './version.ts';

/** What may be asked; they throw ExecutorError for what may not. */
export interface LedgerRules {
  append(stream: string, expected: number, events: readonly NewEvent[]): Promise<readonly RunRecord[]>;
  /** After they were written. */
  appended(records: readonly RunRecord[]): void;
  /** @param memo the effect for which something shall be kept beside it */
  run(run: string, memo?: string): Promise<void> | void;
}

/** What a ledger tells in its own process: records that are in the store. */
export interface Appends {
  appended: [records: readonly RunRecord[]];
}

export interface LedgerDeps {
  readonly bus: Bus;
  readonly store: { readonly events: EventStore; readonly blobs: Blobs };
  readonly rules: LedgerRules;
  readonly logger: Pick<Logger, 'warn' | 'debug'>;
  readonly appends?: EventEmitter<Appends>;
}

type Later = (work: () => void) => void;
/** @param later takes what is done when the answer is on its way */
type Handlers = { readonly [O in Operation]: (request: Request<O>, later: Later) => Promise<Answer<O>> };

/** @returns what ends it: no new request is taken, those under way are answered first */
export async function serveLedger({ bus, store, rules, logger, appends }: LedgerDeps): Promise<{ close(): Promise<void> }> {
  const tell = (stream: string, records: readonly RunRecord[]): void => {
    void bus.publish(appendedOf(stream), new Uint8Array()).catch(() => {}); // who follows looks every second
    appends?.emit('appended', records);
  };
  const handlers: Handlers = { hello: async () => ({ version: packageVersion }), ...eventHandlers({ events: store.events, rules, bus, tell }), ...blobHandlers(store.blobs, rules, bus) };
  const answerTo = async ({ subject, body }: BusMessage, later: Later): Promise<Uint8Array> => {
    try {
      const { operation, request } = decodeRequest(subject, body);
      return sendable(encodeAnswer(await (handlers[operation] as (request: unknown, later: Later) => Promise<unknown>)(request, later)), bus);
    } catch (error) {
      const code = error instanceof ExecutorError ? error.code : 'internal';
      logger[code === 'store.wrong_revision' || code === 'blob.missing' ? 'debug' : 'warn']({ subject, code, why: String(error).slice(0, WHY_MAX) }, 'refused');
      return encodeError(error);
    }
  };
  /** An answer that the bus refuses, for its server is another one since, ends no ledger. */
  const respond = (message: BusMessage, body: Uint8Array): void => {
    try {
      message.respond(body);
    } catch (error) {
      logger.warn({ subject: message.subject, why: String(error).slice(0, WHY_MAX) }, 'not sent');
      respondError(message, error);
    }
  };
  const leaving = together();
  let underWay = 0;
  const answer = async (message: BusMessage): Promise<void> => {
    underWay += 1;
    const after: (() => void)[] = [];
    const body = await answerTo(message, (work) => void after.push(work));
    underWay -= 1;
    const leave = (): void => [() => respond(message, body), ...after].forEach((work) => work());
    if (underWay === 0) leave(); // nobody to wait for
    else await leaving(leave);
  };
  return serve(bus, { filter: LEDGER_FILTER, queue: LEDGER_QUEUE, answer });
}

function respondError(message: BusMessage, error: unknown): void {
  try {
    message.respond(encodeError(error));
  } catch {
    // Not even that: who asked hears silence, and asks again.
  }
}

/** What is ready in one turn of the loop is done at its end: it leaves in one write, and each write costs as much as an append. */
function together(): (work: () => void) => Promise<void> {
  const ready: (() => void)[] = [];
  return (work) =>
    new Promise((resolve) => {
      if (ready.push(() => (work(), resolve())) === 1) setImmediate(() => ready.splice(0).forEach((each) => each()));
    });
}

const WHY_MAX = 1_000;
const WAY_OUT = { hint: 'raise max_payload in the settings of NATS' } as const;

/** @throws ExecutorError `bus.refused` where the bus carries no such answer: it would stay the same however often it is asked for */
function sendable(body: Uint8Array, { maxBytes }: Bus): Uint8Array {
  if (body.byteLength > maxBytes) throw new ExecutorError('bus.refused', `an answer of ${body.byteLength} bytes is above the ${maxBytes} that the bus takes`, WAY_OUT);
  return body;
}

interface Appending {
  readonly events: EventStore;
  readonly rules: LedgerRules;
  readonly bus: Bus;
  tell(stream: string, records: readonly RunRecord[]): void;
}

function eventHandlers({ events, rules, bus, tell }: Appending): Pick<Handlers, 'append' | 'read' | 'read_all'> {
  return {
    async append({ stream, expected, events: added }, later) {
      const records = await rules.append(stream, expected, added);
      for (const event of added) refuseUnreadable(stream, event, bus);
      const revision = await events.append(stream, expected, added);
      rules.appended(records);
      later(() => tell(stream, records));
      return { revision };
    },
    read: async ({ stream, ...range }) => page(await events.read(stream, range), range.limit, bus),
    read_all: async (range) => page(await events.readAll(range), range.limit, bus),
  };
}

/** The longest place that a read gives an event. */
const FARTHEST = { revision: Number.MAX_SAFE_INTEGER, position: Number.MAX_SAFE_INTEGER } as const;
/** Of the name of a stream and the names beside the data, with room: the wire limits them. */
const NAMES_MAX = 1_000;
/** Bytes that JSON makes of a character at most: a code unit as `\u0001`. */
const ESCAPED_BYTES = 6;
const PAGE_BYTES = encodeAnswer({ events: [], more: false }).byteLength;

/** As it is written out in a page, with its comma. */
const writtenBytes = (event: StoredEvent): number => Buffer.byteLength(JSON.stringify(event)) + 1;

/** What no answer carries back is not taken. @throws ExecutorError `ledger.refused` */
function refuseUnreadable(stream: string, event: NewEvent, { maxBytes }: Bus): void {
  const mayBeLarge = (event.data.length + NAMES_MAX) * ESCAPED_BYTES > maxBytes;
  const bytes = mayBeLarge ? PAGE_BYTES + writtenBytes({ ...event, stream, ...FARTHEST }) : 0;
  if (bytes > maxBytes) throw new ExecutorError('ledger.refused', `the ledger refuses it: a record that makes an answer of ${bytes} bytes, above the ${maxBytes} that the bus takes, could not be read back`, WAY_OUT);
}

/** As much as goes into one message as it is written out, at least one event. */
function page<E extends StoredEvent>(found: readonly E[], limit = PAGE_EVENTS, { maxBytes }: Bus): { events: E[]; more: boolean } {
  const max = Math.min(maxBytes, PART_BYTES) - PAGE_BYTES;
  let bytes = 0;
  let count = 0;
  for (const event of found.slice(0, limit)) {
    bytes += writtenBytes(event);
    if (count > 0 && bytes > max) break;
    count += 1;
  }
  return { events: found.slice(0, count), more: count < found.length || found.length >= limit };
}

function blobHandlers(blobs: Blobs, rules: LedgerRules, bus: Bus): Pick<Handlers, 'put' | 'join' | 'get' | 'memo' | 'recall'> {
  const sending = new Bodies(blobs, BODY_BYTES_MAX);
  const keep = async (ref: Ref, body: Uint8Array): Promise<Ref> => {
    const found = refOf(body);
    if (found.ref !== ref.ref || found.bytes !== ref.bytes) throw new ExecutorError('ledger.refused', `the body is not ${ref.ref} of ${ref.bytes} bytes`);
    return blobs.put(body);
  };
  return {
    put: ({ ref, data }) => keep(ref, Buffer.from(data, 'base64')),
    async join({ ref, parts }) {
      if (parts.reduce((sum, { bytes }) => sum + bytes, 0) !== ref.bytes || ref.bytes > BODY_BYTES_MAX) throw new ExecutorError('ledger.refused', `a body of ${ref.bytes} bytes is not made of these parts, or above ${BODY_BYTES_MAX}`);
      const bodies: Uint8Array[] = [];
      for (const part of parts) bodies.push(await blobs.get(part));
      return keep(ref, Buffer.concat(bodies));
    },
    get: async ({ ref, offset }) => ({ data: Buffer.from(await sending.part(ref, { offset, length: partBytes(bus.maxBytes) })).toString('base64') }),
    async memo({ run, effect, result }) {
      await rules.run(run, effect);
      return blobs.memo(run, effect, result);
    },
    async recall({ run, effect }) {
      await rules.run(run);
      return blobs.recall(run, effect);
    },
  };
}

const BODY_BYTES_MAX = 64 * 1024 * 1024;
