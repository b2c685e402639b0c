// Hands of a simulated process
// ============================
// What its handlers are given: every port goes through the schedule, so that each call has its own time, can fail, and
// can be where the process dies. Models, tests and people answer by chance, drawn from the seed.

import type { Hands, Requested } from '#src/effects/performing.ts';
import { beganBefore } from '#src/effects/model-call.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import type { ModelReply, ModelRequest } from '#src/ports/models.ts';
import type { ProcessOutcome } from '#src/ports/processes.ts';
import type { Snapshots } from '#src/ports/snapshots.ts';
import type { Workspace } from '#src/ports/workspace.ts';
import { awaitOf } from './sim-awaits.ts';
import type { Call, Fault, Schedule, SimProcess } from './sim-schedule.ts';
import { BASE_TEXT, memoryWorkspace, type Repository } from './sim-workspace.ts';
import { generator } from './world.ts';

/** How the world treats one seed. */
export interface Mood {
  /** Chance of a good answer of models and tests. */
  readonly good: number;
  /** Chance that the machine fails a call: its disk, its processes. */
  readonly machineFaults: number;
  /** Tests fail in the same way whatever is built: the plan is wrong. */
  readonly stubborn: boolean;
  /** Chance that a call of the store is refused, or that nobody learns what became of it. */
  readonly storeFaults: number;
  readonly idempotent: boolean;
  /** Milliseconds that a model call takes at most. */
  readonly slowMs: number;
}

/** What a simulated process stands on, and what is written down of it. */
export interface Ground {
  readonly seed: number;
  readonly schedule: Schedule;
  readonly mood: Mood;
  readonly repo: Repository;
  readonly prompts: ReadonlyMap<string, string>;
  /** Effect id -> tokens of each call that was answered. */
  readonly usages: Map<string, number[]>;
  /** Effects of which a call was cut off: nobody knows what it cost. */
  readonly guessed: Set<string>;
  /** Effect id -> how often a model was really asked. */
  readonly asked: Map<string, number>;
  readonly problems: Problem[];
  /** Processes that drive now. */
  readonly alive: number;
  /** True when a branch was moved while two of them did: outside of simulations a lock prevents that. */
  isRaced: boolean;
  isCommitted(commit: string): boolean;
}

export interface Problem {
  readonly kind: 'divergence' | 'lost' | 'doubled' | 'stuck' | 'broken';
  readonly what: string;
}

/** Passes calls of one caller through the schedule. `calm` processes meet no faults. */
export class Gate {
  readonly ground: Ground;
  readonly process: SimProcess;
  readonly caller: string;
  readonly calm: boolean;

  constructor(ground: Ground, process: SimProcess, { caller, calm }: { caller: string; calm: boolean }) {
    this.ground = ground;
    this.process = process;
    this.caller = caller;
    this.calm = calm;
  }

  pass<T>(call: string, act: () => T | Promise<T>, more: Partial<Call<T>> = {}): Promise<T> {
    return this.ground.schedule.call(this.process, { ...awaitOf(`${this.caller} ${call}`), act, fault: this.fault(call), ...more });
  }

  private fault(call: string): Fault | null {
    const { schedule: { random }, mood } = this.ground;
    if (this.calm) return null;
    if (/^(?:events|blobs|snapshots)\./.test(call)) {
      if (random.next() >= mood.storeFaults) return null;
      const isWrite = /append|put|memo|keep/.test(call);
      const code = random.pick(['store.unavailable', 'store.unavailable', isWrite ? 'store.full' : 'store.damaged'] as const);
      if (call.startsWith('events.append') && random.next() < 0.3) return { error: new ExecutorError('store.wrong_revision', 'simulated'), happened: false };
      return { error: new ExecutorError(code, 'simulated'), happened: isWrite && code === 'store.unavailable' && random.next() < 0.5 };
    }
    if (!call.startsWith('workspace.') && !call.startsWith('checkout.')) return null;
    if (random.next() >= mood.machineFaults) return null;
    const error = random.next() < 0.3 ? new ExecutorError('workspace.unusable', 'simulated') : Object.assign(new Error('simulated'), { code: random.pick(['EIO', 'ENOSPC']) });
    return { error, happened: random.next() < 0.5 };
  }
}

