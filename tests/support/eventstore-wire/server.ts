// A loopback server that the real client takes for an EventStoreDB 23.10, with the faults of one. Source: eventstore.md 9.
//
// It cannot be better than what was measured on a real server, so the same suites run there too (`npm run contract`).

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import serverfeatures from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import service from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { Metadata, Server, ServerCredentials, status, type sendUnaryData, type ServerDuplexStream, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';
import { wireLog, type Kept, type Proposed, type WireLog } from './log.ts';
import { answerTo, appendOf, capabilities, caughtUp, checkpoint, confirmation, eventResponse, notFound, readOf, type AppendRequest, type ReadRequest } from './wire.ts';

const CONCURRENT_STREAMS_MAX = 100;
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** Live events that one subscription may be behind. */
const LIVE_EVENTS_MAX = 32;
/** Larger appends overrun a live subscription even when its consumer is quick. */
const LIVE_APPEND_MAX = 100;

/** A reader that does not read is waited for after so many events. */
const AHEAD_MAX = 100;

/** Reads give bytes: a real server hands on what it keeps, and does not write it anew for each reader. */
const STREAMS = { ...service.StreamsService, read: { ...service.StreamsService.read, responseSerialize: (response: streams.ReadResp | Buffer): Buffer => (Buffer.isBuffer(response) ? response : Buffer.from(response.serializeBinary())) } };
const ofAll = new WeakMap<Uint8Array, Buffer>(); // an event's data -> what a reader of all is given

function bytesOf(event: Kept, isOfAll: boolean): Buffer {
  const known = isOfAll ? ofAll.get(event.data) : undefined;
  const bytes = known ?? Buffer.from(eventResponse(event, isOfAll).serializeBinary());
  if (isOfAll) ofAll.set(event.data, bytes);
  return bytes;
}

/** What happens to the next appends: the connection breaks before or after the commit, or the answer never comes. */
export type AppendFault = 'reset-before' | 'reset-after' | 'lose-answer';

export interface WireServer {
  readonly url: string;
  readonly port: number;
  readonly log: WireLog;
  /** What came in, in order: appends and the channels that they came on, reads and subscriptions. */
  readonly seen: readonly string[];
  /** Appends as they came, repeats included. */
  readonly appends: readonly AppendRequest[];
  failNext(...faults: readonly AppendFault[]): void;
  /** Accepts and never answers until `proceed`; an append whose deadline has passed by then is not written. */
  stall(): void;
  proceed(): void;
  /** Every answer takes so long. */
  slow(ms: number): void;
  /** From now on it never says that a subscription has caught up, as 22.10. */
  keepQuiet(): void;
  /** Says to each caller that it may not; null: lets them in again. */
  deny(code: 'access-denied' | 'unauthenticated' | null): void;
  /** Ends every live subscription as the server does with a slow consumer. */
  dropSubscriptions(): void;
  /** How many calls are open: subscriptions, unfinished reads, append channels. */
  openCalls(): number;
  /** Gone at once, connections reset, the log kept. */
  kill(): Promise<void>;
  /** Listens on the same port again. */
  restart(): Promise<void>;
}

interface State {
  readonly log: WireLog;
  readonly seen: string[];
  readonly appends: AppendRequest[];
  readonly faults: AppendFault[];
  readonly live: Set<Live>;
  readonly calls: Set<unknown>;
  gate: Promise<void>;
  delayMs: number;
  isQuiet: boolean;
  denied: 'access-denied' | 'unauthenticated' | null;
  reset: () => Promise<void>;
  readonly flush: ((events: readonly Proposed[]) => Promise<void>) | null;
}

interface Options {
  readonly port?: number;
  /** Of a server that goes on with what another one kept. */
  readonly log?: WireLog;
  /** Puts events on disk, before anybody is shown them. */
  readonly flush?: (events: readonly Proposed[]) => Promise<void>;
}

export async function startWireServer({ port: wanted = 0, log = wireLog(), flush }: Options = {}): Promise<WireServer> {
  const state: State = { log: seeded(log), flush: flush ?? null, seen: [], appends: [], faults: [], live: new Set(), calls: new Set(), gate: Promise.resolve(), delayMs: 0, isQuiet: false, denied: null, reset: async () => {} };
  let server = await listen(state, wanted);
  const { port } = server;
  let proceed = (): void => {};
  const kill = async (): Promise<void> => {
    server.end();
    state.live.clear();
    state.calls.clear();
    state.log.restart();
  };
  const restart = async (): Promise<void> => void (server = await listen(state, port));
  state.reset = async () => {
    await kill();
    await restart();
  };
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    port,
    log: state.log,
    seen: state.seen,
    appends: state.appends,
    failNext: (...faults) => void state.faults.push(...faults),
    stall: () => void (state.gate = new Promise((resolve) => (proceed = resolve))),
    proceed: () => proceed(),
    slow: (ms) => void (state.delayMs = ms),
    keepQuiet: () => void (state.isQuiet = true),
    deny: (code) => void (state.denied = code),
    dropSubscriptions: () => {
      for (const live of state.live) drop(state, live);
    },
    openCalls: () => state.calls.size,
    kill,
    restart,
  };
}

