import { describe, expect, test } from 'vitest';
import { memoryDisk, memoryStore } from '#src/adapters/memory/store.ts';
import { systemFor } from '#src/app/pins.ts';
import { load } from '#src/kernel/history.ts';
import { eventId, fold, fromStored, toStored, type Divergence, type Folded } from '#src/kernel/log.ts';
import { submit } from '#src/kernel/submit.ts';
import type { StoredEvent } from '#src/ports/event-store.ts';
import { canonical } from '#src/record/canonical.ts';
import { seal, streamOf, type RunRecord } from '#src/record/record.ts';
import { recordRun } from '#tests/support/recorded.ts';

const RUN = 'r';
const { records } = recordRun(7, RUN, ['a', 'b']);
const verified = (list: readonly RunRecord[]): Folded => fold(list, systemFor);
const divergence = (list: readonly RunRecord[]): Divergence | null => verified(list).divergence;
const sealedAgain = ({ hash: _hash, ...body }: RunRecord): RunRecord => seal(body).record;

/** The log with one record changed as it lies there. */
const flipped = (seq: number, change: (record: RunRecord) => RunRecord): RunRecord[] => records.map((record) => (record.seq === seq ? change(record) : record));

/** The log as somebody leaves it who knows how hashes are made: numbered and chained anew. */
function forged(list: readonly RunRecord[]): RunRecord[] {
  let prev = records[0]?.prev ?? '';
  return list.map((record, seq) => {
    const again = sealedAgain({ ...record, seq, prev });
    prev = again.hash;
    return again;
  });
}

describe('folding', () => {
  test('K10 the log alone gives the state: whole, in halves, and from its text', () => {
    const whole = verified(records);
    expect(whole.divergence).toBeNull();
    expect(whole.head).toMatchObject({ run: RUN, seq: records.length - 1, hash: records.at(-1)?.hash });
    const text = records.map((record) => JSON.parse(JSON.stringify(record)) as RunRecord);
    expect(canonicalHead(verified(text))).toBe(canonicalHead(whole));
    for (const cut of [1, 2, Math.floor(records.length / 2), records.length - 1]) {
      const { head } = verified(records.slice(0, cut));
      expect(canonicalHead(fold(records.slice(cut), systemFor, head))).toBe(canonicalHead(whole));
    }
  });

  test('K10 each record is seen once, in order, with what it led to', () => {
    const seen: string[] = [];
    fold(records, systemFor, null, (record, applied, head) => seen.push(`${record.seq} ${applied.effects.length === record.effects.length} ${head.hash === record.hash}`));
    expect(seen).toEqual(records.map(({ seq }) => `${seq} true true`));
  });
});

const canonicalHead = ({ head }: Folded): string => JSON.stringify([head?.seq, head?.hash, head?.epoch, head?.heldAt, [...(head?.state.cells ?? [])].map(([address, { hash }]) => [address, hash]), [...(head?.state.open ?? [])]]);

const COLUMNS: readonly (readonly [what: Divergence['what'], change: (record: RunRecord) => RunRecord])[] = [
  ['moves', (record) => ({ ...record, moves: record.moves.length > 0 ? record.moves.slice(1) : [{ actor: 'run', from: 'A', to: 'B' }] })],
  ['moves', (record) => ({ ...record, moves: [...record.moves, { actor: 'run', from: 'A', to: 'B' }] })],
  ['facts', (record) => ({ ...record, facts: record.facts.length > 0 ? record.facts.slice(0, -1) : [{ actor: 'run', type: 'a.b', data: {} }] })],
  ['facts', (record) => ({ ...record, facts: [{ actor: 'run', type: 'run.ended', data: { outcome: 'COMPLETE' } }, ...record.facts] })],
  ['effects', (record) => ({ ...record, effects: record.effects.length > 0 ? record.effects.map((effect) => ({ ...effect, id: `${effect.id}0` })) : [{ id: 'run/1', type: 'cleanUp', params: {} }] })],
  ['state', (record) => ({ ...record, state: record.state.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) })],
  ['chain', (record) => ({ ...record, prev: record.prev.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) })],
];

