// The adapter's rules for EventStoreDB, by number (docs/adr/0010; source: eventstore.md 1), as far as they need no fault: they
// hold on every server, also on one that holds what earlier runs of this suite wrote. The rest: eventstore-rules.test.ts.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEventStoreDb, type EventStoreOptions, type Store } from '#src/adapters/eventstore/store.ts';
import type { NewEvent, StoredEvent } from '#src/ports/event-store.ts';
import { refOf } from '#src/record/ref.ts';
import { startWireServer, type WireServer } from '#tests/support/eventstore-wire/server.ts';
import { freePort } from '#tests/support/nats-server.ts';
import { newMark } from '#tests/support/real-eventstore.ts';
import { eventNamed, eventsNamed, idsOf } from './support.ts';

export interface Served {
  readonly url: string;
  /** Shows what came in; null where nobody can look. */
  readonly wire: WireServer | null;
  dispose(): Promise<void>;
}

export function eventStoreRulesContract(name: string, serve: () => Promise<Served>): void {
  describe(`rules on ${name}`, () => {
    let served: Served;
    let store: Store;
    let mark: string;
    const opened: Store[] = [];
    const open = async (options: Partial<EventStoreOptions> = {}): Promise<Store> => {
      const one = await openEventStoreDb({ url: served.url, patienceMs: 8_000, timeoutMs: 2_000, ...options });
      opened.push(one);
      return one;
    };
    beforeEach(async () => {
      served = await serve();
      mark = newMark();
      store = await open();
    });
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
      await served.dispose();
    });
    const given: Given = {
      open, store: () => store, url: () => served.url, wire: () => served.wire,
      stream: (of) => `run-${mark}-${of}`,
      sends: (count) => { if (served.wire !== null) expect(served.wire.appends).toHaveLength(count); },
    };
    sending(given);
    repeating(given);
    meeting(given);
    failing(given);
    following(given);
    bodies(given);
  });
}

interface Given {
  readonly open: (options?: Partial<EventStoreOptions>) => Promise<Store>;
  readonly store: () => Store;
  readonly url: () => string;
  readonly wire: () => WireServer | null;
  /** A stream of this test alone. */
  readonly stream: (of: string) => string;
  /** So many appends came to the server, where that can be seen. */
  readonly sends: (count: number) => void;
}

const refused = (message: RegExp): unknown => expect.objectContaining({ code: 'store.refused', message: expect.stringMatching(message) });
const wrongRevision = expect.objectContaining({ code: 'store.wrong_revision' });
const numbered = (from: number, count: number): readonly string[] => Array.from({ length: count }, (_, i) => `${from + i}`);

function sending({ store, stream, sends }: Given): void {
  test('rule 1: a writer that takes a stream for new, or for longer than it is, is refused', async () => {
    await store().events.append(stream('a'), -1, eventsNamed('a', 'b'));
    for (const expected of [-1, 0, 2]) await expect(store().events.append(stream('a'), expected, eventsNamed('c')), `${expected}`).rejects.toEqual(wrongRevision);
    await expect(store().events.append(stream('b'), 0, eventsNamed('c'))).rejects.toEqual(wrongRevision);
    expect(idsOf(await store().events.read(stream('a')))).toEqual(['a', 'b']);
    expect(await store().events.read(stream('b'))).toEqual([]);
  });

  test('rule 3: what the client could not write is refused before it sees it', async () => {
    const bad: readonly Partial<NewEvent>[] = [{ data: 'no json' }, { data: '"text"' }, { data: 'null' }, { data: '{ "of":1}' }, { data: '{"of":1,"of":2}' }, { data: '{"2":1,"1":1}' }, { id: 'run1:attempt2' }, { type: '' }, { type: '$settings' }];
    for (const part of bad) await expect(store().events.append(stream('a'), -1, [{ ...eventNamed('a'), ...part }]), JSON.stringify(part)).rejects.toEqual(refused(/./));
    sends(0);
    expect(await store().events.append(stream('a'), -1, eventsNamed('a'))).toBe(0);
  });

  test('rule 4: an append above 512 KiB or with large metadata is refused, nothing is sent', async () => {
    const large = (name: string, bytes: number): NewEvent => ({ ...eventNamed(name), data: JSON.stringify({ of: 'x'.repeat(bytes - 9) }) });
    await expect(store().events.append(stream('a'), -1, [large('a', 256 * 1024), large('b', 256 * 1024 + 1)])).rejects.toEqual(refused(/524289 bytes/));
    await expect(store().events.append(stream('a'), -1, [{ ...eventNamed('a'), metadata: { hash: 'h'.repeat(2000), nonce: '' } }])).rejects.toEqual(refused(/too long/));
    sends(0);
    const most = [large('a', 256 * 1024), large('b', 256 * 1024)];
    expect(await store().events.append(stream('a'), -1, most)).toBe(1);
    expect((await store().events.read(stream('a'))).map(({ data }) => data)).toEqual(most.map(({ data }) => data));
  });

  test('rule 10: an append of more than 100 events is refused', async () => {
    const names = numbered(0, 101);
    await expect(store().events.append(stream('a'), -1, eventsNamed(...names))).rejects.toEqual(refused(/101 events/));
    expect(await store().events.append(stream('a'), -1, eventsNamed(...names.slice(1)))).toBe(99);
  });

  test.each(['$all', '$settings', 'blob-x', 'memo-x', 'orders-1', 'autopack', 'run-', 'run-a.b', 'run-*', 'run->', 'run-a b', `run-${'a'.repeat(200)}`])('the stream %s is refused for append, read and subscription', async (name) => {
    await expect(store().events.append(name, -1, eventsNamed('a'))).rejects.toEqual(refused(/stream/));
    await expect(store().events.read(name)).rejects.toEqual(refused(/stream/));
    expect(() => store().events.subscribe(name, 0, () => {}, () => {})).toThrow(refused(/stream/) as Error);
    sends(0);
  });
}

