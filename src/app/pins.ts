// Pins
// ====
// What record 0 pins a run to, and the registry of the charts that are kept: a run is verified and continued only by
// the charts it began with. `machines/versions.json` is the lock of today's; `machines/kept` holds earlier versions, each
// with everything of ours that it imports and with its own lock. Tests hold the locks against the bytes.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ExecutorError } from '#src/errors/errors.ts';
import { Pins } from '#src/events/policy.ts';
import type { System } from '#src/kernel/step.ts';
import { canonical, sha256 } from '#src/record/canonical.ts';
import { system } from './system.ts';
import { packageVersion } from './version.ts';

const Lock = z.strictObject({ charts: Pins.shape.charts, schemas: Pins.shape.schemas });
/** `same`: earlier bytes of these versions. Every run in tests/histories that they recorded replays under today's. */
const Versions = z.strictObject({ ...Lock.shape, same: z.array(Lock) });

const KEPT = new URL('../../machines/kept/', import.meta.url);
const require = createRequire(import.meta.url);

const versionsAt = (url: URL): z.infer<typeof Versions> => Versions.parse(JSON.parse(readFileSync(url, 'utf8')));
const keyOf = ({ charts, schemas }: z.infer<typeof Lock>): string => canonical({ charts, schemas });
const holds = (locked: z.infer<typeof Versions>, pins: Pins): boolean => [locked, ...locked.same].some((lock) => keyOf(lock) === keyOf(pins));

export const versions = versionsAt(new URL('../../machines/versions.json', import.meta.url));

const hashesOf = (prompts: ReadonlyMap<string, string>): Pins['prompts'] => [...prompts].map(([name, text]) => ({ name, sha256: sha256(text) })).sort((a, b) => (a.name < b.name ? -1 : 1));

export function pinsFor(prompts: ReadonlyMap<string, string>): Pins {
  const { charts, schemas } = versions;
  return { package: packageVersion, charts, schemas, prompts: hashesOf(prompts) };
}

/** Names of the templates that are not what the run began with: they are the world, what they asked is recorded. */
export function promptsChanged(pins: Pins, prompts: ReadonlyMap<string, string>): string[] {
  const [before, now] = [pins.prompts, hashesOf(prompts)].map((hashes) => new Map(hashes.map(({ name, sha256: hash }) => [name, hash])));
  return [...new Set([...pins.prompts.map(({ name }) => name), ...prompts.keys()])].filter((name) => before?.get(name) !== now?.get(name)).sort();
}

/** @throws ExecutorError `record.version` naming both when the run's charts are not kept here. */
export function systemFor(requested: Record<string, unknown>): System {
  const pins = Pins.safeParse(requested['pins']);
  const kept = pins.success ? (holds(versions, pins.data) ? system : keptSystem(pins.data)) : undefined;
  if (kept !== undefined) return kept;
  const name = ({ charts }: Pick<Pins, 'charts'>): string => charts.map(({ name: chart, version, sha256: hash }) => `${chart}@${version} (${hash.slice(0, 12)})`).join(', ');
  const theirs = pins.success ? `autopack ${pins.data.package}, ${name(pins.data)}` : 'an unreadable version';
  throw new ExecutorError('record.version', `the run is pinned to ${theirs}; this is autopack ${packageVersion}, ${name(versions)}`, { hint: 'use the version that started the run' });
}

/** An earlier version's charts on today's kernel. Loaded when a run asks for them; synchronous, since folding is. */
function keptSystem(pins: Pins): System | undefined {
  const folder = existsSync(KEPT) ? readdirSync(KEPT).sort().find((name) => holds(versionsAt(new URL(`${name}/versions.json`, KEPT)), pins)) : undefined;
  return folder === undefined ? undefined : (require(fileURLToPath(new URL(`${folder}/src/app/system.js`, KEPT))) as { system: System }).system;
}
