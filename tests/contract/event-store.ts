// The contract of the EventStore port: every adapter runs it.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventStore, NewEvent, PositionedEvent, StoredEvent } from '#src/ports/event-store.ts';
import { canonical } from '#src/record/canonical.ts';
import { eventNamed, eventsNamed, idsOf, nameOf } from './support.ts';

/** One place where events are kept. Every `open` is another process on it. */
export interface EventStoreWorld {
  open(): Promise<EventStore>;
  /** Whether the store knows every id that it holds; else only those at the place where they are looked for. */
  readonly indexesIds: boolean;
  dispose(): Promise<void>;
}

const wrongRevision = expect.objectContaining({ code: 'store.wrong_revision' });

export function eventStoreContract(name: string, makeWorld: () => Promise<EventStoreWorld>): void {
  describe(`EventStore on ${name}`, () => {
    let world: EventStoreWorld;
    let store: EventStore;
    beforeEach(async () => {
      world = await makeWorld();
      store = await world.open();
    });
    afterEach(async () => {
      await store.close();
      await world.dispose();
    });
    const other = async <T>(work: (store: EventStore) => Promise<T>): Promise<T> => {
      const opened = await world.open();
      return work(opened).finally(() => opened.close());
    };
    const given: Given = { store: () => store, other, indexesIds: () => world.indexesIds };
    appendingContract(given);
    readingContract(given);
    subscribingContract(given);
    repeatingContract(given);
    meetingContract(given);
  });
}

interface Given {
  readonly store: () => EventStore;
  readonly indexesIds: () => boolean;
  readonly other: <T>(work: (store: EventStore) => Promise<T>) => Promise<T>;
}

function appendingContract({ store, other, indexesIds }: Given): void {
  test('L1 all events of one append are there, and none of a refused one', async () => {
    expect(await store().append('run-a', -1, eventsNamed('a', 'b', 'c'))).toBe(2);
    await expect(store().append('run-a', 1, eventsNamed('d', 'e'))).rejects.toEqual(wrongRevision);
    expect(idsOf(await store().read('run-a'))).toEqual(['a', 'b', 'c']);
  });

  test('L1 an append whose last event is refused leaves nothing behind', async () => {
    await store().append('run-a', -1, eventsNamed('a'));
    if (indexesIds()) await expect(store().append('run-b', -1, eventsNamed('x', 'y', 'a'))).rejects.toEqual(wrongRevision);
    await expect(store().append('run-b', -1, eventsNamed('x', 'x'))).rejects.toEqual(wrongRevision);
    expect(idsOf(await store().readAll())).toEqual(['a']);
    expect(await store().append('run-b', -1, eventsNamed('x', 'y'))).toBe(1);
  });

  test('L1 an append of nothing answers where the stream is, or refuses', async () => {
    expect(await store().append('run-a', -1, [])).toBe(-1);
    await store().append('run-a', -1, eventsNamed('a'));
    expect(await store().append('run-a', 0, [])).toBe(0);
    await expect(store().append('run-a', -1, [])).rejects.toEqual(wrongRevision);
    expect(idsOf(await store().readAll())).toEqual(['a']);
  });

  test('L1 what the caller does to its list after the call changes nothing', async () => {
    const events = [eventNamed('a')];
    const appending = store().append('run-a', -1, events);
    events.push(eventNamed('b'));
    expect(await appending).toBe(0);
    expect(idsOf(await store().read('run-a'))).toEqual(['a']);
  });

  test.each([-2, -1, 1, 2])('L2 at revision 0 a writer that expects %i is refused', async (expected) => {
    await store().append('run-a', -1, eventsNamed('a'));
    await expect(store().append('run-a', expected, eventsNamed('b'))).rejects.toEqual(wrongRevision);
    expect(idsOf(await store().read('run-a'))).toEqual(['a']);
  });

  test('L2 of two processes that write the same revision one wins and one is refused', async () => {
    await other(async (second) => {
      const outcomes = await Promise.allSettled([store().append('run-a', -1, eventsNamed('a')), second.append('run-a', -1, eventsNamed('b'))]);
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      const winner = outcomes[0].status === 'fulfilled' ? 'a' : 'b';
      expect(idsOf(await store().read('run-a'))).toEqual([winner]);
    });
  });

  test('L3 what was acknowledged is there, unchanged, for whoever opens next', async () => {
    await store().append('run-a', -1, eventsNamed('a', 'b'));
    const before = await store().read('run-a');
    await store().close();
    expect(await other((next) => next.read('run-a'))).toEqual(before);
  });

  test('L3 a closed store refuses and closes again without harm', async () => {
    await store().close();
    await store().close();
    const unavailable = expect.objectContaining({ code: 'store.unavailable', message: expect.stringContaining('closed') });
    await expect(store().append('run-a', -1, eventsNamed('a'))).rejects.toEqual(unavailable);
    await expect(store().read('run-a')).rejects.toEqual(unavailable);
  });
}

