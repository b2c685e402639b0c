// Kill
// ====
// `npm run e2e:kill`: the demo, killed by SIGKILL after every record in turn, take-overs included, and resumed each time.
// `npm run e2e:kill -- --random 200 [--seed 7]`: so many SIGKILLs of its process group, each at a random moment.
// Each killed run must end as the undisturbed one does, and ask, commit and pay nothing twice.

import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { demoIn, essenceOf, lifeFor, lifeUntil, problemsOf, recordsOf, RESUME, startArgs, type Essence } from '#tests/support/killing.ts';
import { temporary } from '#tests/support/user-repository.ts';
import { generator } from '#tests/support/world.ts';

const LIVES_MAX = 400;
/** In turn: right after the take-over, after the next record, after one of progress. */
const DEATHS = ['first', 'progress', 'second', 'progress'] as const;
/** A life is at least so long, and at most this part of the undisturbed run. */
const LIFE = { leastMs: 100, part: 0.4 };

interface Killed {
  readonly kills: number;
  readonly runs: number;
  readonly records: number;
  readonly problems: readonly string[];
}

async function chained(calm: Essence): Promise<Killed> {
  const place = await demoIn(folder, 'killed');
  let life = lifeUntil(place, startArgs(place), 'first');
  let kills = 0;
  for (; life.signal === 'SIGKILL' && kills < LIVES_MAX; kills += 1) life = lifeUntil(place, RESUME, DEATHS[(kills + 1) % DEATHS.length] ?? 'never');
  return { kills, runs: 1, records: (await recordsOf(place)).length, problems: await problemsOf(place, calm, life) };
}

/** Runs one after the other until `wanted` kills are done; the last one is let go. */
async function random(calm: Essence, { wanted, seed, calmMs }: { readonly wanted: number; readonly seed: number; readonly calmMs: number }): Promise<Killed> {
  const { next } = generator(seed);
  const mostMs = calmMs * LIFE.part;
  let total: Killed = { kills: 0, runs: 0, records: 0, problems: [] };
  while (total.kills < wanted && total.problems.length === 0) {
    const place = await demoIn(folder, `killed-${total.runs}`);
    let [kills, isThere] = [0, false];
    const delay = (): number => (total.kills + kills < wanted ? LIFE.leastMs + next() * mostMs : Infinity);
    let life = await lifeFor(place, startArgs(place), delay());
    while (life.signal === 'SIGKILL') {
      kills += 1;
      isThere ||= (await lifeFor(place, ['status', 'killed'])).code === 0; // else it died before its first record
      life = await lifeFor(place, isThere ? RESUME : startArgs(place), delay());
    }
    const problems = (await problemsOf(place, calm, life)).map((problem) => `seed ${seed}, run ${total.runs + 1}: ${problem}`);
    total = { kills: total.kills + kills, runs: total.runs + 1, records: total.records + (await recordsOf(place)).length, problems };
    if (problems.length === 0) rmSync(place.folder, { recursive: true });
  }
  return total;
}

const { values } = parseArgs({ options: { random: { type: 'string' }, seed: { type: 'string', default: '1' } } });
const folder = temporary('autopack-kill-');
const started = performance.now();
const calm = await demoIn(folder, 'calm');
const calmly = performance.now();
const undisturbed = await lifeFor(calm, startArgs(calm));
const calmMs = performance.now() - calmly;
const calmRecords = await recordsOf(calm);
const essence = essenceOf(calm, calmRecords);
const killed = values.random === undefined ? await chained(essence) : await random(essence, { wanted: Number(values.random), seed: Number(values.seed), calmMs });
const { kills, runs, records } = killed;
const problems = [...killed.problems, ...(undisturbed.code === 0 ? [] : [`the undisturbed run exits ${undisturbed.code}`])];
const how = values.random === undefined ? 'after a record each' : `at random moments (seed ${values.seed})`;
const seconds = ((performance.now() - started) / 1000).toFixed(1);
process.stdout.write(`${kills} kills ${how} in ${runs} ${runs === 1 ? 'run' : 'runs'}, ${records} records (undisturbed ${calmRecords.length}), ${essence.trees.length} trees each: ${problems.length === 0 ? 'all equal' : 'not equal'}; ${seconds} s\n`);
for (const problem of problems) process.stdout.write(`${problem}\n`);
if (problems.length === 0) rmSync(folder, { recursive: true });
else process.stdout.write(`kept: ${folder}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
