// What keys, switches and quotas make of a plan before it starts: which models are pinned, what is said, what is refused.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { unchanged } from '#src/events/inputs.ts';
import { memoryStore } from '#src/adapters/memory/store.ts';
import { remember } from '#src/app/beside.ts';
import { machineOf, type Store } from '#src/app/machine.ts';
import { configuration, prepareStart, type Prepared, type StartRequest } from '#src/app/start.ts';
import { spentVendors, weeklyUsage } from '#src/app/usage.ts';
import { temporary, userRepository } from '#tests/support/user-repository.ts';

const folder = temporary('autopack-vendors-of-');
const repo = userRepository({ 'a.txt': 'one\n' });
afterAll(() => [folder, repo.root].forEach((path) => rmSync(path, { recursive: true, force: true })));

const BOTH = { ANTHROPIC_API_KEY: 'nobody-1', OPENAI_API_KEY: 'nobody-2' };
const ONE = { ANTHROPIC_API_KEY: 'nobody-1' };
const machineWith = (env: object) => machineOf({ AUTOPACK_HOME: join(folder, 'home'), PATH: process.env['PATH'], AUTOPACK_CLOCK: '2026-01-10T00:00:00Z', ...env }, {});

interface Given { readonly category: string; readonly env: object; readonly dualAudit?: boolean; readonly more?: Partial<StartRequest> }
function prepared({ category, env, dualAudit = true, more = {} }: Given): Promise<Prepared> {
  const plan = join(folder, 'plan.yaml');
  const tiers = [{ tier_id: 'T0', tier_index: 0, name: 'T0' }];
  writeFileSync(plan, JSON.stringify({ run: { run_id: 'v' }, tiers, phases: [{ phase_id: 'p1', phase_index: 0, tier_id: 'T0', name: 'p1', task_category: category, scope: { paths: ['a.txt'] } }] }));
  return prepareStart(machineWith(env), { plan, runId: null, workspace: repo.root, provider: 'vendors', flags: { base: null, caps: unchanged, dualAudit, sandbox: 'none' }, ...more });
}
const policyOf = ({ requested }: Prepared) => requested.policy.phases[0]?.policy;

describe('the second auditor', () => {
  test('E-163 with two keys a category that asks for it is audited by two vendors, and the judge is pinned', async () => {
    const found = await prepared({ category: 'security_auth_change', env: BOTH });
    expect(policyOf(found)).toMatchObject({ auditorWalk: Array.from({ length: 6 }, () => 'claude-opus-4-5'), auditor2Walk: Array.from({ length: 6 }, () => 'gpt-4o'), judgeModel: 'claude-opus-4-5' });
    expect(found.requested.policy.warnings).toEqual([]);
  });

  test.each([['one key', ONE, true, /^p1: one auditor instead of two: no second auditor/], ['--no-dual-auditor', BOTH, false, /^p1: one auditor instead of two: --no-dual-auditor$/]] as const)('E-611 E-163 with %s it is audited by one, and record 0 says so', async (_what, env, dualAudit, warning) => {
    const found = await prepared({ category: 'security_auth_change', env, dualAudit });
    expect(policyOf(found)?.auditor2Walk).toBeNull();
    expect(found.requested.policy.warnings).toEqual([expect.stringMatching(warning)]);
    expect(found.notices).toContainEqual(expect.stringMatching(warning));
  });

  test('E-611 E-163 a category that requires two is refused with one key, and goes on with one where the flag says so', async () => {
    await expect(prepared({ category: 'external_code_intake', env: ONE })).rejects.toMatchObject({ code: 'provider.invalid', message: expect.stringContaining('p1: its category requires two auditors') as string, hint: expect.stringContaining('--no-dual-auditor') as string });
    expect(policyOf(await prepared({ category: 'external_code_intake', env: ONE, dualAudit: false }))?.auditor2Walk).toBeNull();
    expect(policyOf(await prepared({ category: 'external_code_intake', env: BOTH }))?.auditor2Walk).not.toBeNull();
  });

  test('E-163 a category that does not ask for it is audited by one without a word', async () => {
    const found = await prepared({ category: 'feature', env: BOTH });
    expect([policyOf(found)?.auditor2Walk, found.requested.policy.warnings]).toEqual([null, []]);
  });
});

