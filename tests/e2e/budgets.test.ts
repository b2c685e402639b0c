// Budgets that really stop a run: a vendor's own client against a loopback server that counts what arrives.

import { expect, test, vi } from 'vitest';
import type { RunRecord } from '#src/record/record.ts';
import { autopack, linesOf, makePlace, phase, removePlace, start, until, writePlan, type Finished, type Place } from '#tests/support/e2e.ts';
import { vendorServer, type Asked, type Behaviour, type VendorServer } from '#tests/support/vendor-server.ts';

vi.setConfig({ testTimeout: 120_000 }); // several processes each, on a machine that may be busy

/** What each call is said to have used. */
const USED = { input: 1000, output: 500 };
/** The builder's limit for a phase of this plan. */
const CALL_OUTPUT_MIN = 8192;

function answer({ body }: Asked): Behaviour {
  const text = JSON.stringify(body);
  if (text.includes('You are an auditor')) return { answer: { text: JSON.stringify({ approved: true, issues: [], summary: 'fine' }), ...USED } };
  const file = text.includes('second.txt') ? 'second.txt' : 'first.txt';
  return { answer: { text: JSON.stringify({ summary: 'made', files: [{ path: file, mode: 'create', new_content: 'made\n' }] }), ...USED } };
}

const envOf = ({ url }: VendorServer) => ({ env: { ANTHROPIC_API_KEY: 'key-of-nobody-0123456789', ANTHROPIC_BASE_URL: url } });
const runOf = ({ plan, repo }: Place, ...more: readonly string[]): string[] => ['run', plan, '-C', repo.root, '--provider', 'anthropic', '--json', ...more];
const recordsOf = async (place: Place): Promise<RunRecord[]> => linesOf(await autopack(place, ['log', place.run, '--json'])).map((line) => (line as unknown as { record: RunRecord }).record);
const factsOf = (records: readonly RunRecord[], type: string): Record<string, unknown>[] => records.flatMap(({ facts }) => facts).filter((fact) => fact.type === type).map(({ data }) => data);
const tokensOf = (result: unknown): number => {
  const { tokens } = result as { tokens: { input: number; output: number } };
  return tokens.input + tokens.output;
};

/** Two phases of two calls each. */
function twoPhases(): Place {
  const place = makePlace();
  const only = (file: string) => ({ scope: { paths: [file] }, builder_mode: 'full_file' });
  writePlan(place, { phases: [phase('p1', only('first.txt')), phase('p2', { ...only('second.txt'), dependencies: ['p1'] })] });
  return place;
}

/** What the calls of a whole run were set aside for, in order: a run without caps. */
async function reservedOf(place: Place, env: ReturnType<typeof envOf>): Promise<{ readonly tokens: number; readonly costMicroUsd: number }[]> {
  const whole = await autopack(place, runOf(place, '--run-id', 'whole'), env);
  expect(whole.code, whole.err).toBe(0);
  const records = linesOf(await autopack(place, ['log', 'whole', '--json'])).map((line) => (line as unknown as { record: RunRecord }).record);
  return factsOf(records, 'quota.reserved') as { tokens: number; costMicroUsd: number }[];
}

const paused = (finished: Finished) => linesOf(finished).at(-1);

test.concurrent('N1 E-621 of a plan whose third call would pass the cap exactly two calls are made, exit 5; a resume with a higher cap ends COMPLETE', async () => {
  const server = await vendorServer(answer);
  const place = twoPhases();
  const reserved = await reservedOf(place, envOf(server));
  expect(reserved.length).toBe(4);
  const before = server.asked.length;
  const used = 2 * (USED.input + USED.output);
  const cap = used + (reserved[2]?.tokens ?? 0) - 1;
  const capped = await autopack(place, runOf(place, '--token-cap', String(cap)), envOf(server));
  expect([capped.code, server.asked.length - before], capped.err).toEqual([5, 2]);
  expect(paused(capped)).toMatchObject({ outcome: 'PAUSED', reason: 'budget', tokens: { input: 2 * USED.input, output: 2 * USED.output } });
  expect(factsOf(await recordsOf(place), 'run.paused')).toEqual([{ reason: 'budget', detail: `builder of p2; run: ${reserved[2]?.tokens ?? 0} more do not fit, ${cap - used} of ${cap} are left` }]);

  expect((await autopack(place, ['resume', place.run], envOf(server))).code, 'the same cap').toBe(5);
  expect(server.asked.length - before, 'nothing is asked before it fits').toBe(2);
  const finished = await autopack(place, ['resume', place.run, '--token-cap', '1000000', '--json'], envOf(server));
  expect([finished.code, paused(finished)?.outcome], finished.err).toEqual([0, 'COMPLETE']);
  expect(server.asked.length - before).toBe(4);
  expect((await recordsOf(place)).filter(({ event }) => event.type === 'run.resumed').map(({ event }) => event.data['tokenCap'])).toEqual([null, 1_000_000]);
  expect((await autopack(place, ['replay', place.run, '--verify'])).code).toBe(0);
  await server.close();
  removePlace(place);
});

