// The faults
// ==========
// Each: what is up before, what happens to it while a run goes on, and whether its executor must have waited for it.

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openStore } from '#src/app/machine.ts';
import { streamOf } from '#src/record/record.ts';
import { runArgs, until, type Place, type Started } from './e2e.ts';
import { differences, NOTHING, over, runOf, startRun, sum, tally, untilOr, waitsIn, type Calm, type Tally } from './faulting.ts';
import { hasEnded, type FaultyTeam, type Role } from './faulty-team.ts';

export interface Trial {
  readonly team: FaultyTeam;
  /** Its run has this name, or names that begin so. */
  readonly own: Place;
  readonly calm: Calm;
  /** Spreads the moments of a fault over the rounds. */
  readonly round: number;
}

export interface Fault {
  readonly needs: 'store' | null;
  run(trial: Trial): Promise<Tally>;
}

/** Longer than the holds of NATS, which lapse after 15 s, and than its pings. */
const LAPSED_MS = 60_000;
const SHORT_MS = 300;
/** Each costs one patience of the executor, 5 s. */
const DEADLY_LEDGERS = 2;

interface Disturbing extends Trial {
  readonly executor: Started;
  readonly services: Readonly<Record<'ledger' | 'relay', Started>>;
}

interface Disturbed {
  /** The executor must say that it waits and that it goes on. */
  readonly waits: boolean;
  /** @returns how often it happened. */
  disturb(at: Disturbing): Promise<number>;
}

/** One run with a ledger and a relay, whose executor lives through it. */
const lived = ({ waits, disturb }: Disturbed, needs: Fault['needs'] = null): Fault => ({
  needs,
  async run(trial) {
    const { team, own, calm } = trial;
    const services = { ledger: await team.serve('ledger'), relay: await team.serve('relay') };
    const executor = startRun(team, own);
    const times = await disturb({ ...trial, executor, services });
    const result = await judged(trial, executor, times);
    const said = waitsIn(executor.err());
    const silent = waits && (said.waits === 0 || said.ends === 0) ? [`${own.run}: the executor does not say that it waits and goes on: ${executor.err()}`] : [];
    await end(...Object.values(services));
    return { ...result, waits: said.waits, problems: [...result.problems, ...(await differences(team, { own, calm })), ...silent] };
  },
});

async function judged({ team, own }: Trial, executor: Started, times: number): Promise<Tally> {
  const { code, signal, err, late } = await over(executor);
  const bad = code === 0 ? [] : [`${own.run} ${late ? 'does not end' : `exits ${code} (${signal})`}: ${err.slice(-600)}`];
  const told = await tally(team, own.run);
  return { ...NOTHING, ...told, times, problems: [...bad, ...told.problems] };
}

async function end(...services: readonly Started[]): Promise<void> {
  for (const { child } of services) child.kill('SIGKILL');
  await Promise.all(services.map(({ done }) => done));
}

/** After so many appends, another in each round; early enough that more will come. */
const moment = ({ calm, round }: Trial): number => 2 + ((round * 5) % Math.max(1, calm.said.length - 6));

async function appended({ team, own, executor }: Disturbing, count: number): Promise<boolean> {
  await untilOr(() => team.ear.appends(own.run) >= count, executor);
  return !hasEnded(executor);
}

const waiting = ({ executor }: Disturbing): Promise<void> => untilOr(() => waitsIn(executor.err()).waits > waitsIn(executor.err()).ends, executor);

interface Outage {
  from(at: Disturbing): Promise<void> | void;
  to(at: Disturbing): Promise<void> | void;
  /** What is waited for in between. */
  until(at: Disturbing): Promise<void>;
}

const outage = ({ from, to, until: held }: Outage) => async (at: Disturbing): Promise<number> => {
  const isTime = await appended(at, moment(at));
  await from(at);
  await held(at);
  await to(at);
  return isTime ? 1 : 0;
};

const partition = (role: Role): Omit<Outage, 'until'> => ({ from: ({ team }) => team.wires[role].hold(true), to: ({ team }) => team.wires[role].hold(false) });
const served = async ({ team }: Disturbing): Promise<void> => void (await team.serve('ledger'));
const short = (): Promise<void> => pause(SHORT_MS);
const storeOf = ({ team }: Trial): NonNullable<FaultyTeam['store']['faults']> => {
  if (team.store.faults === null) throw new Error('this store has no server');
  return team.store.faults;
};

const storeKilled: Omit<Outage, 'until'> = { from: (at) => storeOf(at).kill(), to: (at) => storeOf(at).start() };

