// Acceptance
// ==========
// `npm run accept [-- --json] [--seed N] [--count N]`: what may enter a repository, tried on histories of four projects.

import { parseArgs } from 'node:util';
import { complaints, tallyOf } from './tally.ts';
import { benchOf, damagedTrials, wholeTrials, type Trial } from './trials.ts';
import { projects } from './trees.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean' }, seed: { type: 'string', default: '1' }, count: { type: 'string', default: '100' }, each: { type: 'string', default: '10' } } });
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
for (const line of complaints(trials)) process.stderr.write(`${line}\n`);
const tally = tallyOf(trials);
process.stdout.write(values.json === true ? `${JSON.stringify(tally)}\n` : `${tally.tried} answers: ${tally.falseAccepts} false accepts, ${tally.falseRejects} false rejects; ${tally.policyRefused} refused by policy or guards\n`);
process.exitCode = tally.falseAccepts + tally.falseRejects === 0 ? 0 : 1;