test.concurrent('N1 money stops a run as tokens do: --cost-cap holds at the price of all that may come out, and a higher one goes on', async () => {
  const server = await vendorServer(answer);
  const place = twoPhases();
  const reserved = await reservedOf(place, envOf(server));
  const before = server.asked.length;
  const short = ((reserved[0]?.costMicroUsd ?? 0) - 1) / 1_000_000;
  const capped = await autopack(place, runOf(place, '--cost-cap', short.toFixed(6)), envOf(server));
  expect([capped.code, paused(capped)?.reason, server.asked.length - before], capped.err).toEqual([5, 'cost', 0]);
  const finished = await autopack(place, ['resume', place.run, '--cost-cap', '50', '--json'], envOf(server));
  expect([finished.code, paused(finished)?.outcome], finished.err).toEqual([0, 'COMPLETE']);
  await server.close();
  removePlace(place);
});

test.concurrent('one phase may use what --phase-token-cap says, begin what --max-phases says, and the tests run as often as --ci-run-cap says', async () => {
  const server = await vendorServer(answer);
  const place = twoPhases();
  const steps: readonly (readonly [flags: readonly string[], reason: string | null])[] = [
    [['--phase-token-cap', '1000'], 'phase_budget'],
    [['--phase-token-cap', '900000', '--ci-run-cap', '0'], 'ci_runs'],
    [['--ci-run-cap', '9', '--max-phases', '0'], 'phases'],
    [['--max-phases', '1'], null],
  ];
  const [[first = [], reason = null] = [], ...others] = steps;
  const begun = await autopack(place, runOf(place, ...first, '--ci-run-cap', '0'), envOf(server));
  expect([begun.code, paused(begun)?.reason], begun.err).toEqual([5, reason]);
  for (const [flags, expected] of others) {
    const resumed = await autopack(place, ['resume', place.run, '--json', ...flags], envOf(server));
    expect([resumed.code, paused(resumed)?.reason], resumed.err).toEqual([expected === null ? 0 : 5, expected]);
  }
  await server.close();
  removePlace(place);
});

test.concurrent('X1 F-020 a process that is killed between a call and its answer has paid one estimate, never more: the call counts in full, and is made again only if it fits', async () => {
  const killed: { kill: () => void } = { kill: () => {} };
  let holds = false;
  const server = await vendorServer((asked) => {
    if (!holds) return answer(asked);
    holds = false;
    killed.kill();
    return { wire: 'silent' };
  });
  const place = twoPhases();
  const [first] = await reservedOf(place, envOf(server));
  const estimate = first?.tokens ?? 0;
  expect(estimate).toBeGreaterThan(CALL_OUTPUT_MIN);
  const before = server.asked.length;
  holds = true;
  const begun = start(place, runOf(place, '--token-cap', String(2 * estimate - 1)), envOf(server));
  killed.kill = () => void begun.child.kill('SIGKILL');
  await until('the call arrives', () => server.asked.length > before);
  expect((await begun.done).signal).toBe('SIGKILL');

  const resumed = await autopack(place, ['resume', place.run, '--json'], envOf(server));
  expect([resumed.code, paused(resumed)?.reason, server.asked.length - before], resumed.err).toEqual([5, 'budget', 1]);
  expect(tokensOf(paused(resumed)), 'the lost call counts at its estimate').toBe(estimate);
  const finished = await autopack(place, ['resume', place.run, '--json', '--token-cap', '1000000'], envOf(server));
  expect(finished.code, finished.err).toBe(0);
  expect(server.asked.length - before, 'one was lost').toBe(5);
  const settled = factsOf(await recordsOf(place), 'quota.settled');
  expect(settled.filter(({ estimated }) => estimated).map(({ costMicroUsd, inputTokens, outputTokens }) => [costMicroUsd, Number(inputTokens) + Number(outputTokens)]), 'its money too').toEqual([[first?.costMicroUsd, estimate]]);
  expect(tokensOf(paused(finished)), 'what was said, and one estimate').toBe(4 * (USED.input + USED.output) + estimate);
  await server.close();
  removePlace(place);
});

test.concurrent('--estimate says what each phase would cost, starts nothing and asks nobody', async () => {
  const server = await vendorServer(answer);
  const place = twoPhases();
  const estimated = await autopack(place, runOf(place, '--estimate', '--cost-cap', '2.50'), envOf(server));
  expect(estimated.code, estimated.err).toBe(0);
  const [document] = linesOf(estimated) as unknown as { type: string; phases: { phase_id: string; low: { tokens: number } }[]; total: Record<string, { tokens: number; costMicroUsd: number }>; costCapMicroUsd: number }[];
  expect([document?.type, document?.phases.map(({ phase_id }) => phase_id), document?.costCapMicroUsd]).toEqual(['run.estimate', ['p1', 'p2'], 2_500_000]);
  const [low, expected, worst] = ['low', 'expected', 'worst'].map((level) => document?.total[level]?.costMicroUsd ?? 0);
  expect(low).toBeGreaterThan(0);
  expect(expected).toBeGreaterThanOrEqual(low ?? 0);
  expect(worst).toBeGreaterThan(expected ?? 0);
  const { out } = await autopack(place, ['run', place.plan, '-C', place.repo.root, '--provider', 'anthropic', '--estimate'], envOf(server));
  expect(out).toMatch(/^phase +low +expected +worst\np1 /);
  expect(server.asked).toEqual([]);
  expect(linesOf(await autopack(place, ['status', '--json'])).filter((line) => 'run' in line)).toEqual([]);
  await server.close();
  removePlace(place);
});
