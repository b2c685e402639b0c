// World
// =====
// Whole runs of both charts in memory, without ports: a seeded hand answers whatever is open, and does what people do.

import { resources, ROOT } from '#src/domain/ledger.ts';
import { chartEngine, pathOf } from '#src/kernel/engine.ts';
import { accepts, begin, step, type KernelState, type System } from '#src/kernel/step.ts';
import { phaseMachine } from '#machines/phase.ts';
import type { RunContext } from '#machines/run-context.ts';
import { runMachine } from '#machines/run.ts';
import { vocabulary } from '#machines/vocabulary.ts';
import type { InputEvent } from '#src/record/record.ts';
import type { PhasePolicy, RunPolicy } from '#src/events/policy.ts';
import { oid, results } from './alphabet.ts';
import { phasePolicy, prices, runPolicy } from './policies.ts';

export const runEngine = chartEngine(runMachine, vocabulary, { run: 'r', policy: runPolicy(), prices, phases: [] });
export const phaseEngine = chartEngine(phaseMachine, vocabulary, { phase: 'p', policy: phasePolicy() });

export interface TestPhase {
  readonly id: string;
  readonly tier: number;
  readonly dependencies: readonly string[];
  readonly policy: PhasePolicy;
}

export function testSystem(run: RunPolicy, phases: readonly TestPhase[]): System {
  return {
    vocabulary,
    actors: () => [
      { address: 'run', engine: runEngine, input: { run: 'r', policy: run, prices, phases: phases.map(({ id, tier, dependencies }, index) => ({ id, tier, index, dependencies })) } },
      ...phases.map(({ id, policy }) => ({ address: `phase:${id}`, engine: phaseEngine, input: { phase: id, policy } })),
    ],
  };
}

/** A small seeded generator: the same seed, the same run. */
export function generator(seed: number): { next: () => number; pick: <T>(list: readonly T[]) => T } {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, pick: (list) => list[Math.floor(next() * list.length)] as never };
}

const failed = (code: string) => ['effect.failed', { code, message: 'm', retryable: false, retryAfterMs: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costMicroUsd: 0 }] as const;
const baselines = [0, 1, 5].map((exitCode) => ['tests.finished', { ended: 'exited', exitCode, testsRun: exitCode === 5 ? 0 : 3, testsFailed: exitCode, testsSkipped: 0, collectionErrors: 0, dialect: null, reportMissing: false, report: null, compared: null, comparison: null, againExitCode: null, weakened: 0, newTests: null, coverageBp: null, message: '', output: { ref: `sha256:${'0'.repeat(64)}`, bytes: 0 }, cut: false, sandbox: 'none' }] as const);

/** Results of the run's own effects, the good one first. */
function runResults(type: string, params: Record<string, unknown>): readonly (readonly [string, object])[] {
  switch (type) {
    case 'prepareWorkspace':
      return [['workspace.prepared', { base: oid('0'), tree: oid('9'), objectFormat: 'sha1', warnings: [] }], failed('workspace_unusable')];
    case 'runTests':
      return [...baselines, failed('io_error')];
    case 'publish':
      return [['workspace.published', { commit: params['commit'], refused: null }], ['workspace.published', { commit: params['commit'], refused: 'checked out' }], failed('io_error')];
    case 'askHuman':
      return ['approve', 'reject'].map((option) => ['question.answered', { option, note: '', by: 'human' }] as const);
    case 'cleanUp':
      return [['workspace.cleaned', {}], failed('io_error')];
    default:
      throw new Error(`no results for ${type}`);
  }
}

/** What may answer an open effect; a commit's id is new each time. */
export function answers(state: KernelState, id: string, seq: number): readonly InputEvent[] {
  const open = state.open.get(id);
  if (open === undefined) throw new Error(`${id} is not open`);
  const { type, params } = open.effect;
  if (type === 'startTimer') return [{ type: 'timer.fired', v: 1, data: {}, cause: id }];
  const kind = state.cells.get(open.owner)?.state.context.open[id] ?? '';
  const list = open.owner === 'run' ? runResults(type, params) : (results[kind.replace('running:', '')] ?? []);
  return list.map(([answer, data]) => ({ type: answer, v: 1, cause: id, data: answer === 'commit.written' ? { commit: seq.toString(16).padStart(40, 'f') } : { ...data } }));
}

