// Version lock
// ============
// The bytes that decide how a recorded run replays: the charts and everything of ours that they import. `npm run lock`
// writes machines/versions.json; a test holds the file against the bytes.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join, relative } from 'node:path';
import { sha256 } from '#src/record/canonical.ts';
import { phaseMachine } from '#machines/phase.ts';
import { runMachine } from '#machines/run.ts';

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

export function lockNow() {
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

export const lockedText = (): string => readFileSync(LOCK, 'utf8');
export const lockText = (): string => `${JSON.stringify(lockNow(), null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(LOCK, lockText());
