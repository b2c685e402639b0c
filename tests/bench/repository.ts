// Bench repository
// ================
// What a phase costs beside its model and its tests, and what it costs to choose a context; against the plain commands
// that somebody would type who wants the same of git.

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scriptedModels } from '#src/adapters/script/models.ts';
import { execute } from '#src/app/execute.ts';
import { machineOf, openStore } from '#src/app/machine.ts';
import { standingOf } from '#src/app/standing.ts';
import { unchanged } from '#src/events/inputs.ts';
import { appendRequest, prepareStart } from '#src/app/start.ts';
import { contextFor, sceneAt } from '#tests/support/hands.ts';
import { NEVER } from '#tests/support/real-run.ts';
import { repositoryAt, temporary, type UserRepo } from '#tests/support/user-repository.ts';
import type { Pair } from './measure.ts';

const FOLDERS = 200;
const source = (i: number): string => `import { one } from './other.js';\n\n${Array.from({ length: 20 }, (_, line) => `export const value${i}x${line} = one(${line}); // what it is for\n`).join('')}`;
const pathOf = (i: number): string => `src/part${i % FOLDERS}/file${i}.js`;

async function elapsed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function repositoryOf(files: number): UserRepo {
  const repo = repositoryAt(temporary('autopack-bench-'));
  repo.git('init', '-q', '-b', 'main');
  repo.commit(Object.fromEntries(Array.from({ length: files }, (_, i) => [pathOf(i), source(i)])));
  repo.git('repack', '-a', '-d', '-q'); // as a repository lies there that was cloned
  return repo;
}

/** A repository is removed with the process. */
function kept(repo: UserRepo): UserRepo {
  process.on('exit', () => rmSync(repo.root, { recursive: true, force: true }));
  return repo;
}

/** One phase's context, and `git ls-files` with a read of each file that was chosen. */
export async function contextPair(files: number): Promise<Pair> {
  const repo = kept(repositoryOf(files));
  const scene = await sceneAt(repo, { phases: [{ phase_id: 'p1', description: `Change part7: what ${pathOf(3)} says`, scope: { paths: ['src/part7/', pathOf(11)] } }] });
  process.on('exit', () => scene.remove());
  const assemble = () => scene.perform('assembleContext', contextFor(scene.base));
  const manifest = JSON.parse(await scene.text((await assemble()).data['manifest'])) as { path: string; omitted: boolean }[];
  const chosen = manifest.filter(({ omitted }) => !omitted).map(({ path }) => path);
  if (chosen.length < 3) throw new Error('too little was chosen to compare');
  const plain = (): void => {
    execFileSync('git', ['ls-files', '-z'], { cwd: repo.root, maxBuffer: 1 << 28 }).toString('utf8').split('\0');
    for (const path of chosen) readFileSync(join(repo.root, path), 'utf8');
  };
  return { value: () => elapsed(assemble), baseline: () => elapsed(plain) };
}

/** The change of phase `i`: one line of one file. */
function patchOf(i: number): string {
  const path = pathOf(i);
  const [first, second, third, fourth] = source(i).split('\n');
  return [`diff --git a/${path} b/${path}`, `--- a/${path}`, `+++ b/${path}`, '@@ -1,4 +1,4 @@', ` ${first}`, ` ${second}`, `-${third}`, `+${third} changed`, ` ${fourth}`, ''].join('\n');
}

const FILES = 200;
const verdict = { approved: true, issues: [], summary: 'fine' };

/** Milliseconds a phase, from the run's first record that is its own to the branch in the user's repository. */
async function drivenPhases(count: number): Promise<number> {
  const repo = repositoryOf(FILES);
  const folder = temporary('autopack-bench-');
  try {
    const ids = Array.from({ length: count }, (_, i) => `p${i}`);
    const phases = ids.map((phase_id, i) => ({ phase_id, phase_index: i, tier_id: 't', name: `Change ${i}`, scope: { paths: [pathOf(i)] }, complexity: 'low', builder_mode: 'diff' }));
    writeFileSync(join(folder, 'plan.json'), JSON.stringify({ run: { run_id: 'bench' }, ci: { command: ['true'], baseline: 'none' }, tiers: [{ tier_id: 't', tier_index: 0, name: 'T' }], phases }));
    writeFileSync(join(folder, 'answers.json'), JSON.stringify({ version: 1, answers: ids.map((phase, i) => ({ role: 'builder', phase, text: patchOf(i) })), defaults: { auditor: { json: verdict }, auditor2: { json: verdict } } }));
    const machine = machineOf({ AUTOPACK_HOME: join(folder, 'home'), AUTOPACK_LOG_LEVEL: 'silent', PATH: process.env['PATH'] }, { store: `sqlite:${join(folder, 'bench.db')}` });
    const store = await openStore(machine.storeSpec, NEVER);
    const prepared = await prepareStart(machine, { plan: join(folder, 'plan.json'), runId: 'bench', workspace: repo.root, provider: `script:${join(folder, 'answers.json')}`, flags: { base: null, caps: unchanged, dualAudit: true, sandbox: 'none' } });
    await appendRequest(machine, store, prepared);
    const models = { ...(await scriptedModels(join(folder, 'answers.json'))), secrets: [] };
    const standing = await standingOf(machine, store, 'bench');
    const took = await elapsed(() => execute({ run: 'bench', machine, store, standing, snapshotEvery: 250, workspace: repo.root, models, prompts: prepared.prompts, wait: false, stop: NEVER, resume: unchanged, onRecord: () => undefined }));
    await store.close();
    const made = repo.git('rev-list', '--count', 'main..autopack/run-bench');
    if (made !== String(count)) throw new Error(`of ${count} phases ${made} were committed`);
    return took / count;
  } finally {
    for (const path of [repo.root, folder]) rmSync(path, { recursive: true, force: true });
  }
}

/** By hand: a clone to work and test in, the patch, what it did, a commit, and the branch in the user's repository. */
async function typedPhases(count: number): Promise<number> {
  const repo = repositoryOf(FILES);
  const folder = temporary('autopack-bench-');
  try {
    const work = join(folder, 'clone');
    const took = await elapsed(() => {
      for (let i = 0; i < count; i += 1) {
        const clone = repositoryAt(work);
        repo.git('clone', '--quiet', '--shared', '--branch', i === 0 ? 'main' : 'work', repo.root, work);
        writeFileSync(join(folder, 'patch'), patchOf(i));
        clone.git('apply', '--index', join(folder, 'patch'));
        clone.git('diff', '--cached', '--numstat');
        clone.git('diff', '--cached');
        execFileSync('true');
        clone.git('commit', '--quiet', '--message', `Change ${i}`);
        repo.git('fetch', '--quiet', work, '+HEAD:refs/heads/work');
        rmSync(work, { recursive: true, force: true });
      }
    });
    return took / count;
  } finally {
    for (const path of [repo.root, folder]) rmSync(path, { recursive: true, force: true });
  }
}

export const phasePair = (count: number): Pair => ({ value: () => drivenPhases(count), baseline: () => typedPhases(count) });
