// Self
// ====
// `npm run e2e:self`: a run on this project itself, a clone of its HEAD, with its dependency-free tests. Three phases
// write a rule, its use and its page; the second one's first attempt breaks a test. It must end COMPLETE and verify.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { autopack, leftBehind, linesOf, removePlace, runArgs, theirs, type Place } from '#tests/support/e2e.ts';
import { repositoryAt, temporary } from '#tests/support/user-repository.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const RULE = 'src/domain/plural.ts';
const TEST = 'tests/standalone/plural.test.ts';
const PAGE = 'docs/plural.md';

const plan = {
  run: { run_id: 'self', project_id: 'autopack' },
  ci: { command: ['node', '--test', 'tests/standalone/*.test.ts'], timeout_seconds: 60 }, // node itself reads the pattern
  tiers: [{ tier_id: 'words', tier_index: 0, name: 'Words' }],
  phases: [
    phaseOf(0, 'rule', [RULE, TEST], 'plural(1, "file") is "1 file", plural(2, "file") is "2 files".'),
    { ...phaseOf(1, 'sibilants', [RULE, TEST], 'Words that end in s, x, ch or sh take es.'), builder_mode: 'diff', dependencies: ['rule'] },
    { ...phaseOf(2, 'page', [PAGE], 'A page says what the rule does.'), dependencies: ['sibilants'] },
  ],
};

function phaseOf(index: number, id: string, paths: readonly string[], criterion: string) {
  return { phase_id: id, tier_id: 'words', phase_index: index, name: `Plurals: ${id}`, scope: { paths }, acceptance_criteria: [criterion] };
}

const rule = `// Plural
// ======
// A number and its noun.

export const plural = (n: number, noun: string): string => \`\${n} \${noun}\${n === 1 ? '' : 's'}\`;
`;
const test = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plural } from '../../src/domain/plural.ts';

test('a number and its noun agree', () => {
  assert.deepEqual([plural(1, 'file'), plural(2, 'file')], ['1 file', '2 files']);
});
`;

/** @param ending the pattern of the nouns that take \`es\`. */
const sibilants = (ending: string): string => `diff --git a/${RULE} b/${RULE}
--- a/${RULE}
+++ b/${RULE}
@@ -2,4 +2,6 @@
 // ======
 // A number and its noun.
 
-export const plural = (n: number, noun: string): string => \`\${n} \${noun}\${n === 1 ? '' : 's'}\`;
+const ending = (noun: string): string => (/${ending}$/.test(noun) ? 'es' : 's');
+
+export const plural = (n: number, noun: string): string => \`\${n} \${noun}\${n === 1 ? '' : ending(noun)}\`;
diff --git a/${TEST} b/${TEST}
--- a/${TEST}
+++ b/${TEST}
@@ -5,3 +5,7 @@
 test('a number and its noun agree', () => {
   assert.deepEqual([plural(1, 'file'), plural(2, 'file')], ['1 file', '2 files']);
 });
+
+test('a noun that ends in a sibilant takes es', () => {
+  assert.deepEqual(['class', 'branch', 'hash'].map((noun) => plural(2, noun)), ['2 classes', '2 branches', '2 hashes']);
+});
`;
const whole = (...files: readonly (readonly [path: string, content: string])[]) => ({ summary: 'plurals', files: files.map(([path, content]) => ({ path, mode: 'create', new_content: content })) });
const usage = { input: 1000, output: 300 };

const answers = {
  version: 1,
  answers: [
    { role: 'builder', phase: 'rule', json: whole([RULE, rule], [TEST, test]), usage },
    { role: 'builder', phase: 'sibilants', attempt: 1, text: sibilants('(?:s|x)'), usage },
    { role: 'builder', phase: 'sibilants', attempt: 2, text: sibilants('(?:s|x|ch|sh)'), usage },
    { role: 'builder', phase: 'page', json: whole([PAGE, '# Plurals\n\n`plural(n, noun)` says a number with its noun.\n']), usage },
  ],
  defaults: { auditor: { json: { approved: true, issues: [], summary: 'fine' }, usage } },
};

const started = performance.now();
const folder = temporary('autopack-self-');
const root = join(folder, 'autopack');
const place: Place = { folder, home: join(folder, 'state'), repo: repositoryAt(root), plan: join(folder, 'plan.json'), answers: join(folder, 'answers.json'), run: 'self' };
execFileSync('git', ['clone', '--quiet', PROJECT, root], { stdio: 'inherit' });
writeFileSync(place.plan, JSON.stringify(plan));
writeFileSync(place.answers, JSON.stringify(answers));

const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };
const before = theirs(root);
const run = await autopack(place, runArgs(place, '--json'), { env });
const result = linesOf(run).at(-1);
const verified = await autopack(place, ['replay', 'self', '--verify']);
const attempts = result?.phases.map(({ phase_id, outcome, attempts: tries }) => `${phase_id} ${outcome} (${tries})`).join(', ');
const problems = [
  ...(run.code === 0 && result?.outcome === 'COMPLETE' ? [] : [`the run exits ${run.code}: ${run.err}`]),
  ...(run.out.includes('"status":"passed"') ? [] : ['the tests of the base were to pass']),
  ...(result?.phases.map(({ attempts: tries }) => tries).join() === '1,2,1' ? [] : ['the second phase was to need two attempts, and no other one']),
  ...(verified.code === 0 ? [] : [`verification exits ${verified.code}: ${verified.err}`]),
  ...(JSON.stringify(theirs(root)) === JSON.stringify(before) ? [] : ['the clone itself was changed']),
  ...leftBehind(place).map((name) => `left behind: ${name}`),
];
process.stdout.write(`${attempts}\n${place.repo.git('log', '--format=%h %s', `HEAD..autopack/run-self`)}\n${verified.out}${((performance.now() - started) / 1000).toFixed(1)} s\n`);
for (const problem of problems) process.stdout.write(`${problem}\n`);
removePlace(place);
process.exitCode = problems.length === 0 ? 0 : 1;
