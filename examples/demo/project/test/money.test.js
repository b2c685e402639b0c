import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAmount, parseAmount, sum } from '../src/money.js';

test('an amount is read as whole cents', () => {
  assert.equal(parseAmount('12'), 1200);
  assert.equal(parseAmount('12.5'), 1250);
  assert.equal(parseAmount('12.50'), 1250);
  assert.equal(parseAmount('0.07'), 7);
});

test('an amount may be negative, but there is no negative zero', () => {
  assert.equal(parseAmount('-3.10'), -310);
  assert.ok(Object.is(parseAmount('-0.00'), 0));
});

test('what is not an amount is refused, and named', () => {
  for (const text of ['', 'twelve', '1.234', '1.', '.5', '+1', '1e3', '12 ']) {
    assert.throws(() => parseAmount(text), { message: `not an amount: "${text}"` });
  }
});

test('an amount that would lose cents is refused', () => {
  assert.throws(() => parseAmount('99999999999999999'), /too large/);
});

test('cents are written with two places', () => {
  assert.equal(formatAmount(1250), '12.50');
  assert.equal(formatAmount(7), '0.07');
  assert.equal(formatAmount(-310), '-3.10');
  assert.equal(formatAmount(0), '0.00');
});

test('what is written can be read again', () => {
  for (const cents of [0, 1, 99, 100, 101, 123456789, -5]) assert.equal(parseAmount(formatAmount(cents)), cents);
});

test('a sum of nothing is zero', () => {
  assert.equal(sum([]), 0);
  assert.equal(sum([10, 20, -5]), 25);
});
