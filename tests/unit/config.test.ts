import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '#src/config/config.ts';

const SHIPPED = join(import.meta.dirname, '../../config');
const FILES = ['categories.yaml', 'executor.yaml', 'models.yaml', 'protection.yaml'] as const;
const root = mkdtempSync(join(tmpdir(), 'autopack-config-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The shipped folder with some files changed; null removes one. */
function changed(changes: Readonly<Partial<Record<(typeof FILES)[number], ((text: string) => string) | null>>>): string {
  const folder = mkdtempSync(join(root, 'c-'));
  for (const name of FILES) cpSync(join(SHIPPED, name), join(folder, name));
  for (const [name, change] of Object.entries(changes)) {
    if (change === null) rmSync(join(folder, name));
    else writeFileSync(join(folder, name), change(readFileSync(join(folder, name), 'utf8')));
  }
  return folder;
}

const problemsOf = async (changes: Parameters<typeof changed>[0]): Promise<string[]> =>
  loadConfig(changed(changes)).then(() => [], (error: Error) => error.message.split('\n').slice(1).map((line) => line.trim()));

/** `by` in place of `text`, which must stand in the file. */
const swap = (text: string, by: string) => (file: string) => {
  if (!file.includes(text)) throw new Error(`${text} does not stand in the file`);
  return file.replace(text, by);
};

test('the shipped configuration is whole: names resolve to priced models, and no rank falls along a chain', async () => {
  const { executor, models, categories, protectedPaths } = await loadConfig(SHIPPED);
  expect(executor.attempts.perPhaseMax).toBeGreaterThan(0);
  expect(executor.transport.waitsMs).toHaveLength(executor.transport.triesMax);
  expect(categories.has('general')).toBe(true);
  expect(protectedPaths).toContain('.autonomous_runs/');
  const { builder, auditor } = models.chains;
  for (const chain of [...Object.values(builder), ...Object.values(auditor)]) {
    const ranks = chain.map((name) => models.models.get(name)?.rank ?? Number.NaN);
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  }
  const named = [models.planner, ...[...models.policies.values()].flat().flatMap(({ builder: b, auditor: a, auditor2 }) => [b, a, ...(auditor2 ?? [])])];
  expect(named.filter((name) => !models.models.has(name))).toEqual([]);
});

describe('what cannot be used is told by file, line, column and path', () => {
  test.each(FILES)('%s that is missing, empty or no YAML', async (name) => {
    expect(await problemsOf({ [name]: null })).toEqual([`${name}: cannot be read`]);
    expect(await problemsOf({ [name]: () => '' })).toEqual([`${name}:1:1: it is empty`]);
    expect(await problemsOf({ [name]: () => 'a: [' })).toEqual([expect.stringMatching(new RegExp(`^${name}:1:`))]);
  });

  test.each([
    ['executor.yaml', swap('againMax', 'agianMax'), 'executor.yaml:2:28: attempts.agianMax: unknown key. did you mean againMax?'],
    ['executor.yaml', swap('human:', 'humans:'), 'humans: unknown key. did you mean human?'],
    ['models.yaml', swap('rank: 1', 'rang: 1'), 'models.yaml:3:50: models.claude-3-haiku-20240307.rang: unknown key. did you mean rank?'],
    ['models.yaml', swap('auditor2:', 'auditr2:'), 'policies.security_auth_change[0].auditr2: unknown key. did you mean auditor2?'],
    ['categories.yaml', swap('highRisk', 'highrisk'), 'general.highrisk: unknown key. did you mean highRisk?'],
    ['protection.yaml', swap('protected:', 'protect:'), 'protect: unknown key. did you mean protected?'],
  ] as const)('an unknown key of %s', async (name, change, problem) => {
    expect(await problemsOf({ [name]: change })).toContainEqual(expect.stringContaining(problem));
  });

  test.each([
    ['executor.yaml', swap('perPhaseMax: 5', 'perPhaseMax: 0'), 'attempts.perPhaseMax'], ['executor.yaml', swap('perPhaseMax: 5', 'perPhaseMax: many'), 'attempts.perPhaseMax'], ['executor.yaml', swap('triesMax: 3', 'triesMax: 1.5'), 'transport.triesMax'],
    ['executor.yaml', swap('[5000, 10000, 20000]', '[]'), 'transport.waitsMs'], ['executor.yaml', swap('similarityBp: 8000', 'similarityBp: 10001'), 'replan.similarityBp'], ['executor.yaml', swap('default: reject', 'default: maybe'), 'human.default'],
    ['models.yaml', swap('low: [haiku, sonnet, opus]', 'low: []'), 'chains.builder.low'], ['models.yaml', swap('input: 250000', 'input: -1'), 'models.claude-3-haiku-20240307.input'], ['models.yaml', swap('provider: anthropic', 'provider: nobody'), 'models.claude-3-haiku-20240307.provider'],
    ['categories.yaml', swap('attemptsMax: 5', 'attemptsMax: 0'), 'general.attemptsMax'], ['protection.yaml', swap('autopack.yaml]', '7]'), 'protected[4]'],
  ] as const)('a wrong value of %s', async (name, change, path) => {
    expect(await problemsOf({ [name]: change })).toEqual([expect.stringMatching(new RegExp(`^${name}:\\d+:\\d+: ${path.replace(/[[\].]/g, '\\$&')}: `))]);
  });

  test.each([
    ['planner: opus', 'planner: opsu', 'planner: opsu is neither a model nor an alias'], ['planner: opus', 'planner: constructor', 'planner: constructor is neither'], ['opus: claude-opus-4-5', 'opus: claude', 'aliases.opus: claude is not a model'],
    ['low: [haiku, sonnet, opus]', 'low: [haiku, x]', 'chains.builder.low[1]: x is neither'], ['auditor2: [gpt-4o', 'auditor2: [x', 'policies.security_auth_change[0].auditor2: x'],
  ])('E-506 %j as %j is no known, priced model', async (text, by, problem) => {
    expect(await problemsOf({ 'models.yaml': swap(text, by) })).toContainEqual(expect.stringContaining(problem));
  });

  test('the problems of all files, at once', async () => {
    const problems = await problemsOf({ 'executor.yaml': swap('human:', 'humans:'), 'models.yaml': null, 'categories.yaml': swap('attemptsMax: 5', 'attemptsMax: 0') });
    expect(problems.map((line) => line.split(':')[0])).toEqual(expect.arrayContaining(['executor.yaml', 'models.yaml', 'categories.yaml']));
    await expect(loadConfig(changed({ 'models.yaml': null }))).rejects.toMatchObject({ code: 'config.invalid', exit: 2 });
  });
});
