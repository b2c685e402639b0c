// A store that fails
// ==================
// What a team's ledgers and relays write to, with the faults of one: the wire server of ours as a process that is killed and
// stopped, a real EventStoreDB behind a proxy (then the network fails in its place), or a SQLite file, which has no server.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutCredentials } from '#src/domain/secrets.ts';
import { until, watched } from './e2e.ts';
import { freePort } from './nats-server.ts';
import { startTcpProxy } from './tcp-proxy.ts';

export interface ServerFaults {
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Connections stay, nothing is answered. */
  freeze(isFrozen: boolean): void;
  slow(ms: number): void;
  /** Ends live subscriptions; on a real server with their connections. */
  drop(): void;
}

export interface FaultyStore {
  /** For services. */
  readonly spec: string;
  /** For who looks at the log: no proxy between. */
  readonly direct: string;
  readonly name: string;
  /** Null where nothing stands between a ledger and its file. */
  readonly faults: ServerFaults | null;
  dispose(): Promise<void>;
}

export const STORES = ['wire', 'sqlite', 'real'] as const;
export type StoreKind = (typeof STORES)[number];

const MAIN = fileURLToPath(new URL('eventstore-main.ts', import.meta.url));

/** @param real the URL of a running EventStoreDB, for `real` */
export async function startFaultyStore(kind: StoreKind, folder: string, real: string): Promise<FaultyStore> {
  if (kind === 'wire') return wireProcess(folder);
  if (kind === 'real') return behindProxy(real);
  const spec = `sqlite:${join(folder, 'team.db')}`;
  return { spec, direct: spec, name: 'SQLite', faults: null, dispose: async () => {} };
}

async function wireProcess(folder: string): Promise<FaultyStore> {
  const port = await freePort();
  const proxy = await startTcpProxy('127.0.0.1', port);
  let child: ChildProcess | null = null;
  const kill = async (): Promise<void> => {
    if (child === null) return;
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'close') : null;
    child.kill('SIGKILL');
    await gone;
    child = null;
  };
  const start = async (): Promise<void> => {
    const started = watched(spawn(process.execPath, [MAIN], { env: { ...process.env, PORT: String(port), LOG: join(folder, 'eventstore.jsonl') }, stdio: ['ignore', 'pipe', 'pipe'] }));
    child = started.child;
    await until('the wire server is ready', () => started.err().includes('ready') || started.child.exitCode !== null);
    if (started.child.exitCode !== null) throw new Error(`the wire server ended: ${started.err()}`);
  };
  await start();
  const freeze = (isFrozen: boolean): void => void child?.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT');
  return {
    spec: `esdb://127.0.0.1:${proxy.port}?tls=false`,
    direct: `esdb://127.0.0.1:${port}?tls=false`,
    name: "EventStoreDB's wire server of ours",
    faults: { kill, start, freeze, slow: proxy.slow, drop: () => void child?.kill('SIGUSR2') },
    async dispose() {
      await kill();
      await proxy.close();
    },
  };
}

/** Nothing is done to a server that is not ours: what is between fails as if it were the server. */
async function behindProxy(real: string): Promise<FaultyStore> {
  const url = URL.parse(real);
  if (url?.protocol !== 'esdb:') throw new Error(`${withoutCredentials(real)} is no single server that a proxy can stand before: give AUTOPACK_TEST_EVENTSTORE_URL=esdb://HOST:PORT?tls=false`);
  const proxy = await startTcpProxy(url.hostname, Number(url.port === '' ? 2113 : url.port));
  const spec = real.replace(url.host, `127.0.0.1:${proxy.port}`);
  const drop = (): void => {
    proxy.cut(true);
    proxy.cut(false);
  };
  return {
    spec, direct: real, name: 'a real EventStoreDB behind a proxy',
    faults: { kill: async () => proxy.cut(true), start: async () => proxy.cut(false), freeze: proxy.hold, slow: proxy.slow, drop },
    dispose: () => proxy.close(),
  };
}
