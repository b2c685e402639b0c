// Acceptance
// ==========
// `npm run accept [-- --json] [--seed N] [--count N] [--each N] [--repo FOLDER]`: what may enter a repository, tried on histories of four projects.
// `count` commits of each, every damage on one of `each` of them; then whole runs with tests in
// the sandbox, and bytes and tests by chance, of which nothing may get out. `--repo` tries the history of another
// repository instead of the four.

import { isDeepStrictEqual, parseArgs } from 'node:util';
import fc from 'fast-check';
import { fingerprint } from '#tests/support/user-repository.ts';
import { modes } from './answers.ts';
import { bytesScene, strayed } from './bytes.ts';
import { complaints, tallyOf } from './tally.ts';
import { foreignHistory } from './foreign.ts';
import { hostileCase, isRunnable, run, runCases } from './runs.ts';
import { benchOf, benchWith, damagedTrials, wholeTrials, type Trial } from './trials.ts';
import { projects } from './trees.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean' }, seed: { type: 'string', default: '1' }, count: { type: 'string', default: '120' }, each: { type: 'string', default: '24' }, repo: { type: 'string' } } });
const trials: Trial[] = [];
/** What is wrong is told at once: a run that is cut short has not found it in vain. */
const told = (found: readonly Trial[]): void => {
  trials.push(...found);
  for (const line of complaints(found)) process.stderr.write(`${line}\n`);
};
const { repo } = values;
const benches = repo === undefined ? projects.map((project) => () => benchOf(project, { seed: Number(values.seed), count: Number(values.count) })) : [() => benchWith(repo, foreignHistory(repo, Number(values.count)))];
for (const make of benches) {
  const started = performance.now();
  const bench = await make();
  try {
    const mine = [...(await wholeTrials(bench)), ...(await damagedTrials(bench, Number(values.each)))];
    told(mine);
    process.stderr.write(`${bench.project}: ${mine.length} answers to ${bench.cases.length} commits, ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
  } finally {
    bench.scene.remove();
  }
}
const problems: string[] = [];
const any = await bytesScene();
const photo = fingerprint(any.repo.root);
for (const mode of modes) problems.push(...(await strayed(any, { mode, count: 3 * Number(values.count), seed: Number(values.seed) })).problems);
if (!isDeepStrictEqual(photo, fingerprint(any.repo.root))) problems.push('the repository of the user changed');
any.remove();
process.stderr.write(`any bytes: ${modes.length * 3 * Number(values.count)} answers, ${problems.length} strayed\n`);
const started = performance.now();
const mischief = fc.sample(hostileCase, { numRuns: Math.ceil(Number(values.count) / 10), seed: Number(values.seed) });
const runnable = runCases.filter(({ project }) => isRunnable(project)).flatMap((one) => one.modes.map((mode) => [one, mode] as const));
for (const [one, mode] of runnable) told([await run(one, mode)]);
for (const one of mischief) {
  const { outcome, said } = await run(one, 'full_file');
  if (outcome === 'wrong') problems.push(`random mischief: ${said}`);
}
process.stderr.write(`whole runs with tests: ${runnable.length + mischief.length}, ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
for (const line of problems) process.stderr.write(`${line}\n`);
const { falseAccepts, ...rest } = tallyOf(trials);
const tally = { ...rest, falseAccepts: falseAccepts + problems.length };
process.stdout.write(values.json === true ? `${JSON.stringify(tally)}\n` : `${tally.tried} answers: ${tally.falseAccepts} false accepts, ${tally.falseRejects} false rejects; ${tally.policyRefused} refused by policy or guards\n`);
process.exitCode = tally.falseAccepts + tally.falseRejects === 0 ? 0 : 1;
