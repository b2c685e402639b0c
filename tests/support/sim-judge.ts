// Judge of a simulated run
// ========================
// What must be true of its log, whatever the world did: it verifies, nothing is lost, nothing is there twice, every
// account is closed once, and the properties of DESIGN 4 hold in every state.

import { systemFor } from '#src/app/pins.ts';
import { effectRules } from '#src/app/rules.ts';
import { fold, fromStored, type Head } from '#src/kernel/log.ts';
import type { KernelState, OpenEffect } from '#src/kernel/step.ts';
import { canonical } from '#src/record/canonical.ts';
import type { Fact, InputEvent, RunRecord } from '#src/record/record.ts';
import type { World } from './sim-run.ts';
import { RUN } from './sim-request.ts';
import { inspect, isDone } from './world.ts';

type Told = (what: string) => void;

export async function judgeLog(world: World): Promise<void> {
  const told = (kind: World['problems'][number]['kind']): Told => (what) => void world.problems.push({ kind, what });
  const records = world.stored.map((stored) => fromStored(RUN, stored));
  let open: KernelState['open'] = new Map();
  const { head, divergence } = fold(records, systemFor, null, (record, _applied, after) => {
    const wrong = inspect(after.state) ?? early(record, open.get(record.event.cause ?? ''));
    if (wrong !== null) told('broken')(`${wrong} at ${record.seq}`);
    ({ open } = after.state);
  });
  if (divergence !== null) told('divergence')(JSON.stringify(divergence));
  judgeHolders(world, told('broken'));
  judgeLosses(world, records, told('lost'));
  await judgeMemos(world, records, told('lost'));
  judgeDoubles(records, told('doubled'));
  if (head === null || !isDone(head.state)) return;
  judgeAccounts(world, records, told('broken'));
  judgePhases(world, records, told('broken'));
  judgeEnd(world, records, head, told('broken'));
}

/** C1: no deadline comes before its time, whatever the clocks say. */
function early({ event, at }: RunRecord, timer: OpenEffect | undefined): string | null {
  if (event.type !== 'timer.fired' || timer === undefined) return null;
  const { at: asked, absolute } = effectRules.deadline(timer.effect);
  const due = absolute ? asked : asked + timer.shiftMs;
  return at < due ? `${timer.effect.id} fires ${due - at} ms early` : null;
}

/** K7: whoever was taken over appends costs, nothing else. */
function judgeHolders({ stored }: World, told: Told): void {
  let holder = '';
  for (const { type, revision, metadata: { nonce } } of stored) {
    if (type === 'run.started' || type === 'run.resumed') holder = nonce;
    else if (nonce.startsWith('process') && nonce !== holder && type !== 'effect.late' && type !== 'run.requested') told(`K7 ${nonce} appends ${type} at ${revision}, and ${holder} holds the run`);
  }
}

function judgeLosses({ acknowledged, disk }: World, records: readonly RunRecord[], told: Told): void {
  for (const id of acknowledged) if (!disk.ids.has(id)) told(`an acknowledged record is gone: ${id}`);
  const epochs = records.filter(({ event }) => event.type === 'run.started' || event.type === 'run.resumed').map(({ event }) => event.data['epoch']);
  if (epochs.some((epoch, i) => epoch !== i + 1)) told(`take-overs are not counted one by one: ${epochs.join(', ')}`);
}

/** An answer that was kept is the one that entered the log. */
async function judgeMemos({ disk }: World, records: readonly RunRecord[], told: Told): Promise<void> {
  const answers = new Map(records.map(({ event }) => [event.cause ?? '', event]));
  for (const [key, { ref }] of disk.memos) {
    const [, effect = ''] = JSON.parse(key) as string[];
    const answer = answers.get(effect);
    const body = disk.bodies.get(ref);
    if (answer === undefined || body === undefined || effect.endsWith('#begun')) continue;
    const kept = JSON.parse(Buffer.from(body).toString('utf8')) as InputEvent;
    if (canonical([kept.type, kept.data]) !== canonical([answer.type, answer.data])) told(`${effect} is kept with another answer than the log has`);
  }
}

function twice(keys: readonly string[]): string[] {
  return keys.filter((key, i) => keys.indexOf(key) !== i);
}

const factsOf = (records: readonly RunRecord[], type: string): Fact[] => records.flatMap(({ facts }) => facts).filter((fact) => fact.type === type);

