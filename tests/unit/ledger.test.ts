// The ledger: its truth table, and 100,000 random histories held against sums that are kept beside it, in another way.

import { describe, expect, test } from 'vitest';
import {
  accountIn, available, close, isIdle, lackOf, ledgerOf, limited, open, reserve, ROOT, settle, spend, split,
  type Amounts, type Ledger, type Reservation, type Resource,
} from '#src/domain/ledger.ts';
import { canonical } from '#src/record/canonical.ts';
import { generator } from '#tests/support/world.ts';

const held = (ledger: Ledger, account = ROOT, resource: Resource = 'tokens'): number => accountIn(ledger, account)?.held[resource] ?? 0;
const settled = (ledger: Ledger, account = ROOT, resource: Resource = 'tokens'): number => accountIn(ledger, account)?.settled[resource] ?? 0;
const left = (ledger: Ledger, account = ROOT, resource: Resource = 'tokens'): number | null => {
  const known = accountIn(ledger, account);
  return known === undefined ? null : available(known, resource);
};
const booked = (id: string, account: string, tokens: number, costMicroUsd = 0): Reservation => ({ id, account, estimate: { tokens, costMicroUsd } });

describe('the table', () => {
  const capped = (): Ledger => open(ledgerOf({ tokens: 100, costMicroUsd: 1000 }), { id: 'p', parent: ROOT, limits: { tokens: 60 }, allocated: {} });

  const rows: readonly (readonly [what: string, account: string, need: Amounts, lack: readonly [account: string, resource: Resource, available: number] | null])[] = [
    ['what fits exactly', 'p', { tokens: 60, costMicroUsd: 1000 }, null],
    ['one more than the own account has', 'p', { tokens: 61 }, ['p', 'tokens', 60]],
    ['what the run has and the phase has not', 'run', { tokens: 61 }, null],
    ['one more than the run has', 'run', { tokens: 101 }, ['run', 'tokens', 100]],
    ['more money than the account above has', 'p', { tokens: 1, costMicroUsd: 1001 }, ['run', 'costMicroUsd', 1000]],
    ['too little of both: the money is told (F-023)', 'run', { tokens: 101, costMicroUsd: 1001 }, ['run', 'costMicroUsd', 1000]],
    ['nothing at all', 'p', {}, null],
    ['what has no limit', 'p', { ciRuns: 1_000_000 }, null],
  ];
  test.each(rows)('%s', (_what, account, need, lack) => {
    const found = lackOf(capped(), account, need);
    expect(found === null ? null : [found.account, found.resource, found.available]).toEqual(lack);
  });

  test('a call that used more than its estimate is charged in full, and nothing more fits (F-021)', () => {
    const over = settle(reserve(capped(), booked('a', 'p', 60)), 'a', { tokens: 130 });
    expect([settled(over), left(over), left(over, 'p'), lackOf(over, 'run', { tokens: 1 })?.available]).toEqual([130, -30, -70, -30]);
    expect(lackOf(over, 'run', { ciRuns: 1 }), 'what costs nothing of it goes on').toBeNull();
  });

  test('of a call whose cost nobody knows the estimate is charged (F-020)', () => {
    expect(settled(settle(reserve(capped(), booked('a', 'p', 7)), 'a', null))).toBe(7);
  });

  test('a cap below what is used lets nothing through, a higher one does', () => {
    const used = spend(capped(), 'p', { tokens: 50 });
    expect(lackOf(limited(used, ROOT, { tokens: 10 }), 'p', { tokens: 1 })).toMatchObject({ account: 'run', available: -40 });
    expect(lackOf(limited(used, 'p', { tokens: 200 }), 'p', { tokens: 50 })).toBeNull();
  });

  test('N1 N2 what does not fit is never reserved, nothing twice, and no account is closed over a reservation', () => {
    const one = reserve(capped(), booked('a', 'p', 60));
    expect(() => reserve(one, booked('b', 'p', 1))).toThrow('N1');
    expect(() => reserve(one, booked('a', 'run', 1))).toThrow('N2');
    expect(() => close(one, 'p')).toThrow('N2');
    expect(settle(settle(one, 'a', null), 'a', { tokens: 5 }), 'a second end says nothing').toEqual(settle(one, 'a', null));
  });

  test('the worked example of three branches comes to the sums of the book', () => {
    let ledger = settle(reserve(ledgerOf({ tokens: 10_000, costMicroUsd: 1_000_000 }), booked('build@1', ROOT, 2000, 200_000)), 'build@1', { tokens: 1500, costMicroUsd: 150_000 });
    ledger = settle(reserve(ledger, booked('build@2', ROOT, 2000, 200_000)), 'build@2', { tokens: 2600, costMicroUsd: 240_000 });
    const root = accountIn(ledger, ROOT);
    const shares = root === undefined ? [] : split(root, 3);
    expect(shares).toEqual([{ tokens: 1967, costMicroUsd: 203_334 }, { tokens: 1967, costMicroUsd: 203_333 }, { tokens: 1966, costMicroUsd: 203_333 }]);
    for (const [i, share] of shares.entries()) ledger = open(ledger, { id: 'abc'.charAt(i), parent: ROOT, limits: share, allocated: share });
    expect([left(ledger), left(ledger, ROOT, 'costMicroUsd')]).toEqual([0, 0]);
    ledger = settle(reserve(ledger, booked('a@1', 'a', 1000, 100_000)), 'a@1', { tokens: 900, costMicroUsd: 90_000 });
    expect([left(ledger, 'a'), left(ledger, 'a', 'costMicroUsd')]).toEqual([1067, 113_334]);
    expect(lackOf(ledger, 'b', { tokens: 2500, costMicroUsd: 250_000 })).toMatchObject({ account: 'b', resource: 'costMicroUsd' });
    ledger = settle(reserve(ledger, booked('c@1', 'c', 800, 80_000)), 'c@1', null);
    const rows2 = ['a', 'b', 'c'].map((id) => {
      ledger = close(ledger, id);
      return [settled(ledger), settled(ledger, ROOT, 'costMicroUsd'), held(ledger), held(ledger, ROOT, 'costMicroUsd'), left(ledger), left(ledger, ROOT, 'costMicroUsd')];
    });
    expect(rows2).toEqual([[5000, 480_000, 3933, 406_666, 1067, 113_334], [5000, 480_000, 1966, 203_333, 3034, 316_667], [5800, 560_000, 0, 0, 4200, 440_000]]);
  });
});

