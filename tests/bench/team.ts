// Bench team
// ==========
// Team mode against what it is made of: the bare clients of EventStoreDB and NATS on the same servers in the same round.
// nats-server is the real one. The store is our wire server, a process of its own that syncs what is appended, or what
// AUTOPACK_TEST_EVENTSTORE_URL names; ledger and relay are processes as people start them.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent, NO_STREAM, type JSONEventData } from '@eventstore/db-client';
import { connect, type NatsConnection } from 'nats';
import { openEventStoreDb } from '#src/adapters/eventstore/store.ts';
import { openLedgerStore } from '#src/adapters/ledger/store.ts';
import { natsBus } from '#src/adapters/nats/bus.ts';
import { ALERTS, EVENTS, messagesOf, type Message } from '#src/app/feeds.ts';
import { runRelay } from '#src/app/relay.ts';
import { holdersOn } from '#src/app/team.ts';
import { fromStored } from '#src/kernel/log.ts';
import type { EventStore, NewEvent } from '#src/ports/event-store.ts';
import { streamOf } from '#src/record/record.ts';
import { startNatsServer } from '#tests/support/nats-server.ts';
import { median, type Pair } from './measure.ts';
import { BIN, child, running } from './processes.ts';
import { recordsOf, takeovers } from './world.ts';

const NEVER = new AbortController().signal;
/** As many as the relay has under way. */
const WINDOW = 64;
const mark = randomBytes(4).toString('hex'); // a real server keeps what an earlier bench wrote
let names = 0;
const freshRun = (): string => `bench-${mark}-${(names += 1)}`;
const millis = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

interface Servers {
  readonly store: string;
  readonly nats: string;
  /** In the order in which it must be ended. */
  onEnd(end: () => Promise<unknown> | void): void;
  end(): Promise<void>;
}

async function servers(): Promise<Servers> {
  const ends: (() => Promise<unknown> | void)[] = [];
  const named = process.env['AUTOPACK_TEST_EVENTSTORE_URL'];
  const folder = mkdtempSync(join(tmpdir(), 'autopack-bench-'));
  const wire = named === undefined || named === '' ? await running([child('wire-server.js'), join(folder, 'log')], /esdb:\S+\n/) : null;
  const nats = await startNatsServer();
  return {
    store: wire?.said.trim() ?? named ?? '',
    nats: nats.url,
    onEnd: (end) => void ends.unshift(end),
    async end() {
      for (const end of [...ends, () => nats.dispose(), () => wire?.end(), () => rmSync(folder, { recursive: true, force: true })]) await end();
    },
  };
}

async function startLedger({ store, nats, onEnd }: Servers, ...args: readonly string[]): Promise<EventStore> {
  const home = mkdtempSync(join(tmpdir(), 'autopack-bench-'));
  const ledger = await running([BIN, 'ledger', ...args, '--store', store], /ready/, { AUTOPACK_NATS_URL: nats, AUTOPACK_HOME: home });
  const bus = await natsBus({ url: nats });
  const { events } = await openLedgerStore({ bus, stop: NEVER, tell: (what) => process.stderr.write(`${what}\n`) });
  onEnd(async () => {
    await events.close();
    await bus.close();
    await ledger.end();
    rmSync(home, { recursive: true, force: true });
  });
  return events;
}

function bareStore({ store, onEnd }: Servers): EventStoreDBClient {
  const client = EventStoreDBClient.connectionString(store);
  onEnd(() => client.dispose());
  return client;
}

async function bareNats({ nats, onEnd }: Servers): Promise<NatsConnection> {
  const nc = await connect({ servers: nats });
  onEnd(() => nc.close());
  return nc;
}

/** A run's records, one after another, each when the one before it is answered for. */
async function appendAll(events: EventStore, run: string, records: readonly NewEvent[]): Promise<void> {
  for (const [i, record] of records.entries()) await events.append(streamOf(run), i - 1, [record]);
}

const bareEvent = ({ id, type, data, metadata }: NewEvent): JSONEventData => jsonEvent({ id, type, data: JSON.parse(data) as Record<string, unknown>, metadata });

async function bareAppendAll(client: EventStoreDBClient, run: string, { events, before = async () => {} }: { events: readonly JSONEventData[]; before?: () => Promise<unknown> }): Promise<void> {
  for (const [i, event] of events.entries()) {
    await before();
    await client.appendToStream(streamOf(run), event, { expectedRevision: i === 0 ? NO_STREAM : BigInt(i - 1) });
  }
}

/** So many runs side by side through a ledger, and the same appends by the store's own client. */
export async function appendPair(runs: number, steps: number): Promise<Pair> {
  const around = await servers();
  const [ledger, client] = [await startLedger(around), bareStore(around)];
  const fresh = () => Array.from({ length: runs }, () => freshRun()).map((run) => ({ run, records: recordsOf(run, steps) }));
  const rate = async (appends: number, work: () => Promise<unknown>): Promise<number> => (appends * 1000) / (await millis(work));
  return {
    async value() {
      const asked = fresh();
      return rate(runs * (steps + 2), () => Promise.all(asked.map(({ run, records }) => appendAll(ledger, run, records))));
    },
    async baseline() {
      const asked = fresh().map(({ run, records }) => ({ run, events: records.map(bareEvent) }));
      return rate(runs * (steps + 2), () => Promise.all(asked.map(({ run, events }) => bareAppendAll(client, run, { events }))));
    },
    end: around.end,
  };
}

