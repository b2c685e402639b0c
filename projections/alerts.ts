// Alerts
// ======
// What somebody wants to be told of while it happens: read off one record alone, so whoever follows the log needs no past.
//
//   V3. A record gives the same alerts whenever it is read, each with an id of its own: a repeat is known by it.

import type { EffectParams } from '#src/events/effects.ts';
import type { FactData, FactType } from '#src/events/facts.ts';
import type { InputData } from '#src/events/inputs.ts';
import type { Effect, Fact, RunRecord } from '#src/record/record.ts';
import { iso } from './projection.ts';
import { questionId } from './run-view.ts';

export const SEVERITIES = ['info', 'warn', 'critical'] as const;
export const KINDS = ['needs_human', 'budget', 'blocked', 'stuck', 'failed', 'finished', 'provider', 'replay_mismatch', 'stale_executor'] as const;

export interface Alert {
  readonly v: 1;
  readonly type: 'alert';
  /** The record's hash and the alert's number in it. */
  readonly id: string;
  readonly severity: (typeof SEVERITIES)[number];
  readonly kind: (typeof KINDS)[number];
  readonly runId: string;
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  readonly phase: string | null;
  readonly message: string;
  /** The command that leads on. */
  readonly next: string | null;
}

type Said = Pick<Alert, 'severity' | 'kind' | 'phase' | 'message' | 'next'>;

export function alertsOf(record: RunRecord): Alert[] {
  const { run, seq, at, hash, event, effects, facts } = record;
  const said = [...ofEvent(run, event), ...effects.flatMap((effect) => ofEffect(run, effect)), ...facts.flatMap((fact) => ofFact(run, fact))];
  return said.map((alert, i) => ({ v: 1, type: 'alert', id: `${hash}:${i}`, runId: run, seq, at: iso(at), ...alert }));
}

/** Bytes that stand in the log and are not the record that they should be. */
export const mismatch = (place: { readonly runId: string; readonly seq: number; readonly id: string; readonly at: number }, why: string): Alert => ({
  v: 1, type: 'alert', id: `${place.id}:0`, runId: place.runId, seq: place.seq, at: iso(place.at),
  severity: 'critical', kind: 'replay_mismatch', phase: null, message: why.slice(0, 500), next: `autopack replay ${place.runId} --verify`,
});

function ofEvent(run: string, { type, data }: RunRecord['event']): Said[] {
  if (type !== 'run.resumed') return [];
  const { epoch, downMs } = data as unknown as InputData<'run.resumed'>;
  return [{ severity: 'info', kind: 'stale_executor', phase: null, message: `${run} was taken over after ${Math.round(downMs / 1000)} s (epoch ${epoch}); an executor of an older epoch writes nothing any more`, next: null }];
}

function ofEffect(run: string, { id, type, params }: Effect): Said[] {
  if (type !== 'askHuman') return [];
  const { phase, question, options, default: byDefault, expiresAt } = params as EffectParams<'askHuman'>;
  return [{ severity: 'warn', kind: 'needs_human', phase, message: `${question} (${options.join(', ')}; ${byDefault} at ${iso(expiresAt)})`, next: `autopack approve ${questionId(run, id)}` }];
}

/** reason of a pause -> what it is to people; every other one means that it does not go on by itself */
const PAUSES: Readonly<Record<string, Alert['kind']>> = { budget: 'budget', iterations: 'budget', duration: 'budget', provider: 'provider' };

function ofFact(run: string, { actor, type, data }: Fact): Said[] {
  const is = <T extends FactType>(wanted: T): FactData<T> | null => (type === wanted ? (data as FactData<T>) : null);
  const phase = actor.startsWith('phase:') ? actor.slice('phase:'.length) : null;
  const paused = is('run.paused');
  if (paused !== null) return [{ severity: 'critical', kind: PAUSES[paused.reason] ?? 'stuck', phase, message: `${run} pauses: ${paused.reason} ${paused.detail}`.trim(), next: `autopack resume ${run}` }];
  const refused = is('publish.refused');
  if (refused !== null) return [{ severity: 'warn', kind: 'blocked', phase, message: `the branch of ${run} was not moved to ${refused.commit}: ${refused.reason}`, next: null }];
  const ended = is('phase.ended');
  if (ended !== null) return ofPhase(run, phase, ended);
  const over = is('run.ended');
  return over === null ? [] : [ofRun(run, over)];
}

function ofPhase(run: string, phase: string | null, { outcome, reason }: FactData<'phase.ended'>): Said[] {
  if (outcome !== 'FAILED' && outcome !== 'BLOCKED') return [];
  return [{ severity: 'warn', kind: outcome === 'FAILED' ? 'failed' : 'blocked', phase, message: `${phase ?? run} ended ${outcome}: ${reason ?? 'no reason'}`, next: `autopack show ${run} ${phase ?? ''}`.trim() }];
}

function ofRun(run: string, { outcome, reason }: FactData<'run.ended'>): Said {
  const message = `${run} is over: ${outcome}${reason === null ? '' : ` ${reason}`}`;
  if (outcome === 'FAILED') return { severity: 'critical', kind: 'failed', phase: null, message, next: `autopack status ${run}` };
  return { severity: outcome === 'COMPLETE' ? 'info' : 'warn', kind: 'finished', phase: null, message, next: outcome === 'COMPLETE' ? `autopack merge ${run}` : null };
}
