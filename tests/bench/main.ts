// Bench
// =====
// `npm run bench -- [--json] [--only NAME] [--quick]`: how fast the parts are together, as ratios to the same by hand.
// One object `name -> {value, baseline, ratio, goal, atMost?, bound, unit, verdict}`; a verdict is given only where the
// machine was ours.

import { parseArgs } from 'node:util';
import { goals, type Goal } from './goals.ts';
import { alternate } from './measure.ts';

interface Told {
  readonly value: number | null;
  readonly baseline: number | null;
  readonly ratio: number | null;
  readonly goal: number;
  readonly atMost?: true;
  readonly bound: string;
  readonly unit: string;
  readonly verdict: string;
}

const QUICK = { size: 0.1, rounds: 5 };
const round = (value: number): number => Number(value.toPrecision(4));

async function measure({ unit, goal, atMost, rounds, bound, pair }: Goal, quick: boolean): Promise<Told> {
  const stated = { goal, ...(atMost === undefined ? {} : { atMost }), bound, unit };
  const sides = await pair(quick ? QUICK.size : 1);
  if (sides === null) return { value: null, baseline: null, ratio: null, ...stated, verdict: 'not measured' };
  const { value, baseline, ratio, disturbed } = await alternate(sides, quick ? QUICK.rounds : rounds);
  const holds = atMost === true ? ratio <= goal : ratio >= goal;
  const verdict = disturbed === null ? (holds ? 'holds' : 'missed') : `none: ${disturbed}`;
  return { value: round(value), baseline: round(baseline), ratio: round(ratio), ...stated, verdict };
}

const line = (name: string, { value, baseline, ratio, goal, atMost, unit, verdict }: Told): string =>
  `${name.padEnd(30)} ${String(value).padStart(9)} ${unit.padEnd(9)} against ${String(baseline).padStart(9)}: ${String(ratio).padStart(7)} (goal ${atMost === true ? '<=' : '>='} ${goal}) ${verdict}\n`;

const { values: asked } = parseArgs({ options: { json: { type: 'boolean', default: false }, only: { type: 'string' }, quick: { type: 'boolean', default: false } } });
const names = Object.keys(goals).filter((name) => asked.only === undefined || name === asked.only);
if (names.length === 0) throw new Error(`no goal ${asked.only ?? ''}; there are ${Object.keys(goals).join(', ')}`);

const told: Record<string, Told> = {};
for (const name of names) {
  const result = await measure(goals[name] as Goal, asked.quick);
  told[name] = result;
  (asked.json ? process.stderr : process.stdout).write(line(name, result));
}
if (asked.json) process.stdout.write(`${JSON.stringify(told)}\n`);
