import { expect, test } from 'vitest';
import { ExecutorError, InvariantError } from '#src/errors/errors.ts';
import { canonical, sha256 } from '#src/record/canonical.ts';
import { GENESIS, RECORD_BYTES_MAX, seal, unseal, type RunRecord, type UnsealedRecord } from '#src/record/record.ts';
import { recordRun } from '#tests/support/recorded.ts';

const { records } = recordRun(3, 'r', ['a', 'b']);
const body = (record: RunRecord): UnsealedRecord => {
  const { hash: _hash, ...unsealed } = record;
  return unsealed;
};
const plain: UnsealedRecord = { run: 'r', seq: 1, at: 5, to: 'run', event: { type: 'a.b', v: 1, data: {} }, moves: [], facts: [], effects: [], state: GENESIS, prev: GENESIS };

test('R3 the hash is that of the canonical bytes without it, and those bytes are what is stored', () => {
  for (const record of records) {
    const sealed = seal(body(record));
    expect(sealed.body).toBe(canonical(body(record)));
    expect(sealed.record).toEqual(record);
    expect(record.hash).toBe(sha256(sealed.body));
    expect(unseal(sealed.body, record.hash, 'x')).toEqual(record);
  }
});

test('R4 prev is the hash of the record before, zeros before the first, and seq counts from 0', () => {
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_record, i) => i));
  expect(records.map(({ prev }) => prev)).toEqual([GENESIS, ...records.slice(0, -1).map(({ hash }) => hash)]);
});

test('R5 a record of 256 KiB is taken, one byte more is refused, counted in bytes', () => {
  const sized = (bytes: number): UnsealedRecord => {
    const empty = { ...plain, event: { ...plain.event, data: { text: '' } } };
    return { ...empty, event: { ...empty.event, data: { text: 'x'.repeat(bytes - Buffer.byteLength(canonical(empty))) } } };
  };
  expect(Buffer.byteLength(seal(sized(RECORD_BYTES_MAX)).body)).toBe(256 * 1024);
  expect(() => seal(sized(RECORD_BYTES_MAX + 1))).toThrow('R5: record 1 of r is above 256 KiB');
  expect(() => seal({ ...plain, event: { ...plain.event, data: { text: 'ö'.repeat(RECORD_BYTES_MAX / 2) } } })).toThrow(InvariantError);
});

test('R6 at never falls, whatever the clock says', () => {
  for (const [i, { at }] of records.entries()) expect(at).toBeGreaterThanOrEqual(records[i - 1]?.at ?? 0);
});

test.each<readonly [string, (text: string) => string, string]>([
  ['one byte more', (text) => `${text} `, 'its bytes do not hash to the stored hash'],
  ['one letter changed', (text) => text.replace('"to":"run"', '"to":"ruN"'), 'its bytes do not hash to the stored hash'],
])('R3 a stored record with %s is refused by its place', (_what, change, message) => {
  const sealed = seal(plain);
  expect(() => unseal(change(sealed.body), sealed.record.hash, 'r@1')).toThrow(`record r@1: ${message}`);
});

test.each<readonly [string, string, string]>([
  ['no JSON', '{', 'it is not JSON'], ['another value', '[]', 'expected object'], ['a field too many', canonical({ ...plain, more: 1 }), 'Unrecognized key'], ['a field too few', canonical(plain).replace('"moves":[],', ''), 'moves'],
  ['a hash of its own', canonical({ ...plain, hash: GENESIS }), 'Unrecognized key'], ['a negative seq', canonical({ ...plain, seq: -1 }), 'seq'], ['an address of nobody', canonical({ ...plain, to: 'phase:1' }), 'to'],
  ['a type without a dot', canonical({ ...plain, event: { ...plain.event, type: 'ab' } }), 'event.type'], ['a short prev', canonical({ ...plain, prev: '0' }), 'prev'],
])('R3 bytes that hash well and hold %s are refused', (_what, text, message) => {
  const refused = (): RunRecord => unseal(text, sha256(text), 'r@1');
  expect(refused).toThrow(ExecutorError);
  expect(refused).toThrow(message);
});
