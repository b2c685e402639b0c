import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'nats';
import { describe, expect, test } from 'vitest';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { natsBus } from '#src/adapters/nats/bus.ts';
import { startNatsServer } from '#tests/support/nats-server.ts';
import { startTcpProxy } from '#tests/support/tcp-proxy.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { busContract } from './bus.ts';

busContract('memory', async () => {
  const broker = memoryBroker();
  return { connect: async () => memoryBus(broker), dispose: async () => {} };
});

describe.skipIf(skipWithout('nats-server'))('with a server', () => {
  busContract('nats', async () => {
    const server = await startNatsServer();
    return { connect: () => natsBus({ url: server.url }), dispose: () => server.dispose() };
  });

  test('BU4 a feed that a server has no room for is made smaller, and kept without a limit on the least', async () => {
    for (const [room, wanted, made] of [['100MB', 1024 ** 3, 64 * 1024 ** 2], ['100MB', 4 * 1024 ** 2, 4 * 1024 ** 2], ['1MB', 1024 ** 3, -1]] as const) {
      const server = await startNatsServer(`jetstream { store_dir: "<folder>", max_file_store: ${room} }`);
      const [bus, raw] = [await natsBus({ url: server.url }), await connect({ servers: server.url })];
      try {
        const feed = { name: 'F', subjects: ['f.>'], maxAgeMs: 3_600_000, windowMs: 120_000 };
        await bus.feed(feed); // as an earlier version made it
        for (let times = 0; times < 2; times += 1) await bus.feed({ ...feed, bytesMax: wanted });
        const { config } = await (await raw.jetstreamManager()).streams.info('F');
        expect([config.max_bytes, config.discard, await bus.keep('f.a', Buffer.from('x'), 'm')]).toEqual([made, 'old', { repeat: false }]);
      } finally {
        await Promise.all([bus.close(), raw.close()]);
        await server.dispose();
      }
    }
  }, 30_000);

  test('BU5 BU7 who consumes from now on and was forgotten while it was cut off misses nothing, not even the first', async () => {
    const server = await startNatsServer();
    const proxy = await startTcpProxy('127.0.0.1', server.port);
    const [bus, near, raw] = [await natsBus({ url: `nats://127.0.0.1:${proxy.port}` }), await natsBus({ url: server.url }), await connect({ servers: server.url })];
    try {
      await bus.feed({ name: 'F', subjects: ['f.>'], maxAgeMs: 3_600_000, windowMs: 120_000 });
      await near.keep('f.a', Buffer.from('x'), 'before');
      const seen: string[] = [];
      await bus.consume({ feed: 'F', filter: 'f.>', durable: null, from: 'new' }, async ({ id }) => void seen.push(id ?? ''));
      proxy.cut(true);
      const { consumers } = await raw.jetstreamManager();
      for (const { name } of await consumers.list('F').next()) await consumers.delete('F', name); // as the server does after a minute
      await near.keep('f.a', Buffer.from('x'), 'while away');
      proxy.cut(false);
      while (seen.length === 0) await pause(20);
      await near.keep('f.a', Buffer.from('x'), 'after');
      while (seen.length < 2) await pause(20);
      expect(seen).toEqual(['while away', 'after']);
    } finally {
      await Promise.all([bus.close(), near.close(), raw.close()]);
      await proxy.close();
      await server.dispose();
    }
  }, 30_000);

  test('BU7 who listens and consumes goes on when the server was killed and is back, and nothing kept is lost', async () => {
    const server = await startNatsServer();
    const told: string[] = [];
    const bus = await natsBus({ url: server.url, tell: (what) => told.push(what) });
    try {
      await bus.feed({ name: 'F', subjects: ['f.>'], maxAgeMs: 3_600_000, windowMs: 120_000 });
      const [heard, kept]: [string[], string[]] = [[], []];
      await bus.listen('live', ({ body }) => void heard.push(Buffer.from(body).toString()));
      await bus.consume({ feed: 'F', filter: 'f.>', durable: null, from: 0 }, async ({ id }) => void kept.push(id ?? ''));
      await bus.consume({ feed: 'F', filter: 'f.>', durable: 'd', from: 0 }, async ({ id }) => void kept.push(`d:${id}`));
      await bus.keep('f.a', Buffer.from('1'), 'm1');
      while (kept.length < 2) await pause(20);
      await server.stop();
      await expect(bus.request('live', Buffer.from('x'), 200)).rejects.toMatchObject({ code: 'bus.unavailable' });
      await pause(5_000); // longer than the patience of the client by itself: ten tries
      await server.start();
      while (heard.length === 0) await bus.publish('live', Buffer.from('back')).then(() => pause(50));
      await bus.keep('f.a', Buffer.from('2'), 'm2');
      expect((await bus.keep('f.a', Buffer.from('1'), 'm1')).repeat).toBe(true);
      while (kept.length < 4) await pause(20);
      expect(kept.toSorted()).toEqual(['d:m1', 'd:m2', 'm1', 'm2']);
      expect(told).toEqual([expect.stringContaining('lost'), expect.stringContaining('back')]);
    } finally {
      await bus.close();
      await server.dispose();
    }
  });
});