function readingContract({ store }: Given): void {
  test('L4 a stream is read forwards and backwards, from a revision, up to a limit', async () => {
    await store().append('run-a', -1, eventsNamed('a', 'b', 'c'));
    await store().append('run-b', -1, eventsNamed('x'));
    await store().append('run-a', 2, eventsNamed('d'));
    const ids = async (options: Parameters<EventStore['read']>[1]) => idsOf(await store().read('run-a', options)).join('');
    expect(await ids({})).toBe('abcd');
    expect(await ids({ from: 2 })).toBe('cd');
    expect(await ids({ from: 1, limit: 2 })).toBe('bc');
    expect(await ids({ from: 9 })).toBe('');
    expect(await ids({ limit: 0 })).toBe('');
    expect(await ids({ backwards: true })).toBe('dcba');
    expect(await ids({ backwards: true, limit: 1 })).toBe('d');
    expect(await ids({ backwards: true, from: 1 })).toBe('ba');
    expect(await store().read('run-unknown')).toEqual([]);
  });

  test('L4 every field comes back byte for byte, whatever the text', async () => {
    let count = 0;
    const property = fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 }), async (texts) => {
      const stream = `run-text-${(count += 1)}`;
      const events = texts.map((text, i) => ({ ...eventNamed(`${stream}-${i}`), data: canonical({ text }) }));
      await store().append(stream, -1, events);
      const read = await store().read(stream);
      expect(read.map(({ id, type, data, metadata }) => ({ id, type, data, metadata }))).toEqual(events);
      expect(read.map(({ revision, stream: of }) => [of, revision])).toEqual(texts.map((_, i) => [stream, i]));
    });
    await fc.assert(property, { numRuns: 50 });
  });

  test('L5 all streams are read in one order, by growing positions that stay', async () => {
    await store().append('run-a', -1, eventsNamed('a', 'b'));
    await store().append('run-b', -1, eventsNamed('x'));
    await store().append('run-a', 1, eventsNamed('c'));
    const all = await store().readAll();
    const positions = all.map(({ position }) => position);
    expect(idsOf(all)).toEqual(['a', 'b', 'x', 'c']);
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b));
    const [, second, third] = all as [PositionedEvent, PositionedEvent, PositionedEvent];
    expect(idsOf(await store().readAll({ from: third.position }))).toEqual(['x', 'c']);
    expect(idsOf(await store().readAll({ backwards: true, from: second.position }))).toEqual(['b', 'a']);
    expect(idsOf(await store().readAll({ backwards: true, limit: 2 }))).toEqual(['c', 'x']);
    for (const { id, position } of await store().read('run-a')) expect([null, all.find((event) => event.id === id)?.position]).toContain(position);
  });

  test('L5 all events of some types are read in the same order', async () => {
    await store().append('run-a', -1, [eventNamed('a', 'run.requested'), eventNamed('b', 'run.started')]);
    await store().append('run-b', -1, [eventNamed('x', 'run.requested'), eventNamed('y', 'phase.started')]);
    const ids = async (options: Parameters<EventStore['readAll']>[0]) => idsOf(await store().readAll(options)).join('');
    expect(await ids({ types: ['run.requested'] })).toBe('ax');
    expect(await ids({ types: ['run.requested'], backwards: true, limit: 1 })).toBe('x');
    expect(await ids({ types: ['phase.started', 'run.started'] })).toBe('by');
    expect(await ids({ types: ['run.requested'], limit: 1 })).toBe('a');
    expect(await ids({ types: [] })).toBe('');
  });
}