export const runContext = (state: KernelState): RunContext => state.cells.get('run')?.state.context as unknown as RunContext;
export const pathsOf = (state: KernelState): string[] => [...state.cells].map(([address, { state: cell }]) => `${address}=${pathOf(cell.value)}`);
export const isDone = (state: KernelState): boolean => state.cells.get('run')?.state.status === 'done';

/** N1, N2: what every account holds is the sum of what is reserved in it, and the two parts of the tokens are the whole. */
function inspectAccounts({ ledger, inputTokens, outputTokens, phases }: RunContext): string | null {
  const ids = ledger.reservations.map(({ id }) => id);
  if (new Set(ids).size !== ids.length) return 'N2 reserved twice';
  const awaited = ledger.reservations.filter(({ lost }) => !lost).map(({ phase, slot }) => `${phase} ${slot}`);
  if (new Set(awaited).size !== awaited.length) return 'Q-9 a call is reserved before the one before it has ended';
  for (const { id, held, limits, settled } of ledger.accounts) {
    const inside = ledger.reservations.filter(({ account }) => id === ROOT || account === id);
    for (const resource of resources) {
      const aside = inside.reduce((sum, { estimate }) => sum + (estimate[resource] ?? 0), 0);
      if ((held[resource] ?? 0) !== aside) return `Q-1 ${id} holds ${held[resource] ?? 0} ${resource}, and ${aside} are reserved`;
      const [limit = Infinity, used = 0] = [limits[resource], settled[resource]];
      if (used + aside > limit && inside.some(({ lost }) => !lost) && used < limit) return `N1 ${used} + ${aside} ${resource} pass the cap ${limit} of ${id}`;
    }
  }
  const known = new Set([ROOT, ...phases.filter(({ id, status }) => status === 'active' || ledger.reservations.some(({ account }) => account === `phase:${id}`)).map(({ id }) => `phase:${id}`)]);
  if (ledger.accounts.some(({ id }) => !known.has(id))) return 'Q-5 an account is open and nobody can use it';
  return (ledger.accounts[0]?.settled.tokens ?? 0) === inputTokens + outputTokens ? null : 'Q-8 the parts of the tokens are not the whole';
}

/** What is wrong with the promises of both charts in one state, or null. */
export function inspect(state: KernelState): string | null {
  const run = runContext(state);
  const wrong = inspectAccounts(run);
  if (wrong !== null) return wrong;
  const inside = pathsOf(state).filter((path) => /=GATED\.(rebase|judge|commit)/.test(path));
  if (inside.length > 1) return `N3 two phases hold the turn: ${inside.join(' ')}`;
  if (inside.length === 1 && run.turn.holder !== inside[0]?.slice('phase:'.length).split('=')[0]) return 'N3 the holder is another phase';
  if (isDone(state) && run.ledger.reservations.length > 0) return 'N2 Q-5 a reservation outlives the run';
  if (isDone(state) && run.ledger.accounts.length > 1) return 'N2 Q-5 an account outlives the run';
  if (isDone(state) && pathsOf(state).some((path) => path.startsWith('phase:') && !/=(DONE|QUEUED)$/.test(path))) return 'N4 the run ended over a phase';
  const active = run.phases.filter(({ status }) => status === 'active').length;
  if (active > run.policy.phasesAtOnce) return 'more phases than allowed';
  const waits = [...state.cells.values()].flatMap(({ state: cell }) => Object.entries(cell.context.open).filter(([, kind]) => kind.startsWith('parked:')).map(([id]) => id));
  const known = new Set(run.parked.map(({ id }) => id));
  if (!isDone(state) && waits.some((id) => !known.has(id))) return 'P5 a parked wish that the run does not know';
  return null;
}

export { accepts, begin, step, type KernelState };
