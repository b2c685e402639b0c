// Step
// ====
// One input into the cells of a run: pure, all consequences at once. The kernel is generic; it is handed its charts.
//
//   K2. Messages between actors are delivered inside the step, first in, first out, at most 1,000.
//   K3. An awaited input without an edge is a bug of ours: it is thrown, nothing is appended.
//   K5. Only what is awaited is delivered: an answer names an effect that its actor still holds open.
//   K9. An effect is open while its owner's context names it; leaving the state closes it without an event.

import { invariant } from '#src/errors/errors.ts';
import { canonical, sha256 } from '#src/record/canonical.ts';
import type { Effect, Fact, InputEvent, Move, Place } from '#src/record/record.ts';
import type { ChartEvent, ChartState, Emission, Engine } from './engine.ts';
import type { Vocabulary } from './purity.ts';

const MESSAGES_MAX = 1000;

/** The charts and what they may say; handed in by the wiring. */
export interface System {
  readonly vocabulary: Vocabulary;
  /** The cells that record 0 makes. @param data of `run.requested`. */
  actors(data: Record<string, unknown>): readonly { readonly address: string; readonly engine: Engine; readonly input: unknown }[];
}

interface Cell {
  readonly engine: Engine;
  readonly state: ChartState;
  readonly hash: string;
}

export interface OpenEffect {
  readonly effect: Effect;
  readonly owner: string;
  /** The record that asked for it, of the run or of one that it was forked from. */
  readonly place: Place;
  readonly at: number;
  /** Milliseconds by which its deadline has moved while nobody held the run. */
  readonly shiftMs: number;
}

export interface KernelState {
  readonly system: System;
  readonly cells: ReadonlyMap<string, Cell>;
  readonly open: ReadonlyMap<string, OpenEffect>;
}

export interface Input {
  readonly to: string;
  readonly at: number;
  readonly event: InputEvent;
}

export interface Applied {
  readonly state: KernelState;
  readonly moves: readonly Move[];
  readonly facts: readonly Fact[];
  readonly effects: readonly Effect[];
  /** `actor:source|event|index` of every edge taken; for tests and coverage, never recorded. */
  readonly edges: readonly string[];
}

interface Message {
  readonly to: string;
  readonly event: ChartEvent;
}

/** Record 0: makes the cells. Nothing is asked for before the first real input. */
export function begin(system: System, data: Record<string, unknown>): Applied {
  const cells = new Map<string, Cell>();
  for (const { address, engine, input } of system.actors(data)) {
    const { state, emissions } = engine.init(input);
    invariant(emissions.length === 0, 'K3', `${engine.id} asks for something in its initial state`);
    cells.set(address, { engine, state, hash: engine.hash(state) });
  }
  return { state: { system, cells, open: new Map() }, moves: [], facts: [], effects: [], edges: [] };
}

export const ownerOf = (effectId: string): string => effectId.slice(0, effectId.lastIndexOf('/'));

/** What a chart sees of an input. */
export const seen = ({ event, at }: Input): ChartEvent => ({
  ...event.data,
  type: event.type,
  at,
  ...(event.cause === undefined ? {} : { cause: event.cause }),
});

/** True when `step` would take the input: a result must still be awaited, a command must have an edge. */
export function accepts(state: KernelState, input: Input): boolean {
  const cell = state.cells.get(input.to);
  if (cell === undefined) return false;
  if (input.event.cause !== undefined) return isAwaited(cell, input.event.cause);
  return cell.engine.handles(cell.state, seen(input));
}

const isAwaited = (cell: Cell, cause: string): boolean => cell.state.status === 'active' && Object.hasOwn(cell.state.context.open, cause);

/**
 * @param place of the record that the step will make.
 * @throws InvariantError K2, K3: nothing has happened, nothing may be appended.
 */
export function step(prior: KernelState, input: Input, place: Place): Applied {
  const work = new Work(prior, input.at, place);
  work.queue.push({ to: input.to, event: seen(input) });
  for (let n = 0; n < work.queue.length; n += 1) {
    invariant(n < MESSAGES_MAX, 'K2', `more than ${MESSAGES_MAX} messages in one step at seq ${place.seq}`);
    work.deliver(work.queue[n] as Message, n === 0);
  }
  return work.finish(input);
}

