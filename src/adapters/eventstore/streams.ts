// Streams
// =======
// What is ours on a server that others may use too: `run-…` holds records, `relay-…` how far a
// relay is, `blob-…` bodies, `memo-…` the first answer of an effect.

import type { EventData, RecordedEvent } from '@eventstore/db-client';
import { ExecutorError } from '#src/errors/errors.ts';
import type { NewEvent, PositionedEvent, StoredEvent } from '#src/ports/event-store.ts';
import { sha256 } from '#src/record/canonical.ts';

export const OWN_PREFIXES = ['run-', 'relay-'];
const OWN_STREAM = /^(?:run|relay)-[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TYPE = /^[a-z][a-z0-9_.-]{0,199}$/;
/** An append above it would be answered late, or not at all in a NATS message; the server's own limit is the double (rule 4). */
export const APPEND_BYTES_MAX = 512 * 1024;
/** A larger append overruns live subscriptions (rule 10). */
export const APPEND_EVENTS_MAX = 100;
/** The server does not bound metadata: we do. */
const METADATA_BYTES_MAX = 1024;

const refused = (why: string, hint = 'this is a bug: please report it'): ExecutorError => new ExecutorError('store.refused', why, { hint });

/** @throws ExecutorError `store.refused` for the server's own streams and for what cannot be a run's. */
export function assertOwn(stream: string): void {
  if (stream.startsWith('$')) throw refused(`the stream ${stream} is the server's own`);
  if (!OWN_STREAM.test(stream)) throw refused(`the stream ${stream.slice(0, 100)} is none of ours`, 'a run id is a letter, then letters, digits, _ or -');
}

/** Rules 2, 3 and 4: checked and ready to be sent as often as it takes. @throws ExecutorError `store.refused` | `store.wrong_revision` */
export function prepared(events: readonly NewEvent[]): readonly EventData[] {
  const ids = new Set(events.map(({ id }) => id));
  if (ids.size < events.length) throw new ExecutorError('store.wrong_revision', 'an id stands twice in one append');
  if (events.length > APPEND_EVENTS_MAX) throw refused(`${events.length} events are too many for one append: ${APPEND_EVENTS_MAX}`);
  const bytes = events.reduce((sum, { data }) => sum + Buffer.byteLength(data), 0);
  if (bytes > APPEND_BYTES_MAX) throw refused(`${bytes} bytes are too many for one append: ${APPEND_BYTES_MAX}`);
  return events.map(({ id, type, data, metadata: { hash, nonce } }) => {
    if (!UUID.test(id)) throw refused(`the event id ${id.slice(0, 100)} is not a UUID`);
    if (!TYPE.test(type)) throw refused(`the event type ${type.slice(0, 100)} is none of ours`);
    if (Buffer.byteLength(hash) + Buffer.byteLength(nonce) > METADATA_BYTES_MAX) throw refused('hash and nonce are too long');
    return { id, type, contentType: 'application/json', data: parsed(data), metadata: { hash, nonce } };
  });
}

/** The client writes `JSON.stringify` of a value, so only text that this gives back may go in: canonical text does. */
function parsed(data: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw refused('the data of an event is not JSON');
  }
  if (value === null || typeof value !== 'object' || JSON.stringify(value) !== data) throw refused('the data of an event is not a canonical JSON object');
  return value as Readonly<Record<string, unknown>>;
}

/** What a read of the whole store passes over: the server's own events, deletions among them, and other products'. */
export function isOurs({ streamId, type, data, metadata, isJson }: RecordedEvent): boolean {
  const { hash, nonce } = (metadata ?? {}) as { readonly hash?: unknown; readonly nonce?: unknown };
  return OWN_STREAM.test(streamId) && !type.startsWith('$') && isJson && typeof hash === 'string' && typeof nonce === 'string' && typeof data === 'object';
}

/**
 * As a read of its stream gives it: there the server tells no position (it says 2^64 - 1).
 * @throws ExecutorError `store.damaged` for what another product wrote.
 */
export function storedOf(recorded: RecordedEvent): StoredEvent {
  const { streamId, id, revision, type, data, metadata } = recorded;
  if (!isOurs(recorded)) {
    throw new ExecutorError('store.damaged', `event ${revision} (${type}) of the stream ${streamId.slice(0, 200)} was not written by autopack`, { hint: 'give autopack a database of its own: streams that begin with run- or relay- are its' });
  }
  const { hash, nonce } = metadata as { readonly hash: string; readonly nonce: string };
  return { stream: streamId, revision: Number(revision), position: null, id, type, data: JSON.stringify(data), metadata: { hash, nonce } };
}

/** As a read of the whole store gives it. @throws ExecutorError `store.damaged` */
export const positionedOf = (recorded: RecordedEvent): PositionedEvent => ({ ...storedOf(recorded), position: Number(recorded.position?.prepare) });

/** Equal parts, equal UUID: what is sent again is recognised, also after a restart of the server. */
export function uuidOf(...parts: readonly (string | number)[]): string {
  const hex = sha256(JSON.stringify(parts));
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