/** Collects calls; `until(n)` resolves when there were n. */
function collector() {
  const ids: string[] = [];
  let wake = (): void => {};
  const onEvent = ({ id }: StoredEvent): void => {
    ids.push(nameOf(id));
    wake();
  };
  const until = async (count: number): Promise<readonly string[]> => {
    while (ids.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return ids;
  };
  return { ids, onEvent, until };
}

const unexpected = (error: unknown): void => {
  throw error;
};

function subscribingContract({ store, other }: Given): void {
  test('L6 a subscription catches up from a revision, then stays live, once per event', async () => {
    const { onEvent, until, ids } = collector();
    await store().append('run-a', -1, eventsNamed('a', 'b', 'c'));
    const subscription = store().subscribe('run-a', 1, onEvent, unexpected);
    expect(ids).toEqual([]);
    await store().append('run-a', 2, eventsNamed('d'));
    await store().append('run-b', -1, eventsNamed('x'));
    await store().append('run-a', 3, eventsNamed('e', 'f'));
    expect(await until(5)).toEqual(['b', 'c', 'd', 'e', 'f']);
    await subscription.close();
  });

  test('L6 what a subscription gives is what read gives, whoever appended', async () => {
    const given: StoredEvent[] = [];
    const { onEvent, until } = collector();
    const subscription = store().subscribe('run-a', 0, (event) => { given.push(event); onEvent(event); }, unexpected);
    await store().append('run-b', -1, eventsNamed('x'));
    await store().append('run-a', -1, eventsNamed('a', 'b'));
    await store().append('run-a', -1, eventsNamed('a', 'b'));
    await store().append('run-a', 1, eventsNamed('c'));
    await other((second) => second.append('run-a', 2, eventsNamed('d')).then(() => until(4)));
    expect(given).toEqual(await store().read('run-a'));
    await subscription.close();
  });

  test('L6 events of another process come once each, in order, between our own', async () => {
    const { onEvent, until } = collector();
    const subscription = store().subscribe('run-a', 0, onEvent, unexpected);
    await other(async (second) => {
      for (const [revision, id] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) {
        const writer = revision % 2 === 0 ? second : store();
        await writer.append('run-a', revision - 1, eventsNamed(id));
      }
      await second.append('run-a', 5, eventsNamed('g'));
      expect(await until(7)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    });
    await subscription.close();
  });

  test('L6 a long history arrives whole', async () => {
    const names = Array.from({ length: 700 }, (_, i) => `e${i}`);
    const { onEvent, until } = collector();
    for (let at = 0; at < 700; at += 100) await store().append('run-a', at - 1, eventsNamed(...names.slice(at, at + 100)));
    const subscription = store().subscribe('run-a', 0, onEvent, unexpected);
    expect(await until(700)).toEqual(names);
    await subscription.close();
  });

  test('L6 a closed subscription is not called again, also when it closes itself', async () => {
    const first = collector();
    const second = collector();
    const selfClosing = store().subscribe('run-a', 0, (event) => { first.onEvent(event); void selfClosing.close(); }, unexpected);
    const staying = store().subscribe('run-a', 0, second.onEvent, unexpected);
    await store().append('run-a', -1, eventsNamed('a', 'b', 'c'));
    expect(await second.until(3)).toEqual(['a', 'b', 'c']);
    expect(first.ids).toEqual(['a']);
    await staying.close();
  });

  test('L6 an error of the callee ends its subscription and is told once', async () => {
    const errors: unknown[] = [];
    const calls: string[] = [];
    const failing = (event: StoredEvent): void => {
      calls.push(nameOf(event.id));
      throw new Error('no');
    };
    const { onEvent, until } = collector();
    store().subscribe('run-a', 0, failing, (error) => errors.push(error));
    const subscription = store().subscribe('run-a', 0, onEvent, unexpected);
    await store().append('run-a', -1, eventsNamed('a', 'b'));
    await until(2);
    expect({ calls, errors }).toEqual({ calls: ['a'], errors: [new Error('no')] });
    await subscription.close();
  });
}

type Asked = readonly [stream: string, expected: number, events: readonly NewEvent[]];

function repeatingContract({ store, other, indexesIds }: Given): void {
  test('L7 the same append again is a no-op with the same answer, also when others wrote since', async () => {
    const events = eventsNamed('b', 'c');
    await store().append('run-a', -1, eventsNamed('a'));
    expect(await store().append('run-a', 0, events)).toBe(2);
    expect(await store().append('run-a', 0, events)).toBe(2);
    await store().append('run-a', 2, eventsNamed('d'));
    expect(await other((second) => second.append('run-a', 0, events))).toBe(2);
    expect(idsOf(await store().readAll())).toEqual(['a', 'b', 'c', 'd']);
  });

  test('L7 the same append twice at once is written once', async () => {
    const events = eventsNamed('a', 'b');
    expect(await Promise.all([store().append('run-a', -1, events), store().append('run-a', -1, events)])).toEqual([1, 1]);
    expect(idsOf(await store().readAll())).toEqual(['a', 'b']);
  });

  test('L7 the same ids elsewhere, other ids there, or only a part of them there are a wrong revision', async () => {
    await store().append('run-a', -1, eventsNamed('a', 'b'));
    const elsewhere: readonly Asked[] = [
      ['run-b', -1, eventsNamed('a', 'b')],
      ['run-a', 1, eventsNamed('a', 'b')],
    ];
    const refused: readonly Asked[] = [
      ...(indexesIds() ? elsewhere : []),
      ['run-a', 0, eventsNamed('a', 'b')],
      ['run-a', -1, eventsNamed('b', 'a')],
      ['run-a', -1, eventsNamed('a', 'b', 'c')],
      ['run-a', -1, eventsNamed('a', 'z')],
    ];
    for (const [stream, expected, events] of refused) {
      await expect(store().append(stream, expected, events)).rejects.toEqual(wrongRevision);
    }
    expect(idsOf(await store().readAll())).toEqual(['a', 'b']);
  });

  test('L2 L7 any sequence of appends ends as the model says', async () => {
    const asked = fc.record({ stream: fc.constantFrom('a', 'b'), expected: fc.integer({ min: -1, max: 4 }), ids: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3 }) });
    let round = 0;
    const property = fc.asyncProperty(fc.array(asked, { maxLength: 12 }), async (script) => {
      const prefix = `run-${(round += 1)}`;
      const model = new Map<string, string[]>();
      const named = script.map(({ stream, expected, ids }) => ({ stream: `${prefix}-${stream}`, expected, // where the store cannot tell that an id stands elsewhere, it belongs to one place of one append
        ids: ids.map((id, i) => `${prefix}${indexesIds() ? '' : `${stream}${expected}+${i}`}-${id}`) }));
      const answers: PromiseSettledResult<number>[] = [];
      const ask = ({ stream, expected, ids }: (typeof named)[number]): Promise<number> => store().append(stream, expected, eventsNamed(...ids));
      if (indexesIds()) answers.push(...(await Promise.allSettled(named.map(ask))));
      // a conflict is settled by reading there: it may find what a later append of the script wrote
      else for (const each of named) answers.push(...(await Promise.allSettled([ask(each)])));
      const told = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : 'refused'));
      expect(told).toEqual(named.map((append) => modelAppend(model, append)));
      for (const [stream, ids] of model) expect(idsOf(await store().read(stream))).toEqual(ids);
    });
    await fc.assert(property, { numRuns: 60 });
  });
}

