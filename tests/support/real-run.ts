// A small real run: a repository of one file, a plan of few phases, scripted answers, real hands, a store in memory.
// Returns data, never expects.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unchanged } from '#src/events/inputs.ts';
import { scriptedModels } from '#src/adapters/script/models.ts';
import { execute, readPrompts } from '#src/app/execute.ts';
import { machineOf, openStore, type Machine, type Store } from '#src/app/machine.ts';
import { standingOf } from '#src/app/standing.ts';
import { appendRequest, prepareStart, rememberStart } from '#src/app/start.ts';
import type { Driven } from '#src/kernel/drive.ts';
import type { RunRecord } from '#src/record/record.ts';
import { temporary, userRepository, type UserRepo } from './user-repository.ts';

/** A stop that nobody asks for. */
export const NEVER = new AbortController().signal;

export interface SmallRun {
  readonly run: string;
  readonly machine: Machine;
  readonly store: Store;
  readonly repo: UserRepo;
  readonly provider: string;
}

/** What the builder writes into `<phase>.txt`; a number asks for so many lines. */
export type Texts = Readonly<Record<string, string>>;

const plan = (texts: Texts): string =>
  JSON.stringify({
    run: { project_id: 'small' },
    ci: { skip: true, reason: 'nothing to test' },
    tiers: [{ tier_id: 't', tier_index: 0, name: 'T' }],
    phases: Object.keys(texts).map((phase_id, phase_index) => ({ phase_id, phase_index, tier_id: 't', name: `Write ${phase_id}`, description: `Write ${phase_id}.txt`, scope: { paths: [`${phase_id}.txt`] }, task_category: 'docs', complexity: 'low', builder_mode: 'full_file' })),
  });

export function writeAnswers(file: string, texts: Texts): string {
  const verdict = { approved: true, issues: [], summary: 'fine' };
  const answers = Object.entries(texts).map(([phase, content]) => ({ role: 'builder', phase, json: { summary: 's', files: [{ path: `${phase}.txt`, mode: 'create', new_content: content }] }, usage: { input: 100, output: 20 } }));
  writeFileSync(file, JSON.stringify({ version: 1, answers, defaults: { auditor: { json: verdict }, auditor2: { json: verdict } } }));
  return `script:${file}`;
}

/** Begins a run without driving it. */
export async function requestedRun(texts: Texts = { a: 'one\n' }, spec = 'memory:', run = 'small'): Promise<SmallRun> {
  const repo = userRepository({ 'readme.txt': 'a small project\n' });
  const home = temporary('autopack-home-');
  const machine = machineOf({ AUTOPACK_HOME: home, AUTOPACK_CLOCK: '2026-01-01T00:00:00Z', AUTOPACK_LOG_LEVEL: 'silent', PATH: process.env['PATH'] }, { store: spec });
  const file = join(home, 'plan.json');
  writeFileSync(file, plan(texts));
  const provider = writeAnswers(join(home, 'answers.json'), texts);
  const store = await openStore(spec, NEVER);
  const prepared = await prepareStart(machine, { plan: file, runId: run, workspace: repo.root, provider, flags: { base: null, caps: unchanged, dualAudit: true, sandbox: 'none' } });
  await rememberStart(machine, prepared, provider);
  await appendRequest(machine, store, prepared);
  return { run, machine, store, repo, provider };
}

/** Drives it as a resume does, to its end or until after a record. */
export async function driven({ machine, store, repo, run, provider }: SmallRun, isLast: (record: RunRecord) => boolean = () => false): Promise<Driven> {
  const stop = new AbortController();
  const models = { ...(await scriptedModels(provider.slice('script:'.length))), secrets: [] };
  const standing = await standingOf(machine, store, run);
  return execute({ run, machine, store, standing, snapshotEvery: 1000, workspace: repo.root, models, prompts: await readPrompts(), wait: false, stop: stop.signal, resume: unchanged, onRecord: (record) => {
    if (isLast(record)) stop.abort();
  } });
}

export async function finishedRun(texts?: Texts, spec?: string, run?: string): Promise<SmallRun> {
  const small = await requestedRun(texts, spec, run);
  await driven(small);
  return small;
}

export async function bytesOf(made: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of made) chunks.push(chunk);
  return Buffer.concat(chunks);
}
