// A ledger is a list of entries. Nothing here changes one: every function gives back something new.

import { formatAmount, parseAmount, sum } from './money.js';

/**
 * @typedef {object} Entry
 * @property {string} date YYYY-MM-DD
 * @property {string} category
 * @property {number} cents
 * @property {string} note may be empty
 */

const LINE = /^(\S+)\s+(\S+)\s+(\S+)(?:\s+(.*))?$/;

/**
 * Reads a ledger file. Blank lines and lines that begin with `#` are left out.
 *
 * @param {string} text
 * @returns {Entry[]} in order of date, entries of one day as they stand in the file
 */
export function parseLedger(text) {
  const entries = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    entries.push(parseLine(line, index + 1));
  }
  return entries.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
}

function parseLine(line, number) {
  const match = LINE.exec(line);
  if (match === null) throw new Error(`line ${number}: expected "date category amount note"`);
  const [, date, category, amount, note = ''] = match;
  return { date, category, cents: parseAmount(amount), note };
}

/**
 * @param {Entry[]} entries
 * @returns {Map<string, number>} category -> cents, by name
 */
export function totals(entries) {
  const names = [...new Set(entries.map(({ category }) => category))].sort();
  return new Map(names.map((name) => [name, sum(entries.filter(({ category }) => category === name).map(({ cents }) => cents))]));
}

/**
 * @param {Entry[]} entries
 * @returns {string[][]} a heading and one row an entry, for `toCsv`
 */
export function toRows(entries) {
  return [['date', 'category', 'amount', 'note'], ...entries.map(({ date, category, cents, note }) => [date, category, formatAmount(cents), note])];
}
