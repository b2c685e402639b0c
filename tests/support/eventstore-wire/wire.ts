// The messages of EventStoreDB, made and read with the client's own generated stubs.

import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import status from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { APPEND_BYTES_MAX, type Expected, type Kept, type Proposed, type Verdict } from './log.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

export interface AppendRequest {
  readonly stream: string;
  readonly expected: Expected;
  readonly deadlineMs: number;
  readonly events: readonly Proposed[];
}

/** The options come with the first message of an append; further ones only add events. */
export function appendOf(messages: readonly streams.BatchAppendReq[]): AppendRequest {
  const options = messages[0]?.getOptions();
  if (options === undefined) throw new Error('an append without options');
  const expected = options.hasNoStream() ? 'no_stream' : options.hasAny() ? 'any' : options.hasStreamExists() ? 'stream_exists' : BigInt(options.getStreamPosition());
  const events = messages.flatMap((message) => message.getProposedMessagesList()).map((proposed) => ({
    id: proposed.getId()?.getString() ?? '',
    type: proposed.getMetadataMap().get('type') ?? '',
    contentType: proposed.getMetadataMap().get('content-type') ?? '',
    data: proposed.getData_asU8(),
    metadata: proposed.getCustomMetadata_asU8(),
  }));
  return { stream: text(options.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array()), expected, deadlineMs: options.getDeadline()?.toDate().getTime() ?? Infinity, events };
}

const named = (stream: string): shared.StreamIdentifier => new shared.StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'));

export function answerTo(correlation: shared.UUID | undefined, stream: string, verdict: Verdict | { readonly kind: 'denied' }): streams.BatchAppendResp {
  const response = new streams.BatchAppendResp();
  response.setCorrelationId(correlation);
  response.setStreamIdentifier(named(stream));
  if (verdict.kind === 'ok') {
    const success = new streams.BatchAppendResp.Success();
    success.setCurrentRevision(String(verdict.revision));
    success.setPosition(new shared.AllStreamPosition().setCommitPosition(String(verdict.position)).setPreparePosition(String(verdict.position)));
    response.setSuccess(success);
    return response;
  }
  const [name, detail] = detailOf(verdict, stream);
  const packed = new any.Any();
  packed.pack(detail.serializeBinary(), `event_store.client.${name}`);
  response.setError(new status.Status().setMessage(name).setDetails(packed));
  return response;
}

function detailOf(verdict: Exclude<Verdict, { kind: 'ok' }> | { readonly kind: 'denied' }, stream: string): [string, { serializeBinary(): Uint8Array }] {
  switch (verdict.kind) {
    case 'wrong':
      return ['WrongExpectedVersion', conflict(verdict)];
    case 'deleted':
      return ['StreamDeleted', new shared.StreamDeleted().setStreamIdentifier(named(stream))];
    case 'too-large':
      return ['MaximumAppendSizeExceeded', new shared.MaximumAppendSizeExceeded().setMaxappendsize(APPEND_BYTES_MAX)];
    case 'bad-request':
      return ['BadRequest', new shared.BadRequest().setMessage('bad')];
    case 'denied':
      return ['AccessDenied', new shared.AccessDenied()];
  }
}

function conflict({ actual, told }: Extract<Verdict, { kind: 'wrong' }>): shared.WrongExpectedVersion {
  const detail = new shared.WrongExpectedVersion();
  if (actual === null) detail.setCurrentNoStream(new empty.Empty());
  else detail.setCurrentStreamRevision(String(actual));
  if (told === 'no_stream') detail.setExpectedNoStream(new empty.Empty());
  else if (told === 'any') detail.setExpectedAny(new empty.Empty());
  else if (told === 'stream_exists') detail.setExpectedStreamExists(new empty.Empty());
  else detail.setExpectedStreamPosition(String(told));
  return detail;
}

export interface ReadRequest {
  /** null: `$all`. */
  readonly stream: string | null;
  readonly from: bigint | 'start' | 'end';
  readonly count: number;
  readonly backwards: boolean;
  readonly isSubscription: boolean;
  readonly accepts: (event: Kept) => boolean;
  readonly isFiltered: boolean;
}

export function readOf(request: streams.ReadReq): ReadRequest {
  const options = request.getOptions();
  if (options === undefined) throw new Error('a read without options');
  const stream = options.getStream();
  const every = options.getAll();
  const place = stream ?? every;
  const from = place?.hasStart() === true ? 'start' : place?.hasEnd() === true ? 'end' : BigInt(stream?.getRevision() ?? every?.getPosition()?.getCommitPosition() ?? 0);
  const filter = options.getFilter();
  const prefixes = (filter?.getStreamIdentifier() ?? filter?.getEventType())?.getPrefixList() ?? [];
  const subject = (event: Kept): string => (filter?.hasStreamIdentifier() === true ? event.stream : event.type);
  return {
    stream: stream === undefined ? null : text(stream.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array()),
    from,
    count: Number(options.getCount()),
    backwards: options.getReadDirection() === 1,
    isSubscription: options.hasSubscription(),
    isFiltered: filter !== undefined,
    accepts: (event) => filter === undefined || prefixes.some((prefix) => subject(event).startsWith(prefix)),
  };
}

const TICKS_PER_MS = 10_000n;

const NO_POSITION = String(2n ** 64n - 1n);

/** A read of one stream tells no position. Source: ConvertToRecordedEvent of the server, where `OriginalPosition` is null then. */
export function eventResponse({ id, stream, revision, position, type, contentType, data, metadata }: Kept, isOfAll: boolean): streams.ReadResp {
  const told = isOfAll ? String(position) : NO_POSITION;
  const event = new streams.ReadResp.ReadEvent.RecordedEvent();
  event.setId(new shared.UUID().setString(id)).setStreamIdentifier(named(stream)).setStreamRevision(String(revision));
  event.setPreparePosition(told).setCommitPosition(told).setData(data).setCustomMetadata(metadata);
  const map = event.getMetadataMap();
  map.set('type', type);
  map.set('content-type', contentType);
  map.set('created', String(BigInt(Date.now()) * TICKS_PER_MS));
  const read = new streams.ReadResp.ReadEvent().setEvent(event);
  return new streams.ReadResp().setEvent(isOfAll ? read.setCommitPosition(told) : read.setNoPosition(new shared.Empty()));
}

export const notFound = (stream: string): streams.ReadResp => new streams.ReadResp().setStreamNotFound(new streams.ReadResp.StreamNotFound().setStreamIdentifier(named(stream)));
export const confirmation = (): streams.ReadResp => new streams.ReadResp().setConfirmation(new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId('1'));
export const caughtUp = (): streams.ReadResp => new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());
export const checkpoint = (position: bigint): streams.ReadResp => new streams.ReadResp().setCheckpoint(new streams.ReadResp.Checkpoint().setCommitPosition(String(position)).setPreparePosition(String(position)));

/** Only what the adapter may use: a client that asks for more is told that it is not there. */
export function capabilities(): features.SupportedMethods {
  const methods = ['append', 'batchappend', 'read'].map((name) => new features.SupportedMethod().setMethodName(name).setServiceName('event_store.client.streams.streams'));
  return new features.SupportedMethods().setMethodsList(methods).setEventStoreServerVersion('23.10.6');
}
