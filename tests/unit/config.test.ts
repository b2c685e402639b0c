import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '#src/config/config.ts';

const SHIPPED = join(import.meta.dirname, '../../config');
const FILES = ['categories.yaml', 'executor.yaml', 'models.yaml', 'phases.yaml', 'protection.yaml'] as const;
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
  const named = [models.planner, models.judge, ...models.auditor2, ...[...models.fallbacks.values()].flat(), ...[...models.policies.values()].flatMap(({ steps }) => steps.flatMap(({ builder: first, auditor: second }) => [first, second]))];
  expect(named.filter((name) => !models.models.has(name))).toEqual([]);
});

test('E-114 E-597 a special phase without batches stops the start, by its id', async () => {
  expect(await problemsOf({ 'phases.yaml': (text) => text.replace(/^diagnostics-cursor-prompt:.*\n/m, '') })).toEqual([expect.stringContaining('the special phase diagnostics-cursor-prompt has no batches')]);
  expect(await problemsOf({ 'phases.yaml': (text) => text.replace(/^(diagnostics-cursor-prompt:).*\n/m, '$1 []\n') })).toEqual([expect.stringMatching(/^phases\.yaml:\d+:\d+: diagnostics-cursor-prompt: /)]);
  expect(await problemsOf({ 'phases.yaml': swap('prefixes:', 'prefix:') })).toContainEqual(expect.stringContaining('did you mean prefixes?'));
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
    ['models.yaml', swap('rank: 1', 'rang: 1'), 'models.yaml:4:50: models.claude-3-haiku-20240307.rang: unknown key. did you mean rank?'],
    ['models.yaml', swap('auditor2:', 'auditr2:'), 'auditr2: unknown key. did you mean auditor2?'], ['models.yaml', swap('strategy:', 'strateg:'), 'policies.security_auth_change.strateg: unknown key. did you mean strategy?'],
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
    ['low: [haiku, sonnet, opus]', 'low: [haiku, x]', 'chains.builder.low[1]: x is neither'], ['auditor2: [gpt-4o', 'auditor2: [x', 'auditor2[0]: x'], ['general: [sonnet', 'general: [y', 'fallbacks.general[0]: y'], ['judge: opus', 'judge: z', 'judge: z is neither'],
    ['builder: sonnet, auditor: opus', 'builder: sonnet, auditor: w', 'policies.security_auth_change.steps[0].auditor: w is neither'],
  ])('E-691 E-506 %j as %j is no known, priced model', async (text, by, problem) => {
    expect(await problemsOf({ 'models.yaml': swap(text, by) })).toContainEqual(expect.stringContaining(problem));
  });

  test.each([
    ['input: 250000, ', '', 'models.claude-3-haiku-20240307.input'], ['cacheRead: 25000, ', '', 'models.claude-3-haiku-20240307.cacheRead'],
    ['strategy: progressive, neverFallback: false, steps: [{after: 0, builder: sonnet, auditor: sonnet}, {after: 2', 'strategy: best_first, neverFallback: false, steps: [{after: 0, builder: sonnet, auditor: sonnet}, {after: 2', 'policies.external_feature_reuse_internal.steps: best_first has one step'],
    ['strategy: best_first', 'strategy: cheap_first', 'policies.security_auth_change.steps: cheap_first needs a second step'],
    ['{after: 2, builder: sonnet, auditor: opus}', '{after: 2, builder: claude-sonnet-4-5, auditor: sonnet}', 'steps[1]: it names the models of the step before'],
    ['{after: 2, builder', '{after: 0, builder', 'steps[1].after: steps stand in order'], ['[{after: 0', '[{after: 1', 'policies.security_auth_change.steps[0].after: the first step begins at 0'],
    ['quotas: #', 'quotas: {nobody: {weeklyTokens: 1, softPercent: 1}}\nquota: #', 'quotas'],
  ])('E-691 E-503 %j as %j is told by its path', async (text, by, problem) => {
    expect(await problemsOf({ 'models.yaml': swap(text, by) })).toContainEqual(expect.stringContaining(problem));
  });

  test('E-691 the problems of all files, at once', async () => {
    const problems = await problemsOf({ 'executor.yaml': swap('human:', 'humans:'), 'models.yaml': null, 'categories.yaml': swap('attemptsMax: 5', 'attemptsMax: 0') });
    expect(problems.map((line) => line.split(':')[0])).toEqual(expect.arrayContaining(['executor.yaml', 'models.yaml', 'categories.yaml']));
    await expect(loadConfig(changed({ 'models.yaml': null }))).rejects.toMatchObject({ code: 'config.invalid', exit: 2 });
  });
});