// Random histories

/** Two are enough: all go the same way. */
const resources = ['tokens', 'costMicroUsd'] as const;

type Random = ReturnType<typeof generator>;
interface Branch { readonly id: string; readonly parent: string; readonly limits: Amounts; readonly allocated: Amounts }
type Event =
  | { readonly type: 'open'; readonly branch: Branch }
  | { readonly type: 'reserve'; readonly reservation: Reservation }
  | { readonly type: 'settle'; readonly id: string; readonly used: Amounts | null }
  | { readonly type: 'close'; readonly id: string };

function fold(ledger: Ledger, event: Event): Ledger {
  switch (event.type) {
    case 'open': return open(ledger, event.branch);
    case 'reserve': return reserve(ledger, event.reservation);
    case 'settle': return settle(ledger, event.id, event.used);
    case 'close': return close(ledger, event.id);
  }
}

interface Tally { histories: number; denials: number; overruns: number; splits: number }

/** One history of one run, and what is wrong with it. Sums are kept here as lists of what is open and what ended. */
class History {
  readonly events: Event[] = [];
  readonly problems: string[] = [];
  private readonly limits: Amounts;
  private readonly ended = new Map<string, Amounts>();
  private readonly random: Random;
  private readonly tally: Tally;
  private used = 0;
  private number = 0;
  ledger: Ledger;

