import { expect, test } from 'vitest';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonical } from '#src/record/canonical.ts';

const json = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.string({ unit: 'grapheme' }), fc.maxSafeInteger().map((n) => n + 0 || 0), fc.boolean(), fc.constant(null), tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 5 }),
  object: fc.dictionary(fc.string({ unit: 'grapheme' }).filter((k) => !/^\d+$/.test(k)), tie('value'), { maxKeys: 5, noNullPrototype: true }),
})).value;

test('R1 canonical bytes equal RFC 8785 for every value that both accept', () => {
  fc.assert(fc.property(json, (value) => {
    expect(canonical(value)).toBe(canonicalize(value));
  }), { numRuns: 500 });
});

test('R1 canonical bytes do not depend on the order in which keys were set', () => {
  expect(canonical({ b: 1, a: [{ d: null, c: 'x' }] })).toBe('{"a":[{"c":"x","d":null}],"b":1}');
});

class Point { x = 1; }
const sparse: unknown[] = [];
sparse[1] = 1;

test.each([
  ['undefined', undefined], ['an undefined member', { a: undefined }], ['NaN', Number.NaN], ['infinity', Infinity], ['minus zero', -0],
  ['a fraction', 0.5], ['an unsafe integer', 2 ** 53], ['a date', new Date(0)], ['a map', new Map()], ['a class instance', new Point()],
  ['a function', () => 1], ['a bigint', 1n], ['a symbol', Symbol('x')], ['a symbol key', { [Symbol('x')]: 1 }], ['a sparse array', sparse],
  ['an integer-like key', { 7: 1 }], ['a lone surrogate', '\ud800'], ['a lone surrogate in a key', { '\udc00': 1 }],
])('R2 %s is refused', (_name, value) => {
  expect(() => canonical(value)).toThrow(TypeError);
});
