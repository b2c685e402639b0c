import { expect, test } from 'vitest';
import fc from 'fast-check';
import { nearest } from '#src/domain/nearest.ts';

const KNOWN = ['phase_id', 'phase_index', 'description', 'scope', 'dependencies', 'ci'];

test.each([
  ['phase_id', 'phase_id'], ['phaseId', 'phase_id'], ['phase-id', 'phase_id'], ['phse_id', 'phase_id'], ['phaes_id', 'phase_id'], ['desciption', 'description'], ['Scope', 'scope'], ['scop', 'scope'],
  ['dependancies', 'dependencies'], ['depends', null], ['ic', 'ci'], ['csope', 'scope'], ['c', 'ci'], ['x', null], ['', null], ['something_else', null],
])('E-031 for %j the word meant is %j', (word, wanted) => {
  expect(nearest(word, KNOWN)).toBe(wanted);
});

test('E-031 among no words none is near', () => {
  expect(nearest('a', [])).toBeNull();
});

test('E-031 a word is nearest to itself, and of equally near ones the first is meant', () => {
  fc.assert(fc.property(fc.constantFrom(...KNOWN), (word) => {
    expect(nearest(word, KNOWN)).toBe(word);
  }));
  expect(nearest('tier', ['tier1', 'tier2'])).toBe('tier1');
});
