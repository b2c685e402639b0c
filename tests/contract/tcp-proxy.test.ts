// The proxy of the fault harness fails as networks do: late, held or cut, but what comes is in its order.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { startTcpProxy, type TcpProxy } from '#tests/support/tcp-proxy.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function between(): Promise<{ proxy: TcpProxy; client: Socket; came: () => string }> {
  let came = '';
  const server = createServer((socket) => void socket.on('error', () => {}).on('data', (bytes) => (came += bytes.toString('utf8')))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startTcpProxy('127.0.0.1', (server.address() as AddressInfo).port);
  const client = connect(proxy.port, '127.0.0.1').setNoDelay(true).on('error', () => {});
  await once(client, 'connect');
  closing.push(() => void server.close(), () => proxy.close(), () => void client.destroy());
  return { proxy, client, came: () => came };
}

const sent = async (client: Socket, text: string): Promise<void> => {
  client.write(text);
  await pause(20); // a piece by itself
};

test('what is late keeps its order, also when what follows is not late any more', async () => {
  const { proxy, client, came } = await between();
  proxy.slow(150);
  for (const text of ['a', 'b']) await sent(client, text);
  proxy.slow(30);
  await sent(client, 'c');
  proxy.slow(0);
  for (const text of ['d', 'e']) await sent(client, text);
  expect(came()).toBe('');
  await pause(300);
  expect(came()).toBe('abcde');
});

test('what is held comes when it is let go, and nothing comes through what is cut', async () => {
  const { proxy, client, came } = await between();
  proxy.hold(true);
  await sent(client, 'held');
  expect(came()).toBe('');
  proxy.hold(false);
  await pause(50);
  expect(came()).toBe('held');
  proxy.cut(true);
  await once(client, 'close');
  const late = connect(proxy.port, '127.0.0.1').on('error', () => {});
  await once(late, 'close');
  expect(came()).toBe('held');
});
