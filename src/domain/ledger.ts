// Ledger
// ======
// What may still be spent: accounts in a tree, each with limits, and the reservations on them. Integers only; what is
// not limited has no number. What an account draws is drawn on every account above it too, but for what the parent set
// aside for it when it was opened. Sources: step-executor 2.2, F-018…F-028; it keeps Q-1….

import { invariant } from '#src/errors/errors.ts';

/** In the order in which a lack of them is told. */
export const resources = ['replans', 'attempts', 'phases', 'ciRuns', 'costMicroUsd', 'tokens'] as const;
export type Resource = (typeof resources)[number];
/** Absent: nothing of it; of a limit: without one. */
export type Amounts = Readonly<Partial<Record<Resource, number>>>;

export interface Account {
  readonly id: string;
  readonly parent: string | null;
  readonly limits: Amounts;
  /** What the parent set aside for it: it is drawn here alone, and comes to the parent when the account is closed. */
  readonly allocated: Amounts;
  readonly settled: Amounts;
  readonly held: Amounts;
}

export interface Reservation {
  readonly id: string;
  readonly account: string;
  readonly estimate: Amounts;
}

export interface Ledger<R extends Reservation = Reservation> {
  readonly accounts: readonly Account[];
  readonly reservations: readonly R[];
}

/** Why something does not fit: the nearest account that has too little. */
export interface Lack {
  readonly account: string;
  readonly resource: Resource;
  readonly limit: number;
  readonly available: number;
  readonly needed: number;
}

export const ROOT = 'run';

export const ledgerOf = <R extends Reservation>(limits: Amounts): Ledger<R> => ({ accounts: [{ id: ROOT, parent: null, limits, allocated: {}, settled: {}, held: {} }], reservations: [] });

export const accountIn = ({ accounts }: Ledger, id: string): Account | undefined => accounts.find((account) => account.id === id);

/** Null: without limit. Below zero where calls used more than was estimated (F-021). */
export function available({ limits, settled, held }: Account, resource: Resource): number | null {
  const limit = limits[resource];
  return limit === undefined ? null : limit - (settled[resource] ?? 0) - (held[resource] ?? 0);
}

/** What does not fit, or null. Asking changes nothing. */
export function lackOf(ledger: Ledger, account: string, need: Amounts): Lack | null {
  for (const [at, part] of draws(ledger, account, need)) {
    for (const resource of resources) {
      const [left, needed] = [available(at, resource), part[resource] ?? 0];
      if (needed > 0 && left !== null && left < needed) return { account: at.id, resource, limit: at.limits[resource] ?? 0, available: left, needed };
    }
  }
  return null;
}

/** @throws InvariantError what does not fit is not reserved, and nothing twice. */
export function reserve<R extends Reservation>(ledger: Ledger<R>, reservation: R): Ledger<R> {
  const { id, account, estimate } = reservation;
  invariant(lackOf(ledger, account, estimate) === null, 'N1', `${id} does not fit into ${account}`);
  invariant(ledger.reservations.every((open) => open.id !== id), 'N2', `${id} is reserved already`);
  const held = drawn(ledger, [account, estimate], (at, part) => ({ ...at, held: sum(at.held, part) }));
  return { ...held, reservations: [...ledger.reservations, reservation] };
}

/** Ends a reservation by what was used, however much that is; null: by its estimate. One that is not open says nothing. */
export function settle<R extends Reservation>(ledger: Ledger<R>, id: string, used: Amounts | null): Ledger<R> {
  const open = ledger.reservations.find((reservation) => reservation.id === id);
  if (open === undefined) return ledger;
  const { account, estimate } = open;
  const freed = drawn(ledger, [account, estimate], (at, part) => ({ ...at, held: sum(at.held, part, -1) }));
  const charged = drawn(freed, [account, used ?? estimate], (at, part) => ({ ...at, settled: sum(at.settled, part) }));
  return { ...charged, reservations: ledger.reservations.filter((reservation) => reservation !== open) };
}

