// Bench
// =====
// `npm run bench -- [--json] [--only NAME] [--quick]`: how fast the parts are together, as ratios to the same by hand; a name
// may end in `*`.
// With --json one object `name -> {value, baseline, ratio, goal, atMost?, bound, unit, verdict}` on stdout. --quick only
// shows that everything runs: too little is measured for a verdict.

import { parseArgs } from 'node:util';
import { hasTool } from '#tests/support/tools.ts';
import { goals, type Goal } from './goals.ts';
import { alternate, median, verdictOf, type Aim } from './measure.ts';

interface Told extends Aim {
  readonly value: number;
  readonly baseline: number;
  readonly ratio: number;
  readonly bound: string;
  readonly unit: string;
  readonly verdict: string;
}

const QUICK = { size: 0.02, rounds: 5 };
const round = (value: number): number => Number(value.toPrecision(4));

async function measure({ unit, rounds, bound, pair, needs: _tool, ...aim }: Goal, quick: boolean): Promise<Told> {
  const sides = await pair(quick ? QUICK.size : 1);
  const measured = await alternate(sides, quick ? QUICK.rounds : rounds).finally(() => sides.end?.());
  const { value, baseline, ratios } = measured;
  const verdict = quick ? 'no verdict: --quick measures too little' : verdictOf(measured, aim);
  return { value: round(value), baseline: round(baseline), ratio: round(median(ratios)), ...aim, bound, unit, verdict };
}

const line = (name: string, { value, baseline, ratio, goal, atMost, unit, verdict }: Told): string =>
  `${name.padEnd(30)} ${String(value).padStart(9)} ${unit.padEnd(9)} against ${String(baseline).padStart(9)}: ${String(ratio).padStart(7)} (goal ${atMost === true ? '<=' : '>='} ${goal}) ${verdict}\n`;

const { values: asked } = parseArgs({ options: { json: { type: 'boolean', default: false }, only: { type: 'string' }, quick: { type: 'boolean', default: false } } });
const isAsked = (name: string): boolean => asked.only === undefined || (asked.only.endsWith('*') ? name.startsWith(asked.only.slice(0, -1)) : name === asked.only);
const names = Object.keys(goals).filter(isAsked);
if (names.length === 0) throw new Error(`no goal ${asked.only ?? ''}; there are ${Object.keys(goals).join(', ')}`);

const told: Record<string, Told> = {};
for (const name of names) {
  const goal = goals[name] as Goal;
  if (goal.needs !== undefined && !hasTool(goal.needs)) {
    process.stderr.write(`${name}: not measured, ${goal.needs} is not here\n`);
    continue;
  }
  const result = await measure(goal, asked.quick);
  told[name] = result;
  (asked.json ? process.stderr : process.stdout).write(line(name, result));
}
if (asked.json) process.stdout.write(`${JSON.stringify(told)}\n`);