function repeating({ store, open, stream }: Given): void {
  test('rule 2: the same append again, by the same or another process, behind what others wrote since, answers as the first did and stands once', async () => {
    const other = await open();
    const events = eventsNamed('a', 'b');
    expect(await store().events.append(stream('a'), -1, events)).toBe(1);
    expect(await other.events.append(stream('a'), -1, events)).toBe(1);
    expect(await other.events.append(stream('a'), 1, eventsNamed('c'))).toBe(2);
    for (const one of [store(), other, await open()]) expect(await one.events.append(stream('a'), -1, events)).toBe(1);
    expect(idsOf(await store().events.read(stream('a')))).toEqual(['a', 'b', 'c']);
  });

  test('rule 2: another body under the same id is taken for the same, and the first body stays', async () => {
    const first = eventNamed('a');
    expect(await store().events.append(stream('a'), -1, [first])).toBe(0);
    expect(await store().events.append(stream('a'), -1, [{ ...first, data: '{"of":"b"}' }])).toBe(0);
    expect((await store().events.read(stream('a'))).map(({ data }) => data)).toEqual([first.data]);
  });

  test('rule 6: a real conflict is told with both revisions', async () => {
    const other = await open();
    await store().events.append(stream('a'), -1, eventsNamed('a'));
    await other.events.append(stream('a'), 0, eventsNamed('theirs'));
    await expect(store().events.append(stream('a'), 0, eventsNamed('ours'))).rejects.toMatchObject({ code: 'store.wrong_revision', message: `stream ${stream('a')} is at revision 1, not at 0` });
  });
}

function meeting({ store, open, stream, url, wire }: Given): void {
  test('rule 8: all of 400 appends that meet are written', async () => {
    const appending = Array.from({ length: 400 }, (_, i) => store().events.append(stream(`${i}`), -1, eventsNamed('a')));
    expect(await Promise.all(appending)).toEqual(appending.map(() => 0));
    for (const i of [0, 199, 399]) expect(idsOf(await store().events.read(stream(`${i}`)))).toEqual(['a']);
  });

  test('rule 11: appends to one stream that a new process sends without waiting are written in their order', async () => {
    const names = numbered(0, 50);
    const appending = names.map((name, i) => store().events.append(stream('a'), i - 1, eventsNamed(name)));
    expect(await Promise.all(appending)).toEqual(names.map((_, i) => i));
    expect(idsOf(await store().events.read(stream('a')))).toEqual(names);
  });

  test('rule 12: two stores of one process share the client of appends, and nothing of either is lost or doubled', async () => {
    const other = await open();
    const runs = Array.from({ length: 12 }, (_, i) => stream(`${i}`));
    await Promise.all(runs.map(async (run, i) => {
      for (let at = -1; at < 39; at += 1) await (i % 2 === 0 ? store() : other).events.append(run, at, eventsNamed(`${at + 1}`));
    }));
    for (const run of runs) expect(idsOf(await store().events.read(run))).toEqual(numbered(0, 40));
    if (wire() !== null) expect(wire()?.seen.filter((call) => call === 'channel')).toHaveLength(1);
  });

  test('rule 12: a second server is refused while appends go to a first', async () => {
    const second = await startWireServer();
    const first = url().replace(/\/\/[^@/?]*@/, '//').replace(/\?.*$/, '');
    await expect(openEventStoreDb({ url: second.url })).rejects.toMatchObject({ code: 'usage.invalid', message: expect.stringContaining(`appends to ${first} already`) });
    await second.kill();
  });
}

