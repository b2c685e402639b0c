// What the kill harness shares: the demo in a place of its own, lives that end early, and what must not depend on them.
// Returns data, never expects.

import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunRecord } from '#src/record/record.ts';
import { BIN, leftBehind, linesOf, type Place, watched } from './e2e.ts';
import { repositoryAt } from './user-repository.ts';

/** The product's command line that kills itself after a durable record; see there. */
export const DEADLY = fileURLToPath(new URL('kill-main.ts', import.meta.url));

export interface Life {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
}

export const RUN = 'killed';
export const RESUME = ['resume', RUN];
export const startArgs = ({ plan, answers, repo }: Place): string[] => ['run', plan, '-C', repo.root, '--run-id', RUN, '--provider', `script:${answers}`];

const envOf = ({ home }: Place): NodeJS.ProcessEnv => ({ ...process.env, AUTOPACK_HOME: home });

/** One life that kills itself right after a record: see `kill-main.ts`. */
export function lifeUntil(place: Place, args: readonly string[], killAfter: string): Life {
  const { status, signal, stdout } = spawnSync(process.execPath, [DEADLY, ...args], { cwd: place.folder, env: { ...envOf(place), KILL_AFTER: killAfter }, stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 });
  return { code: status, signal, out: stdout.toString('utf8') };
}

/** One life whose process group is killed after so many milliseconds, if it has not ended by then. */
export async function lifeFor(place: Place, args: readonly string[], killAfterMs = Infinity): Promise<Life> {
  const started = watched(spawn(process.execPath, [BIN, ...args], { cwd: place.folder, env: envOf(place), stdio: ['ignore', 'pipe', 'pipe'], detached: true }));
  const { pid } = started.child;
  const timer = Number.isFinite(killAfterMs) && pid !== undefined ? setTimeout(() => process.kill(-pid, 'SIGKILL'), killAfterMs) : undefined;
  const { code, signal, out } = await started.done.finally(() => clearTimeout(timer));
  return { code, signal, out };
}

/** @throws when the example cannot be made. */
export async function demoIn(folder: string, name: string): Promise<Place> {
  const root = join(folder, name, 'tally');
  const place: Place = { folder: join(folder, name), home: join(folder, name, 'state'), repo: repositoryAt(root), plan: join(root, 'plan.yaml'), answers: join(root, 'answers.yaml'), run: RUN };
  const made = await lifeFor({ ...place, folder }, ['init', '--example', root]);
  if (made.code !== 0) throw new Error(`init exits ${made.code}`);
  return place;
}

export async function recordsOf(place: Place): Promise<RunRecord[]> {
  const { code, signal, out } = await lifeFor(place, ['log', RUN, '--json']);
  return linesOf({ code, signal, out, err: '' }).map((line) => (line as unknown as { record: RunRecord }).record);
}

/** What must not depend on crashes: how each phase ended, in how many attempts, and every tree. */
export interface Essence {
  readonly ended: readonly string[];
  readonly trees: readonly string[];
}

export function essenceOf(place: Place, records: readonly RunRecord[]): Essence {
  const ended = records.flatMap(({ facts }) => facts).filter(({ type }) => type === 'phase.ended').map(({ actor, data }) => `${actor} ${String(data['outcome'])} in ${String(data['attempts'])}`);
  return { ended, trees: place.repo.git('log', '--format=%T %s', `main..autopack/run-${RUN}`).split('\n') };
}

/** Everything that is wrong with a run that was killed again and again and is over now. */
export async function problemsOf(place: Place, calm: Essence, last: Life): Promise<string[]> {
  if (last.code !== 0) return [`the killed run exits ${last.code} (${last.signal})`];
  const records = await recordsOf(place);
  const essence = essenceOf(place, records);
  const differing = (['ended', 'trees'] as const).filter((part) => essence[part].join('\n') !== calm[part].join('\n')).map((part) => `${part} differ: ${calm[part].join(', ')} against ${essence[part].join(', ')}`);
  const verified = (await lifeFor(place, ['replay', RUN, '--verify'])).code === 0 ? [] : ['the log of the killed run does not verify'];
  return [...differing, ...twice(records).map((key) => `twice: ${key}`), ...verified, ...leftBehind(place).map((name) => `left behind: ${name}`)];
}

/** What may happen once at most, by what it is. */
function twice(records: readonly RunRecord[]): string[] {
  const keys: string[] = [];
  const calls = new Map(records.flatMap(({ effects }) => effects).map((effect) => [effect.id, effect]));
  for (const { event, to, effects } of records) {
    const effect = calls.get(event.cause ?? '');
    if (event.type === 'commit.written') keys.push(`commit ${to}`);
    if (effect !== undefined && event.type.endsWith('.answered') && effect.type.startsWith('call')) keys.push(`answer ${effect.type} ${['role', 'phase', 'attempt', 'call'].map((key) => String(effect.params[key])).join(' ')}`);
    for (const { type, params } of effects) if (type === 'askHuman') keys.push(`question ${String(params['phase'])} ${String(params['attempt'])} ${String(params['kind'])}`);
  }
  return keys.filter((key, i) => keys.indexOf(key) !== i);
}
