import { beforeAll, describe, expect, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { loadConfig, type Config } from '#src/config/config.ts';
import { byStem, categoryOf, type Category } from '#src/domain/category.ts';
import { walk, type RoutedRole, type WalkInput } from '#src/domain/routing.ts';

let config: Config;
beforeAll(async () => {
  config = await loadConfig(fileURLToPath(new URL('../../config', import.meta.url)));
});

const LETTERS: Readonly<Record<string, string>> = { 'claude-3-haiku-20240307': 'H', 'claude-sonnet-4-5': 'S', 'claude-opus-4-5': 'O' };
/** One vendor alone answers, unless a test says otherwise. */
const reachable = (model: string): boolean => model.startsWith('claude');
const course = (input: WalkInput): string | null => walk(config.models, input)?.map((model) => LETTERS[model] ?? '?').join('') ?? null;
const ROLES: readonly RoutedRole[] = ['builder', 'auditor', 'auditor2'];
const COMPLEXITIES = ['low', 'medium', 'high', 'maintenance'] as const;

describe('chains', () => {
  test.each([['low', 'HSSOOO'], ['medium', 'SOOOOO'], ['high', 'SOOOOO'], ['maintenance', 'HSSOOO']] as const)('A-101 A-100 E-142 the course of %s is %s', (complexity, wanted) => {
    expect(course({ role: 'builder', category: null, complexity, reachable })).toBe(wanted);
    expect(course({ role: 'auditor', category: 'frontend', complexity, reachable })).toBe(wanted);
  });

  test('E-142 no chain names a second auditor', () => {
    expect(course({ role: 'auditor2', category: null, complexity: 'low', reachable })).toBeNull();
  });
});

describe('policies', () => {
  test.each<readonly [string, RoutedRole, string | null]>([
    ['security_auth_change', 'builder', 'SSSSSS'], ['security_auth_change', 'auditor', 'OOOOOO'], ['security_auth_change', 'auditor2', 'SSSSSS'],
    ['schema_contract_change_destructive', 'auditor', 'OOOOOO'], ['external_feature_reuse_remote', 'auditor2', 'SSSSSS'],
    ['external_feature_reuse_internal', 'auditor', 'SSOOOO'], ['external_feature_reuse_internal', 'auditor2', null], ['schema_contract_change_additive', 'auditor', 'SOOOOO'],
    ['core_backend_high', 'auditor', 'SSOOOO'], ['docs', 'builder', 'HSSOOO'], ['docs', 'auditor', 'HSSSSS'], ['tests', 'builder', 'HSSOOO'],
  ])('A-098 E-140 %s: the course of %s is %s', (category, role, wanted) => {
    expect(course({ role, category, complexity: 'low', reachable })).toBe(wanted);
  });
});

test('E-163 where another vendor answers too, the second auditor is one of its models', () => {
  const steps = walk(config.models, { role: 'auditor2', category: 'security_auth_change', complexity: 'high', reachable: () => true });
  expect(new Set(steps?.map((model) => config.models.models.get(model)?.provider))).toEqual(new Set(['openai']));
});

test('E-617 A-101 for every category, complexity and role the rank never falls and the course is never empty', () => {
  const categories = [null, 'unknown', ...config.categories.keys(), ...config.models.policies.keys()];
  const rank = (model: string): number => config.models.models.get(model)?.rank ?? -1;
  for (const category of categories) for (const complexity of COMPLEXITIES) for (const role of ROLES) {
    const steps = walk(config.models, { role, category, complexity, reachable });
    if (role !== 'auditor2') expect(steps?.length).toBeGreaterThan(0);
    (steps ?? []).forEach((model, i) => expect(rank(model)).toBeGreaterThanOrEqual(Math.max(1, rank(steps?.[i - 1] ?? ''))));
  }
});

test('E-617 a step down in a table of one\'s own is replaced by the highest so far', () => {
  const model = (rank: number) => ({ provider: 'p', rank, input: 1, output: 1, cacheRead: 1, cacheWrite: 1, structured: false });
  const models = new Map([['a', model(1)], ['b', model(2)], ['c', model(3)]]);
  const chains = { low: ['b', 'a'], medium: ['c', 'a'], high: ['b'] };
  const table = { models, planner: 'c', chains: { builder: chains, auditor: chains }, policies: new Map() };
  expect(walk(table, { role: 'builder', category: null, complexity: 'low', reachable })).toEqual(['b', 'b', 'c', 'c', 'c', 'c']);
});

describe('categories', () => {
  const of = (name: string | null): Category => categoryOf(config.categories, name);

  test.each(['external_feature_reuse', 'security_auth_change', 'schema_contract_change', 'external_feature_reuse_remote', 'external_feature_reuse_internal', 'schema_contract_change_destructive', 'schema_contract_change_additive'])('E-016 %s is high-risk', (name) => {
    expect(of(name).highRisk).toBe(true);
  });

  test.each([null, 'general', 'frontend', 'docs', 'tests', 'feature', 'bugfix', 'comment_update', '', '_', 'constructor', '__proto__'])('E-016 %j is not high-risk', (name) => {
    expect(of(name).highRisk).toBe(false);
  });

  test('E-620 schema_contract_change_destructive is high-risk for gate, routing, audit and budget alike', () => {
    expect(of('schema_contract_change_destructive')).toEqual({ highRisk: true, dualAudit: true, askBeforeCommit: false, attemptsMax: 2 });
    const routed = (category: string) => ROLES.map((role) => course({ role, category, complexity: 'low', reachable }));
    expect(routed('schema_contract_change_destructive')).toEqual(routed('schema_contract_change'));
  });

  test('E-016 a refined name is itself before its stem, and whole words only are stems', () => {
    expect(of('schema_contract_change_additive').dualAudit).toBe(false);
    expect(of('docs_typo')).toBe(of('docs'));
    expect(of('docsish')).toBe(of('general'));
    expect(byStem(new Map([['a', 1], ['a_b', 2]]), 'a_b_c_d')).toBe(2);
    expect(byStem(new Map([['a', 1]]), 'b_a')).toBeNull();
  });

  test('E-163 exactly these categories are audited by two', () => {
    expect([...config.categories].filter(([, { dualAudit }]) => dualAudit).map(([name]) => name)).toEqual(['security_auth_change', 'external_feature_reuse', 'external_feature_reuse_remote', 'schema_contract_change', 'external_code_intake']);
  });
});
