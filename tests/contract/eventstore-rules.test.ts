// The adapter's rules for EventStoreDB, by number (docs/adr/0010; source: eventstore.md 1), as they are seen from inside of a
// server, and under the faults of a network. What any server shows: eventstore-rules.ts.

import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEventStoreDb, type EventStoreOptions, type Store } from '#src/adapters/eventstore/store.ts';
import type { StoredEvent } from '#src/ports/event-store.ts';
import { refOf } from '#src/record/ref.ts';
import { startWireServer, type WireServer } from '#tests/support/eventstore-wire/server.ts';
import { eventsNamed, idNamed, idsOf, nameOf } from './support.ts';

let server: WireServer;
let store: Store;
const opened: Store[] = [];
const open = async (options: Partial<EventStoreOptions> = {}): Promise<Store> => {
  const one = await openEventStoreDb({ url: server.url, patienceMs: 8_000, timeoutMs: 400, ...options });
  opened.push(one);
  return one;
};

beforeEach(async () => {
  server = await startWireServer();
  store = await open();
});
afterEach(async () => {
  server.proceed();
  for (const one of opened.splice(0)) await one.close();
  await server.kill();
});

const sent = (stream: string): readonly string[] => server.appends.filter((append) => append.stream === stream).map(({ expected, events }) => `${expected} ${events.map(({ id }) => nameOf(id)).join('')}`);
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(5);
};

function following(stream: string, from = 0, of = store) {
  const given: StoredEvent[] = [];
  const errors: unknown[] = [];
  const subscription = of.events.subscribe(stream, from, (event) => void given.push(event), (error) => void errors.push(error));
  return { given, errors, subscription, names: () => idsOf(given) };
}

describe('what is sent', () => {
  test('rule 1: an append names an exact revision, or that there is no stream', async () => {
    await store.events.append('run-a', -1, eventsNamed('a', 'b'));
    await store.events.append('run-a', 1, eventsNamed('c'));
    await store.blobs.memo('a', 'run/1', await store.blobs.put(Buffer.from('x')));
    expect(new Set(server.appends.map(({ expected }) => expected))).toEqual(new Set(['no_stream', 1n]));
  });
});

