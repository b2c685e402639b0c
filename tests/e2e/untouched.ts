// Untouched
// =========
// `npm run e2e:untouched`: the demo on a repository in which everything is in use. Its files, index, refs, stash,
// config, hooks, untracked and ignored files, its second working tree and the user's home are equal before and after,
// but for the three things that are ours; no program of the user was run.

import { join } from 'node:path';
import { autopack, leftBehind, removePlace, runArgs, type Place } from '#tests/support/e2e.ts';
import { compare, inhabit, photograph } from '#tests/support/untouched.ts';
import { repositoryAt, temporary } from '#tests/support/user-repository.ts';

const started = performance.now();
const folder = temporary('autopack-untouched-');
const root = join(folder, 'tally');
const place: Place = { folder, home: join(folder, 'state'), repo: repositoryAt(root), plan: join(root, 'plan.yaml'), answers: join(root, 'answers.yaml'), run: 'demo' };

const made = await autopack(place, ['init', '--example', root]);
const env = inhabit(place, { tracked: 'README.md', ignored: 'ignored/cache.bin' });
const before = photograph(place);
const run = await autopack(place, runArgs(place, '--run-id', place.run), { env });
const { differences, files, newObjects } = compare(place, before, photograph(place));
const problems = [
  ...(made.code === 0 ? [] : [`init exits ${made.code}: ${made.err}`]),
  ...(run.code === 0 ? [] : [`the demo exits ${run.code}: ${run.err}`]),
  ...differences,
  ...leftBehind(place).map((name) => `left behind: ${name}`),
];
const seconds = ((performance.now() - started) / 1000).toFixed(1);
process.stdout.write(`${files} files and folders, ${before.objects.size} of git's objects: ${problems.length === 0 ? 'all as before' : `${problems.length} differences`}; ${newObjects} objects are new, ${seconds} s\n`);
for (const problem of problems) process.stdout.write(`${problem}\n`);
removePlace(place);
process.exitCode = problems.length === 0 ? 0 : 1;