function judgeDoubles(records: readonly RunRecord[], told: Told): void {
  for (const cause of twice(records.flatMap(({ event }) => (event.cause === undefined ? [] : [event.cause])))) told(`${cause} has two results in the log`);
  for (const id of twice(records.flatMap(({ effects }) => effects.map((effect) => effect.id)))) told(`${id} is asked for twice`);
  for (const effect of twice(factsOf(records, 'quota.settled').map(({ data }) => String(data['effect'])))) told(`N2 ${effect} is settled twice`);
  for (const effect of twice(factsOf(records, 'quota.reserved').map(({ data }) => String(data['effect'])))) told(`Q-10 ${effect} is reserved twice`);
  for (const actor of twice(factsOf(records, 'phase.ended').map((fact) => fact.actor))) told(`${actor} ends twice`);
}

/** Each reservation is closed once, by what its calls said, and the run's sum is the sum of them. */
function judgeAccounts({ usages, guessed }: World, records: readonly RunRecord[], told: Told): void {
  const settled = factsOf(records, 'quota.settled').map(({ data }) => data as { effect: string; inputTokens: number; outputTokens: number; costMicroUsd: number; estimated: boolean });
  const reserved = factsOf(records, 'quota.reserved').map(({ data }) => String(data['effect']));
  const ids = new Set(settled.map(({ effect }) => effect));
  for (const id of reserved) if (!ids.has(id)) told(`N2 the reservation of ${id} is never closed`);
  const sum = (of: (account: (typeof settled)[number]) => number): number => settled.reduce((total, account) => total + of(account), 0);
  const end = factsOf(records, 'run.ended')[0]?.data ?? {};
  const sums = [sum(({ inputTokens }) => inputTokens), sum(({ outputTokens }) => outputTokens), sum(({ costMicroUsd }) => costMicroUsd)];
  if (canonical(sums) !== canonical([end['inputTokens'], end['outputTokens'], end['costMicroUsd']])) told(`the run says it used ${String(end['inputTokens'])} + ${String(end['outputTokens'])}, its calls ${sums.join(', ')}`);
  for (const { effect, inputTokens, outputTokens, estimated } of settled) {
    const isKnown = estimated || guessed.has(effect) || inputTokens + outputTokens === 0 || (usages.get(effect) ?? []).includes(inputTokens + outputTokens);
    if (!isKnown) told(`${effect} counts ${inputTokens + outputTokens} tokens, its calls used ${(usages.get(effect) ?? []).join(', ')}`);
    if (!estimated && !guessed.has(effect) && inputTokens + outputTokens === 0 && usages.has(effect)) told(`${effect} was answered and counts nothing`);
  }
}

/** P3, P4. */
function judgePhases({ requested }: World, records: readonly RunRecord[], told: Told): void {
  for (const { phase, policy } of requested.policy.phases) {
    const facts = records.flatMap((record) => record.facts).filter(({ actor }) => actor === `phase:${phase}`);
    const end = facts.find(({ type }) => type === 'phase.ended');
    const attempts = facts.filter(({ type }) => type === 'attempt.started').length;
    if (attempts > policy.attemptsMax + policy.againMax) told(`P4 ${phase} made ${attempts} attempts`);
    if (end?.data['outcome'] !== 'COMPLETE') continue;
    const last = facts.slice(facts.findLastIndex(({ type }) => type === 'attempt.started')).map(({ type }) => type);
    const way = [Math.max(last.indexOf('check.judged'), last.indexOf('check.skipped')), last.indexOf('audit.merged'), last.indexOf('gate.judged')];
    if (way.some((place, i) => place < 0 || place < (way[i - 1] ?? 0))) told(`P3 ${phase} is COMPLETE without check, audit and gate: ${last.join(' ')}`);
  }
}

/** Nothing after the end, no checkout left, and the branch is a chain of the recorded commits. */
function judgeEnd({ repo, isRaced }: World, records: readonly RunRecord[], head: Head, told: Told): void {
  if (records.findIndex(({ facts }) => facts.some(({ type }) => type === 'run.ended')) !== records.length - 1) told('N4 something is appended after the end');
  if (head.state.open.size > 0) told(`the run ended over ${[...head.state.open.keys()].join(' ')}`);
  const last = factsOf(records, 'run.ended')[0]?.data['head'] as string | null;
  const commits = new Set(records.filter(({ event }) => event.type === 'commit.written').map(({ event }) => event.data['commit']));
  for (let at = last; at !== null && at !== repo.base; at = repo.commits.get(at)?.parent ?? 'nothing') {
    if (!commits.has(at)) { told(`the branch holds ${at}, which no record wrote`); break; }
  }
  const isRefused = factsOf(records, 'publish.refused').length > 0;
  if (!isRefused && !isRaced && last !== null && last !== repo.base && repo.branch !== last) told(`the branch is at ${String(repo.branch)}, the log at ${last}`);
}
