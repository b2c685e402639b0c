// A server that is gone, held still or silent: whoever lets go of it comes back soon, whatever is left to say to it.

import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { natsBus, natsServer } from '#src/adapters/nats/bus.ts';
import type { Bus } from '#src/ports/bus.ts';
import { startNatsServer, type NatsServer } from '#tests/support/nats-server.ts';
import { skipWithout } from '#tests/support/tools.ts';

const SOON_MS = 2_000;

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** @returns how long it took, ms; as much as ten seconds where it takes longer */
async function took(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await Promise.race([work(), pause(10_000, undefined, { ref: false })]);
  return performance.now() - begun;
}

async function serving(): Promise<{ server: NatsServer; bus: Bus }> {
  const server = await startNatsServer();
  closing.push(() => server.dispose());
  const bus = await natsBus({ url: server.url });
  await bus.feed({ name: 'F', subjects: ['f.>'], maxAgeMs: 3_600_000, windowMs: 120_000 });
  return { server, bus };
}

describe.skipIf(skipWithout('nats-server'))('with a server', () => {
  test.each([
    ['held still', async (server: NatsServer) => server.freeze(true)],
    ['gone', (server: NatsServer) => server.stop()],
  ])('BU8 a server that is %s keeps nobody from closing', async (_, away) => {
    const { server, bus } = await serving();
    const live = await bus.listen('live', () => {});
    await bus.listen('other', () => {});
    const consuming = await bus.consume({ feed: 'F', filter: 'f.>', durable: null, from: 0 }, async () => {});
    await bus.consume({ feed: 'F', filter: 'f.>', durable: 'd', from: 0 }, async () => {});
    await away(server);
    await bus.publish('live', Buffer.from('what nobody takes'));
    await pause(1_500); // who consumes has noticed, and looks for its consumer again
    for (const work of [() => live.close(), () => consuming.close(), () => bus.close()]) expect(await took(work), String(work)).toBeLessThan(SOON_MS);
    await expect(bus.publish('live', Buffer.from('x'))).rejects.toMatchObject({ code: 'bus.unavailable', message: expect.stringContaining('closed') });
  }, 60_000);

  test('BU7 nobody listens behind a server that is held still: it is said in time, and the listener is not there later', async () => {
    const { server, bus } = await serving();
    closing.push(() => bus.close());
    const heard: string[] = [];
    server.freeze(true);
    await expect(bus.listen('live', () => void heard.push('x'))).rejects.toMatchObject({ code: 'bus.unavailable' });
    server.freeze(false);
    await bus.listen('end', () => void heard.push('end'));
    for (const subject of ['live', 'end']) await bus.publish(subject, Buffer.from('x'));
    while (!heard.includes('end')) await pause(10);
    expect(heard).toEqual(['end']);
  }, 60_000);
});

test('a server that is silent once it has let us in is unavailable, by name', async () => {
  const mute = createServer((socket) => {
    socket.on('error', () => {}).write('INFO {"version":"2.9.0","max_payload":1048576}\r\n');
    socket.once('data', () => socket.write('PONG\r\n'));
  }).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  closing.push(() => void mute.close());
  const { port } = mute.address() as AddressInfo;
  await expect(natsServer({ url: `nats://127.0.0.1:${port}` })).rejects.toMatchObject({ code: 'bus.unavailable', message: `NATS at 127.0.0.1:${port}: no answer in time` });
}, 20_000);
