// Race
// ====
// `npm run e2e:race [-- --rounds 200 --minutes 60]`: two and three executors started together on one run, new ones and such that were
// killed. In each round one works, the others exit 9 and name it, and no effect has two results in the log.

import { parseArgs } from 'node:util';
import { removePlace } from '#tests/support/e2e.ts';
import { arena, race } from '#tests/support/racing.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '200' }, minutes: { type: 'string', default: '60' } } });
const [roundsMax, mostMs] = [Number(values.rounds), Number(values.minutes) * 60_000];
const started = performance.now();
const place = arena();
const problems: string[] = [];
let [rounds, executors, locked, records] = [0, 0, 0, 0];
for (; rounds < roundsMax && performance.now() - started < mostMs && problems.length === 0; rounds += 1) {
  const raced = await race(place, { run: `race-${rounds}`, executors: 2 + (rounds % 2), begun: rounds % 4 < 2 });
  executors += raced.codes.length;
  locked += raced.codes.filter((code) => code === 9).length;
  records += raced.records;
  problems.push(...raced.problems.map((problem) => `round ${rounds}: ${problem}`));
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
process.stdout.write(`${rounds} rounds, ${executors} executors: ${executors - locked} worked, ${locked} exited 9; ${records} records, ${problems.length === 0 ? 'no result twice' : 'not as it must be'}; ${seconds} s\n`);
for (const problem of problems) process.stdout.write(`${problem}\n`);
if (problems.length === 0) removePlace(place);
else process.stdout.write(`kept: ${place.folder}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
