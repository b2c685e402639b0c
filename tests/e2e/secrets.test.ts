// Keys in every place where one may lie: none is found afterwards in record, blob, log, prompt, proof, patch or the
// environment of a child.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { sceneOf } from '#tests/support/hands.ts';
import { autopack, makePlace, removePlace, runArgs, writeAnswers, writeLongPlan, type Finished, type Place } from '#tests/support/e2e.ts';

let place: Place;
afterEach(() => place !== undefined && removePlace(place));

/** Of a shape that is known everywhere, each another one; put together here, so that no scanner takes the test for a leak. */
const shaped = (where: string): string => `sk-${'proj'}-${where}${'0123456789abcdefghijklmnop'.slice(where.length)}XYZ`;
/** Of no shape: only its name in our environment tells what it is. */
const ENV = { OPENAI_API_KEY: shaped('env'), MY_SERVICE_TOKEN: 'q7-hush-nobody-knows-4411', DB_PASSWORD: 'correct.horse.battery.staple' };
const KEYS = { repository: shaped('repository'), output: shaped('output'), answer: shaped('answer'), problem: shaped('problem'), ...ENV };

/** Prints what it is told by a file, and everything that it was given. */
const TESTS = `cat keys/* out.txt 2>/dev/null; env; tr '\\0' '\\n' < /proc/self/environ; cat /proc/$PPID/environ 2>/dev/null | tr '\\0' '\\n'\n[ ! -e fail.txt ]\n`;

const files = (folder: string): string[] => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((found) => found.isFile()).map((found) => join(found.parentPath, found.name));

/** Where a key stands that should stand nowhere: in what was said, in our folder, in the files for people, in an export. */
async function leaks({ out, err }: Finished): Promise<string[]> {
  const exported = join(place.folder, 'export.jsonl');
  await autopack(place, ['export', place.run, '-o', exported]);
  const log = await autopack(place, ['log', place.run, '--json']);
  const texts = [['stdout', out], ['stderr', err], ['log', log.out], ...[...files(place.home), ...files(join(place.repo.root, '.autonomous_runs')), exported].map((file) => [file, readFileSync(file, 'latin1')] as const)] as const;
  return texts.flatMap(([name, text]) => Object.entries(KEYS).filter(([, key]) => text.includes(key)).map(([which]) => `the key of ${which} stands in ${name}`));
}

const json = (...list: object[]): string => JSON.stringify({ summary: 's', files: list });
const PHASE = { scope: { paths: ['b.txt', 'c.txt', 'keys/', 'out.txt', 'fail.txt'] }, max_builder_attempts: 3, allow_mass_deletion: true, change_size: 'large_refactor' };

test('DESIGN 7 E-692 keys of environment, repository, answer and test output are found nowhere afterwards', async () => {
  place = makePlace({ 'test.sh': TESTS, 'keys/config.ini': `[service]\nname = x\nkey = ${KEYS.repository}\nend = 1\n`, 'out.txt': 'nothing\n' });
  writeLongPlan(place, { ...PHASE, builder_mode: 'full_file' });
  const answers = (first: string) => [
    { role: 'builder', phase: 'p1', attempt: 1, text: json({ path: first, mode: 'create', new_content: first === 'b.txt' ? `${KEYS.answer}\n` : 'x\n' }) },
    { role: 'builder', phase: 'p1', attempt: 2, text: json({ path: 'c.txt', mode: 'create', new_content: 'fine\n' }) },
  ];
  const env = { ...ENV, AUTOPACK_LOG_LEVEL: 'debug' };
  writeAnswers(place, answers('b.txt'));
  const paused = await autopack(place, runArgs(place), { env });
  expect(paused.err).toContain('it holds what looks like a key');
  expect(await leaks(paused)).toEqual([]);
  writeAnswers(place, answers('fail.txt'));
  const finished = await autopack(place, ['resume', place.run], { env });
  expect(finished.code, finished.err).toBe(0);
  expect(await leaks(finished)).toEqual([]);
  // The tests did print, and the look would have found it:
  expect(files(place.home).some((file) => readFileSync(file, 'latin1').includes('key = [a key was here]'))).toBe(true);
});

test('DESIGN 7 a change of a file with a key is refused, and what is told of one that does not fit repeats no key', async () => {
  const scene = await sceneOf({ 'config.ini': `[service]\nname = x\nkey = ${KEYS.repository}\nend = 1\n` }, { phases: [{ phase_id: 'p1', scope: { paths: ['config.ini'] } }] });
  const whole = await scene.candidate('full_file', json({ path: 'config.ini', mode: 'modify', new_content: '[service]\nname = x\nkey = none\nend = 1\n' }));
  expect(whole.data).toMatchObject({ kind: 'policy_refused', code: 'secret' });
  const unfit = await scene.candidate('diff', '--- a/config.ini\n+++ b/config.ini\n@@ -1,4 +1,4 @@\n [service]\n-name = z\n+name = y\n key = ?\n end = 1\n');
  expect(unfit.data).toMatchObject({ kind: 'apply' });
  for (const { data } of [whole, unfit]) expect(`${JSON.stringify(data)}${await scene.text(data['problems'])}`).not.toContain(KEYS.repository);
  expect(await scene.text(unfit.data['problems'])).toContain('key = [a key was here]');
  scene.remove();
});

test('DESIGN 7 a plan that holds a key is refused before it is recorded', async () => {
  place = makePlace();
  writeLongPlan(place, { ...PHASE, description: `Use ${KEYS.problem} for the service.` });
  const finished = await autopack(place, runArgs(place), { env: ENV });
  expect(finished.code).toBe(2);
  expect(finished.err).toContain('looks like a key');
  expect(`${finished.out}${finished.err}`).not.toContain(KEYS.problem);
  writeFileSync(place.plan, readFileSync(place.plan, 'utf8').replace(KEYS.problem, ENV.MY_SERVICE_TOKEN));
  expect((await autopack(place, runArgs(place), { env: ENV })).code).toBe(2);
});