/** The mutable middle of one step; it never leaves this file. */
class Work {
  readonly queue: Message[] = [];
  private readonly prior: KernelState;
  private readonly at: number;
  private readonly place: Place;
  private readonly cells: Map<string, Cell>;
  private readonly moves: Move[] = [];
  private readonly facts: Fact[] = [];
  private readonly effects: Effect[] = [];
  private readonly edges: string[] = [];

  constructor(prior: KernelState, at: number, place: Place) {
    this.prior = prior;
    this.at = at;
    this.place = place;
    this.cells = new Map(prior.cells);
  }

  deliver({ to, event }: Message, isInput: boolean): void {
    const cell = this.cells.get(to);
    invariant(cell !== undefined, 'K3', `no actor ${to} for ${event.type} at seq ${this.place.seq}`);
    if (!isInput) {
      if (cell.state.status !== 'active') return; // a done actor never moves
      if (event.cause !== undefined && !isAwaited(cell, event.cause)) return; // withdrawn in the same step
    }
    const stepped = cell.engine.step(cell.state, event);
    invariant(stepped.edges.length > 0, 'K3', `${to} has no edge for ${event.type} at seq ${this.place.seq}`);
    this.cells.set(to, { engine: cell.engine, state: stepped.state, hash: cell.engine.hash(stepped.state) });
    this.moves.push(...stepped.moves.map((move) => ({ actor: to, ...move })));
    this.edges.push(...stepped.edges.map((edge) => `${to}:${edge}`));
    for (const emission of stepped.emissions) this.route(to, emission);
  }

  private route(actor: string, { type, params }: Emission): void {
    const { vocabulary } = this.prior.system;
    if (type === vocabulary.message) {
      const { to, ...event } = params as { to: string; type: string };
      this.queue.push({ to, event: { ...event, at: this.at } });
    } else if (vocabulary.facts.has(type)) {
      this.facts.push({ actor, data: params, type });
    } else {
      const { id, ...rest } = params as { id: string };
      invariant(ownerOf(id) === actor, 'K9', `${actor} asks for ${type} under the foreign id ${id}`);
      this.effects.push({ id, params: rest, type });
    }
  }

  finish(input: Input): Applied {
    const open = new Map<string, OpenEffect>();
    const stillOpen = (owner: string, id: string): boolean => {
      const cell = this.cells.get(owner);
      return cell !== undefined && isAwaited(cell, id);
    };
    const shift = input.event.type === 'run.resumed' ? Number(input.event.data['downMs']) : 0;
    for (const [id, effect] of this.prior.open) {
      if (stillOpen(effect.owner, id)) open.set(id, shift === 0 ? effect : { ...effect, shiftMs: effect.shiftMs + shift });
    }
    for (const effect of this.effects) {
      const owner = ownerOf(effect.id);
      if (stillOpen(owner, effect.id)) open.set(effect.id, { effect, owner, place: this.place, at: this.at, shiftMs: 0 });
    }
    const { cause } = input.event;
    invariant(cause === undefined || !open.has(cause), 'K9', `${input.event.type} answered ${cause ?? ''}, which is still open`);
    return { state: { system: this.prior.system, cells: this.cells, open }, moves: this.moves, facts: this.facts, effects: this.effects, edges: this.edges };
  }
}

/** sha256 over the cells' hashes and the ids of open effects, in byte order: `{"cells":[[address,hash],…],"open":[id,…]}`. */
export function stateHash({ cells, open }: KernelState): string {
  const hashes = [...cells.keys()].sort().map((address) => [address, cells.get(address)?.hash]);
  return sha256(canonical({ cells: hashes, open: [...open.keys()].sort() }));
}

/** The least id first: by actor, then by number (`p1/9` before `p1/10`). */
export function compareIds(a: string, b: string): number {
  const [ownerA, ownerB] = [ownerOf(a), ownerOf(b)];
  if (ownerA !== ownerB) return ownerA < ownerB ? -1 : 1;
  return Number(a.slice(ownerA.length + 1)) - Number(b.slice(ownerB.length + 1));
}
