// Races
// =====
// Two of a kind at once: relays, executors, workers, ledgers. Who holds a run performs its effects, and only that one; what
// the other had on its way is refused by the log.

import { runArgs, until, type Place, type Started } from './e2e.ts';
import { differences, NOTHING, over, performances, recordsOf, runOf, said, startRun, sum, tally, testsOf, untilOr, waitsIn, type Own, type Tally } from './faulting.ts';
import { hasEnded, type FaultyTeam } from './faulty-team.ts';
import { end, eventually, judged, LAPSED_MS, LOCKED, moment, resumed, worker, type Fault, type Trial } from './trial.ts';

export const RACES: Readonly<Record<string, Fault>> = {
  'two relays lead': { needs: null, run: twoRelays },
  'two ledgers, both answer': { needs: null, run: twoLedgers },
  'executor cut off, another takes over': { needs: null, run: cutOff },
  'two executors at once on one run': { needs: null, run: twoExecutors },
  'two workers, many runs at once': { needs: null, run: twoWorkers },
  'worker cut off, another takes over': { needs: null, run: workerCutOff },
};

/** The one that leads is stopped until the other leads; then both publish, and the older is refused. */
async function twoRelays(trial: Trial): Promise<Tally> {
  const { team, own, calm } = trial;
  const relays = [await team.serve('relay'), await team.serve('relay')];
  const ledger = await team.serve('ledger');
  const leader = async (): Promise<Started | undefined> => {
    const pid = await team.ear.holder('$relay').catch(() => null);
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

/** For longer than its hold: another goes on, and what the first one had on its way arrives when that has begun. */
async function cutOff(trial: Trial): Promise<Tally> {
  const { team, own, calm } = trial;
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
  const again = await performances(team, { own, calm }); // once more: the first one was let go on meanwhile
  await end(...services);
  return { ...result, waits: waitsIn(err).waits, problems: [...result.problems, ...problems, ...again] };
}

const ECHOES = 3;

/** Every request comes four times, to one or the other. */
async function twoLedgers(trial: Trial): Promise<Tally> {
  const { team, own, calm } = trial;
  const services = [await team.serve('ledger'), await team.serve('ledger'), await team.serve('relay')];
  team.ear.ledgers.double(ECHOES);
  const result = await judged(trial, startRun(team, own), 0);
  const times = team.ear.ledgers.heard().answeredTwice;
  await end(...services);
  return { ...result, times, problems: [...result.problems, ...(await differences(team, { own, calm }))] };
}

/** A new run, asked for twice; and one whose executor died, taken up twice once its hold has lapsed. */
async function twoExecutors(trial: Trial): Promise<Tally> {
  const { team, own, calm } = trial;
  const services = [await team.serve('ledger'), await team.serve('relay')];
  const [fresh, killed] = [runOf(own, `${own.run}-new`), runOf(own, `${own.run}-killed`)];
  const both = async (place: Place, args: readonly string[]): Promise<Tally> => {
    const racers = [0, 1].map(() => team.start({ role: 'executor', args }));
    const ended = await Promise.all(racers.map(over));
    const worked = racers.filter((_, i) => ended[i]?.code === 0);
    const refused = ended.filter(({ code, err }) => code === LOCKED && err.includes('is held by process'));
    const problems = worked.length === 1 && refused.length === 1 ? [] : ended.map(({ code, signal, err }) => `${place.run}: one of two exits ${code} (${signal}): ${err.slice(-300)}`);
    const result = await tally(team, place.run);
    return { ...NOTHING, ...result, times: 1, problems: [...result.problems, ...problems, ...(await apart(team, { own: place, calm }))] };
  };
  const first = await both(fresh, runArgs(fresh, '--run-id', fresh.run));
  await over(team.start({ role: 'executor', args: runArgs(killed, '--run-id', killed.run), killAfter: 'second' }));
  await eventually(async () => ((await team.ear.holder(killed.run)) === null ? true : undefined));
  const second = await both(killed, ['resume', killed.run]);
  await end(...services);
  return sum(first, second);
}

/** Against the undisturbed run, but for takings-over. @param again how often tests may have been run whose result came too late for the log */
async function apart(team: FaultyTeam, { own, calm }: Own, again = 0): Promise<string[]> {
  const now = said(await recordsOf(team, own.run)).filter((line) => line !== RESUMED);
  const tests = testsOf(own);
  return [
    ...(now.join() === calm.said.join() ? [] : [`${own.run}: ${now.length} records for ${calm.said.length}: ${now.join(', ')}`]),
    ...(await performances(team, { own, calm })),
    ...(tests >= calm.tests && tests <= calm.tests + again ? [] : [`${own.run}: tests were run ${tests} times instead of ${calm.tests}`]),
  ];
}

const RESUMED = 'run run.resumed';
const RUNS = 4;

const submit = (team: FaultyTeam, { plan, repo, run }: Place): Promise<unknown> => over(team.start({ role: 'executor', args: ['submit', plan, '-C', repo.root, '--run-id', run] }));
const takes = (one: Started, run: string): number => one.err().split('\n').filter((line) => line.includes(`${run} is taken`)).length;
const sees = (one: Started, run: string): boolean => one.err().includes(`${run} is over: COMPLETE`);

async function twoIdle(team: FaultyTeam, own: Place): Promise<readonly [Started, Started]> {
  const both = [worker(team, { ...own, run: `${own.run}-w1` }), worker(team, { ...own, run: `${own.run}-w2` }, { wire: 'relay' })] as const;
  await until('both workers are ready', () => both.every((one) => one.err().includes('ready') || hasEnded(one)));
  return both;
}

/** Both idle when the runs come: each run is taken once, and no effect is performed by both. */
async function twoWorkers({ team, own, calm }: Trial): Promise<Tally> {
  const services = [await team.serve('ledger'), await team.serve('relay')];
  const both = await twoIdle(team, own);
  const runs = Array.from({ length: RUNS }, (_, i) => runOf(own, `${own.run}-${i}`));
  await Promise.all(runs.map((place) => submit(team, place)));
  await until('all runs are over', () => runs.every(({ run }) => both.some((one) => sees(one, run))) || both.some(hasEnded), LAPSED_MS * 2).catch(() => {});
  let total: Tally = { ...NOTHING, problems: both.flatMap((one) => (hasEnded(one) ? [`${own.run}: a worker ended: ${one.err().slice(-300)}`] : [])) };
  for (const place of runs) {
    const taken = both.reduce((count, one) => count + takes(one, place.run), 0);
    const result = await tally(team, place.run);
    const problems = [...result.problems, ...(taken === 1 ? [] : [`${place.run} was taken ${taken} times`]), ...(await apart(team, { own: place, calm }))];
    total = sum(total, { ...NOTHING, ...result, times: 1, problems });
  }
  await end(...both, ...services);
  return total;
}

/** Both alive on one run: the first comes back when its hold has lapsed and the second goes on; then it takes the next run. */
async function workerCutOff(trial: Trial): Promise<Tally> {
  const { team, own, calm } = trial;
  const services = [await team.serve('ledger'), await team.serve('relay')];
  const [torn, next] = [runOf(own, `${own.run}-torn`), runOf(own, `${own.run}-next`)];
  const first = worker(team, { ...own, run: `${own.run}-w1` });
  await submit(team, torn);
  await untilOr(() => team.ear.appends(torn.run) >= moment(trial) + 2, first); // the submission and the taking are two more
  team.wires.executor.hold(true);
  const times = sees(first, torn.run) ? 0 : 1;
  const second = worker(team, { ...own, run: `${own.run}-w2` }, { wire: 'relay' });
  await until('the second takes it', () => takes(second, torn.run) > 0 || hasEnded(second), LAPSED_MS).catch(() => {});
  const before = team.ear.appends(torn.run);
  await untilOr(() => team.ear.appends(torn.run) > before + 1 || sees(second, torn.run), second);
  team.wires.executor.hold(false);
  await until('it is over', () => sees(second, torn.run) || hasEnded(second), LAPSED_MS).catch(() => {});
  await end(second);
  await submit(team, next);
  await until('the first goes on with the next', () => sees(first, next.run) || hasEnded(first), LAPSED_MS * 2).catch(() => {});
  let total: Tally = { ...NOTHING, times, waits: waitsIn(first.err()).waits };
  for (const place of [torn, next]) {
    const result = await tally(team, place.run);
    total = sum(total, { ...NOTHING, ...result, problems: [...result.problems, ...(await apart(team, { own: place, calm }, place === torn ? 1 : 0)), ...(sees(first, next.run) ? [] : [`${place.run}: the first worker says ${first.err().slice(-400)}`])] });
  }
  await end(first, ...services);
  return total;
}
