// Kill
// ====
// `npm run e2e:kill`: the demo, killed by SIGKILL after every record in turn, take-overs included, and resumed each
// time. It must end as the undisturbed run does, and ask, commit and pay nothing twice.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunRecord } from '#src/record/record.ts';

const MAIN = fileURLToPath(new URL('../support/kill-main.ts', import.meta.url));
const LIVES_MAX = 400;
/** In turn: right after the take-over, after the next record, after one of progress. */
const DEATHS = ['first', 'progress', 'second', 'progress'] as const;
const folder = mkdtempSync(join(tmpdir(), 'autopack-kill-'));

interface Place { readonly home: string; readonly repository: string }

function autopack(place: Place, args: readonly string[], killAfter = 'never'): { status: number | null; signal: string | null; stdout: string } {
  const env = { ...process.env, AUTOPACK_HOME: place.home, KILL_AFTER: killAfter };
  const { status, signal, stdout } = spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 });
  return { status, signal, stdout: stdout.toString('utf8') };
}

function prepare(name: string): Place {
  const place = { home: join(folder, `${name}-home`), repository: join(folder, name) };
  if (autopack(place, ['init', '--example', place.repository]).status !== 0) throw new Error('init failed');
  return place;
}

const startArgs = ({ repository }: Place): string[] => ['run', join(repository, 'plan.yaml'), '-C', repository, '--run-id', 'killed', '--provider', `script:${join(repository, 'answers.yaml')}`];

function recordsOf(place: Place): RunRecord[] {
  const lines = autopack(place, ['log', 'killed', '--json']).stdout.trim().split('\n');
  return lines.map((line) => (JSON.parse(line) as { record: RunRecord }).record);
}

const git = ({ repository }: Place, ...args: string[]): string => spawnSync('git', ['-C', repository, ...args]).stdout.toString('utf8').trim();

/** What must not depend on crashes. */
function essence(place: Place) {
  const records = recordsOf(place);
  const ended = records.flatMap(({ facts }) => facts).filter(({ type }) => type === 'phase.ended').map(({ actor, data }) => [actor, data['outcome'], data['attempts']]);
  const trees = git(place, 'log', '--format=%T %s', 'main..autopack/run-killed').split('\n');
  return { ended, trees };
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

const started = performance.now();
const calm = prepare('calm');
const undisturbed = autopack(calm, startArgs(calm));
const killed = prepare('killed');
let outcome = autopack(killed, startArgs(killed), 'first');
let lives = 1;
for (; outcome.signal === 'SIGKILL' && lives < LIVES_MAX; lives += 1) {
  outcome = autopack(killed, ['resume', 'killed'], DEATHS[lives % DEATHS.length]);
}
const problems: string[] = [];
if (undisturbed.status !== 0) problems.push(`the undisturbed run exits ${undisturbed.status}`);
if (outcome.status !== 0) problems.push(`the killed run exits ${outcome.status} (${outcome.signal})`);
const [expected, actual] = [essence(calm), essence(killed)];
if (JSON.stringify(expected.ended) !== JSON.stringify(actual.ended)) problems.push(`outcomes differ: ${JSON.stringify(expected.ended)} against ${JSON.stringify(actual.ended)}`);
if (JSON.stringify(expected.trees) !== JSON.stringify(actual.trees)) problems.push(`trees differ: ${expected.trees.join(', ')} against ${actual.trees.join(', ')}`);
const records = recordsOf(killed);
problems.push(...twice(records).map((key) => `twice: ${key}`));
if (autopack(killed, ['replay', 'killed', '--verify']).status !== 0) problems.push('the log of the killed run does not verify');
const seconds = ((performance.now() - started) / 1000).toFixed(1);
process.stdout.write(`${lives} lives, ${lives - 1} kills, ${records.length} records (undisturbed ${recordsOf(calm).length}), ${expected.trees.length} equal trees, ${seconds} s\n`);
for (const problem of problems) process.stdout.write(`${problem}\n`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = problems.length === 0 ? 0 : 1;