  constructor(random: Random, tally: Tally) {
    this.random = random;
    this.tally = tally;
    this.limits = { ...this.maybe('tokens', 2000), ...this.maybe('costMicroUsd', 900) };
    this.ledger = ledgerOf(this.limits);
  }

  private readonly upTo = (max: number): number => Math.floor(this.random.next() * (max + 1));
  private readonly maybe = (resource: Resource, max: number): Amounts => (this.random.next() < 0.8 ? { [resource]: this.upTo(max) } : {});
  private readonly name = (of: string): string => `${of}${(this.number += 1)}`;

  run(): this {
    for (let steps = 3 + this.upTo(6); steps > 0 && this.problems.length === 0; steps -= 1) this.step();
    this.end();
    return this;
  }

  private step(): void {
    const account = this.random.pick(this.ledger.accounts);
    const pending = this.ledger.reservations;
    const roll = this.random.next();
    if (roll < 0.45) this.ask(account.id);
    else if (roll < 0.75 && pending.length > 0) this.finish(this.random.pick(pending));
    else if (roll < 0.85) this.branch(account.id);
    else if (roll < 0.92) this.share(account.id);
    else if (account.id !== ROOT && isIdle(this.ledger, account.id)) this.take({ type: 'close', id: account.id });
  }

  private ask(account: string): void {
    const reservation = { id: this.name('r'), account, estimate: { tokens: this.upTo(400), costMicroUsd: this.upTo(200) } };
    const before = this.number % 10 === 0 ? canonical(this.ledger as never) : null;
    const lack = lackOf(this.ledger, account, reservation.estimate);
    if (lack === null) return this.take({ type: 'reserve', reservation });
    this.tally.denials += 1;
    if (before !== null && canonical(this.ledger as never) !== before) this.problems.push('Q-4 a denial changed the ledger');
    if (lack.available >= lack.needed) this.problems.push('Q-4 denied, and yet it fits');
  }

  private finish({ id, estimate }: Reservation): void {
    const used = this.random.next() < 0.3 ? null : { tokens: this.upTo(500), costMicroUsd: this.upTo(250) };
    if (used !== null && used.tokens > (estimate.tokens ?? 0)) this.tally.overruns += 1;
    if (this.ended.has(id)) this.problems.push(`Q-2 ${id} ends twice`);
    this.ended.set(id, used ?? estimate);
    this.used += (used ?? estimate).tokens ?? 0;
    this.take({ type: 'settle', id, used });
  }

  private branch(parent: string): void {
    const limits = { ...this.maybe('tokens', 800), ...this.maybe('costMicroUsd', 400) };
    const allocated = this.random.next() < 0.5 && lackOf(this.ledger, parent, limits) === null ? limits : {};
    this.take({ type: 'open', branch: { id: this.name('a'), parent, limits, allocated } });
  }

  private share(parent: string): void {
    const account = accountIn(this.ledger, parent);
    if (account === undefined) return;
    const count = 1 + this.upTo(2);
    const shares = split(account, count);
    this.tally.splits += 1;
    for (const resource of resources) {
      const free = available(account, resource);
      const sum = shares.reduce((total, share) => total + (share[resource] ?? 0), 0);
      if (sum !== Math.max(0, free ?? 0)) this.problems.push(`Q-6 ${count} shares of ${resource} are ${sum}, and ${String(free)} is left`);
    }
    // The account above may have less than its children: then they are no reservation of it.
    for (const share of shares) {
      if (lackOf(this.ledger, parent, share) === null) this.take({ type: 'open', branch: { id: this.name('a'), parent, limits: share, allocated: share } });
    }
  }

