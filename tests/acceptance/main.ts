// Acceptance
// ==========
// `npm run accept [-- --json] [--seed N] [--count N] [--each N]`: what may enter a repository, tried on histories of four projects.
// `count` commits of each, every damage on one of `each` of them; then whole runs with tests in the sandbox.

import { parseArgs } from 'node:util';
import { complaints, tallyOf } from './tally.ts';
import { isRunnable, run, runCases } from './runs.ts';
import { benchOf, damagedTrials, wholeTrials, type Trial } from './trials.ts';
import { projects } from './trees.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean' }, seed: { type: 'string', default: '1' }, count: { type: 'string', default: '120' }, each: { type: 'string', default: '24' } } });
const trials: Trial[] = [];
for (const project of projects) {
  const started = performance.now();
  const bench = await benchOf(project, { seed: Number(values.seed), count: Number(values.count) });
  try {
    const mine = [...(await wholeTrials(bench)), ...(await damagedTrials(bench, Number(values.each)))];
    trials.push(...mine);
    process.stderr.write(`${project.name}: ${mine.length} answers to ${bench.cases.length} commits, ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
  } finally {
    bench.scene.remove();
  }
}
const started = performance.now();
const runnable = runCases.filter(({ project }) => isRunnable(project)).flatMap((one) => one.modes.map((mode) => [one, mode] as const));
for (const [one, mode] of runnable) trials.push(await run(one, mode));
process.stderr.write(`whole runs with tests: ${runnable.length}, ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
for (const line of complaints(trials)) process.stderr.write(`${line}\n`);
const tally = tallyOf(trials);
process.stdout.write(values.json === true ? `${JSON.stringify(tally)}\n` : `${tally.tried} answers: ${tally.falseAccepts} false accepts, ${tally.falseRejects} false rejects; ${tally.policyRefused} refused by policy or guards\n`);
process.exitCode = tally.falseAccepts + tally.falseRejects === 0 ? 0 : 1;