describe('outcomes that are not known', () => {
  test.each(['reset-before', 'reset-after', 'lose-answer'] as const)('rules 2, 5, 6: after %s the same append is sent again and stands once', async (fault) => {
    await store.events.append('run-a', -1, eventsNamed('a'));
    server.failNext(fault, fault);
    expect(await store.events.append('run-a', 0, eventsNamed('b', 'c'))).toBe(2);
    expect(sent('run-a')).toEqual(['no_stream a', '0 bc', '0 bc', '0 bc']);
    expect(idsOf(await store.events.read('run-a'))).toEqual(['a', 'b', 'c']);
  });

  test('rule 2: the same append again after a restart, behind what others wrote since, answers as the first did', async () => {
    server.failNext('reset-after');
    const other = await open();
    expect(await store.events.append('run-a', -1, eventsNamed('a'))).toBe(0);
    expect(await other.events.append('run-a', 0, eventsNamed('b'))).toBe(1);
    await server.kill();
    await server.restart();
    expect(await store.events.append('run-a', -1, eventsNamed('a'))).toBe(0);
    expect(idsOf(await store.events.read('run-a'))).toEqual(['a', 'b']);
  });

  test('rule 5: a server that hangs costs the patience and not 20 s, and then the error names place, cause and way out', async () => {
    const hasty = await open({ patienceMs: 600, timeoutMs: 200 });
    server.stall();
    const before = performance.now();
    const away = expect.objectContaining({ code: 'store.unavailable', exit: 7, message: `the store esdb://127.0.0.1:${server.port} does not answer: no answer within 200 ms`, hint: expect.stringContaining('server runs') });
    await expect(hasty.events.append('run-a', -1, eventsNamed('a'))).rejects.toEqual(away);
    await expect(hasty.events.read('run-a')).rejects.toEqual(away);
    expect(performance.now() - before).toBeLessThan(5_000);
    server.proceed();
    expect(await hasty.events.append('run-a', -1, eventsNamed('a'))).toBe(0);
    expect(idsOf(await hasty.events.read('run-a'))).toEqual(['a']);
  });

  test('rule 6: while the server is away an append waits, and goes on when it is there again', async () => {
    await server.kill();
    const appending = store.events.append('run-a', -1, eventsNamed('a'));
    await sleep(300);
    await server.restart();
    expect(await appending).toBe(0);
  });

  test('rule 6: a real conflict is told, also behind a lost answer', async () => {
    const other = await open();
    await store.events.append('run-a', -1, eventsNamed('a'));
    await other.events.append('run-a', 0, eventsNamed('theirs'));
    server.failNext('lose-answer');
    await expect(store.events.append('run-a', 0, eventsNamed('ours'))).rejects.toMatchObject({ code: 'store.wrong_revision', message: 'stream run-a is at revision 1, not at 0' });
  });

  test('rule 8: 15 appends at most are in flight, on one call, and all of 400 that meet are written', async () => {
    await store.events.append('run-warm', -1, eventsNamed('w'));
    server.stall();
    const appending = Array.from({ length: 400 }, (_, i) => store.events.append(`run-${i}`, -1, eventsNamed('a')));
    await until(() => server.appends.length >= 16);
    await sleep(100);
    expect(server.appends).toHaveLength(1 + 15);
    expect(server.openCalls()).toBe(1);
    server.proceed();
    expect(await Promise.all(appending)).toEqual(appending.map(() => 0));
    expect((await store.events.readAll()).length).toBe(401);
  });

  test('rule 11: the first append on a new connection goes alone, the others follow its answer', async () => {
    server.slow(200);
    const appending = Promise.all(Array.from({ length: 50 }, (_, i) => store.events.append(`run-${i}`, -1, eventsNamed('a'))));
    await until(() => server.appends.length > 0);
    await sleep(100); // half of the way to its answer
    expect(server.appends).toHaveLength(1);
    server.slow(0);
    await appending;
    expect(server.log.all.filter(({ stream }) => stream.startsWith('run-'))).toHaveLength(50);
  });

  test('rule 12: after an append that was not answered in time, the next attempt comes on a new channel and the old one is gone', async () => {
    server.failNext('lose-answer');
    await store.events.append('run-a', -1, eventsNamed('a'));
    expect(server.seen.filter((call) => call === 'channel')).toHaveLength(2);
    await until(() => server.openCalls() === 1);
  });

  test('rule 12: two stores of one process share the client of appends; a broken connection under load loses and doubles nothing', async () => {
    const other = await open();
    const write = async (to: Store, run: string): Promise<void> => {
      for (let at = -1; at < 39; at += 1) await to.events.append(run, at, eventsNamed(`${at + 1}`));
    };
    const runs = Array.from({ length: 12 }, (_, i) => `run-${i}`);
    const writing = Promise.all(runs.map((run, i) => write(i % 2 === 0 ? store : other, run)));
    for (let i = 0; i < 6; i += 1) {
      await sleep(40);
      if (i % 2 === 0) server.failNext('reset-after');
      else server.failNext('reset-before', 'lose-answer');
    }
    await writing;
    for (const run of runs) expect(idsOf(await store.events.read(run))).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`));
  });
});

describe('errors', () => {
  test('rule 7: TLS against a plain server, and plain against one with TLS, say so', async () => {
    await expect(openEventStoreDb({ url: server.url.replace('127.0.0.1', 'localhost').replace('tls=false', 'tls=true'), patienceMs: 3_000 })).rejects.toMatchObject({ code: 'store.refused', hint: expect.stringContaining('tls=false') });
    const tls = createServer((socket) => socket.once('data', () => socket.end(Buffer.from([0x15, 3, 1, 0, 2, 2, 0x46])))); // an alert, as TLS answers what is not TLS
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
    await expect(openEventStoreDb({ url: `esdb://127.0.0.1:${(tls.address() as AddressInfo).port}?tls=false`, patienceMs: 300 })).rejects.toMatchObject({ code: 'store.unavailable', hint: expect.stringContaining('tls=true') });
    tls.close();
  });

  test.each(['access-denied', 'unauthenticated'] as const)('credentials that are refused (%s) end at once, for appends, reads and the opening', async (code) => {
    server.deny(code);
    const denied = expect.objectContaining({ code: 'store.refused', message: expect.stringContaining('credentials'), hint: expect.stringContaining('USER:PASSWORD') });
    await expect(store.events.append('run-a', -1, eventsNamed('a'))).rejects.toEqual(denied);
    await expect(store.events.read('run-a')).rejects.toEqual(denied);
    await expect(open()).rejects.toEqual(denied);
    server.deny(null);
    expect(await store.events.append('run-a', -1, eventsNamed('a'))).toBe(0);
  });

  test.each(['esdb://u:s3cret@', 'esdb://u:s3cret@h:99999', 'esdb://u:x@s3cret@', 'esdb://h,u:s3cret@', 'esdb://u:a/s3cret@'])('a URL that cannot be meant is refused without showing it: %s', async (url) => {
    await expect(openEventStoreDb({ url, patienceMs: 100 })).rejects.toMatchObject({ message: expect.not.stringContaining('s3cret') });
  });

  test("another product's events in a stream of ours are damage with a name, for reads and subscriptions, and hurt no other stream", async () => {
    await store.events.append('run-ours', -1, eventsNamed('a'));
    server.log.append('run-theirs', 'no_stream', [{ id: idNamed('x'), type: 'OrderPlaced', contentType: 'application/json', data: Buffer.from('{"order":1}'), metadata: new Uint8Array() }]);
    const foreign = expect.objectContaining({ code: 'store.damaged', message: 'event 0 (OrderPlaced) of the stream run-theirs was not written by autopack' });
    await expect(store.events.read('run-theirs')).rejects.toEqual(foreign);
    expect(idsOf(await store.events.readAll())).toEqual(['a']);
    const [theirs, ours] = [following('run-theirs'), following('run-ours')];
    await until(() => theirs.errors.length > 0 && ours.given.length > 0);
    expect([theirs.errors, ours.names()]).toEqual([[foreign], ['a']]);
  });

  test('a stream that was deleted or cut is damage, not another past', async () => {
    for (const run of ['run-soft', 'run-hard']) await store.events.append(run, -1, eventsNamed('a', 'b'));
    server.log.softDelete('run-soft');
    server.log.tombstone('run-hard');
    await expect(store.events.append('run-soft', -1, eventsNamed('c'))).rejects.toMatchObject({ code: 'store.damaged', message: expect.stringContaining('had been deleted') });
    await expect(store.events.read('run-soft')).rejects.toMatchObject({ code: 'store.damaged', message: 'stream run-soft lacks its revision 0' });
    for (const work of [store.events.read('run-hard'), store.events.append('run-hard', 1, eventsNamed('c'))]) await expect(work).rejects.toMatchObject({ code: 'store.damaged', message: expect.stringContaining('deleted for ever') });
  });
});

