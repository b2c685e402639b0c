import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCsv, toCsv } from '../src/csv.js';

test('fields are separated by commas, rows by line ends', () => {
  assert.deepEqual(parseCsv('a,b\nc,d\n'), [['a', 'b'], ['c', 'd']]);
});

test('an empty field is a field, at the end of a line too', () => {
  assert.deepEqual(parseCsv('date,,note\n2026-03-02,rent,\n'), [['date', '', 'note'], ['2026-03-02', 'rent', '']]);
});

test('blank lines are skipped', () => {
  assert.deepEqual(parseCsv('a,b\n\n  \nc,d'), [['a', 'b'], ['c', 'd']]);
});

test('rows are written with a line end each', () => {
  assert.equal(toCsv([['a', 'b'], ['c', '']]), 'a,b\nc,\n');
});

test('rows that are written can be read again', () => {
  const rows = [['date', 'amount'], ['2026-03-01', '12.50'], ['2026-03-02', '']];
  assert.deepEqual(parseCsv(toCsv(rows)), rows);
});
