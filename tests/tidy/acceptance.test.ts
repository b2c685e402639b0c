// The acceptance items about answers, policy, apply, audit, gate, CI, configuration and replay: each stands in the title of a test that keeps it.

import { expect, test } from 'vitest';
import { filesBelow, pieces, seen } from './sources.ts';

/** Of builder, formats and budget; of policy, apply and rollback; of auditor, gate and CI; of API, configuration and replay. */
const ITEMS: readonly string[] = [
  '628', '629', '630', '631', '632', '643', '644', '645', '646', '647', '648', '649', '650', '651', '652', '653', '654', '655', '656', '657', '658', '659', '660', '694', '695',
  '661', '662', '663', '664', '665', '666', '667', '668', '669', '670', '671', '672', '673', '674', '609', '610',
  '611', '612', '613', '675', '676', '696', '677', '678', '679', '680', '681', '682', '683',
  '684', '685', '686', '687', '688', '689', '690', '691', '692', '693',
].map((number) => `E-${number}`);

/** Items that no test keeps yet, with the reason. One that is kept leaves the list. */
const NOT_YET: Readonly<Record<string, string>> = Object.fromEntries(['669', '684', '685', '686', '687', '688', '689', '690'].map((number) => [`E-${number}`, 'an item of the API: there is no API yet']));

/** `E-643 E-656 …` at the beginning of a string of a test. */
const LEADING = /^['"`](?:DESIGN \d+ |[A-Z]{1,2}\d+ )*((?:E-\d{3}[ ,]*)+)/;
const citedIn = (text: string): string[] => pieces(text).flatMap(({ kind, text: part }) => (kind === 'string' ? [...(LEADING.exec(part)?.[1] ?? '').matchAll(/E-\d{3}/g)].map(([id]) => id) : []));

function cited(): Set<string> {
  const tests = filesBelow(['tests']).filter(({ path }) => path.endsWith('.test.ts') && !path.startsWith('tests/tidy/'));
  return new Set(seen(tests.flatMap(({ text }) => citedIn(text)), 'cited items'));
}

test('each acceptance item stands in the title of a test', () => {
  const kept = cited();
  expect(ITEMS.filter((id) => !kept.has(id) && !(id in NOT_YET)).map((id) => `${id} stands in no title; write \`test('${id} …')\``)).toEqual([]);
});

test('what is kept, or is no item, leaves the list of what is not', () => {
  const kept = cited();
  expect(Object.keys(NOT_YET).filter((id) => kept.has(id) || !ITEMS.includes(id))).toEqual([]);
});

test('a title cites by what it begins with, a comment and a word in the middle do not', () => {
  expect(citedIn("test('E-643 E-656 all or nothing', f); // E-999\nconst a = ['E-111 a row', 'see E-222']; test(`W3 E-333 ${x}`, f);")).toEqual(['E-643', 'E-656', 'E-111', 'E-333']);
});