describe('a server that others use too', () => {
  /** Events of another product, between two of ours. */
  const crowd = (count: number, stream = 'orders-1'): void => {
    const events = Array.from({ length: count }, (_, i) => ({ id: idNamed(`${stream}${i}`), type: 'OrderPlaced', contentType: 'application/json', data: Buffer.from('{"order":1}'), metadata: new Uint8Array() }));
    const there = server.log.stream(stream);
    server.log.append(stream, there === null || there === 'deleted' ? 'no_stream' : BigInt(there.length - 1), events);
  };
  const asked = (): string[] => server.seen.filter((call) => call.endsWith('$all')).map((call) => call.split(' ')[0] ?? '');

  beforeEach(async () => {
    await store.events.append('run-a', -1, eventsNamed('a'));
    crowd(5_000);
    await store.events.append('run-b', -1, eventsNamed('b'));
    crowd(5_000);
    await store.events.append('run-a', 0, eventsNamed('c'));
  });

  test('what lies among thousands of their events is found with a filter of the server, by types and without, all and so many', async () => {
    const { length } = asked();
    expect(idsOf(await store.events.readAll())).toEqual(['a', 'b', 'c']);
    expect(asked().slice(length)).toEqual(['read', 'read', 'read', 'subscribe']); // two pages, where the end is, and the rest
    const [{ type = '' } = {}] = eventsNamed('b');
    expect(idsOf(await store.events.readAll({ types: [type] }))).toEqual(['a', 'b', 'c']);
    expect(idsOf(await store.events.readAll({ types: [`${type}.other`] }))).toEqual([]);
    expect(idsOf(await store.events.readAll({ limit: 2 }))).toEqual(['a', 'b']);
    expect(idsOf(await store.events.readAll({ backwards: true, limit: 2 }))).toEqual(['c', 'b']);
    await until(() => server.openCalls() <= 1); // the channel of appends
  });

  test('who goes on behind an event begins there, also with a store opened since, however much of theirs has come', async () => {
    const [, , last] = await store.events.readAll();
    const fresh = await open();
    const { length } = asked();
    for (const one of [fresh, store, fresh]) expect(await one.events.readAll({ from: (last?.position ?? 0) + 1 })).toEqual([]);
    expect(asked().slice(length)).toEqual(['read', 'read', 'read', 'read']); // the first one looks whether an event stands there
    crowd(5_000);
    await store.events.append('run-a', 1, eventsNamed('d'));
    for (const one of [fresh, store]) expect(idsOf(await one.events.readAll({ from: (last?.position ?? 0) + 1 }))).toEqual(['d']);
  });

  test('who polls for a type does not read again what was none, and misses nothing of it', async () => {
    const wanted = { from: 0, types: ['run.wanted'] };
    expect(await store.events.readAll(wanted)).toEqual([]);
    const { length } = asked();
    for (let i = 0; i < 3; i += 1) expect(await store.events.readAll(wanted)).toEqual([]);
    expect(asked().slice(length)).toEqual(['read', 'read', 'read']);
    crowd(3_000);
    await store.events.append('run-a', 1, eventsNamed('d').map((event) => ({ ...event, type: 'run.wanted' })));
    expect(idsOf(await store.events.readAll(wanted))).toEqual(['d']);
    expect(idsOf(await store.events.readAll(wanted))).toEqual(['d']);
    expect(await store.events.readAll({ types: ['run.other'] })).toEqual([]);
  });

  test('a place where no event stands is read from all the same', async () => {
    const [, second] = await store.events.readAll();
    const fresh = await open();
    expect(idsOf(await fresh.events.readAll({ from: second?.position ?? 0 }))).toEqual(['b', 'c']);
    expect(idsOf(await fresh.events.readAll({ from: (second?.position ?? 0) - 7 }))).toEqual(['b', 'c']);
  });

  test('a server that never says that it has caught up, and one that ends subscriptions, give each event once', async () => {
    crowd(3_000);
    await store.events.append('run-a', 1, eventsNamed('d'));
    const dropping = setInterval(() => server.dropSubscriptions(), 1);
    expect(idsOf(await store.events.readAll())).toEqual(['a', 'b', 'c', 'd']);
    clearInterval(dropping);
    server.keepQuiet();
    expect(idsOf(await store.events.readAll())).toEqual(['a', 'b', 'c', 'd']);
  });

  test('streams that were deleted, and theirs that are called as ours are, hide nothing of the others', async () => {
    crowd(3, 'run-theirs');
    server.log.softDelete('run-b');
    server.log.tombstone('run-b');
    expect(idsOf(await store.events.readAll())).toEqual(['a', 'b', 'c']);
  });

  test('rule 8: three hundred reads that meet leave room for an append', async () => {
    server.slow(50);
    const progress = { read: 0 };
    const reading = Promise.all(Array.from({ length: 300 }, async () => store.events.read('run-a').then((events) => ((progress.read += 1), events.length))));
    await until(() => progress.read > 0);
    expect(server.openCalls()).toBeLessThanOrEqual(62);
    await store.events.append('run-b', 0, eventsNamed('d'));
    expect(progress.read).toBeLessThan(240);
    expect(new Set(await reading)).toEqual(new Set([2]));
  });
});