function failing({ url }: Given): void {
  test('rule 7: a refused connection names place and cause; a URL shows neither user nor password', async () => {
    const port = await freePort();
    const away = await openEventStoreDb({ url: `esdb://somebody:s3cret@127.0.0.1:${port}?tls=false`, patienceMs: 200 }).then(() => null, (error: unknown) => error as Error);
    expect(away).toMatchObject({ code: 'store.unavailable', message: expect.stringMatching(new RegExp(`^the store esdb://127.0.0.1:${port} does not answer: .*ECONNREFUSED`)) });
    expect(JSON.stringify([away?.message, (away as { hint?: string }).hint])).not.toMatch(/somebody|s3cret/);
  });

  test('rule 7: the other of TLS and plain says so', async () => {
    const isPlain = /[?&]tls=false/i.test(url());
    const wrong = isPlain ? url().replace('127.0.0.1', 'localhost').replace(/tls=false/i, 'tls=true') : `${url().replace(/\?.*$/, '')}?tls=false`;
    const said = isPlain ? { code: 'store.refused', hint: expect.stringContaining('tls=false') } : { code: expect.stringMatching(/^store\.(refused|unavailable)$/), hint: expect.stringContaining('tls=') };
    await expect(openEventStoreDb({ url: wrong, patienceMs: 3_000 })).rejects.toMatchObject(said);
  });
}

interface Followed {
  readonly events: StoredEvent[];
  readonly errors: unknown[];
  /** Resolves when so many came. */
  until(count: number): Promise<void>;
}

function follow(store: Store, stream: string): Followed {
  const [events, errors]: [StoredEvent[], unknown[]] = [[], []];
  let wake = (): void => {};
  store.events.subscribe(stream, 0, (event) => { events.push(event); wake(); }, (error) => { errors.push(error); wake(); });
  return {
    events, errors,
    async until(count) {
      while (events.length < count && errors.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

function following({ store, stream, wire }: Given): void {
  test('rule 8: 120 followers of one process are served, and appends and reads beside them', async () => {
    const streams = Array.from({ length: 120 }, (_, i) => stream(`${i}`));
    const all = streams.map((name) => follow(store(), name));
    const written = streams.flatMap((name, i) => (i % 7 === 0 ? [name] : []));
    for (const name of written) await store().events.append(name, -1, eventsNamed('a'));
    await Promise.all(all.filter((_, i) => i % 7 === 0).map((one) => one.until(1)));
    expect(all.flatMap(({ errors }) => errors)).toEqual([]);
    expect(all.flatMap(({ events }) => events.map((event) => event.stream)).toSorted()).toEqual(written.toSorted());
    if (wire() !== null) expect(wire()?.seen.filter((call) => call.startsWith('subscribe'))).toEqual(['subscribe $all']);
  });

  test('rule 9: 130 reads of a part of a long stream leave no call open that the next would wait for', async () => {
    for (let at = 0; at < 300; at += 100) await store().events.append(stream('a'), at - 1, eventsNamed(...numbered(at, 100)));
    for (let i = 0; i < 130; i += 1) expect(await store().events.read(stream('a'), { from: 100, limit: 1 })).toHaveLength(1);
    const one = follow(store(), stream('a'));
    await one.until(300);
    expect(idsOf(one.events)).toEqual(numbered(0, 300));
  });

  test('rule 10: a burst of a thousand events arrives once, in order', async () => {
    const one = follow(store(), stream('a'));
    await store().events.append(stream('a'), -1, eventsNamed('0'));
    await one.until(1); // it is live
    for (let at = 1; at < 1_001; at += 100) await store().events.append(stream('a'), at - 1, eventsNamed(...numbered(at, 100)));
    await one.until(1_001);
    expect(idsOf(one.events)).toEqual(numbered(0, 1_001));
    expect(one.errors).toEqual([]);
  });
}

function bodies({ store, open, stream }: Given): void {
  /** Of this test alone: a server that keeps everything has no second copy of it. */
  const body = (bytes: number): Buffer => Buffer.alloc(bytes, `${stream('body')}, `);

  test('a body of many chunks comes back whole, also when two put it at once, and so does an empty one', async () => {
    const other = await open();
    const large = body(5 * 256 * 1024 + 1);
    expect(await Promise.all([store().blobs.put(large), other.blobs.put(large)])).toEqual([refOf(large), refOf(large)]);
    for (const one of [store(), other]) expect(Buffer.compare(await one.blobs.get(refOf(large)), large)).toBe(0);
    expect(await store().blobs.get(await store().blobs.put(new Uint8Array()))).toEqual(new Uint8Array());
    await expect(store().blobs.get(refOf(body(17)))).rejects.toMatchObject({ code: 'blob.missing' });
  });

  test('of two processes that keep a memo at once the first wins for both, for whoever asks', async () => {
    const other = await open();
    const run = stream('r').slice('run-'.length);
    const refs = await Promise.all([store().blobs.put(body(3)), other.blobs.put(body(5))]);
    const [kept, again] = await Promise.all([store().blobs.memo(run, 'e', refs[0]), other.blobs.memo(run, 'e', refs[1])]);
    expect(refs).toContainEqual(kept);
    expect(again).toEqual(kept);
    expect(await (await open()).blobs.recall(run, 'e')).toEqual(kept);
  });
}