/** A log is never empty: the server writes for itself. */
function seeded(log: WireLog): WireLog {
  if (log.all.length === 0) log.append('$settings', 'no_stream', [{ id: '00000000-0000-4000-8000-000000000000', type: '$settings', contentType: 'application/json', data: Buffer.from('{}'), metadata: new Uint8Array() }]);
  return log;
}

async function listen(state: State, port: number): Promise<{ readonly port: number; end(): void }> {
  const server = new Server({ 'grpc.max_concurrent_streams': CONCURRENT_STREAMS_MAX, 'grpc.max_receive_message_length': MESSAGE_BYTES_MAX, 'grpc.max_send_message_length': -1 });
  server.addService(serverfeatures.ServerFeaturesService, {
    getSupportedMethods: (_: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => void passing(state).then(() => answer(null, capabilities())),
  });
  server.addService(STREAMS, {
    batchAppend: (call: ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>) => appendChannel(state, call),
    read: (call: ServerWritableStream<streams.ReadReq, streams.ReadResp | Buffer>) => {
      counted(state, call);
      void reading(state, call).catch((error: unknown) => call.destroy(error as Error));
    },
  });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, given) => (error === null ? resolve(given) : reject(error)));
  });
  return { port: bound, end: () => server.forceShutdown() };
}

/** Where a call stands while the server is stalled or slow. */
async function passing(state: State): Promise<void> {
  await state.gate;
  if (state.delayMs > 0) await sleep(state.delayMs);
}

function counted(state: State, call: { on(event: 'close' | 'cancelled' | 'finish', then: () => void): unknown }): void {
  state.calls.add(call);
  for (const end of ['close', 'cancelled', 'finish'] as const) call.on(end, () => state.calls.delete(call));
}

function refusal(state: State): Error | null {
  if (state.denied === null) return null;
  const metadata = new Metadata();
  if (state.denied === 'access-denied') metadata.set('exception', 'access-denied');
  const code = state.denied === 'access-denied' ? status.PERMISSION_DENIED : status.UNAUTHENTICATED;
  return Object.assign(new Error(state.denied), { code, details: state.denied, metadata });
}

function appendChannel(state: State, call: ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>): void {
  counted(state, call);
  state.seen.push('channel');
  const unfinished = new Map<string, streams.BatchAppendReq[]>();
  call.on('data', (message: streams.BatchAppendReq) => {
    const id = message.getCorrelationId()?.getString() ?? '';
    const parts = [...(unfinished.get(id) ?? []), message];
    unfinished.set(id, parts);
    if (!message.getIsFinal()) return;
    unfinished.delete(id);
    void answerAppend(state, call, parts); // side by side; all pass the same gate, so in the order in which they came
  });
  call.on('error', () => {});
  call.on('end', () => call.end());
}

async function answerAppend(state: State, call: ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>, parts: readonly streams.BatchAppendReq[]): Promise<void> {
  const request = appendOf(parts);
  state.appends.push(request);
  state.seen.push(`append ${request.stream} ${request.expected}`);
  await passing(state);
  if (call.cancelled || Date.now() > request.deadlineMs) return;
  const fault = state.faults.shift();
  if (fault === 'reset-before') return state.reset();
  if (state.flush !== null) await state.flush(request.events);
  const verdict = state.denied === null ? state.log.append(request.stream, request.expected, request.events) : ({ kind: 'denied' } as const);
  if (verdict.kind === 'ok') announce(state, verdict.written);
  if (fault === 'reset-after') return state.reset();
  if (fault !== 'lose-answer') call.write(answerTo(parts[0]?.getCorrelationId(), request.stream, verdict));
  if (verdict.kind === 'ok') for (const event of verdict.written) bytesOf(event, true);
}

type ReadCall = ServerWritableStream<streams.ReadReq, streams.ReadResp | Buffer>;

async function reading(state: State, call: ReadCall): Promise<void> {
  const request = readOf(call.request);
  state.seen.push(`${request.isSubscription ? 'subscribe' : 'read'} ${request.stream ?? '$all'}`);
  call.on('error', () => {});
  await passing(state);
  const refused = refusal(state);
  if (refused !== null) return void call.emit('error', refused);
  if (request.isSubscription) return subscription(state, call, request);
  const source = request.stream === null ? state.log.all : state.log.stream(request.stream);
  if (source === 'deleted') return void call.emit('error', tombstoned(request.stream ?? ''));
  if (source === null) call.write(notFound(request.stream ?? ''));
  else if (request.count === 0) return void call.emit('error', Object.assign(new Error('Unexpected ReadStreamResult: Error'), { code: status.UNKNOWN }));
  else await written(call, selected(source, request), request.stream === null);
  call.end();
}

