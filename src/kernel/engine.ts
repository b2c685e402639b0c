// Engine
// ======
// The only file that knows how XState runs. A chart is stepped as a pure function through one inert scope that is
// never started; what its actions emit comes back as data. Source: kernel 1.1, 1.2.
//
//   K1. A step is pure: equal state and event give equal results, and the state handed in is never touched.
//   K8. A chart that executes, schedules, spawns or logs anything is refused.

import { createActor, type ActorScope, type AnyActorLogic, type AnyStateMachine } from 'xstate';
import { InvariantError } from '#src/errors/errors.ts';
import { canonical, sha256 } from '#src/record/canonical.ts';
import { assertPure, type Vocabulary } from './purity.ts';

/** One thing that a chart's action asked for: an effect, a fact or a message, told apart by the vocabulary. */
export interface Emission {
  readonly type: string;
  readonly params: Record<string, unknown>;
}

/** A chart's state; opaque to everybody else. */
export interface ChartState {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value: unknown;
  readonly context: ChartContext;
  readonly output?: unknown;
}

/** What the kernel may read of a chart's context: what it awaits, `effect id -> kind`. */
export interface ChartContext {
  readonly open: Readonly<Record<string, string>>;
}

export interface ChartEvent {
  readonly type: string;
  readonly at: number;
  readonly cause?: string;
}

export interface Stepped {
  readonly state: ChartState;
  readonly emissions: readonly Emission[];
  /** Dotted state paths, one pair per transition that moved. */
  readonly moves: readonly { readonly from: string; readonly to: string }[];
  /** `source|event|index` of every transition taken. */
  readonly edges: readonly string[];
}

export interface Engine {
  readonly id: string;
  readonly version: string;
  init(input: unknown): Stepped;
  step(state: ChartState, event: ChartEvent): Stepped;
  handles(state: ChartState, event: ChartEvent): boolean;
  hash(state: ChartState): string;
  dump(state: ChartState): unknown;
  load(dump: unknown): ChartState;
  /** Every edge of the chart, as in `edges`. */
  readonly allEdges: readonly string[];
}

interface Transition {
  readonly source: { readonly id: string; readonly transitions: Map<string, Transition[]>; readonly always?: Transition[] };
  readonly target?: readonly unknown[];
  readonly eventType: string;
}

/** `a.b.c` of an XState value. */
export function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [entry] = Object.entries(value as Record<string, unknown>);
  return entry === undefined ? '' : `${entry[0]}.${pathOf(entry[1])}`.replace(/\.$/, '');
}

function edgeId(transition: Transition): string {
  const { source, eventType } = transition;
  const list = eventType ? source.transitions.get(eventType) : source.always;
  return `${source.id}|${eventType}|${(list ?? []).indexOf(transition)}`;
}

function edgesOf(machine: AnyStateMachine): string[] {
  const found: string[] = [];
  const visit = (node: AnyStateMachine['root']): void => {
    for (const list of [...node.transitions.values(), node.always ?? []]) {
      for (const transition of list) found.push(edgeId(transition as unknown as Transition));
    }
    Object.values(node.states).forEach((child) => visit(child as AnyStateMachine['root']));
  };
  visit(machine.root);
  return found;
}

/**
 * @param sample an input that the context factory accepts; it only feeds the actor that is never started.
 * @throws InvariantError K8 when the chart's structure is impure.
 */
export function chartEngine(machine: AnyStateMachine, vocabulary: Vocabulary, sample: unknown): Engine {
  assertPure(machine, vocabulary);
  let emissions: Emission[] = [];
  let edges: string[] = [];
  let moves: { from: string; to: string }[] = [];
  let path = '';

  const refuse = (what: string) => (): never => {
    throw new InvariantError('K8', `impure chart ${machine.id}: ${what}`);
  };
  const host = createActor(machine as AnyActorLogic, {
    input: sample as never,
    inspect: (event) => {
      if (event.type !== '@xstate.microstep') return;
      const taken = (event as unknown as { _transitions: readonly Transition[] })._transitions;
      edges.push(...taken.map(edgeId));
      const to = pathOf((event.snapshot as unknown as ChartState).value);
      if (taken.some((transition) => transition.target !== undefined)) moves.push({ from: path, to });
      path = to;
    },
  });
  const self = new Proxy(host, { get: (_target, key) => (key === 'id' || key === 'sessionId' ? '' : refuse(`self.${String(key)}`)()) });
  const scope = {
    self,
    system: host.system,
    id: '',
    sessionId: '',
    logger: refuse('log'),
    defer: refuse('defer'),
    emit: refuse('emit'),
    stopChild: refuse('stopChild'),
    actionExecutor: (action: { type: string; params: unknown }) => {
      if (action.type.startsWith('xstate.') || action.params === undefined) refuse(`action ${action.type}`)();
      // A params function gives one payload or a list of them; an empty list asks for nothing.
      for (const params of Array.isArray(action.params) ? action.params : [action.params]) {
        emissions.push({ type: action.type, params: params as Record<string, unknown> });
      }
    },
  } as unknown as ActorScope<never, never, never, never>;

  const run = (from: string, transition: () => unknown): Stepped => {
    emissions = [];
    edges = [];
    moves = [];
    path = from;
    const state = transition() as ChartState;
    if (state.status === 'error') refuse('error status')();
    return { state, emissions, moves, edges };
  };
  const dump = (state: ChartState) => ({ context: state.context, output: state.output ?? null, status: state.status, value: state.value });

  return {
    id: machine.id,
    version: machine.version ?? '0',
    allEdges: edgesOf(machine),
    init: (input) => run('', () => machine.getInitialSnapshot(scope as never, input as never)),
    // A finished snapshot would still take transitions of its root (kernel 1.1): the engine refuses.
    step: (state, event) =>
      state.status === 'active'
        ? run(pathOf(state.value), () => machine.transition(state as never, event as never, scope as never))
        : { state, emissions: [], moves: [], edges: [] },
    handles: (state, event) => state.status === 'active' && (state as unknown as { can(event: unknown): boolean }).can(event),
    hash: (state) => sha256(canonical(dump(state))),
    dump,
    load: (dumped) => machine.resolveState(dumped as never) as unknown as ChartState,
  };
}