describe('vendors that cannot be asked', () => {
  test('E-140 E-144 a vendor that is switched off: another one stands in for builder, auditor and planner, and record 0 says why', async () => {
    const { requested: { policy } } = await prepared({ category: 'feature', env: BOTH, more: { disabledVendors: ['anthropic'] } });
    expect(policy.phases[0]?.policy).toMatchObject({ builderWalk: Array.from({ length: 6 }, () => 'gpt-4o'), plannerModel: 'gpt-4o' });
    expect(policy.warnings).toContain('p1: gpt-4o instead of claude-opus-4-5: anthropic is switched off');
    expect(policy.vendors).toEqual([{ vendor: 'openai', weeklyTokens: 0, state: 'open' }, { vendor: 'anthropic', weeklyTokens: 0, state: 'disabled' }]);
  });

  test('E-140 E-143 a high-risk category never falls back: its run is refused with every model', async () => {
    await expect(prepared({ category: 'security_auth_change', env: BOTH, more: { used: new Map([['anthropic', 10_000_000]]) } })).rejects.toThrow(/p1: claude-sonnet-4-5 cannot be asked[^]*p1: claude-opus-4-5 cannot be asked/);
  });
});

test('E-143 E-682 A-110 A-113 A-115 the tokens of seven days count by vendor, of runs that asked vendors, failed and late calls too', async () => {
  const machine = machineWith({});
  const store = memoryStore() as unknown as Store;
  const now = machine.clock.now();
  const answer = (run: string, model: string, days: number, tokens: number) => ({ run, at: now - days * 86_400_000, event: { data: { model, inputTokens: tokens, outputTokens: 1 } } });
  const append = (run: string, type: string, records: readonly object[]) =>
    store.events.append(`run-${run}`, -1, records.map((record, i) => ({ id: `${run}-${i}`, type, data: JSON.stringify(record), metadata: { hash: '', nonce: '' } })));
  for (const [run, provider] of [['a', 'vendors'], ['b', 'script:/x'], ['c', 'anthropic']] as const) await remember(machine.home, run, { workspace: '/', provider, providerDigest: null });
  await append('a', 'builder.answered', [answer('a', 'claude-opus-4-5', 8, 1000), answer('a', 'claude-opus-4-5', 6, 100), answer('a', 'gpt-4o', 1, 10)]);
  await append('b', 'builder.answered', [answer('b', 'claude-opus-4-5', 1, 5000)]);
  await append('c', 'judge.answered', [answer('c', 'claude-sonnet-4-5', 1, 7), answer('c', 'unknown', 1, 9)]);
  await append('nobody', 'audit.answered', [answer('nobody', 'gpt-4o', 1, 9)]);
  await append('d', 'candidate.built', [answer('d', 'gpt-4o', 1, 9)]);
  const { models } = await configuration();
  expect(await weeklyUsage(machine, store, models)).toEqual(new Map([['anthropic', 101 + 8], ['openai', 11]]));
  // Of a call that failed or came too late the effect says which model it was.
  const asks = { run: 'e', at: now, event: { data: {} }, effects: [{ id: 'phase:p/1', type: 'callBuilder', params: { model: 'gpt-4o' } }, { id: 'phase:p/2', type: 'callAuditor', params: { model: 'claude-opus-4-5' } }] };
  await remember(machine.home, 'e', { workspace: '/', provider: 'vendors', providerDigest: null });
  const events = [['run.started', asks], ['effect.failed', { run: 'e', at: now, event: { cause: 'phase:p/1', data: { inputTokens: 30, outputTokens: 3 } } }], ['effect.late', { run: 'e', at: now, event: { data: { effect: 'phase:p/2', inputTokens: 500, outputTokens: 0 } } }], ['effect.failed', { run: 'e', at: now, event: { cause: 'phase:p/9', data: { inputTokens: 9, outputTokens: 9 } } }]] as const;
  await store.events.append('run-e', -1, events.map(([type, data], i) => ({ id: `e-${i}`, type, data: JSON.stringify(data), metadata: { hash: '', nonce: '' } })));
  expect(await weeklyUsage(machine, store, models)).toEqual(new Map([['anthropic', 101 + 8 + 500], ['openai', 11 + 33]]));
  expect(await spentVendors(machine, store, { provider: 'vendors', table: { ...models, quotas: new Map([['openai', { weeklyTokens: 44, softPercent: 80 }], ['anthropic', { weeklyTokens: 0, softPercent: 80 }]]) } })).toEqual(new Set(['openai']));
  expect(await spentVendors(machine, store, { provider: 'script:/x', table: models })).toEqual(new Set());
});