describe('the first record that differs is named', () => {
  test.each(COLUMNS)('K10 %s changed in any record', (what, change) => {
    for (const { seq } of records) {
      const found = divergence(flipped(seq, change));
      expect([found?.seq, found?.what]).toEqual([seq, what]);
      expect(canonical(found?.expected), 'both sides').not.toBe(canonical(found?.actual));
    }
  });

  test('R4 a changed hash breaks the chain at the next record', () => {
    const found = divergence(flipped(4, (record) => ({ ...record, hash: '0'.repeat(64) })));
    expect([found?.seq, found?.what]).toEqual([5, 'chain']);
    expect([found?.expected, found?.actual]).toContain('0'.repeat(64));
  });

  test.each<readonly [string, readonly RunRecord[]]>([
    ['removed', records.filter(({ seq }) => seq !== 4)], ['doubled', records.flatMap((record) => (record.seq === 4 ? [record, record] : [record]))], ['renumbered', flipped(4, (record) => ({ ...record, seq: 9 }))],
    ['missing at the beginning', records.slice(1)], ['swapped with the next', [...records.slice(0, 4), ...records.slice(4, 6).reverse(), ...records.slice(6)]],
  ])('R4 a record that is %s leaves a gap', (_what, list) => {
    expect(divergence(list)?.what).toBe('gap');
  });

  test('R6 a record whose time lies before that of its predecessor is out of order', () => {
    for (const { seq, at } of records.slice(1).filter((record) => record.at > 0)) {
      const found = divergence(flipped(seq, (record) => ({ ...record, at: (records[seq - 1]?.at ?? at) - 1 })));
      expect([found?.seq, found?.what]).toEqual([seq, 'order']);
    }
  });

  test('K10 a first record that is no request, and a second request, are no inputs', () => {
    expect(divergence(flipped(0, (record) => ({ ...record, event: { ...record.event, type: 'run.started' } })))).toMatchObject({ seq: 0, what: 'input' });
    expect(divergence(flipped(3, (record) => ({ ...record, event: { ...record.event, type: 'run.requested' } })))).toMatchObject({ seq: 3, what: 'input' });
  });

  test('K10 what is forged and chained anew differs where the charts say otherwise', () => {
    expect(divergence(forged(records))).toBeNull();
    const at = records.findIndex(({ event }) => event.type === 'builder.answered');
    const forgeries: readonly (readonly [string, RunRecord[]])[] = [
      ['left out', records.filter(({ seq }) => seq !== at)],
      ['told twice', records.flatMap((record) => (record.seq === at ? [record, record] : [record]))],
      ['answered otherwise', records.map((record) => (record.seq === at ? { ...record, event: { ...record.event, data: { ...record.event.data, outputTokens: 1_000_000 } } } : record))],
      ['an answer to another question', records.map((record) => (record.seq === at ? { ...record, event: { ...record.event, cause: 'phase:a/999' } } : record))],
    ];
    expect(at).toBeGreaterThan(0);
    for (const [what, list] of forgeries) expect(divergence(forged(list))?.seq, what).toBeGreaterThanOrEqual(at);
  });
});

const stored = ({ hash, ...body }: RunRecord, position: number): StoredEvent => ({ ...toStored({ record: { ...body, hash }, body: canonical(body) }, 'n'), stream: streamOf(RUN), revision: body.seq, position });
const third = stored(records[3] as RunRecord, 3);

describe('what lies in a store', () => {
  test('R3 a record comes back as it was stored', () => {
    expect(records.map((record, i) => fromStored(RUN, stored(record, i)))).toEqual(records);
  });

  test.each<readonly [string, StoredEvent, string]>([
    ['id', { ...third, id: third.id.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) }, 'its id does not follow from hash and nonce'],
    ['type', { ...third, type: 'run.started' }, 'its type is not the stored one'],
    ['data', { ...third, data: third.data.replace('"seq":3', '"seq":4') }, 'its bytes do not hash to the stored hash'],
    ['hash', { ...third, metadata: { ...third.metadata, hash: '0'.repeat(64) } }, 'its bytes do not hash to the stored hash'],
    ['nonce', { ...third, metadata: { ...third.metadata, nonce: 'm' } }, 'its id does not follow from hash and nonce'],
    ['revision', { ...third, revision: 4 }, 'its seq is not its revision'],
  ])('R3 a changed %s is refused, naming the run', (_column, event, message) => {
    expect(() => fromStored(RUN, event)).toThrow(message);
    expect(() => fromStored(RUN, event)).toThrow(/^record r@[34]: /);
  });

  test('R3 a record of another run is refused', () => {
    expect(() => fromStored('s', third)).toThrow('it belongs to another run');
  });

  test('an id is a UUID that follows from hash and nonce alone', () => {
    expect(eventId('h', 'n')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set([eventId('h', 'n'), eventId('h', 'm'), eventId('g', 'n'), eventId('hn', ''), eventId('h', 'n')]).size).toBe(4);
  });

  test('R6 what is written under a clock that fell gets the time of the record before', async () => {
    const { events } = memoryStore(memoryDisk());
    const half = records.slice(0, 6);
    await events.append(streamOf(RUN), -1, half.map((record, i) => stored(record, i)));
    const clock = { virtual: true, now: () => 1, tick: () => {}, jumpTo: () => {}, until: () => Promise.resolve() };
    expect(await submit({ store: events, clock, systemFor, nonce: 'n' }, RUN, 'run', { type: 'run.cancel_requested', v: 1, data: { reason: 'enough' } })).toMatchObject({ seq: 6, at: half.at(-1)?.at });
    expect((await load({ store: events, run: RUN, systemFor })).seq).toBe(6);
  });

  test('K10 a log that differs is not gone on with: the first record is named with both sides', async () => {
    const { events } = memoryStore(memoryDisk());
    const list = forged(flipped(2, (record) => ({ ...record, facts: [{ actor: 'run', type: 'a.b', data: { forged: 1 } }] })));
    await events.append(streamOf(RUN), -1, list.map((record, i) => stored(record, i)));
    await expect(load({ store: events, run: RUN, systemFor })).rejects.toMatchObject({ code: 'record.diverged', exit: 8, message: expect.stringMatching(/^record r@2 differs in facts: .*forged/) });
    await expect(load({ store: events, run: 'nobody', systemFor })).rejects.toMatchObject({ code: 'run.unknown', exit: 2 });
  });
});
