// The faults
// ==========
// Each: what is up before, what happens to it while a run goes on, and whether its executor must have waited for it.

import { setTimeout as pause } from 'node:timers/promises';
import { openStore } from '#src/app/machine.ts';
import { streamOf } from '#src/record/record.ts';
import { runArgs, until, type Started } from './e2e.ts';
import { differences, NOTHING, over, performances, runOf, startRun, sum, tally, untilOr, waitsIn, type Tally } from './faulting.ts';
import { RACES } from './faults-racing.ts';
import { hasEnded, type FaultyTeam, type Role } from './faulty-team.ts';
import { end, judged, LAPSED_MS, moment, resumed, worker, type Fault, type Trial } from './trial.ts';

const SHORT_MS = 300;
/** Each costs a silence of the executor, 1 s. */
const DEADLY_LEDGERS = 4;

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
  'two ledgers, one late': lived({ waits: false, disturb: lateLedger }),
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
  'executor killed in every state': { needs: null, run: executorsKilled },
  'worker killed in every state': { needs: null, run: workersKilled },
  ...RACES,
};

/** A second one answers what the first has in its hands; the first comes back to it late, and answers the same. */
async function lateLedger(at: Disturbing): Promise<number> {
  const { team, services, executor } = at;
  await appended(at, moment(at));
  services.ledger.child.kill('SIGSTOP');
  const before = team.ear.ledgers.heard().repeated;
  await served(at);
  await untilOr(() => team.ear.ledgers.heard().repeated > before, executor);
  services.ledger.child.kill('SIGCONT');
  await until('both have answered', () => team.ear.ledgers.heard().answeredTwice > 0, 10_000).catch(() => {});
  return team.ear.ledgers.heard().answeredTwice;
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

/** Submitted runs, taken by workers that die, each with a clone of its own; the last worker sees all of them through. */
async function workersKilled({ team, own, calm }: Trial): Promise<Tally> {
  const services = [await team.serve('ledger'), await team.serve('relay')];
  const runs = calm.states.map((state, i) => ({ state, place: runOf(own, `${own.run}-${i}`) }));
  let total = NOTHING;
  for (const { state, place } of runs) {
    await over(team.start({ role: 'executor', args: ['submit', place.plan, '-C', place.repo.root, '--run-id', place.run] }));
    const { code, signal, err } = await over(worker(team, place, { killAfter: `in:${state}` }));
    total = sum(total, { ...NOTHING, times: signal === 'SIGKILL' ? 1 : 0, problems: signal === 'SIGKILL' ? [] : [`${place.run}: the worker was not killed, but exits ${code}: ${err.slice(-300)}`] });
  }
  const last = worker(team, { ...own, run: `${own.run}-last` });
  for (const { place } of runs) {
    await until(`${place.run} is over`, () => last.err().includes(`${place.run} is over: COMPLETE`) || hasEnded(last), LAPSED_MS * 2).catch(() => {});
    const told = await tally(team, place.run);
    total = sum(total, { ...NOTHING, ...told, problems: [...told.problems, ...(await performances(team, { own: place, calm }))] });
  }
  await end(last, ...services);
  return total;
}