describe('subscriptions', () => {
  test('what is on its way to the disk is shown to nobody, so no checkpoint of the server lies behind it', async () => {
    await store.close(); // a process appends to one server
    const disk = Promise.withResolvers<undefined>();
    const slow = await startWireServer({ flush: ([event]) => (event?.id === idNamed('b') ? disk.promise : Promise.resolve()) });
    const one = await open({ url: slow.url });
    await one.events.append('run-a', -1, eventsNamed('a'));
    const appending = one.events.append('run-a', 0, eventsNamed('b'));
    await until(() => slow.appends.length === 2);
    expect(idsOf(await one.events.readAll())).toEqual(['a']);
    const follower = following('run-a', 0, one);
    await until(() => follower.given.length === 1);
    disk.resolve(undefined);
    await appending;
    await until(() => follower.given.length === 2);
    await one.close();
    await slow.kill();
  });

  test('rule 9: reads and closed subscriptions leave no call open on the server', async () => {
    for (let at = 0; at < 300; at += 100) await store.events.append('run-a', at - 1, eventsNamed(...Array.from({ length: 100 }, (_, i) => `${at + i}`)));
    for (let i = 0; i < 130; i += 1) await store.events.read('run-a', { from: 100, limit: 1 });
    const one = following('run-a');
    await until(() => one.given.length === 300);
    await store.close();
    await until(() => server.openCalls() === 0);
  });

  test('rule 9: a read that is given up is ended on the server too', async () => {
    const hasty = await open({ patienceMs: 100, timeoutMs: 100 });
    server.stall();
    await expect(hasty.events.read('run-a')).rejects.toMatchObject({ code: 'store.unavailable' });
    await until(() => server.openCalls() === 0);
  });

  test('rule 10: a live subscription that the server drops goes on from its place, each event once', async () => {
    const one = following('run-a');
    for (let at = 0; at < 60; at += 1) {
      await store.events.append('run-a', at - 1, eventsNamed(`${at}`));
      if (at % 9 === 0) server.dropSubscriptions();
    }
    await until(() => one.given.length >= 60);
    await sleep(50);
    expect(one.names()).toEqual(Array.from({ length: 60 }, (_, i) => `${i}`));
    expect(one.errors).toEqual([]);
  });

  test('rule 10: a subscription outlives kills, restarts and a server that hangs', async () => {
    const one = following('run-a');
    const other = await open();
    for (let at = 0; at < 30; at += 1) {
      await other.events.append('run-a', at - 1, eventsNamed(`${at}`));
      if (at % 10 === 4) {
        await server.kill();
        await sleep(120);
        await server.restart();
      }
      if (at === 17) {
        server.stall();
        setTimeout(() => server.proceed(), 700);
      }
    }
    await until(() => one.given.length >= 30);
    expect(one.names()).toEqual(Array.from({ length: 30 }, (_, i) => `${i}`));
    expect(one.errors).toEqual([]);
  });
});

