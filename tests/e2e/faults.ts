// Faults
// ======
// `npm run e2e:faults [-- --rounds 3 --only NAME --store wire|sqlite|real --json]`: a small run in a team of real parts, once per
// round for each fault, and what a subscriber of NATS that is none of ours heard of it. Nothing is lost, nothing is doubled, no
// recorded effect is performed again, every run ends as the undisturbed one. `real` is $AUTOPACK_TEST_EVENTSTORE_URL.

import { parseArgs } from 'node:util';
import { removePlace, type Place } from '#tests/support/e2e.ts';
import { calmRun, faultyPlace, NOTHING, runOf, sum, type Calm, type Tally } from '#tests/support/faulting.ts';
import { FAULTS } from '#tests/support/faults.ts';
import { STORES, type StoreKind } from '#tests/support/faulty-store.ts';
import { startFaultyTeam, type FaultyTeam } from '#tests/support/faulty-team.ts';

interface Row extends Tally {
  readonly fault: string;
  readonly rounds: number;
  readonly seconds: number;
}

const COLUMNS = ['fault', 'times', 'sent', 'received', 'repeats', 'lost', 'doubled', 'waits', 'seconds'] as const;

const real = process.env['AUTOPACK_TEST_EVENTSTORE_URL'] ?? '';
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '1' }, only: { type: 'string', default: '' }, store: { type: 'string', default: real === '' ? 'wire' : 'real' }, json: { type: 'boolean', default: false } } });
const kind = STORES.find((name) => name === values.store);
if (kind === undefined) throw new Error(`--store ${values.store} is none of ${STORES.join(', ')}`);
const nonce = Date.now().toString(36); // a real store may hold the runs of other times
const say = (text: string): void => void process.stderr.write(`${text}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

async function inTeam<T>(store: StoreKind, work: (team: FaultyTeam, place: Place) => Promise<T>): Promise<T> {
  const place = faultyPlace();
  const team = await startFaultyTeam(place, store, real);
  try {
    return await work(team, place);
  } finally {
    await team.dispose();
    removePlace(place);
  }
}

async function rowOf(fault: string, index: number, calm: Calm): Promise<Row> {
  const begun = performance.now();
  let [total, rounds] = [NOTHING, 0];
  for (; rounds < Number(values.rounds) && total.problems.length === 0; rounds += 1) {
    const one = await inTeam(kind as StoreKind, async (team, place) => FAULTS[fault]?.run({ team, own: runOf(place, `f${index}-${rounds}-${nonce}`), calm, round: rounds * 3 + index }) ?? NOTHING)
      .catch((error: unknown): Tally => ({ ...NOTHING, problems: [String(error)] }));
    total = sum(total, one);
  }
  const never = total.times === 0 ? ['it never happened'] : [];
  const wrong = total.lost + total.doubled > 0 ? [`${total.lost} lost, ${total.doubled} doubled`] : [];
  return { fault, rounds, ...total, problems: [...total.problems, ...never, ...wrong], seconds: Math.round((performance.now() - begun) / 1000) };
}

function table(rows: readonly Row[]): string {
  const cells = [COLUMNS.map(String), ...rows.map((row) => COLUMNS.map((column) => String(row[column])))];
  const widths = COLUMNS.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  return cells.map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')).join('\n');
}

const calm = await inTeam(kind, async (team, place) => {
  const ledger = await team.serve('ledger');
  const found = await calmRun(team, runOf(place, `calm-${nonce}`));
  say(`store: ${team.store.name}; an undisturbed run has ${found.said.length} records and runs tests ${found.tests} times; states: ${found.states.join(', ')}`);
  ledger.child.kill('SIGKILL');
  return found;
});
const names = Object.keys(FAULTS).filter((name) => name.includes(values.only));
const skipped = names.filter((name) => kind === 'sqlite' && FAULTS[name]?.needs === 'store');
const rows: Row[] = [];
for (const name of names.filter((one) => !skipped.includes(one))) {
  const row = await rowOf(name, Object.keys(FAULTS).indexOf(name), calm);
  rows.push(row);
  say(`${name}: ${row.seconds} s${row.problems.map((problem) => `\n  ${problem}`).join('')}`);
}
if (values.json) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
else process.stdout.write(`${table(rows)}\n`);
for (const name of skipped) say(`${name}: not with this store, which has no server`);
process.exitCode = rows.length > 0 && rows.every(({ problems }) => problems.length === 0) ? 0 : 1;