  private take(event: Event): void {
    const before = this.ledger;
    this.events.push(event);
    this.ledger = fold(before, event);
    this.holdSums();
    for (const { id, settled: was } of before.accounts) {
      const now = accountIn(this.ledger, id)?.settled;
      for (const resource of resources) if (now !== undefined && (now[resource] ?? 0) < (was[resource] ?? 0)) this.problems.push(`Q-3 ${resource} of ${id} fell`);
    }
    if (event.type === 'close') this.holdReturn(before, event.id);
  }

  /** what an account holds is the sum of what is open inside and not kept inside by an allocation. */
  private holdSums(): void {
    for (const account of this.ledger.accounts) {
      for (const resource of resources) {
        const own = this.ledger.reservations.filter((open) => open.account === account.id).reduce((sum, { estimate }) => sum + (estimate[resource] ?? 0), 0);
        const inside = this.ledger.accounts.filter(({ parent }) => parent === account.id).reduce((sum, child) => sum + (child.allocated[resource] ?? child.held[resource] ?? 0), 0);
        const holds = account.held[resource] ?? 0;
        if (holds !== own + inside || holds < 0) this.problems.push(`Q-3 ${account.id} holds ${holds} ${resource}, not ${own} + ${inside}`);
        const limit = account.limits[resource];
        if (available(account, resource) !== (limit === undefined ? null : limit - (account.settled[resource] ?? 0) - holds)) this.problems.push(`Q-1 what is left of ${account.id}`);
      }
    }
  }

  /** Q-7, for what was allocated; the rest was settled above at once. */
  private holdReturn(before: Ledger, id: string): void {
    const child = accountIn(before, id);
    const parent = child?.parent ?? ROOT;
    for (const resource of resources) {
      const own = child !== undefined && resource in child.allocated ? (child.settled[resource] ?? 0) : 0;
      if (settled(this.ledger, parent, resource) !== settled(before, parent, resource) + own) this.problems.push(`Q-7 ${id} brought another sum to ${parent}`);
    }
    if (this.ledger.reservations.some(({ account }) => account === id) || accountIn(this.ledger, id) !== undefined) this.problems.push(`Q-5 ${id} is closed and holds something`);
  }

  /** All is settled and closed, the youngest first: nothing is held, and the run has paid for every call once. */
  private end(): void {
    for (const reservation of this.ledger.reservations) this.finish(reservation);
    for (const { id } of this.ledger.accounts.toReversed()) if (id !== ROOT) this.take({ type: 'close', id });
    if (held(this.ledger) !== 0 || this.ledger.accounts.length !== 1) this.problems.push('Q-5 something is held at the end');
    if (settled(this.ledger) !== this.used) this.problems.push(`Q-8 the calls used ${this.used}, the run says ${settled(this.ledger)}`);
    this.tally.histories += 1;
  }

  /** every prefix of what was accepted folds to the same as it did. */
  refold(): void {
    let ledger: Ledger = ledgerOf(this.limits);
    for (const event of this.events) ledger = fold(ledger, event);
    if (canonical(ledger as never) !== canonical(this.ledger as never)) this.problems.push('Q-12 folded again it is another');
  }
}

const HISTORIES = 100_000;

test('Q-1 Q-2 Q-3 Q-4 Q-5 Q-6 Q-7 Q-8 Q-12 hold in 100,000 random histories of nested accounts', () => {
  const tally: Tally = { histories: 0, denials: 0, overruns: 0, splits: 0 };
  const problems: string[] = [];
  const random = generator(7);
  for (let i = 0; i < HISTORIES && problems.length < 5; i += 1) {
    const history = new History(random, tally).run();
    if (i % 20 === 0) history.refold();
    problems.push(...history.problems.map((problem) => `history ${i}: ${problem}`));
  }
  expect(problems).toEqual([]);
  expect(tally.histories).toBe(HISTORIES);
  expect(Math.min(tally.denials, tally.overruns, tally.splits), JSON.stringify(tally)).toBeGreaterThan(10_000);
}, 120_000);