describe('bodies', () => {
  const body = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => i % 251);

  test('a body of many chunks is a stream of 256 KiB each, two per append, and comes back whole', async () => {
    const [large, empty] = [body(5 * 256 * 1024 + 1), new Uint8Array()];
    const ref = await store.blobs.put(large);
    expect(server.appends.map(({ expected, events }) => [expected, ...events.map(({ data }) => data.length)])).toEqual([['no_stream', 262_144, 262_144], [1n, 262_144, 262_144], [3n, 262_144, 1]]);
    expect(Buffer.compare(await store.blobs.get(ref), large)).toBe(0);
    expect(await store.blobs.get(await store.blobs.put(empty))).toEqual(empty);
    await store.blobs.put(large);
    expect(server.appends).toHaveLength(4); // three, and the empty one
  });

  test.each(['reset-before', 'reset-after', 'lose-answer'] as const)('a put survives %s in each of its appends, no chunk stands twice', async (fault) => {
    server.failNext(fault, fault, fault);
    const large = body(900_000);
    const ref = await store.blobs.put(large);
    expect(server.log.all.filter(({ type }) => type === 'blob.chunk')).toHaveLength(4);
    expect(Buffer.compare(await store.blobs.get(ref), large)).toBe(0);
  });

  test('a put that a crash cut off is finished by whoever puts the body next, never given out before', async () => {
    const large = body(900_000);
    const ref = refOf(large);
    const elsewhere = await startAndPut(large);
    const whole = elsewhere.log.stream(`blob-${ref.ref.slice(7)}`);
    if (whole === null || whole === 'deleted') throw new Error('no body');
    server.log.append(`blob-${ref.ref.slice(7)}`, 'no_stream', whole.slice(0, 2));
    await expect(store.blobs.get(ref)).rejects.toMatchObject({ code: 'blob.missing' });
    expect(await store.blobs.put(large)).toEqual(ref);
    expect(server.log.all.filter(({ type }) => type === 'blob.chunk')).toHaveLength(4);
    expect(Buffer.compare(await store.blobs.get(ref), large)).toBe(0);
  });

  /** What a whole body looks like on another server. */
  async function startAndPut(bytes: Uint8Array): Promise<WireServer> {
    await store.close();
    const second = await startWireServer();
    const there = await openEventStoreDb({ url: second.url });
    await there.blobs.put(bytes);
    await there.close();
    await second.kill();
    store = await open();
    return second;
  }

  test('two that put the same large body at once leave one copy; a memo outlives a lost answer, the first wins', async () => {
    const other = await open();
    const [first, second] = await Promise.all([store.blobs.put(body(900_000)), other.blobs.put(body(900_000))]);
    expect(second).toEqual(first);
    expect(server.log.all.filter(({ type }) => type === 'blob.chunk')).toHaveLength(4);
    const theirs = await other.blobs.put(body(3));
    server.failNext('reset-after');
    expect(await store.blobs.memo('r', 'e', first)).toEqual(first);
    expect(await other.blobs.memo('r', 'e', theirs)).toEqual(first);
  });
});
