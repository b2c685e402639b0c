// A TCP proxy
// ===========
// Stands between a client and a server of the loopback, and fails as networks do: it holds what it is given and brings it
// late, is slow, or breaks every connection and takes no new one.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Takes everything, also connections, and brings it when it is let go. */
  hold(isHeld: boolean): void;
  cut(isCut: boolean): void;
  /** Each piece so much later, and none before the piece that came before it. */
  slow(ms: number): void;
  close(): Promise<void>;
}

export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const state = { isHeld: false, isCut: false, delayMs: 0 };
  const server = createServer((client) => {
    if (state.isCut) return void client.destroy();
    const upstream = connect(port, host);
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(from.setNoDelay(true));
      if (state.isHeld) from.pause();
      from.on('data', lateTo(to, state));
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    hold(isHeld) {
      state.isHeld = isHeld;
      for (const socket of sockets) if (isHeld) socket.pause(); else socket.resume();
    },
    cut(isCut) {
      state.isCut = isCut;
      if (isCut) breakAll();
    },
    slow: (ms) => void (state.delayMs = ms),
    async close() {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Pieces of one direction: what follows waits for what is late. */
function lateTo(to: Socket, state: { readonly delayMs: number }): (bytes: Buffer) => void {
  const late: Buffer[] = [];
  let lastAt = 0;
  const bring = (): void => {
    const bytes = late.shift();
    if (bytes !== undefined) to.write(bytes);
  };
  return (bytes) => {
    const now = performance.now();
    lastAt = Math.max(now + state.delayMs, lastAt);
    if (lastAt <= now && late.length === 0) return void to.write(bytes);
    late.push(bytes);
    setTimeout(bring, lastAt - now); // whichever timer fires, it brings the oldest
  };
}
