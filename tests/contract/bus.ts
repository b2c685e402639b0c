// The contract of the Bus port: every adapter runs it.

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isSubject, MESSAGE_BYTES_MAX, type Bus } from '#src/ports/bus.ts';

/** One broker. Every `connect` is another process on it. */
export interface BusWorld {
  connect(): Promise<Bus>;
  dispose(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (body: Uint8Array): string => Buffer.from(body).toString('utf8');
const unavailable = expect.objectContaining({ code: 'bus.unavailable' });
const refused = expect.objectContaining({ code: 'bus.refused' });

interface Given {
  readonly bus: () => Bus;
  readonly other: () => Bus;
  /** A name that no other test uses. */
  readonly fresh: () => string;
}

export function busContract(name: string, makeWorld: () => Promise<BusWorld>): void {
  describe(`Bus on ${name}`, () => {
    let world: BusWorld;
    let bus: Bus;
    let other: Bus;
    beforeAll(async () => {
      world = await makeWorld();
    });
    afterAll(() => world.dispose());
    beforeEach(async () => {
      [bus, other] = [await world.connect(), await world.connect()];
    });
    afterEach(async () => {
      await Promise.all([bus.close(), other.close()]);
    });
    const given: Given = { bus: () => bus, other: () => other, fresh: () => `t${randomUUID().replaceAll('-', '')}` };
    liveContract(given);
    askingContract(given);
    keepingContract(given, () => world.connect());
    bucketContract(given);
    closingContract(given);
  });
}

/** Collects texts; `until(n)` resolves when there were n. */
function collector() {
  const texts: string[] = [];
  let wake = (): void => {};
  const add = ({ body }: { body: Uint8Array }): void => {
    texts.push(textOf(body));
    wake();
  };
  const until = async (count: number): Promise<readonly string[]> => {
    while (texts.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return texts;
  };
  return { texts, add, until, addLater: async (message: { body: Uint8Array }) => add(message) };
}

function liveContract({ bus, other, fresh }: Given): void {
  test('BU1 what is published reaches everybody who listens, in order, and nobody whose filter does not fit', async () => {
    const of = fresh();
    const [exact, star, open, wrong] = [collector(), collector(), collector(), collector()];
    await other().listen(`${of}.a.b`, exact.add);
    await other().listen(`${of}.*.b`, star.add);
    await bus().listen(`${of}.>`, open.add);
    await bus().listen(`${of}.*`, wrong.add);
    for (const text of ['1', '2', '3']) await bus().publish(`${of}.a.b`, bytes(text));
    expect([await exact.until(3), await star.until(3), await open.until(3), wrong.texts]).toEqual([['1', '2', '3'], ['1', '2', '3'], ['1', '2', '3'], []]);
  });

  test('BU1 of a queue one is given each message, beside those who listen alone', async () => {
    const of = fresh();
    const [shared, alone] = [collector(), collector()];
    await bus().listen(of, shared.add, 'crew');
    await other().listen(of, shared.add, 'crew');
    await other().listen(of, alone.add);
    for (let i = 0; i < 20; i += 1) await bus().publish(of, bytes(String(i)));
    await alone.until(20);
    expect((await shared.until(20)).toSorted()).toEqual(Array.from({ length: 20 }, (_, i) => String(i)).toSorted());
  });

  test('BU1 who has closed is not called again', async () => {
    const of = fresh();
    const [closed, open] = [collector(), collector()];
    const listening = await bus().listen(of, closed.add);
    await other().listen(of, open.add);
    await listening.close();
    await bus().publish(of, bytes('1'));
    expect([await open.until(1), closed.texts]).toEqual([['1'], []]);
  });
}

function askingContract({ bus, other, fresh }: Given): void {
  test('BU2 a request is answered by one of a queue', async () => {
    const of = fresh();
    for (const each of [bus(), other()]) await each.listen(of, ({ body, respond }) => respond(bytes(`${textOf(body)}!`)), 'crew');
    const answers = await Promise.all(['a', 'b', 'c'].map((text) => bus().request(of, bytes(text), 5000)));
    expect(answers.map(textOf)).toEqual(['a!', 'b!', 'c!']);
  });

  test('BU2 nobody there is told at once, silence after the time given', async () => {
    const of = fresh();
    const asked = performance.now();
    await expect(bus().request(of, bytes(''), 10_000)).rejects.toEqual(unavailable);
    expect(performance.now() - asked).toBeLessThan(5000);
    await other().listen(of, () => {});
    await expect(bus().request(of, bytes(''), 50)).rejects.toEqual(unavailable);
  });

  test('BU3 a message above the limit, or to what is no subject, is refused and reaches nobody', async () => {
    const of = fresh();
    const { add, until, texts } = collector();
    await other().listen(`${of}.>`, add);
    await expect(bus().publish(`${of}.a`, new Uint8Array(MESSAGE_BYTES_MAX + 1))).rejects.toEqual(refused);
    for (const subject of ['', `${of}..a`, `${of}.*`, `${of}.>`, `${of}.a b`, `${of}.`]) {
      await expect(bus().publish(subject, bytes('x')), subject).rejects.toEqual(refused);
      await expect(bus().request(subject, bytes('x'), 100), subject).rejects.toEqual(refused);
    }
    await bus().publish(`${of}.a`, bytes('last'));
    expect([await until(1), texts]).toEqual([['last'], ['last']]);
  });

  test('BU3 an answer above the limit is refused to who gives it, and another one reaches who asked', async () => {
    const of = fresh();
    const refusals: unknown[] = [];
    await other().listen(of, ({ respond }) => {
      try {
        respond(new Uint8Array(other().maxBytes + 1));
      } catch (error) {
        refusals.push(error);
        respond(bytes('it is too large'));
      }
    });
    expect(textOf(await bus().request(of, bytes(''), 5_000))).toBe('it is too large');
    expect([refusals, bus().maxBytes]).toEqual([[refused], MESSAGE_BYTES_MAX]);
  });

  test.each([['a.b', true, true], ['a.*.c', false, true], ['a.>', false, true], ['>', false, true], ['a.>.c', false, false], ['a*', false, false], ['a..b', false, false], ['', false, false], ['a\r\nPUB b', false, false]])('BU3 %j as a subject: %s, as a filter: %s', (text, subject, filter) => {
    expect([isSubject(text), isSubject(text, true)]).toEqual([subject, filter]);
  });
}

function keepingContract({ bus, other, fresh }: Given, connect: () => Promise<Bus>): void {
  const feed = async (of: string): Promise<void> => bus().feed({ name: of, subjects: [`${of}.>`], maxAgeMs: 3_600_000, windowMs: 120_000 });
  const all = { durable: null, from: 0 } as const;

  test('BU4 a message id that was kept is a repeat and is given once', async () => {
    const of = fresh();
    await feed(of);
    await feed(of); // the same settings again change nothing
    const told: boolean[] = [];
    for (const id of ['m1', 'm2', 'm1']) told.push((await bus().keep(`${of}.a`, bytes(id), id)).repeat);
    expect(told).toEqual([false, false, true]);
    await bus().keep(`${of}.a`, bytes('end'), 'm3');
    const { addLater, until } = collector();
    await other().consume({ feed: of, filter: `${of}.>`, ...all }, addLater);
    expect(await until(3)).toEqual(['m1', 'm2', 'end']);
  });

  test('BU4 a feed of so many bytes drops its oldest messages, and who is behind goes on with those that are left', async () => {
    const of = fresh();
    await bus().feed({ name: of, subjects: [`${of}.>`], maxAgeMs: 3_600_000, windowMs: 120_000, bytesMax: 3_500 });
    for (const id of ['m1', 'm2', 'm3', 'm4', 'm5', 'm6']) expect((await bus().keep(`${of}.a`, new Uint8Array(1_000), id)).repeat).toBe(false);
    const seen: [number, string | null][] = [];
    const listening = await other().consume({ feed: of, filter: `${of}.>`, ...all }, async ({ seq, id }) => void seen.push([seq, id]));
    while (seen.at(-1)?.[0] !== 6) await pause(5);
    await listening.close();
    expect(seen).toEqual([[4, 'm4'], [5, 'm5'], [6, 'm6']]);
  });

  test('BU4 a subject that no feed keeps is an error, not a loss', async () => {
    await expect(bus().keep(fresh(), bytes('x'), 'm1')).rejects.toEqual(unavailable);
  });

  test('BU5 who consumes is given what fits its filter, from the beginning or from now on, with subject, number and id', async () => {
    const of = fresh();
    await feed(of);
    await bus().keep(`${of}.a`, bytes('1'), 'm1');
    await bus().keep(`${of}.b`, bytes('2'), 'm2');
    const seen: unknown[] = [];
    const [early, late] = [collector(), collector()];
    await other().consume({ feed: of, filter: `${of}.a`, ...all }, async (message) => (seen.push([message.subject, message.seq, message.id]), early.add(message)));
    await other().consume({ feed: of, filter: `${of}.a`, durable: null, from: 'new' }, late.addLater);
    await bus().keep(`${of}.a`, bytes('3'), 'm3');
    expect([await early.until(2), await late.until(1), seen]).toEqual([['1', '3'], ['3'], [[`${of}.a`, 1, 'm1'], [`${of}.a`, 3, 'm3']]]);
  });

  test('BU5 a handler that failed is given the same message again, before the next', async () => {
    const of = fresh();
    await feed(of);
    for (const id of ['1', '2']) await bus().keep(`${of}.a`, bytes(id), id);
    const { add, until } = collector();
    let failures = 2;
    await bus().consume({ feed: of, filter: `${of}.a`, ...all }, async (message) => {
      add(message);
      if ((failures -= 1) >= 0) throw new Error('not yet');
    });
    expect(await until(4)).toEqual(['1', '1', '1', '2']);
  });

  test('BU5 a durable name goes on where it stopped, in another process, and misses nothing that came meanwhile', async () => {
    const of = fresh();
    await feed(of);
    const wanted = { feed: of, filter: `${of}.>`, durable: 'pager', from: 'new' } as const;
    const first = collector();
    const process = await connect();
    await process.consume(wanted, first.addLater);
    await bus().keep(`${of}.a`, bytes('1'), 'm1');
    await first.until(1);
    await process.close();
    await bus().keep(`${of}.a`, bytes('2'), 'm2');
    const second = collector();
    await other().consume(wanted, second.addLater);
    await bus().keep(`${of}.a`, bytes('3'), 'm3');
    expect([await second.until(2), first.texts]).toEqual([['2', '3'], ['1']]);
  });

  test('BU5 a durable name says that it goes on, and is refused under another filter by the one that it was made for', async () => {
    const of = fresh();
    await feed(of);
    const wanted = { feed: of, filter: `${of}.critical.*`, durable: 'pager', from: 'new' } as const;
    const first = await bus().consume(wanted, async () => {});
    await first.close();
    await expect(other().consume({ ...wanted, filter: `${of}.*.*` }, async () => {})).rejects.toMatchObject({ code: 'bus.refused', message: expect.stringContaining(wanted.filter), hint: expect.stringContaining('another name') });
    const second = await other().consume({ ...wanted, from: 0 }, async () => {});
    const fleeting = await other().consume({ ...wanted, durable: null }, async () => {});
    expect([first, second, fleeting].map(({ goesOn }) => goesOn)).toEqual([false, true, false]);
  });
}

function bucketContract({ bus, other, fresh }: Given): void {
  test('BU6 of many that create a key one wins, and only who knows the revision changes or removes it', async () => {
    const name = fresh();
    const [mine, theirs] = [await bus().bucket(name, 60_000), await other().bucket(name, 60_000)];
    const key = 'any text.* at > all/ü';
    expect(await mine.get(key)).toBeNull();
    const won = (await Promise.all([mine.create(key, 'a'), theirs.create(key, 'a'), mine.create(key, 'a')])).filter((revision) => revision !== null);
    expect(won).toHaveLength(1);
    const revision = won[0] ?? 0;
    expect(await theirs.update(key, 'b', revision + 1000)).toBeNull();
    const next = await theirs.update(key, 'b', revision);
    expect(await mine.update(key, 'c', revision)).toBeNull();
    await mine.remove(key, revision);
    expect(await mine.get(key)).toEqual({ value: 'b', revision: next });
    await mine.remove(key, next ?? 0);
    expect(await theirs.get(key)).toBeNull();
    expect(await theirs.create(key, 'd')).toBeGreaterThan(revision);
  });

  test('BU6 what is not renewed lapses, and can be created again', async () => {
    const bucket = await bus().bucket(fresh(), 500);
    const revision = await bucket.create('k', 'a');
    await pause(300);
    const renewed = await bucket.update('k', 'b', revision ?? 0);
    await pause(300);
    expect(await bucket.get('k')).toEqual({ value: 'b', revision: renewed });
    while ((await bucket.get('k')) !== null) await pause(50);
    expect(await bucket.create('k', 'c')).not.toBeNull();
  });
}

function closingContract({ bus, other, fresh }: Given): void {
  test('BU8 what was published before the close is sent, and everything after it is unavailable', async () => {
    const of = fresh();
    const { add, until } = collector();
    await other().listen(of, add);
    for (let i = 0; i < 50; i += 1) await bus().publish(of, bytes(String(i)));
    await bus().close();
    await bus().close();
    expect(await until(50)).toHaveLength(50);
    await expect(bus().publish(of, bytes('x'))).rejects.toEqual(unavailable);
    await expect(bus().request(of, bytes('x'), 100)).rejects.toEqual(unavailable);
    await expect(bus().keep(of, bytes('x'), 'm')).rejects.toEqual(unavailable);
  });
}