/** One caller of a ledger, and a bare append behind a bare request of the same size: milliseconds of one. */
export async function partsPair(steps: number): Promise<Pair> {
  const around = await servers();
  const [ledger, client, nc] = [await startLedger(around), bareStore(around), await bareNats(around)];
  const echo = await running([child('echo.js'), around.nats], /listening/);
  around.onEnd(() => echo.end());
  const each = async (records: readonly NewEvent[], work: () => Promise<unknown>): Promise<number> => (await millis(work)) / records.length;
  return {
    async value() {
      const run = freshRun();
      const records = recordsOf(run, steps);
      return each(records, () => appendAll(ledger, run, records));
    },
    async baseline() {
      const run = freshRun();
      const records = recordsOf(run, steps);
      const [events, body] = [records.map(bareEvent), Buffer.from(records.at(-1)?.data ?? '')];
      return each(records, () => bareAppendAll(client, run, { events, before: () => nc.request('echo', body, { timeout: 5000 }) }));
    },
    end: around.end,
  };
}

const messagesOfRun = (run: string, records: readonly NewEvent[]): Message[] => records.flatMap((record, revision) => messagesOf(fromStored(run, { ...record, stream: streamOf(run), revision, position: 0 })));

/** A relay from its start until all is kept that a store of so many new records says, and the same messages by NATS's own client. */
export async function relayPair(steps: number): Promise<Pair> {
  const around = await servers();
  const [bus, store, nc] = [await natsBus({ url: around.nats }), await openEventStoreDb({ url: around.store }), await bareNats(around)];
  around.onEnd(async () => (await store.close(), bus.close()));
  await bus.feed(EVENTS);
  await bus.feed(ALERTS);
  const js = nc.jetstream();
  return {
    async value() {
      const run = freshRun();
      const records = recordsOf(run, steps);
      for (let i = 0; i < records.length; i += 50) await store.events.append(streamOf(run), i - 1, records.slice(i, i + 50));
      const wanted = messagesOfRun(run, records).length;
      const stop = new AbortController();
      const own = `.${run}.`;
      let kept = 0;
      const keep: typeof bus.keep = async (subject, body, id) => {
        const answer = await bus.keep(subject, body, id);
        if (subject.includes(own) && (kept += 1) === wanted) stop.abort();
        return answer;
      };
      const start = performance.now();
      const relay = runRelay({ events: store.events, bus: { ...bus, keep }, holders: holdersOn(bus), logger: { warn: process.stderr.write.bind(process.stderr), info: () => {} } as never, nonce: run, stop: stop.signal });
      await Promise.race([once(stop.signal, 'abort'), relay]);
      const took = performance.now() - start;
      await relay;
      return (wanted * 1000) / took;
    },
    async baseline() {
      const run = freshRun();
      const messages = messagesOfRun(run, recordsOf(run, steps)).values();
      let sent = 0;
      const took = await millis(() => Promise.all(Array.from({ length: WINDOW }, async () => {
        for (const { subject, body, id } of messages) {
          await js.publish(subject, body, { msgID: id });
          sent += 1;
        }
      })));
      return (sent * 1000) / took;
    },
    end: around.end,
  };
}

/** From an append's beginning until who listens on NATS has the alert of it, and a bare append: medians in milliseconds. */
export async function alertPair(times: number): Promise<Pair> {
  const around = await servers();
  const [ledger, client, nc] = [await startLedger(around, '--relay'), bareStore(around), await bareNats(around)];
  const heard = new EventTarget();
  nc.subscribe('autopack.v1.*.alert.>', { callback: (_, message) => void heard.dispatchEvent(new Event(message.headers?.get('Nats-Msg-Id') ?? '')) });
  await nc.flush();
  return {
    async value() {
      const run = freshRun();
      const took: number[] = [];
      for (const [i, record] of takeovers(run, times).entries()) {
        const told = i < 2 ? null : once(heard, `${record.metadata.hash}:0`);
        const start = performance.now();
        const append = ledger.append(streamOf(run), i - 1, [record]);
        await told;
        if (told !== null) took.push(performance.now() - start);
        await append;
      }
      return median(took);
    },
    async baseline() {
      const run = freshRun();
      const took: number[] = [];
      for (const [i, event] of takeovers(run, times).map(bareEvent).entries()) took.push(await millis(() => client.appendToStream(streamOf(run), event, { expectedRevision: i === 0 ? NO_STREAM : BigInt(i - 1) })));
      return median(took);
    },
    end: around.end,
  };
}
