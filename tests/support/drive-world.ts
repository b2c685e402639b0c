// Drive world
// ===========
// The real drive loop and the real charts on the memory store, with a hand that answers every effect well.

import { unchanged } from '#src/events/inputs.ts';
import { memoryStore, type MemoryDisk } from '#src/adapters/memory/store.ts';
import { virtualClock } from '#src/adapters/clock/clock.ts';
import { checkResult, effectRules } from '#src/app/rules.ts';
import type { DriveDeps, Performance } from '#src/kernel/drive.ts';
import { readHistory } from '#src/kernel/history.ts';
import { first, toStored } from '#src/kernel/log.ts';
import type { System } from '#src/kernel/step.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import { streamOf, type InputEvent, type RunRecord } from '#src/record/record.ts';
import { oid, results } from './alphabet.ts';
import { phasePolicy, runPolicy } from './policies.ts';
import { testSystem } from './world.ts';

export const RUN = 'r';
export const START_MS = Date.UTC(2026, 0, 1);
const phases = ['a', 'b'].map((id, tier) => ({ id, tier, dependencies: [], policy: phasePolicy({ auditor2Walk: tier === 1 ? ['m1'] : null }) }));
export const system: System = testSystem(runPolicy(), phases);
const SLOTS: Readonly<Record<string, string>> = { assembleContext: 'context', callBuilder: 'builder', buildCandidate: 'candidate', callAuditor: 'auditor', callJudge: 'judge', callPlanner: 'planner', writeCommit: 'commit', askHuman: 'question' };

/** The good answer to an effect; a function of the effect alone, as a handler's is. */
export function goodAnswer({ open: { effect } }: Performance): InputEvent {
  const of = (type: string, data: object): InputEvent => ({ type, v: 1, data: { ...data } });
  switch (effect.type) {
    case 'prepareWorkspace':
      return of('workspace.prepared', { base: oid('0'), tree: oid('9'), objectFormat: 'sha1', warnings: [] });
    case 'publish':
      return of('workspace.published', { commit: effect.params['commit'], refused: null });
    case 'cleanUp':
      return of('workspace.cleaned', {});
    case 'writeCommit':
      return of('commit.written', { commit: oid(String(effect.params['phase'])) });
    default: {
      const [type, data] = (results[SLOTS[effect.type] ?? 'tests'] ?? [])[0] ?? ['', {}];
      return of(type, data);
    }
  }
}

export const request = (disk: MemoryDisk, charts = system): Promise<void> => requestOn(memoryStore(disk).events, RUN, charts);

export async function requestOn(events: EventStore, run: string, charts = system): Promise<void> {
  const { sealed } = first(run, START_MS, { type: 'run.requested', v: 1, data: {} }, charts);
  await events.append(streamOf(run), -1, [toStored(sealed, 'n0')]);
}

export interface Options {
  readonly perform?: DriveDeps['perform'];
  readonly wrap?: (events: EventStore) => EventStore;
  readonly stop?: AbortSignal;
  readonly nonce?: string;
  readonly wait?: boolean;
  readonly clock?: Clock;
  readonly charts?: System;
}

/** One process's life on a disk. */
export function life(disk: MemoryDisk, { perform = (performance) => Promise.resolve(goodAnswer(performance)), wrap = (events) => events, stop = new AbortController().signal, nonce = 'n1', wait = false, clock = virtualClock(START_MS), charts = system }: Options = {}): DriveDeps {
  const { events, blobs } = memoryStore(disk);
  return {
    store: wrap(events), blobs, clock, systemFor: () => charts, rules: effectRules, perform, check: checkResult, nonce, concurrency: 4, stepsMax: 10_000, wait, stop,
    resume: unchanged, onRecord: () => {},
  };
}

export const recordsOn = (disk: MemoryDisk): Promise<RunRecord[]> => readHistory(memoryStore(disk).events, RUN);
export const outcomes = (records: readonly RunRecord[]): unknown[] => records.flatMap(({ facts }) => facts).filter(({ type }) => type === 'phase.ended' || type === 'run.ended').map(({ actor, data }) => [actor, data['outcome']]);