export function blobsOf(gate: Gate, blobs: Blobs): Blobs {
  return {
    put: (body) => gate.pass('blobs.put', () => blobs.put(body)),
    get: (ref) => gate.pass('blobs.get', () => blobs.get(ref)),
    memo: (run, effect, ref) => gate.pass('blobs.memo', () => blobs.memo(run, effect, ref)),
    recall: (run, effect) => gate.pass('blobs.recall', () => blobs.recall(run, effect)),
  };
}

export function snapshotsOf(gate: Gate, snapshots: Snapshots): Snapshots {
  return {
    keep: (run, snapshot) => gate.pass('snapshots.keep', () => snapshots.keep(run, snapshot)),
    newest: (run) => gate.pass('snapshots.newest', () => snapshots.newest(run)),
    drop: (run) => snapshots.drop(run),
  };
}

const KINDS: Readonly<Record<string, string>> = { 'run.started': 'take-over', 'run.resumed': 'take-over', 'timer.fired': 'timer', 'effect.late': 'late' };

/** The drive loop's store. Records of others reach it one by one, in order. */
export function drivenEvents(gate: Gate, events: EventStore, acknowledged: (id: string) => void): EventStore {
  return {
    ...events,
    async append(stream, expected, added) {
      const kind = KINDS[added[0]?.type ?? ''] ?? 'result';
      const last = await gate.pass(`events.append ${kind}`, () => events.append(stream, expected, added));
      for (const { id } of added) acknowledged(id);
      return last;
    },
    read: (stream, options) => gate.pass(`events.read ${options?.from === undefined || options.from === 0 ? 'history' : 'newer'}`, () => events.read(stream, options)),
    subscribe(stream, from, onEvent, onError) {
      let last = Promise.resolve();
      const subscription = events.subscribe(stream, from, (event) => {
        last = last.then(() => gate.pass('events.subscribe', () => undefined)).then(() => onEvent(event), onError);
      }, onError);
      gate.process.atDeath.push(() => void subscription.close());
      return subscription;
    },
  };
}

export interface ForEffect {
  readonly run: string;
  readonly effect: string;
  readonly requested: Requested;
  readonly nonce: string;
}

export function handsFor(gate: Gate, blobs: Blobs, { run, effect, requested, nonce }: ForEffect): Hands {
  const { ground } = gate;
  const gated = blobsOf(gate, blobs);
  return {
    blobs: gated, requested, prompts: ground.prompts, searchPath: '', secrets: [], log: () => undefined,
    begun: (id) => beganBefore(gated, { run, effect: id, nonce }),
    workspace: workspaceOf(gate),
    processes: {
      sandbox: () => null,
      run: ({ cwd }, signal) => gate.pass('processes.run', () => testsIn(ground, cwd, signal), { delayMs: delay(ground), signal }),
      endLeftovers: () => gate.pass('processes.endLeftovers', () => 0),
    },
    models: {
      idempotent: ground.mood.idempotent,
      call: (request, signal) => gate.pass('models.call', () => ask(ground, effect, request), { delayMs: delay(ground), signal }).then((reply) => cut(ground, effect, { reply, signal })),
      human: () => null,
    },
  };
}

const delay = ({ schedule: { random }, mood }: Ground): number => Math.floor(random.next() ** 3 * mood.slowMs);

/** Every method is one await point. */
function workspaceOf(gate: Gate): Workspace {
  const { ground } = gate;
  const { random } = ground.schedule;
  const inner = memoryWorkspace(ground.repo, (commit) => {
    ground.isRaced ||= ground.alive > 1;
    if (!ground.isCommitted(commit)) ground.problems.push({ kind: 'broken', what: `K4 ${commit} is published before it is recorded` });
    return !gate.calm && random.next() < 0.05 ? 'checked out' : null;
  });
  return new Proxy(inner, {
    get: (target, method: keyof Workspace) => async (...args: never[]) => {
      const found: unknown = await gate.pass(`workspace.${method}`, () => (target[method] as (...given: never[]) => Promise<unknown>)(...args));
      if (method !== 'checkout') return found;
      const checkout = found as Awaited<ReturnType<Workspace['checkout']>>;
      return { ...checkout, remove: () => gate.pass('checkout.remove', () => checkout.remove()) };
    },
  });
}

