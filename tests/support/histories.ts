// Histories
// =========
// Recorded runs that together take every edge of both charts, one file each, one canonical record a line, filed under
// the versions that recorded them. They are replayed for ever. `npm run histories` records those of today's versions anew.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { phaseEngine, runEngine } from '#src/app/system.ts';
import { Pins } from '#src/events/policy.ts';
import { fold, type Divergence, type SystemFor } from '#src/kernel/log.ts';
import { canonical } from '#src/record/canonical.ts';
import type { RunRecord } from '#src/record/record.ts';

const FOLDER = fileURLToPath(new URL('../histories/', import.meta.url));

export interface History {
  /** `kernel-1.phase-1.run-1/07.jsonl` */
  readonly name: string;
  readonly records: readonly RunRecord[];
}

/** @param version as `nameOf` gives it. */
export function historiesOf(version: string): History[] {
  const folder = join(FOLDER, version);
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')).sort() : [];
  return files.map((file) => ({ name: `${version}/${file}`, records: readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as RunRecord) }));
}

export const historyVersions = (): string[] => readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();

export const pinsOf = (records: readonly RunRecord[]): Pins => Pins.parse(records[0]?.event.data['pins']);

/** `phase:a:phase.QUEUED|…` without the phase's name: an edge of the chart. */
export const edgeOfChart = (edge: string): string => (edge.startsWith('run:') ? edge : `phase:${edge.slice(edge.indexOf(':', 'phase:'.length) + 1)}`);

export function replay(records: readonly RunRecord[], systemFor: SystemFor): { divergence: Divergence | null; edges: ReadonlySet<string> } {
  const edges = new Set<string>();
  const { divergence } = fold(records, systemFor, null, (_record, applied) => applied.edges.forEach((edge) => edges.add(edgeOfChart(edge))));
  return { divergence, edges };
}

export function edgesNotTaken(taken: readonly ReadonlySet<string>[]): string[] {
  const all = [...runEngine.allEdges.map((edge) => `run:${edge}`), ...phaseEngine.allEdges.map((edge) => `phase:${edge}`)];
  return all.filter((edge) => taken.every((edges) => !edges.has(edge)));
}

/** Writes the runs as the histories of `version`, in place of those that were there. */
export function writeHistories(version: string, runs: readonly (readonly RunRecord[])[]): void {
  const folder = join(FOLDER, version);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  runs.forEach((records, i) => writeFileSync(join(folder, `${String(i + 1).padStart(2, '0')}.jsonl`), records.map((record) => `${canonical(record)}\n`).join('')));
}