async function written(call: ReadCall, events: readonly Kept[], isOfAll: boolean): Promise<void> {
  let ahead = 0;
  for (const event of events) {
    ahead = call.write(bytesOf(event, isOfAll)) ? 0 : ahead + 1;
    if (ahead % AHEAD_MAX === AHEAD_MAX - 1 && !call.cancelled) await drained(call);
  }
}

function tombstoned(stream: string): Error {
  const metadata = new Metadata();
  metadata.set('exception', 'stream-deleted');
  metadata.set('stream-name', stream);
  return Object.assign(new Error(`Event stream '${stream}' is deleted.`), { code: status.FAILED_PRECONDITION, metadata });
}

const placeOf = (event: Kept, { stream }: ReadRequest): bigint => (stream === null ? event.position : event.revision);

/** Reads take the event at `from` too, subscriptions only what follows it. */
function selected(source: readonly Kept[], request: ReadRequest): readonly Kept[] {
  const { from, backwards, isSubscription, count } = request;
  const isIn = (event: Kept): boolean => {
    if (from === 'start') return !backwards;
    if (from === 'end') return backwards;
    const place = placeOf(event, request);
    return backwards ? place <= from : isSubscription ? place > from : place >= from;
  };
  const found: Kept[] = [];
  const most = isSubscription ? Number.POSITIVE_INFINITY : count;
  const step = backwards ? -1 : 1;
  for (let i = firstOf(source, request); i >= 0 && i < source.length && found.length < most; i += step) {
    const event = source[i] as Kept;
    if (isIn(event) && request.accepts(event)) found.push(event);
  }
  return found;
}

/** Near where a read begins: places rise, so it is found in halves. */
function firstOf(source: readonly Kept[], request: ReadRequest): number {
  const { from, backwards } = request;
  if (typeof from !== 'bigint') return backwards ? source.length - 1 : 0;
  let [low, high] = [0, source.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placeOf(source[middle] as Kept, request) < from) low = middle + 1;
    else high = middle;
  }
  return backwards ? Math.min(low, source.length - 1) : low;
}

/** Room for more, or nobody left who would read it. */
async function drained(call: ReadCall): Promise<void> {
  const over = new AbortController();
  await Promise.race(['drain', 'cancelled', 'close'].map((event) => once(call, event, { signal: over.signal }).catch(() => {})));
  over.abort();
}

interface Live {
  readonly call: ReadCall;
  readonly request: ReadRequest;
  readonly queue: Kept[];
  isPumping: boolean;
}

async function subscription(state: State, call: ReadCall, request: ReadRequest): Promise<void> {
  call.write(confirmation());
  const live: Live = { call, request, queue: [], isPumping: false };
  const source = request.stream === null ? state.log.all : state.log.stream(request.stream);
  live.queue.push(...(source === 'deleted' || source === null ? [] : selected(source, request)));
  state.live.add(live);
  for (const end of ['close', 'cancelled', 'finish'] as const) call.on(end, () => state.live.delete(live));
  await pump(live);
  if (!state.isQuiet && (request.stream === null || source !== null)) call.write(caughtUp());
  if (request.isFiltered) call.write(checkpoint(state.log.all.at(-1)?.position ?? 0n));
}

async function pump(live: Live): Promise<void> {
  if (live.isPumping) return;
  live.isPumping = true;
  for (let next = live.queue.shift(); next !== undefined; next = live.queue.shift()) {
    if (live.call.cancelled || live.call.destroyed) return;
    if (!live.call.write(bytesOf(next, live.request.stream === null))) await drained(live.call);
  }
  live.isPumping = false;
}

function announce(state: State, written: readonly Kept[]): void {
  for (const live of state.live) {
    const events = written.filter((event) => (live.request.stream === null || live.request.stream === event.stream) && live.request.accepts(event));
    if (events.length === 0) continue;
    if (live.queue.length > LIVE_EVENTS_MAX || events.length > LIVE_APPEND_MAX) drop(state, live);
    else {
      live.queue.push(...events);
      void pump(live).catch(() => state.live.delete(live));
    }
  }
}

function drop(state: State, live: Live): void {
  state.live.delete(live);
  live.queue.length = 0;
  const metadata = new Metadata();
  live.call.emit('error', Object.assign(new Error('Operation timed out: Consumer too slow to handle event while live. Client resubscription required.'), { code: status.ABORTED, metadata }));
}
