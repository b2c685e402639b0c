import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, USAGE } from '../src/cli.js';

const HOUSEHOLD = '2026-03-02 rent 640.00\n2026-03-01 groceries 12.50 bread and cheese\n';

test('without a command the usage is shown', () => {
  assert.deepEqual(run([], ''), { out: USAGE, err: '', code: 0 });
});

test('list shows the entries in columns', () => {
  assert.equal(
    run(['list'], HOUSEHOLD).out,
    '2026-03-01  groceries        12.50  bread and cheese\n2026-03-02  rent            640.00\n',
  );
});

test('sum ends with the total', () => {
  assert.equal(run(['sum'], HOUSEHOLD).out, 'groceries        12.50\nrent            640.00\ntotal           652.50\n');
});

test('csv is what a spreadsheet opens', () => {
  assert.equal(
    run(['csv'], HOUSEHOLD).out,
    'date,category,amount,note\n2026-03-01,groceries,12.50,bread and cheese\n2026-03-02,rent,640.00,\n',
  );
});

test('an unknown command is a usage error, a bad ledger is not', () => {
  assert.equal(run(['frobnicate'], HOUSEHOLD).code, 2);
  const bad = run(['sum'], '2026-03-01 rent lots\n');
  assert.equal(bad.code, 1);
  assert.equal(bad.err, 'tally: not an amount: "lots"\n');
});