/** L1, L2 and L7 in a few lines: what the store must answer, `model` being stream -> ids. */
function modelAppend(model: Map<string, string[]>, { stream, expected, ids }: { stream: string; expected: number; ids: readonly string[] }): number | 'refused' {
  const there = model.get(stream) ?? [];
  const known = new Set([...model.values()].flat());
  const slot = there.slice(expected + 1, expected + 1 + ids.length);
  if (slot.length === ids.length && ids.every((id, i) => id === slot[i])) return expected + ids.length;
  if (expected !== there.length - 1 || new Set(ids).size < ids.length || ids.some((id) => known.has(id))) return 'refused';
  model.set(stream, [...there, ...ids]);
  return expected + ids.length;
}

function meetingContract({ store }: Given): void {
  test('L8 of many appends that meet, the stale ones are refused and all others written', async () => {
    await store().append('run-7', -1, eventsNamed('there'));
    const streams = Array.from({ length: 20 }, (_, i) => `run-${i}`);
    const outcomes = await Promise.allSettled(streams.map((stream) => store().append(stream, -1, eventsNamed(`first-${stream}`))));
    expect(streams.filter((_, i) => outcomes[i]?.status === 'rejected')).toEqual(['run-7']);
    expect(await store().readAll()).toHaveLength(20);
  });
}
