// A real nats-server
// ==================
// Debian's, on a free port of the loopback with a folder of its own. It can be killed and started again on both.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { toolPath } from './tools.ts';

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** SIGKILL, or SIGTERM; resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** On the same port and folder. */
  start(): Promise<void>;
  /** Held still and let go on: a server that does not answer. */
  freeze(frozen: boolean): void;
  dispose(): Promise<void>;
}

export interface Given {
  /** A file of settings instead of ours; port and folder are ours all the same. */
  readonly conf: string;
  readonly env: Readonly<Record<string, string>>;
}

/** @param settings in the words of nats-server's own configuration; `<folder>` in them is its own */
export async function startNatsServer(settings = '', given: Given | null = null): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'autopack-nats-'));
  const port = await freePort();
  const file = join(folder, 'nats.conf');
  writeFileSync(file, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}" }\n${settings.replaceAll('<folder>', folder)}\n`);
  let child: ChildProcess | null = null;
  const stop = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const ending = child;
    child = null;
    if (ending === null || hasEnded(ending)) return;
    const gone = once(ending, 'close');
    ending.kill(signal);
    await gone;
  };
  const start = async (): Promise<void> => {
    const args = given === null ? ['-c', file] : ['-c', given.conf, '-a', '127.0.0.1', '-p', String(port), '-m', String(await freePort()), '-sd', folder];
    const started = spawn(toolPath('nats-server') ?? 'nats-server', args, { stdio: 'ignore', ...(given === null ? {} : { env: given.env }) });
    child = started;
    await answering(port);
    // Debian's 2.9.10 panics now and then when it is asked for a key of a stream that another client is just making: it is
    // started again, as docker-compose.yml has it.
    const again = (): void => void (child === started && started.exitCode === PANIC && start().catch(() => {}));
    started.once('exit', again);
    if (hasEnded(started)) again();
  };
  await start();
  return {
    url: `nats://127.0.0.1:${port}`, port, folder, stop, start,
    freeze(frozen) {
      child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
      if (frozen && child?.pid !== undefined) stopped(child.pid);
    },
    async dispose() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a program in Go ends with then. */
const PANIC = 2;
const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

const STOPPED_MS_MAX = 2_000;

/** A signal is on its way for a moment, and on a busy machine a server answers in that. Where there is no /proc it is trusted. */
function stopped(pid: number): void {
  const tasks = `/proc/${pid}/task`;
  const isStill = (task: string): boolean => /\) [TXZ] /.test(readFileSync(join(tasks, task, 'stat'), 'utf8'));
  for (const begun = performance.now(); existsSync(tasks) && !readdirSync(tasks).every(isStill); ) {
    if (performance.now() - begun > STOPPED_MS_MAX) throw new Error(`process ${pid} does not stop`);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** It says INFO by itself once it serves; JetStream is ready before that. */
async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const said = await Promise.race([once(socket, 'data').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false);
    socket.destroy();
    if (said) return;
    await pause(25);
  }
  throw new Error(`nats-server does not answer on port ${port}`);
}
