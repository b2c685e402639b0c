// Pins
// ====
// What record 0 pins a run to, and the registry of the charts that are kept: a run is verified and continued only by
// the charts it began with. `machines/versions.json` is the lock; tests hold it against the bytes.

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ExecutorError } from '#src/errors/errors.ts';
import { Pins } from '#src/events/policy.ts';
import type { System } from '#src/kernel/step.ts';
import { canonical, sha256 } from '#src/record/canonical.ts';
import { system } from './system.ts';
import { packageVersion } from './version.ts';

const Versions = z.strictObject({ charts: Pins.shape.charts, schemas: Pins.shape.schemas });

export const versions = Versions.parse(JSON.parse(readFileSync(new URL('../../machines/versions.json', import.meta.url), 'utf8')));

export function pinsFor(prompts: ReadonlyMap<string, string>): Pins {
  return { package: packageVersion, ...versions, prompts: [...prompts].map(([name, text]) => ({ name, sha256: sha256(text) })).sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

const registry: ReadonlyMap<string, System> = new Map([[keyOf(versions), system]]);

function keyOf({ charts, schemas }: Pick<Pins, 'charts' | 'schemas'>): string {
  return canonical({ charts, schemas });
}

/** @throws ExecutorError `record.version` naming both when the run's charts are not kept here. */
export function systemFor(requested: Record<string, unknown>): System {
  const pins = Pins.safeParse(requested['pins']);
  const kept = pins.success ? registry.get(keyOf(pins.data)) : undefined;
  if (kept !== undefined) return kept;
  const name = ({ charts }: Pick<Pins, 'charts'>): string => charts.map(({ name: chart, version, sha256: hash }) => `${chart}@${version} (${hash.slice(0, 12)})`).join(', ');
  const theirs = pins.success ? `autopack ${pins.data.package}, ${name(pins.data)}` : 'an unreadable version';
  throw new ExecutorError('record.version', `the run is pinned to ${theirs}; this is autopack ${packageVersion}, ${name(versions)}`, { hint: 'use the version that started the run' });
}