/** Counts what is used by being begun. @throws InvariantError where it does not fit. */
export function spend<R extends Reservation>(ledger: Ledger<R>, account: string, amounts: Amounts): Ledger<R> {
  invariant(lackOf(ledger, account, amounts) === null, 'N1', `nothing is left in ${account}`);
  return drawn(ledger, [account, amounts], (at, part) => ({ ...at, settled: sum(at.settled, part) }));
}

/** Opens an account below another; what is allocated is held by the parent. */
export function open<R extends Reservation>(ledger: Ledger<R>, account: Pick<Account, 'id' | 'limits' | 'allocated'> & { readonly parent: string }): Ledger<R> {
  const { id, parent, allocated } = account;
  invariant(accountIn(ledger, id) === undefined && lackOf(ledger, parent, allocated) === null, 'N1', `the account ${id} cannot be opened in ${parent}`);
  const held = drawn(ledger, [parent, allocated], (at, part) => ({ ...at, held: sum(at.held, part) }));
  return { ...held, accounts: [...held.accounts, { ...account, settled: {}, held: {} }] };
}

export const isIdle = ({ accounts, reservations }: Ledger, id: string): boolean => accounts.every(({ parent }) => parent !== id) && reservations.every(({ account }) => account !== id);

/** Closes an account: what it used of its allocation is settled above, the rest is free again. */
export function close<R extends Reservation>(ledger: Ledger<R>, id: string): Ledger<R> {
  const account = accountIn(ledger, id);
  invariant(account !== undefined && account.parent !== null && isIdle(ledger, id), 'N2', `the account ${id} cannot be closed`);
  const own = Object.fromEntries(Object.entries(account.settled).filter(([resource]) => resource in account.allocated)) as Amounts;
  const freed = drawn(ledger, [account.parent, account.allocated], (at, part) => ({ ...at, held: sum(at.held, part, -1) }));
  const charged = drawn(freed, [account.parent, own], (at, part) => ({ ...at, settled: sum(at.settled, part) }));
  return { ...charged, accounts: charged.accounts.filter((known) => known.id !== id) };
}

/** New limits of an account, below what is used already too: then nothing more fits. */
export const limited = <R extends Reservation>(ledger: Ledger<R>, id: string, limits: Amounts): Ledger<R> => ({ ...ledger, accounts: ledger.accounts.map((account) => (account.id === id ? { ...account, limits } : account)) });

/** What is left, in as many shares: the remainder goes to the first of them (F-025). */
export function split(account: Account, shares: number): Amounts[] {
  const left = resources.flatMap((resource) => { const free = available(account, resource); return free === null ? [] : [[resource, Math.max(0, free)] as const]; });
  return Array.from({ length: shares }, (_, at) => Object.fromEntries(left.map(([resource, free]) => [resource, Math.floor(free / shares) + (at < free % shares ? 1 : 0)])));
}

/** The accounts that a draw concerns, the nearest first, and what of it. */
function draws(ledger: Ledger, account: string, amounts: Amounts): (readonly [Account, Amounts])[] {
  const at = accountIn(ledger, account);
  invariant(at !== undefined, 'N2', `there is no account ${account}`);
  if (at.parent === null) return [[at, amounts]];
  const above = Object.fromEntries(Object.entries(amounts).filter(([resource]) => !(resource in at.allocated))) as Amounts;
  return [[at, amounts], ...draws(ledger, at.parent, above)];
}

function drawn<R extends Reservation>(ledger: Ledger<R>, [account, amounts]: readonly [string, Amounts], change: (at: Account, part: Amounts) => Account): Ledger<R> {
  const parts = new Map(draws(ledger, account, amounts).map(([{ id }, part]) => [id, part]));
  return { ...ledger, accounts: ledger.accounts.map((at) => { const part = parts.get(at.id); return part === undefined ? at : change(at, part); }) };
}

/** Zeroes are left out: equal sums are equal values. */
function sum(a: Amounts, b: Amounts, sign: 1 | -1 = 1): Amounts {
  const total: Partial<Record<Resource, number>> = {};
  for (const resource of resources) {
    const of = (a[resource] ?? 0) + sign * (b[resource] ?? 0);
    if (of !== 0) total[resource] = of;
  }
  return total;
}
