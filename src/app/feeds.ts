// Feeds
// =====
// What a relay publishes of a record, where, and under which message ids. Commands are below `autopack.v1.<run>.command`
// and captured by no feed (src/app/command-service.ts).

import { alertsOf, type Alert } from '#projections/alerts.ts';
import type { Feed } from '#src/ports/bus.ts';
import type { RunRecord } from '#src/record/record.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const WINDOW_MS = 2 * 60 * 1000;
/** Room that it takes from nothing else: alerts share the disk with it. */
const GIB = 1024 ** 3;
const ROOT = 'autopack.v1';

/** Records, facts and moves: for whoever shows a run live; the log keeps them for ever. */
export const EVENTS: Feed = { name: 'autopack-events', subjects: ['event', 'fact', 'move'].map((kind) => `${ROOT}.*.${kind}.>`), maxAgeMs: DAY_MS, windowMs: WINDOW_MS, bytesMax: GIB };
export const ALERTS: Feed = { name: 'autopack-alerts', subjects: [`${ROOT}.*.alert.>`], maxAgeMs: 7 * DAY_MS, windowMs: WINDOW_MS };

export const alertFilter = ({ run, severity, kind }: { readonly run?: string; readonly severity?: string; readonly kind?: string }): string => `${ROOT}.${run ?? '*'}.alert.${severity ?? '*'}.${kind ?? '*'}`;

export interface Message {
  readonly subject: string;
  readonly id: string;
  readonly body: Uint8Array;
  readonly isAlert: boolean;
}

/** The record, its facts, its moves, then its alerts. */
export const messagesOf = (record: RunRecord): Message[] => messagesWith(record, JSON.stringify(record));

/** For who has the record's JSON as well. */
export function messagesWith(record: RunRecord, text: string): Message[] {
  const { run: runId, seq, at, hash, event, facts, moves } = record;
  const place = { v: 1, runId, seq, at };
  const said = [
    { kind: `event.${event.type}`, body: `${JSON.stringify({ ...place, type: 'record' }).slice(0, -1)},"record":${text}}` },
    ...facts.map((fact) => ({ kind: `fact.${fact.type}`, body: JSON.stringify({ ...place, type: 'fact', fact }) })),
    ...moves.map((move) => ({ kind: `move.${token(move.actor)}.${move.to}`, body: JSON.stringify({ ...place, type: 'move', move }) })),
  ];
  const alerts = alertsOf(record).map(alertMessage); // they have the first numbers
  return [...said.map(({ kind, body }, i) => ({ subject: `${ROOT}.${runId}.${dotted(kind)}`, id: `${hash}:${alerts.length + i}`, body: Buffer.from(body), isAlert: false })), ...alerts];
}

export const alertMessage = (alert: Alert): Message => ({ subject: `${ROOT}.${alert.runId}.alert.${alert.severity}.${alert.kind}`, id: alert.id, body: Buffer.from(JSON.stringify(alert)), isAlert: true });

/** A server ends the connection of who sends a subject above its limit; no name of ours comes near. */
const TOKEN_MAX = 100;
const TOKENS_MAX = 8;
const token = (text: string): string => text.slice(0, TOKEN_MAX).replace(/[^A-Za-z0-9_:-]/g, '_') || '_';
const dotted = (text: string): string => text.split('.', TOKENS_MAX).map(token).join('.');
