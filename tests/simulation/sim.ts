// Simulation
// ==========
// `npm run sim -- --seeds N [--seed FIRST] [--json]`: whole runs on a simulated machine, a crash at each await point,
// any order of events. Every 20th seed is run twice: the same seed gives the same bytes. Every 100th, where chance and
// people have no say in it, is run again with a crash at each of its awaits in turn. Exit 1 when anything failed.

import { parseArgs } from 'node:util';
import { readPrompts } from '#src/app/execute.ts';
import { points } from '#tests/support/sim-awaits.ts';
import { simulateAll } from '#tests/support/sim-all.ts';

/** So many seeds to each await point: fewer are not expected to come by all of them. */
const SEEDS_PER_POINT = 8;

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } } });
const [seeds, first] = [Number(values.seeds), Number(values.seed)];
const { awaitPoints, ...figures } = await simulateAll({ first, seeds, prompts: await readPrompts() }, (seed, problem) => process.stderr.write(`${problem.kind}: ${problem.what}\n  npm run sim -- --seeds 1 --seed ${seed}\n`));
const never = awaitPoints.filter(({ hits }) => hits === 0);
const isEnough = seeds >= points.length * SEEDS_PER_POINT;
if (isEnough) for (const { name } of never) process.stderr.write(`no process ever died at: ${name}\n`);
if (values.json) process.stdout.write(`${JSON.stringify({ ...figures, awaitPoints })}\n`);
else process.stdout.write(`${Object.entries(figures).map(([name, figure]) => `${name} ${figure}`).join(', ')}, died at ${awaitPoints.length - never.length} of ${awaitPoints.length} await points\n`);
const { divergences, lost, doubled, stuck, broken } = figures;
process.exitCode = divergences + lost + doubled + stuck + broken + (isEnough ? never.length : 0) === 0 ? 0 : 1;
