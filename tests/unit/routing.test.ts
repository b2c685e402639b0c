import { beforeAll, describe, expect, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { loadConfig, type Config } from '#src/config/config.ts';
import { byStem, categoryOf, type Category } from '#src/domain/category.ts';
import { quotaState, route, secondAuditors, walk, type ModelTable, type Vendors, type VendorState, type WalkInput } from '#src/domain/routing.ts';

let config: Config;
beforeAll(async () => {
  config = await loadConfig(fileURLToPath(new URL('../../config', import.meta.url)));
});

const LETTERS: Readonly<Record<string, string>> = { 'claude-3-haiku-20240307': 'H', 'claude-sonnet-4-5': 'S', 'claude-opus-4-5': 'O' };
const course = (input: WalkInput): string => walk(config.models, input).map((model) => LETTERS[model] ?? '?').join('');
const ROLES = ['builder', 'auditor'] as const;
const COMPLEXITIES = ['low', 'medium', 'high', 'maintenance'] as const;

describe('chains', () => {
  test.each([['low', 'HSSOOO'], ['medium', 'SOOOOO'], ['high', 'SOOOOO'], ['maintenance', 'HSSOOO']] as const)('A-101 A-100 E-142 the course of %s is %s', (complexity, wanted) => {
    expect(course({ role: 'builder', category: null, complexity })).toBe(wanted);
    expect(course({ role: 'auditor', category: 'frontend', complexity })).toBe(wanted);
  });
});

describe('policies', () => {
  test.each<readonly [string, 'builder' | 'auditor', string]>([
    ['security_auth_change', 'builder', 'SSSSSS'], ['security_auth_change', 'auditor', 'OOOOOO'], ['schema_contract_change_destructive', 'auditor', 'OOOOOO'],
    ['external_feature_reuse_internal', 'auditor', 'SSOOOO'], ['schema_contract_change_additive', 'auditor', 'SOOOOO'],
    ['core_backend_high', 'auditor', 'SSOOOO'], ['docs', 'builder', 'HSSOOO'], ['docs', 'auditor', 'HSSSSS'], ['tests', 'builder', 'HSSOOO'],
  ])('A-098 E-140 E-141 %s: the course of %s is %s', (category, role, wanted) => {
    expect(course({ role, category, complexity: 'low' })).toBe(wanted);
  });
});

describe('vendors', () => {
  const of = (model: string): string | null => config.models.models.get(model)?.provider ?? null;
  const vendors = (anthropic: VendorState, openai: VendorState): Vendors => ({ of, state: (vendor) => (vendor === 'anthropic' ? anthropic : vendor === 'openai' ? openai : 'keyless') });
  const routed = (category: string | null, anthropic: VendorState, openai: VendorState) => route(config.models, vendors(anthropic, openai), { models: ['claude-sonnet-4-5', 'claude-opus-4-5'], category });

  test.each<readonly [string | null, VendorState, VendorState, string, string, string]>([
    [null, 'open', 'open', 'SO', '', ''],
    [null, 'soft', 'open', '44', 'gpt-4o instead of claude-sonnet-4-5: anthropic is near its quota', ''],
    [null, 'soft', 'soft', 'SO', 'claude-sonnet-4-5 all the same: anthropic is near its quota, and nobody of another vendor stands in', ''],
    [null, 'soft', 'keyless', 'SO', 'nobody of another vendor stands in', ''],
    [null, 'spent', 'open', '44', 'anthropic has used its quota', ''],
    [null, 'spent', 'spent', 'SO', '', 'claude-sonnet-4-5 cannot be asked: anthropic has used its quota'],
    [null, 'disabled', 'open', '44', 'anthropic is switched off', ''],
    [null, 'disabled', 'disabled', 'SO', '', 'anthropic is switched off, and nobody of another vendor stands in'],
    [null, 'keyless', 'open', 'SO', '', ''],
    ['security_auth_change', 'soft', 'open', 'SO', 'its category never falls back', ''],
    ['security_auth_change', 'spent', 'open', 'SO', '', 'its category never falls back'],
    ['schema_contract_change_destructive', 'disabled', 'open', 'SO', '', 'its category never falls back'],
  ])('E-143 E-144 A-111 A-112 A-113 category %s, anthropic %s, openai %s: %s', (category, anthropic, openai, models, note, refused) => {
    const found = routed(category, anthropic, openai);
    expect(found.models.map((model) => ({ ...LETTERS, 'gpt-4o': '4' })[model]).join('')).toBe(models);
    for (const [texts, wanted] of [[found.notes, note], [found.refused, refused]] as const) {
      if (wanted === '') expect(texts).toEqual([]);
      else expect(texts.join()).toContain(wanted);
    }
  });

  test.each<readonly [VendorState, VendorState, readonly string[], readonly string[] | null]>([
    ['open', 'open', ['claude-opus-4-5', 'claude-opus-4-5'], ['gpt-4o', 'gpt-4o']],
    ['open', 'open', ['gpt-4o', 'claude-opus-4-5'], ['claude-opus-4-5', 'gpt-4o']],
    ['open', 'soft', ['claude-opus-4-5'], ['gpt-4o']],
    ['open', 'keyless', ['claude-opus-4-5'], null],
    ['open', 'disabled', ['claude-opus-4-5'], null],
    ['open', 'spent', ['claude-opus-4-5'], null],
    ['keyless', 'open', ['gpt-4o'], null],
  ])('E-163 E-611 with anthropic %s and openai %s the second auditor of %j is %j', (anthropic, openai, first, wanted) => {
    expect(secondAuditors(config.models, vendors(anthropic, openai), first)).toEqual(wanted);
  });

  test.each([[0, 0, 'open'], [10, 0, 'open'], [80, 100, 'open'], [81, 100, 'soft'], [99, 100, 'soft'], [100, 100, 'spent'], [101, 100, 'spent']])('A-110 A-111 %i tokens of %i: %s', (used, weeklyTokens, wanted) => {
    expect(quotaState(used, { weeklyTokens, softPercent: 80 })).toBe(wanted);
  });
});

test('E-617 A-101 for every category, complexity and role the rank never falls and the course is never empty', () => {
  const categories = [null, 'unknown', ...config.categories.keys(), ...config.models.policies.keys()];
  const rank = (model: string): number => config.models.models.get(model)?.rank ?? -1;
  for (const category of categories) for (const complexity of COMPLEXITIES) for (const role of ROLES) {
    const steps = walk(config.models, { role, category, complexity });
    expect(steps.length).toBeGreaterThan(0);
    steps.forEach((model, i) => expect(rank(model)).toBeGreaterThanOrEqual(Math.max(1, rank(steps[i - 1] ?? ''))));
  }
});

test('E-617 a step down in a table of one\'s own is replaced by the highest so far', () => {
  const model = (rank: number) => ({ provider: 'p', rank, input: 1, output: 1, cacheRead: 1, cacheWrite: 1, structured: false });
  const models = new Map([['a', model(1)], ['b', model(2)], ['c', model(3)]]);
  const chains = { low: ['b', 'a'], medium: ['c', 'a'], high: ['b'] };
  const table: ModelTable = { models, planner: 'c', judge: 'c', auditor2: [], fallbacks: new Map(), quotas: new Map(), disabledVendors: [], chains: { builder: chains, auditor: chains }, policies: new Map() };
  expect(walk(table, { role: 'builder', category: null, complexity: 'low' })).toEqual(['b', 'b', 'c', 'c', 'c', 'c']);
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
    expect(of('schema_contract_change_destructive')).toEqual({ highRisk: true, secondAuditor: 'wanted', strict: true, askBeforeCommit: false, attemptsMax: 2 });
    const routed = (category: string) => ROLES.map((role) => course({ role, category, complexity: 'low' }));
    expect(routed('schema_contract_change_destructive')).toEqual(routed('schema_contract_change'));
  });

  test('E-016 a refined name is itself before its stem, and whole words only are stems', () => {
    expect(of('schema_contract_change_additive').secondAuditor).toBe('none');
    expect(of('docs_typo')).toBe(of('docs'));
    expect(of('docsish')).toBe(of('general'));
    expect(byStem(new Map([['a', 1], ['a_b', 2]]), 'a_b_c_d')).toBe(2);
    expect(byStem(new Map([['a', 1]]), 'b_a')).toBeNull();
  });

  test('E-503 E-512 exactly these categories are put to a human before their commit, and without two auditors only one is refused', () => {
    const having = (is: (category: Category) => boolean): string[] => [...config.categories].filter(([, category]) => is(category)).map(([name]) => name);
    expect(having(({ askBeforeCommit }) => askBeforeCommit)).toEqual(['external_feature_reuse_remote', 'cross_cutting_refactor', 'index_registry_change', 'bulk_multi_file_operation', 'external_code_intake', 'debt_cleanup']);
    expect(having(({ secondAuditor }) => secondAuditor === 'required')).toEqual(['external_code_intake']);
    expect(having(({ strict }) => strict)).toEqual(having(({ highRisk }) => highRisk));
  });

  test('E-163 exactly these categories are audited by two', () => {
    expect([...config.categories].filter(([, { secondAuditor }]) => secondAuditor !== 'none').map(([name]) => name)).toEqual(['security_auth_change', 'external_feature_reuse', 'external_feature_reuse_remote', 'schema_contract_change', 'external_code_intake']);
  });
});