export const FAULTS: Readonly<Record<string, Fault>> = {
  'ledger killed between append and answer': { needs: null, run: deadlyLedgers },
  'ledger killed': lived({ waits: true, disturb: outage({ from: ({ services }) => end(services.ledger), until: waiting, to: served }) }),
  'ledger stalled': lived({ waits: true, disturb: outage({ from: ({ services }) => void services.ledger.child.kill('SIGSTOP'), until: waiting, to: ({ services }) => void services.ledger.child.kill('SIGCONT') }) }),
  'two ledgers, one late': lived({ waits: true, disturb: outage({ from: lateLedger, until: waiting, to: ({ services }) => void services.ledger.child.kill('SIGCONT') }) }),
  'store killed': lived({ waits: true, disturb: outage({ ...storeKilled, until: waiting }) }, 'store'),
  'store restarted': lived({ waits: false, disturb: outage({ ...storeKilled, until: short }) }, 'store'),
  'store stalled': lived({ waits: true, disturb: outage({ from: (at) => storeOf(at).freeze(true), until: waiting, to: (at) => storeOf(at).freeze(false) }) }, 'store'),
  'store slow': lived({ waits: false, disturb: outage({ from: (at) => storeOf(at).slow(150), until: ({ executor }) => untilOr(() => false, executor, 8_000), to: (at) => storeOf(at).slow(0) }) }, 'store'),
  'store drops live subscriptions': { needs: 'store', run: dropped },
  'NATS killed': lived({ waits: true, disturb: outage({ from: ({ team }) => team.server.stop(), until: waiting, to: ({ team }) => team.server.start() }) }),
  'NATS restarted': lived({ waits: false, disturb: outage({ from: ({ team }) => team.server.stop('SIGTERM'), until: short, to: ({ team }) => team.server.start() }) }),
  'NATS stalled': lived({ waits: true, disturb: outage({ from: ({ team }) => team.server.freeze(true), until: waiting, to: ({ team }) => team.server.freeze(false) }) }),
  'NATS partitioned from executor': lived({ waits: true, disturb: outage({ ...partition('executor'), until: waiting }) }),
  'NATS partitioned from ledger': lived({ waits: true, disturb: outage({ ...partition('ledger'), until: waiting }) }),
  'NATS partitioned from relay': lived({ waits: false, disturb: outage({ ...partition('relay'), until: relayWaiting }) }),
  'relay killed': lived({ waits: false, disturb: outage({ from: ({ services }) => end(services.relay), until: short, to: async ({ team }) => void (await team.serve('relay')) }) }),
  'two relays lead': { needs: null, run: twoRelays },
  'executor cut off, another takes over': { needs: null, run: cutOff },
  'executor killed in every state': { needs: null, run: executorsKilled },
  'worker killed in every state': { needs: null, run: workersKilled },
};

/** A second one answers; the first has a request in its hands, and comes back to it late. */
async function lateLedger(at: Disturbing): Promise<void> {
  at.services.ledger.child.kill('SIGSTOP');
  await served(at);
}

function relayWaiting({ services: { relay } }: Disturbing): Promise<void> {
  return untilOr(() => relay.err().includes('waiting'), relay);
}

const DROPS_EVERY_MS = 100;

/** Ledgers and relays read; who follows the store itself is one of the adapter's own subscribers, in this process. */
async function dropped(trial: Trial): Promise<Tally> {
  const { team, own, calm } = trial;
  const services = [await team.serve('ledger'), await team.serve('relay')];
  const { events, close } = await openStore(team.store.spec, new AbortController().signal);
  const seen: number[] = [];
  const errors: string[] = [];
  const following = events.subscribe(streamOf(own.run), 0, ({ revision }) => void seen.push(revision), (error) => void errors.push(String(error)));
  const executor = startRun(team, own);
  void over(executor);
  let times = 0;
  for (; !hasEnded(executor); times += 1) {
    storeOf(trial).drop();
    await Promise.race([pause(DROPS_EVERY_MS), executor.done]);
  }
  await until('the follower has all', () => seen.length >= calm.said.length, 10_000).catch(() => {});
  await following.close();
  await close();
  const result = await judged(trial, executor, times);
  await end(...services);
  const wrong = seen.join() === calm.said.map((_, i) => i).join() ? [] : [`${own.run}: the follower was given ${seen.join()}`];
  return { ...result, problems: [...result.problems, ...errors, ...wrong, ...(await differences(team, { own, calm }))] };
}

/** Each dies after its second append, before the answer: the first one is what the last one did not answer. */
async function deadlyLedgers(trial: Trial): Promise<Tally> {
  const { team, own, calm } = trial;
  const relay = await team.serve('relay');
  let ledger = await team.serve('ledger', 'second');
  const executor = startRun(team, own);
  let times = 0;
  while (times < DEADLY_LEDGERS && !hasEnded(executor)) {
    await untilOr(() => hasEnded(ledger), executor);
    if (hasEnded(executor)) break;
    times += 1;
    ledger = await team.serve('ledger', times < DEADLY_LEDGERS ? 'second' : undefined);
  }
  const result = await judged(trial, executor, times);
  await end(ledger, relay);
  return { ...result, waits: waitsIn(executor.err()).waits, problems: [...result.problems, ...(await differences(team, { own, calm }))] };
}

