// Purity
// ======
// Three fences around a chart (kernel 1.3): its structure is checked when the engine is made, the clock, randomness
// and timers throw while it runs in tests, and its contexts are frozen there.

import type { AnyStateMachine } from 'xstate';
import { InvariantError } from '#src/errors/errors.ts';

/** The names that a chart may emit. Everything else it may only assign. */
export interface Vocabulary {
  readonly effects: ReadonlySet<string>;
  readonly facts: ReadonlySet<string>;
  /** The one action that sends a message to another actor. */
  readonly message: string;
}

interface Node {
  readonly id: string;
  readonly key: string;
  readonly type: string;
  readonly parent?: Node;
  readonly entry: readonly ActionRef[];
  readonly exit: readonly ActionRef[];
  readonly invoke: readonly unknown[];
  readonly after: readonly unknown[];
  readonly always?: readonly TransitionRef[];
  readonly transitions: ReadonlyMap<string, readonly TransitionRef[]>;
  readonly states: Readonly<Record<string, Node>>;
}
type ActionRef = string | ((...args: never[]) => unknown) | { readonly type: string; readonly params?: unknown };
type GuardRef = string | (((...args: never[]) => unknown) & { readonly guards?: readonly GuardRef[] }) | { readonly type: string };
interface TransitionRef {
  readonly eventType: string;
  readonly target?: readonly unknown[];
  readonly actions: readonly ActionRef[];
  readonly guard?: GuardRef;
}

const RESERVED = /^xstate\.|^done\.|^error\.|\*/;

function fail(machine: string, at: string, what: string): never {
  throw new InvariantError('K8', `${machine}: ${at}: ${what}`);
}

/** @throws InvariantError K8 naming the place and the construct that a pure chart may not hold. */
export function assertPure(machine: AnyStateMachine, vocabulary: Vocabulary): void {
  const { actions, guards, actors, delays } = machine.implementations as {
    actions: Record<string, { type?: string }>;
    guards: Record<string, unknown>;
    actors: object;
    delays: object;
  };
  const id = machine.id;
  const emits = (name: string): boolean => vocabulary.effects.has(name) || vocabulary.facts.has(name) || name === vocabulary.message;
  if (Object.keys(actors).length > 0 || Object.keys(delays).length > 0) fail(id, 'setup', 'actors and delays are not allowed');
  if (!Number.isSafeInteger(machine.options.maxIterations)) fail(id, 'options', 'a chart without maxIterations may turn for ever'); // a loop of `always`
  for (const [name, action] of Object.entries(actions)) {
    if (action.type !== undefined && action.type !== 'xstate.assign') fail(id, `action ${name}`, action.type);
    if (action.type === undefined && !emits(name)) fail(id, `action ${name}`, 'a function that is neither effect, fact nor message');
  }
  const checkActions = (list: readonly ActionRef[], at: string): void => {
    for (const action of list) {
      if (typeof action === 'function') fail(id, at, 'inline action');
      const name = typeof action === 'string' ? action : action.type;
      if (!Object.hasOwn(actions, name)) fail(id, at, `unknown action ${name}`);
      if (emits(name) && (typeof action === 'string' || action.params === undefined)) fail(id, at, `${name} without params`);
    }
  };
  const checkGuard = (guard: GuardRef, at: string): void => {
    if (typeof guard === 'function') {
      if (guard.guards === undefined) fail(id, at, 'inline guard');
      guard.guards.forEach((part) => checkGuard(part, at)); // `and`, `or`, `not`
      return;
    }
    const name = typeof guard === 'string' ? guard : guard.type;
    if (!Object.hasOwn(guards, name)) fail(id, at, `unknown guard ${name}`);
  };
  const visit = (node: Node): void => {
    checkNode(id, node, vocabulary);
    checkActions(node.entry, `${node.id} entry`);
    checkActions(node.exit, `${node.id} exit`);
    for (const transition of [...node.transitions.values(), node.always ?? []].flat()) {
      const at = `${node.id} on ${transition.eventType || 'always'}`;
      if (RESERVED.test(transition.eventType)) fail(id, at, 'reserved or wildcard event');
      if (transition.target === undefined && transition.actions.length === 0) fail(id, at, 'does nothing');
      checkActions(transition.actions, at);
      if (transition.guard !== undefined) checkGuard(transition.guard, at);
    }
    Object.values(node.states).forEach(visit);
  };
  visit(machine.root as unknown as Node);
}

function checkNode(machine: string, node: Node, vocabulary: Vocabulary): void {
  if (/^\d+$/.test(node.key) || /[|.]/.test(node.key)) fail(machine, node.id, 'state key');
  if (node.invoke.length > 0) fail(machine, node.id, 'invoke');
  if (node.after.length > 0) fail(machine, node.id, 'after');
  if (node.type === 'history' || node.type === 'parallel') fail(machine, node.id, node.type);
  if ((node.always ?? []).length === 0) return;
  const nameOf = (action: ActionRef): string => (typeof action === 'string' ? action : 'type' in action ? String(action.type) : '');
  // A state that is always left at once would orphan what its entry asks for; one that may rest may ask.
  if (node.always?.at(-1)?.guard === undefined && node.entry.some((action) => vocabulary.effects.has(nameOf(action)))) fail(machine, node.id, 'transient state with an entry effect');
  const rests = (at: Node | undefined): boolean => at !== undefined && (at.transitions.size > 0 || rests(at.parent));
  if (node.always?.at(-1)?.guard !== undefined && Object.keys(node.states).length === 0 && !rests(node)) {
    fail(machine, node.id, 'transient state without a default');
  }
}

const traps: readonly (readonly [object, string])[] = [
  [Date, 'now'], [Math, 'random'], [globalThis.performance, 'now'], [globalThis.crypto, 'randomUUID'], [globalThis.crypto, 'getRandomValues'],
  [globalThis, 'setTimeout'], [globalThis, 'setImmediate'], [globalThis, 'queueMicrotask'], [globalThis, 'fetch'], [process, 'hrtime'], [console, 'log'],
];

/** Runs synchronous code in which the clock, randomness, timers and the network throw. */
export function forbid<T>(run: () => T): T {
  const saved = traps.map(([owner, key]) => Object.getOwnPropertyDescriptor(owner, key));
  const RealDate = globalThis.Date;
  const impure = (what: string) => (): never => {
    throw new InvariantError('K8', `impure: ${what}`);
  };
  for (const [owner, key] of traps) Object.defineProperty(owner, key, { configurable: true, writable: true, value: impure(key) });
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args) => (args.length === 0 ? impure('new Date()')() : Reflect.construct(target, args)) as Date,
    apply: impure('Date()'),
  });
  try {
    return run();
  } finally {
    globalThis.Date = RealDate;
    traps.forEach(([owner, key], i) => {
      const descriptor = saved[i];
      if (descriptor) Object.defineProperty(owner, key, descriptor);
      else Reflect.deleteProperty(owner, key);
    });
  }
}

const plain = (value: object): boolean => Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;

/** Freezes plain data to its leaves: a mutating assign then throws. */
export function freeze<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value) && plain(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
