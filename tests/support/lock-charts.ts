// Version lock
// ============
// The bytes that decide how a recorded run replays: the charts and everything of ours that they import. `npm run lock`
// writes machines/versions.json; a test holds the file against the bytes. Bytes may change under one version as long as
// every recorded run of that version replays as before and the recorded ones take every edge; otherwise the version
// must rise and the old one be kept. Source: kernel 2, rules 2 and 3.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join, relative } from 'node:path';
import type { versions } from '#src/app/pins.ts';
import { system } from '#src/app/system.ts';
import { canonical, sha256 } from '#src/record/canonical.ts';
import { phaseMachine } from '#machines/phase.ts';
import { runMachine } from '#machines/run.ts';
import { edgesNotTaken, historiesOf, replay } from './histories.ts';

type Versions = typeof versions;
export type Lock = Pick<Versions, 'charts' | 'schemas'>;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOCK = join(ROOT, 'machines/versions.json');
const ALIASES: Readonly<Record<string, string>> = { '#src/': 'src/', '#machines/': 'machines/', '#projections/': 'projections/' };

/** Files reached from `entries` by imports of ours, sorted. Type-only imports decide nothing. */
export function closure(entries: readonly string[]): string[] {
  const seen = new Set<string>();
  const queue = [...entries];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [, from = ''] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gms)) {
      const alias = Object.keys(ALIASES).find((prefix) => from.startsWith(prefix));
      if (alias !== undefined) queue.push((ALIASES[alias] ?? '') + from.slice(alias.length));
      else if (from.startsWith('.')) queue.push(relative(ROOT, join(ROOT, file, '..', from)));
    }
  }
  return [...seen].sort();
}

const hashOf = (entries: readonly string[]): string => sha256(closure(entries).map((file) => `${file}\n${readFileSync(join(ROOT, file), 'utf8')}`).join('\n'));

export function lockNow(): Lock {
  const kernel = ['src/kernel/step.ts', 'src/kernel/engine.ts', 'src/record/canonical.ts'];
  return {
    charts: [
      { name: 'kernel', version: '1', sha256: hashOf(kernel) },
      { name: 'phase', version: phaseMachine.version ?? '0', sha256: hashOf(['machines/phase.ts']) },
      { name: 'run', version: runMachine.version ?? '0', sha256: hashOf(['machines/run.ts']) },
    ],
    schemas: hashOf(['src/events/inputs.ts', 'src/events/effects.ts', 'src/events/facts.ts']),
  };
}

/** `kernel-1.phase-1.run-1`: what histories and kept charts are filed under. */
export const nameOf = ({ charts }: Lock): string => charts.map(({ name, version }) => `${name}-${version}`).join('.');

const keyOf = ({ charts, schemas }: Lock): string => canonical({ charts, schemas });

export const locked = (): Versions => JSON.parse(readFileSync(LOCK, 'utf8')) as Versions;
export const isLocked = (): boolean => keyOf(locked()) === keyOf(lockNow());

/** Today's lock; the one before is the same as long as the versions are. */
function versionsNow(): Versions {
  const [before, now] = [locked(), lockNow()];
  if (nameOf(before) !== nameOf(now)) return { ...now, same: [] };
  const { charts, schemas, same } = before;
  return { ...now, same: [...same, { charts, schemas }].filter((lock) => keyOf(lock) !== keyOf(now)) };
}

/** Why today's bytes cannot stand for the versions that they say they are. */
export function objections(): string[] {
  const histories = historiesOf(nameOf(lockNow()));
  if (histories.length === 0) return []; // a new version: `npm run histories` records it
  const replayed = histories.map((history) => ({ ...history, ...replay(history.records, () => system) }));
  const diverged = replayed.flatMap(({ name, divergence }) => (divergence === null ? [] : [`${name} differs at seq ${divergence.seq} in ${divergence.what}`]));
  return diverged.length > 0 ? diverged : edgesNotTaken(replayed.map(({ edges }) => edges)).map((edge) => `no recorded run takes ${edge}`);
}

const WAY_OUT = 'raise the version of the chart and keep the old one (npm run keep, before the change), or, if nobody has a run of it yet, record it anew (npm run histories)';

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const isNew = process.argv.includes('--new'); // its histories are recorded next
  const found = isNew || isLocked() ? [] : objections();
  if (found.length > 0) {
    process.stderr.write(`the charts are not what their versions say:\n${found.map((line) => `  ${line}\n`).join('')}${WAY_OUT}\n`);
    process.exit(1);
  }
  writeFileSync(LOCK, `${JSON.stringify(isNew ? { ...lockNow(), same: [] } : versionsNow(), null, 2)}\n`);
}
