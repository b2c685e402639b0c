// The ledger's wire
// =================
// What travels between an executor and a ledger: a request per subject `autopack.v1.ledger.<operation>`, one answer each.
// Every message stays below the bus's limit: long reads come in pages, large bodies in parts.

import { z } from 'zod';
import { errorCodes, ExecutorError, type ErrorCode } from '#src/errors/errors.ts';
import { decodeJson } from '#src/record/json.ts';
import { Ref } from '#src/record/ref.ts';

const VERSION = 1;
const LEDGER = 'autopack.v1.ledger';
/** All that a ledger answers: one token behind it, so its own nudges below `appended` are none of them. */
export const LEDGER_FILTER = `${LEDGER}.*`;
/** Of these one answers. */
export const LEDGER_QUEUE = 'ledger';

/** Bytes of a body that go into one message, base64 making more of them; or of the events of a page as they are written out. */
export const PART_BYTES = 512 * 1024;
/** What a message says beside a body's part. */
const ROOM_BYTES = 512;
/** @param maxBytes of one message: four of base64 carry three */
export const partBytes = (maxBytes: number): number => Math.max(3, Math.min(PART_BYTES, Math.floor((maxBytes - ROOM_BYTES) / 4) * 3));
/** An error says no more, whatever it was made of. */
const ERROR_CHARACTERS_MAX = 1_000;
export const PAGE_EVENTS = 500;
const APPEND_EVENTS_MAX = 2_000;

/** One token of a subject: no dot, star or `$`. */
const Stream = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,99}$/);
const Name = z.string().min(1).max(200);
const Revision = z.int();
const Event = z.strictObject({ id: Name, type: Name, data: z.string(), metadata: z.strictObject({ hash: Name, nonce: Name }) });
const Range = { from: Revision.exactOptional(), limit: z.int().min(1).max(PAGE_EVENTS), backwards: z.boolean() };
const Stored = Event.extend({ stream: z.string(), revision: Revision, position: z.int().nullable() }).strict();
const Positioned = Stored.extend({ position: z.int() }).strict();
const Page = z.object({ events: z.array(Stored), more: z.boolean() });
const PositionedPage = z.object({ events: z.array(Positioned), more: z.boolean() });

/** operation -> what is asked and what is answered */
export const operations = {
  hello: { request: z.strictObject({}), answer: z.object({ version: z.string() }) },
  append: { request: z.strictObject({ stream: Stream, expected: Revision, events: z.array(Event).max(APPEND_EVENTS_MAX) }), answer: z.object({ revision: Revision }) },
  read: { request: z.strictObject({ stream: Stream, ...Range }), answer: Page },
  read_all: { request: z.strictObject({ ...Range, types: z.array(Name).max(200).exactOptional() }), answer: PositionedPage },
  put: { request: z.strictObject({ ref: Ref, data: z.base64() }), answer: Ref },
  /** A large body of parts that were put. */
  join: { request: z.strictObject({ ref: Ref, parts: z.array(Ref).max(4096) }), answer: Ref },
  get: { request: z.strictObject({ ref: Ref, offset: z.int().nonnegative() }), answer: z.object({ data: z.base64() }) },
  memo: { request: z.strictObject({ run: Name, effect: Name, result: Ref }), answer: Ref },
  recall: { request: z.strictObject({ run: Name, effect: Name }), answer: Ref.nullable() },
} as const;

export type Operation = keyof typeof operations;
export type Request<O extends Operation> = z.infer<(typeof operations)[O]['request']>;
export type Answer<O extends Operation> = z.infer<(typeof operations)[O]['answer']>;

export const subjectOf = (operation: Operation): string => `${LEDGER}.${operation}`;
/** Told after each append, to nobody in particular; it may be lost. */
export const appendedOf = (stream: string): string => `${LEDGER}.appended.${stream}`;
export const APPENDED_FILTER = appendedOf('*');

const Envelope = z.object({ v: z.int() });
const Told = z.strictObject({ v: z.int(), answer: z.unknown().optional(), error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }).optional() });

const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

function decode(body: Uint8Array): unknown {
  try {
    return decodeJson(body);
  } catch (cause) {
    throw refused('the message is no JSON', cause);
  }
}

export const refused = (why: string, cause?: unknown): ExecutorError =>
  new ExecutorError('ledger.refused', `the ledger refuses it: ${why}`, { hint: 'use the same version of autopack on both sides', cause });

export const encodeRequest = <O extends Operation>(request: Request<O>): Uint8Array => encode({ v: VERSION, ...request });

/** @throws ExecutorError `ledger.refused` naming what is wrong with it */
export function decodeRequest(subject: string, body: Uint8Array): { readonly [O in Operation]: { readonly operation: O; readonly request: Request<O> } }[Operation] {
  const operation = subject.slice(LEDGER.length + 1);
  if (!Object.hasOwn(operations, operation)) throw refused(`the operation ${operation} is not known`);
  const value = decode(body);
  const envelope = Envelope.safeParse(value);
  if (!envelope.success) throw refused('the message has no version');
  if (envelope.data.v !== VERSION) throw refused(`the envelope has version ${envelope.data.v}, this ledger knows ${VERSION}`);
  const { v: _, ...rest } = value as Record<string, unknown>;
  const parsed = operations[operation as Operation].request.safeParse(rest);
  if (!parsed.success) throw refused(z.prettifyError(parsed.error).slice(0, 500));
  return { operation, request: parsed.data } as ReturnType<typeof decodeRequest>;
}

export const encodeAnswer = (answer: unknown): Uint8Array => encode({ v: VERSION, answer });

/** What nobody has thought of is no store that is away: nobody is told to wait for it. */
export function encodeError(error: unknown): Uint8Array {
  const known = error instanceof ExecutorError ? error : new ExecutorError('store.refused', `the ledger met an error: ${error instanceof Error ? error.message : String(error)}`, { hint: 'this is a bug: please report it, with what the ledger says on stderr' });
  return encode({ v: VERSION, error: { code: known.code, message: known.message.slice(0, ERROR_CHARACTERS_MAX), hint: known.hint?.slice(0, ERROR_CHARACTERS_MAX) ?? null } });
}

/** @throws ExecutorError what the ledger says, or `ledger.refused` where its words are not understood */
export function decodeAnswer<O extends Operation>(operation: O, body: Uint8Array): Answer<O> {
  const told = Told.safeParse(decode(body));
  if (!told.success || told.data.v !== VERSION) throw refused('its answer is of another version');
  const { answer, error } = told.data;
  if (error !== undefined) {
    const code = (Object.hasOwn(errorCodes, error.code) ? error.code : 'store.refused') as ErrorCode;
    throw new ExecutorError(code, error.message, error.hint === null ? {} : { hint: error.hint });
  }
  const parsed = operations[operation].answer.safeParse(answer);
  if (!parsed.success) throw refused(`its answer to ${operation} is not understood`);
  return parsed.data as Answer<O>;
}