/** The one that leads is stopped until the other leads; then both publish, and the older is refused. */
async function twoRelays(trial: Trial): Promise<Tally> {
  const { team, own, calm } = trial;
  const relays = [await team.serve('relay'), await team.serve('relay')];
  const ledger = await team.serve('ledger');
  const leader = async (): Promise<Started | undefined> => {
    const pid = await team.ear.leader().catch(() => null);
    return relays.find(({ child }) => child.pid === pid);
  };
  const old = await eventually(leader);
  old.child.kill('SIGSTOP');
  await eventually(async () => ((await leader()) === old ? undefined : leader()));
  const executor = startRun(team, own);
  await untilOr(() => team.ear.appends(own.run) >= moment(trial), executor);
  old.child.kill('SIGCONT');
  const result = await judged(trial, executor, 1);
  await until('the older relay is refused', () => old.err().includes('another relay leads'), 30_000).catch(() => {});
  const problems = old.err().includes('another relay leads') ? [] : [`${own.run}: the older relay goes on: ${old.err()}`];
  await end(...relays, ledger);
  return { ...result, problems: [...result.problems, ...problems, ...(await differences(team, { own, calm }))] };
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() - begun > LAPSED_MS) throw new Error('nobody leads');
    await pause(100);
  }
}

/** A run for each state, killed when a phase enters it, taken up again when its hold has lapsed. */
async function executorsKilled({ team, own, calm }: Trial): Promise<Tally> {
  const services = [await team.serve('ledger'), await team.serve('relay')];
  const runs = calm.states.map((state, i) => ({ state, place: runOf(own, `${own.run}-${i}`) }));
  let total = NOTHING;
  for (const { state, place } of runs) {
    const { code, signal, err } = await over(team.start({ role: 'executor', args: runArgs(place, '--run-id', place.run), killAfter: `in:${state}` }));
    const problems = signal === 'SIGKILL' ? [] : [`${place.run}: it was not killed, but exits ${code}: ${err.slice(-300)}`];
    total = sum(total, { ...NOTHING, times: problems.length === 0 ? 1 : 0, problems });
  }
  for (const { place } of runs) {
    const executor = await resumed(team, place.run);
    total = sum(total, await judged({ team, own: place, calm, round: 0 }, executor, 0));
  }
  await end(...services);
  return total;
}

const LOCKED = 9;

async function resumed(team: FaultyTeam, run: string, wire: Role = 'executor'): Promise<Started> {
  for (const begun = performance.now(); ; await pause(500)) {
    const executor = team.start({ role: 'executor', args: ['resume', run], wire });
    const { code } = await over(executor);
    if (code !== LOCKED || performance.now() - begun > LAPSED_MS) return executor;
  }
}

/** For longer than its hold: another goes on, and what the first one had on its way arrives when that has begun. */
async function cutOff(trial: Trial): Promise<Tally> {
  const { team, own } = trial;
  const services = [await team.serve('ledger'), await team.serve('relay')];
  const old = startRun(team, own);
  await untilOr(() => team.ear.appends(own.run) >= moment(trial), old);
  const times = hasEnded(old) ? 0 : 1;
  team.wires.executor.hold(true);
  const before = team.ear.appends(own.run);
  void untilOr(() => team.ear.appends(own.run) > before + 1, old, LAPSED_MS * 2).then(() => team.wires.executor.hold(false));
  const result = await judged(trial, await resumed(team, own.run, 'relay'), times);
  team.wires.executor.hold(false);
  const { code, signal, err } = await over(old);
  const problems = signal === null && waitsIn(err).waits > 0 ? [] : [`${own.run}: the first executor exits ${code} (${signal}): ${err.slice(-300)}`];
  await end(...services);
  return { ...result, waits: waitsIn(err).waits, problems: [...result.problems, ...problems] };
}

/** Submitted runs, taken by workers that die, each with a clone of its own; the last worker sees all of them through. */
async function workersKilled({ team, own, calm }: Trial): Promise<Tally> {
  const services = [await team.serve('ledger'), await team.serve('relay')];
  const runs = calm.states.map((state, i) => ({ state, place: runOf(own, `${own.run}-${i}`) }));
  let total = NOTHING;
  for (const { state, place } of runs) {
    await over(team.start({ role: 'executor', args: ['submit', place.plan, '-C', place.repo.root, '--run-id', place.run] }));
    const { code, signal, err } = await over(worker(team, place, `in:${state}`));
    total = sum(total, { ...NOTHING, times: signal === 'SIGKILL' ? 1 : 0, problems: signal === 'SIGKILL' ? [] : [`${place.run}: the worker was not killed, but exits ${code}: ${err.slice(-300)}`] });
  }
  const last = worker(team, { ...own, run: `${own.run}-last` });
  for (const { place } of runs) {
    await until(`${place.run} is over`, () => last.err().includes(`${place.run} is over: COMPLETE`) || hasEnded(last), LAPSED_MS * 2).catch(() => {});
    const told = await tally(team, place.run);
    total = sum(total, { ...NOTHING, ...told });
  }
  await end(last, ...services);
  return total;
}

function worker(team: FaultyTeam, { folder, repo, answers, run }: Place, killAfter?: string): Started {
  const clone = join(folder, `clone-${run}`);
  repo.git('clone', '-q', repo.root, clone);
  return team.start({ role: 'executor', args: ['worker', '-C', clone, '--provider', `script:${answers}`], home: join(folder, `home-${run}`), ...(killAfter === undefined ? {} : { killAfter }) });
}
