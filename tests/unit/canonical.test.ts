import { expect, test } from 'vitest';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonical, isSame } from '#src/record/canonical.ts';

const json = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.string({ unit: 'grapheme' }), fc.maxSafeInteger().map((n) => n + 0 || 0), fc.boolean(), fc.constant(null), tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 5 }),
  object: fc.dictionary(fc.string({ unit: 'grapheme' }).filter((k) => !/^\d+$/.test(k)), tie('value'), { maxKeys: 5, noNullPrototype: true }),
})).value;

class Point { x = 1; }
const sparse: unknown[] = [];
sparse[1] = 1;

test('R1 canonical bytes equal RFC 8785 for every value that both accept', () => {
  fc.assert(fc.property(json, (value) => {
    expect(canonical(value)).toBe(canonicalize(value));
  }), { numRuns: 500 });
});

test('R1 a key named __proto__ is data, wherever it stands', () => {
  const value: unknown = JSON.parse('{"b":{"z":1,"__proto__":{"y":2,"x":1}},"a":1}');
  expect(canonical(value)).toBe('{"a":1,"b":{"__proto__":{"x":1,"y":2},"z":1}}');
});

test('R1 two values are the same exactly when their canonical bytes are equal', () => {
  const read = (value: unknown): unknown => JSON.parse(canonical(value));
  fc.assert(fc.property(json, json, (one, other) => {
    expect(isSame(read(one), one)).toBe(true);
    expect(isSame(read(one), other)).toBe(canonical(one) === canonical(other));
  }), { numRuns: 500 });
});

test.each([
  ['a member more', { a: 1 }, { a: 1, b: undefined }], ['a member less', { a: 1, b: 1 }, { a: 1 }], ['a key of the prototype', { a: 1 }, { toString: 1 }],
  ['another key', { a: null }, { b: null }], ['minus zero', 0, -0], ['a hole', [null], sparse.slice(0, 1)], ['a longer list', [1], [1, 2]], ['a list', {}, []], ['an object', [], {}],
  ['a date', {}, new Date(0)], ['an instance', { x: 1 }, new Point()], ['null', {}, null], ['a symbol key', {}, { [Symbol('x')]: 1 }],
])('R2 %s is not the same as what was read', (_name, read, made) => {
  expect(isSame(read, made)).toBe(false);
});

test('R1 canonical bytes do not depend on the order in which keys were set', () => {
  expect(canonical({ b: 1, a: [{ d: null, c: 'x' }] })).toBe('{"a":[{"c":"x","d":null}],"b":1}');
});

test.each([
  ['undefined', undefined], ['an undefined member', { a: undefined }], ['NaN', Number.NaN], ['infinity', Infinity], ['minus zero', -0],
  ['a fraction', 0.5], ['an unsafe integer', 2 ** 53], ['a date', new Date(0)], ['a map', new Map()], ['a class instance', new Point()],
  ['a function', () => 1], ['a bigint', 1n], ['a symbol', Symbol('x')], ['a symbol key', { [Symbol('x')]: 1 }], ['a sparse array', sparse],
  ['an integer-like key', { 7: 1 }], ['a lone surrogate', '\ud800'], ['a lone surrogate in a key', { '\udc00': 1 }],
])('R2 %s is refused', (_name, value) => {
  expect(() => canonical(value)).toThrow(TypeError);
});
