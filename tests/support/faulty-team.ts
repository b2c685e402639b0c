// A team whose parts fail
// =======================
// A real nats-server, ledgers and relays as processes, a store that fails; between NATS and each kind of them a proxy. Beside
// it a plain client of NATS, which is none of ours, hears what a relay tells, and sees that appends happen.

import { spawn } from 'node:child_process';
import { AckPolicy, connect, type JsMsg, type Msg, type NatsConnection } from 'nats';
import { streamOf } from '#src/record/record.ts';
import { ALERTS, EVENTS } from '#src/app/feeds.ts';
import { BIN, CLOCK, until, watched, type Place, type Started } from './e2e.ts';
import { startFaultyStore, type FaultyStore, type StoreKind } from './faulty-store.ts';
import { DEADLY } from './killing.ts';
import { listenToLedgers, type LedgerEar } from './ledger-ear.ts';
import { startNatsServer, type NatsServer } from './nats-server.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

export const ROLES = ['executor', 'ledger', 'relay'] as const;
export type Role = (typeof ROLES)[number];

export interface Process {
  /** Also a worker is one that executes. */
  readonly role: Role;
  readonly args: readonly string[];
  /** Through the proxy of another role. */
  readonly wire?: Role;
  /** For `kill-main.ts`: then it ends itself. */
  readonly killAfter?: string;
  /** A state folder of its own, as on another machine. */
  readonly home?: string;
}

export interface FaultyTeam {
  readonly server: NatsServer;
  readonly store: FaultyStore;
  /** Between each role and NATS. */
  readonly wires: Readonly<Record<Role, TcpProxy>>;
  readonly ear: Ear;
  start(process: Process): Started;
  /** A service that is ready. */
  serve(role: 'ledger' | 'relay', killAfter?: string): Promise<Started>;
  dispose(): Promise<void>;
}

export async function startFaultyTeam(place: Place, kind: StoreKind, real = ''): Promise<FaultyTeam> {
  const server = await startNatsServer();
  const store = await startFaultyStore(kind, place.folder, real).catch(async (error: unknown) => {
    await server.dispose();
    throw error;
  });
  const wire = (): Promise<TcpProxy> => startTcpProxy('127.0.0.1', server.port);
  const wires = { executor: await wire(), ledger: await wire(), relay: await wire() };
  const ear = await listenTo(server);
  const started: Started[] = [];
  const start = ({ role, args, wire: own = role, killAfter, home = place.home }: Process): Started => {
    const service = role !== 'executor';
    const env = {
      ...process.env, AUTOPACK_HOME: home, AUTOPACK_SANDBOX: 'none', AUTOPACK_NATS_URL: `nats://127.0.0.1:${wires[own].port}`,
      AUTOPACK_STORE: service ? store.spec : 'ledger:', ...(service ? {} : { AUTOPACK_CLOCK: CLOCK }), KILL_AFTER: killAfter ?? 'never',
    };
    const one = watched(spawn(process.execPath, [killAfter === undefined ? BIN : DEADLY, ...args], { cwd: place.folder, env, stdio: ['ignore', 'pipe', 'pipe'] }));
    started.push(one);
    return one;
  };
  const abandon = (): void => {
    for (const { child } of started) child.kill('SIGKILL');
    void server.stop();
    void store.dispose();
  };
  process.once('exit', abandon); // a harness that is interrupted leaves no service behind
  return {
    server, store, wires, ear, start,
    async serve(role, killAfter) {
      const service = start({ role, args: [role], ...(killAfter === undefined ? {} : { killAfter }) });
      await until(`${role} is ready`, () => service.err().includes('ready') || hasEnded(service));
      if (hasEnded(service)) throw new Error(`${role} ended: ${service.err()}`);
      return service;
    },
    async dispose() {
      process.off('exit', abandon);
      for (const { child } of started) child.kill('SIGKILL');
      await Promise.all(started.map(({ done }) => done));
      await ear.close();
      await Promise.all(Object.values(wires).map((proxy) => proxy.close()));
      await store.dispose();
      await server.dispose();
    },
  };
}

export const hasEnded = ({ child }: Started): boolean => child.exitCode !== null || child.signalCode !== null;

interface Heard {
  readonly subject: string;
  readonly id: string;
  readonly body: string;
}

export interface Ear {
  /** Appends that ledgers told of. */
  appends(run: string): number;
  /** Live, as it came, repeats included; what was told while NATS was away is not in it. */
  live(run: string): readonly Heard[];
  /** What JetStream keeps of a run, in order. */
  kept(run: string): Promise<readonly Heard[]>;
  readonly ledgers: LedgerEar;
  /** The process that holds a run; `$relay`: that leads among relays. */
  holder(run: string): Promise<number | null>;
  close(): Promise<void>;
}

const KINDS = ['event', 'fact', 'move', 'alert'] as const;
/** For all that a run has; more is asked again. */
const PULL_MS = 5_000;

/** Plain `nats`: nothing of ours but the names of subjects and streams. */
async function listenTo(server: NatsServer): Promise<Ear> {
  const nc = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  const appends = new Map<string, number>();
  const live: Heard[] = [];
  nc.subscribe('autopack.v1.ledger.appended.>', { callback: (_, { subject }) => appends.set(subject, (appends.get(subject) ?? 0) + 1) });
  for (const kind of KINDS) {
    nc.subscribe(`autopack.v1.*.${kind}.>`, { callback: (_, message) => void live.push(heard(message)) });
  }
  const ledgers = listenToLedgers(nc);
  await nc.flush();
  return {
    ledgers,
    appends: (run) => appends.get(`autopack.v1.ledger.appended.${streamOf(run)}`) ?? 0,
    live: (run) => live.filter(({ subject }) => subject.startsWith(`autopack.v1.${run}.`)),
    kept: async (run) => (await Promise.all(KINDS.map((kind) => keptIn(nc, kind === 'alert' ? ALERTS.name : EVENTS.name, `autopack.v1.${run}.${kind}.>`)))).flat(),
    async holder(run) {
      const holders = await nc.jetstream().views.kv('autopack-holders');
      const entry = await holders.get(Buffer.from(run).toString('base64url'));
      return entry === null || entry.operation !== 'PUT' ? null : (entry.json<{ pid: number }>()).pid;
    },
    close: () => nc.close(),
  };
}

const heard = (message: Msg | JsMsg): Heard => ({ subject: message.subject, id: message.headers?.get('Nats-Msg-Id') ?? '', body: message.string() });

async function keptIn(nc: NatsConnection, feed: string, filter: string): Promise<Heard[]> {
  const manager = await nc.jetstreamManager();
  const { name, num_pending: pending } = await manager.consumers.add(feed, { ack_policy: AckPolicy.None, filter_subject: filter, mem_storage: true });
  const found: Heard[] = [];
  if (pending > 0) {
    const consumer = await nc.jetstream().consumers.get(feed, name);
    for await (const message of await consumer.fetch({ max_messages: pending, expires: PULL_MS })) found.push(heard(message));
  }
  await manager.consumers.delete(feed, name);
  return found;
}
