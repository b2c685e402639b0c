// Keys in every place where one may lie: none is found afterwards in record, blob, log, prompt, proof, patch or the
// environment of a child.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { vendorServer } from '#tests/support/vendor-server.ts';
import { sceneOf } from '#tests/support/hands.ts';
import { temporary } from '#tests/support/user-repository.ts';
import { autopack, makePlace, processesOf, removePlace, runArgs, start, until, writeAnswers, writeLongPlan, type Finished, type Place } from '#tests/support/e2e.ts';

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
async function leaks({ out, err }: Pick<Finished, 'out' | 'err'>, keys: Readonly<Record<string, string>> = KEYS): Promise<string[]> {
  const exported = join(place.folder, 'export.jsonl');
  await autopack(place, ['export', place.run, '-o', exported]);
  const log = await autopack(place, ['log', place.run, '--json']);
  const texts = [['stdout', out], ['stderr', err], ['log', log.out], ...[...files(place.home), ...files(join(place.repo.root, '.autonomous_runs')), exported].map((file) => [file, readFileSync(file, 'latin1')] as const)] as const;
  return texts.flatMap(([name, text]) => Object.entries(keys).filter(([, key]) => text.includes(key)).map(([which]) => `the key of ${which} stands in ${name}`));
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

describe('keys of the vendors', () => {
  /** Of no shape; one from the environment, one from a file. */
  const VENDORS = { anthropic: 'v3-quiet-key-of-nobody-7781', openai: 'v4-quiet-file-of-nobody-9902' };
  let outside: string;
  afterEach(() => rmSync(outside, { recursive: true, force: true }));

  /** The key file lies outside of everything that is looked through. */
  function vendorEnv(url: string): Record<string, string> {
    outside = temporary('autopack-keys-');
    writeFileSync(join(outside, 'key'), `${VENDORS.openai}\n`, { mode: 0o600 });
    return { ANTHROPIC_API_KEY: VENDORS.anthropic, OPENAI_API_KEY_FILE: join(outside, 'key'), OPENAI_API_KEY: '', ANTHROPIC_BASE_URL: url, OPENAI_BASE_URL: `${url}/v1`, AUTOPACK_LOG_LEVEL: 'trace' };
  }

  const HIGH_RISK = { ...PHASE, task_category: 'security_auth_change', builder_mode: 'full_file' }; // two auditors: both vendors are asked
  const args = (): string[] => runArgs(place).map((word) => (word.startsWith('script:') ? 'vendors' : word));

  test('DESIGN 7 E-692 a vendor that repeats the key it refuses, a report of the process and a list of all processes tell nobody a key', async () => {
    place = makePlace({ 'test.sh': TESTS });
    writeLongPlan(place, HIGH_RISK);
    const reports = join(place.folder, 'reports');
    mkdirSync(reports);
    const processes: string[] = [];
    let child: ReturnType<typeof start>['child'] | null = null;
    let refuses = true;
    const server = await vendorServer(async ({ headers, body }) => {
      if (refuses) return { status: 401, body: JSON.stringify({ error: { type: 'authentication_error', message: `Incorrect API key provided: ${String(headers['x-api-key'] ?? headers['authorization'])}` } }) };
      if (child !== null && readdirSync(reports).length === 0) {
        process.kill(child.pid ?? 0, 'SIGUSR2');
        await until('the report is written', () => readdirSync(reports).some((name) => readFileSync(join(reports, name), 'utf8').trimEnd().endsWith('}')));
      }
      processes.push(...processesOf(place));
      return { answer: { text: JSON.stringify(body).includes('You are an auditor') ? json().replace('"files":[]', '"approved":true,"issues":[]') : json({ path: 'b.txt', mode: 'create', new_content: 'fine\n' }) } };
    });
    const env = vendorEnv(server.url);
    const refused = await autopack(place, args(), { env });
    expect(refused.code, refused.err).toBe(6);
    expect(refused.err).toContain('[a key was here]');
    const doctor = await autopack(place, ['doctor', place.plan, '-C', place.repo.root, '--provider', 'vendors'], { env });
    expect(doctor.out).toContain('http_401');
    refuses = false;
    const resumed = start(place, ['resume', place.run], { env, node: [process.execPath, '--report-on-signal', `--report-directory=${reports}`] });
    child = resumed.child;
    const finished = await resumed.done;
    await server.close();
    expect(finished.code, finished.err).toBe(0);
    expect(new Set(server.asked.map(({ path }) => path)).size, 'both vendors were asked').toBe(2);
    const said = { out: refused.out + doctor.out + finished.out, err: refused.err + doctor.err + finished.err };
    expect(await leaks(said, VENDORS)).toEqual([]);
    const written = readdirSync(reports).map((name) => readFileSync(join(reports, name), 'utf8'));
    expect(written).toHaveLength(1);
    expect(processes.length).toBeGreaterThan(0);
    for (const key of Object.values(VENDORS)) expect([...written, ...processes].filter((text) => text.includes(key))).toEqual([]);
  });

  test('DESIGN 7 a plan that holds the key of a file is refused, and a base URL with a password is refused without repeating it', async () => {
    place = makePlace();
    writeLongPlan(place, { ...HIGH_RISK, description: `Use ${VENDORS.openai} for the service.` });
    const env = vendorEnv('http://127.0.0.1:9');
    const planned = await autopack(place, args(), { env });
    expect([planned.code, planned.err]).toEqual([2, expect.stringContaining('looks like a key')]);
    writeLongPlan(place, HIGH_RISK);
    const addressed = await autopack(place, args(), { env: { ...env, ANTHROPIC_BASE_URL: `http://user:${VENDORS.anthropic}@127.0.0.1:9` } });
    expect([addressed.code, addressed.err]).toEqual([2, expect.stringContaining('ANTHROPIC_BASE_URL is not a base URL')]);
    expect(existsSync(place.home) ? files(place.home).filter((file) => Object.values(VENDORS).some((key) => readFileSync(file, 'latin1').includes(key))) : []).toEqual([]);
    for (const { out, err } of [planned, addressed]) expect(Object.values(VENDORS).filter((key) => `${out}${err}`.includes(key))).toEqual([]);
  });
});
