import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLedger, toRows, totals } from '../src/ledger.js';

const HOUSEHOLD = `# March
2026-03-09 books 18.90 the one about bees
2026-03-01 groceries 12.50 bread and cheese

2026-03-02 rent 640.00
2026-03-09 groceries 7.25
`;

test('entries come in order of date, those of one day as they were written', () => {
  const days = parseLedger(HOUSEHOLD).map(({ date, category }) => `${date} ${category}`);
  assert.deepEqual(days, ['2026-03-01 groceries', '2026-03-02 rent', '2026-03-09 books', '2026-03-09 groceries']);
});

test('an entry has a date, a category, cents and a note', () => {
  const [first] = parseLedger(HOUSEHOLD);
  assert.deepEqual(first, { date: '2026-03-01', category: 'groceries', cents: 1250, note: 'bread and cheese' });
});

test('a line that is no entry is named by its number', () => {
  assert.throws(() => parseLedger('# March\n\n2026-03-01 groceries\n'), /^Error: line 3: expected/);
});

test('totals are by category, in order of name', () => {
  assert.deepEqual([...totals(parseLedger(HOUSEHOLD))], [['books', 1890], ['groceries', 1975], ['rent', 64000]]);
});

test('rows for a spreadsheet begin with a heading', () => {
  assert.deepEqual(toRows(parseLedger('2026-03-02 rent 640')), [['date', 'category', 'amount', 'note'], ['2026-03-02', 'rent', '640.00', '']]);
});
