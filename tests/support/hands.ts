// Real hands on a temporary repository: git, processes, no model; blobs in memory. For tests of one handler.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unchanged } from '#src/events/inputs.ts';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import { memoryStore } from '#src/adapters/memory/store.ts';
import { nodeProcesses } from '#src/adapters/process/processes.ts';
import { readPrompts } from '#src/app/execute.ts';
import { machineOf } from '#src/app/machine.ts';
import { prepareStart } from '#src/app/start.ts';
import { handlers } from '#src/effects/handlers.ts';
import { putText, type Hands } from '#src/effects/performing.ts';
import type { InputEvent } from '#src/record/record.ts';
import { temporary, userRepository, type UserRepo } from './user-repository.ts';

export interface Scene {
  readonly repo: UserRepo;
  readonly hands: Hands;
  readonly base: string;
  /** The tree of the base. */
  readonly tree: string;
  perform(type: keyof typeof handlers, params: object): Promise<InputEvent>;
  /** The text of a blob that an event names. */
  text(ref: unknown): Promise<string>;
  /** A path's text in a tree, null where it is absent. */
  read(tree: string, path: string): Promise<string | null>;
  /** What the candidate of an answer comes to; the context is the base's own. `onto`: where the branch is by now; `cut`: the answer that this one continues. */
  candidate(mode: string, answer: string, more?: { readonly onto?: string; readonly cut?: string }): Promise<InputEvent>;
  remove(): void;
}

/** The params of `assembleContext` for phase `p1` on a base. */
export const contextFor = (base: string) => ({ phase: 'p1', attempt: 1, batch: 0, base, tree: null, model: 'claude-sonnet-4-5', outputTokensMax: 8192, least: false, revision: null, feedback: [] });

/** @param plan the plan's fields besides its id; its one phase is `p1`. */
export const sceneOf = (files: Readonly<Record<string, string | Buffer>>, plan: Record<string, unknown>): Promise<Scene> => sceneAt(userRepository(files), plan);

/** Takes the repository over: it is removed with the scene. */
export async function sceneAt(repo: UserRepo, plan: Record<string, unknown>): Promise<Scene> {
  const folder = temporary('autopack-hands-');
  writeFileSync(join(folder, 'plan.yaml'), JSON.stringify({ run_id: 'h', ...plan }));
  writeFileSync(join(folder, 'answers.yaml'), JSON.stringify({ version: 1, answers: [] }));
  const machine = machineOf({ AUTOPACK_HOME: join(folder, 'home'), PATH: process.env['PATH'] }, {});
  const prepared = await prepareStart(machine, { plan: join(folder, 'plan.yaml'), runId: null, workspace: repo.root, provider: `script:${join(folder, 'answers.yaml')}`, flags: { base: null, caps: unchanged, dualAudit: true, sandbox: 'none' } });
  const { blobs } = memoryStore();
  const hands: Hands = {
    workspace: gitWorkspace({ userRepo: repo.root, home: machine.home }), processes: nodeProcesses({ home: machine.home, searchPath: '' }), models: prepared.models, blobs, requested: prepared.requested,
    prompts: await readPrompts(), secrets: [], searchPath: process.env['PATH'] ?? '', log: () => undefined, begun: () => Promise.resolve(false),
  };
  const { base, tree } = await hands.workspace.prepare('h', null);
  let count = 0;
  const perform: Scene['perform'] = async (type, params) => {
    const handler = handlers[type] as (performing: unknown) => Promise<InputEvent>;
    return handler({ run: 'h', id: `phase:p1/${(count += 1)}`, seq: 7, at: 1_767_323_045_000, params, signal: new AbortController().signal, hands });
  };
  const text: Scene['text'] = async (ref) => Buffer.from(await blobs.get(ref as never)).toString('utf8');
  const read: Scene['read'] = async (at, path) => {
    const file = (await hands.workspace.files(at)).find((entry) => entry.path === path);
    return file === undefined ? null : Buffer.from((await hands.workspace.readAll([file.blob]))[0] ?? []).toString('utf8');
  };
  const candidate: Scene['candidate'] = async (mode, answer, { onto = base, cut } = {}) => {
    const context = await perform('assembleContext', contextFor(base));
    return perform('buildCandidate', { phase: 'p1', attempt: 1, batch: 0, mode, answer: await putText(blobs, answer), partial: cut === undefined ? null : await putText(blobs, cut), shown: { base, tree: null, manifest: context.data['manifest'] }, base: onto });
  };
  const remove = (): void => { for (const path of [folder, repo.root]) rmSync(path, { recursive: true, force: true }); };
  return { repo, hands, base, tree, perform, text, read, candidate, remove };
}