/** The same tree gives the same result, but for what machines do. */
function testsIn({ seed, schedule: { random }, mood, repo }: Ground, cwd: string, signal: AbortSignal): ProcessOutcome {
  const own = generator(seed + Number.parseInt(cwd.slice('/simulated/'.length, '/simulated/'.length + 7), 16));
  const outcome = (ended: ProcessOutcome['ended'], exitCode: number | null, output: string): ProcessOutcome => ({ ended, exitCode, signal: null, output, outputBytes: output.length });
  if (signal.aborted) return outcome('aborted', null, '');
  if (random.next() < mood.machineFaults * 2) return outcome(random.pick(['timed_out', 'spawn_failed'] as const), null, '');
  const isGood = mood.stubborn ? cwd.endsWith(repo.baseTree) : own.next() < mood.good;
  return isGood ? outcome('exited', 0, '# tests 3\n# fail 0\n') : outcome('exited', 1, 'not ok 1 - expected one to equal two\n# tests 3\n# fail 1\n');
}

function ask(ground: Ground, effect: string, request: ModelRequest): ModelReply {
  const times = (ground.asked.get(effect) ?? 0) + 1;
  ground.asked.set(effect, times);
  if (times > 1 && !ground.mood.idempotent) ground.problems.push({ kind: 'doubled', what: `X1 ${effect} is paid for ${times} times` });
  // An idempotent provider gives the same call the same answer; another one never the same.
  const key = `${request.role} ${request.phase} ${request.attempt} ${request.call} ${ground.mood.idempotent ? 0 : `${effect} ${times}`}`;
  const own = generator(ground.seed + [...key].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7));
  const usage = { inputTokens: 100 + Math.floor(own.next() * 1000), outputTokens: 50 + Math.floor(own.next() * 500), cacheReadTokens: 0, cacheWriteTokens: 0 };
  const reply = own.next() < ground.mood.good ? goodReply(request, own.next()) : badReply(request, own.pick);
  if (reply.ok) ground.usages.set(effect, [...(ground.usages.get(effect) ?? []), usage.inputTokens + usage.outputTokens]);
  return reply.ok ? { ...reply, usage } : reply;
}

/** An aborted call ends with a failure, or its answer was there all the same. */
function cut({ schedule: { random }, guessed }: Ground, effect: string, { reply, signal }: { reply: ModelReply; signal: AbortSignal }): ModelReply {
  if (!signal.aborted || random.next() < 0.5) return reply;
  guessed.add(effect);
  return { ok: false, failure: { code: 'aborted', message: '', retryable: false }, usage: null, retryAfterMs: 0 };
}

const NOTHING = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
const said = (text: string, stopReason: 'end' | 'max_tokens' | 'refusal' = 'end'): ModelReply => ({ ok: true, text, usage: NOTHING, stopReason });
const refused = (code: string, retryable: boolean): ModelReply => ({ ok: false, failure: { code, message: '', retryable }, usage: NOTHING, retryAfterMs: 0 });
const verdict = (approved: boolean, severity: string): string =>
  JSON.stringify({ approved, issues: [{ severity, category: 'logic', description: 'it is wrong in one place', file_path: 'a.txt', line_number: 1, suggestion: '' }], summary: 's' });
const files = (path: string, content: string): string => JSON.stringify({ summary: 's', files: [{ path, mode: 'replace', new_content: content }] });

function goodReply({ role, phase, attempt }: ModelRequest, chance: number): ModelReply {
  if (role === 'builder') return said(files(`${phase}.txt`, `${phase} ${attempt} ${Math.floor(chance * 1000)}\n`));
  return said(role === 'planner' ? JSON.stringify({ description: 'do it in another way, step by step', reason: 'r' }) : verdict(true, 'minor'));
}

function badReply({ role, phase }: ModelRequest, pick: <T>(list: readonly T[]) => T): ModelReply {
  const failures = [refused('http_5xx', true), refused('timeout', true), refused('network', true), refused('http_401', false), said('this is nothing that anybody can read')];
  if (role !== 'builder') return pick([...failures, said(verdict(false, 'major'))]);
  return pick([...failures, said('{"files": [', 'max_tokens'), said('no', 'refusal'), said(files('.git/config', 'x\n')), said(files(`${phase}.txt`, BASE_TEXT))]);
}
