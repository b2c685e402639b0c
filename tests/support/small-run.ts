// Small run
// =========
// A repository with one test, a plan of two phases and its scripted answers, and the program as a process of its own.

import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { repositoryAt, temporary, type UserRepo } from './user-repository.ts';

export const BIN = fileURLToPath(new URL('../../bin/autopack.js', import.meta.url));

const PHASES = ['one', 'two'];
const phase = (id: string, index: number): string =>
  `  - {phase_id: ${id}, tier_id: t, phase_index: ${index}, name: ${id}, description: Add ${id}., acceptance_criteria: [it is there], task_category: general, complexity: low, scope: {paths: [${id}.txt]}}`;
const answer = (id: string): string =>
  `  - {role: builder, phase: ${id}, json: {summary: ${id}, files: [{path: ${id}.txt, mode: create, new_content: "${id}\\n"}]}, usage: {input: 100, output: 10}}`;

const FILES = {
  'package.json': '{"type": "module"}\n',
  'test/it.test.js': `import { test } from 'node:test';\ntest('it holds', () => {});\n`,
  'plan.yaml': `run: {project_id: small}
ci: {command: [node, --test], timeout_seconds: 60}
tiers: [{tier_id: t, tier_index: 0, name: T}]
phases:
${PHASES.map(phase).join('\n')}
`,
  'answers.yaml': `version: 1
answers:
${PHASES.map(answer).join('\n')}
defaults:
  auditor: {json: {approved: true, issues: [], summary: fine}, usage: {input: 50, output: 5}}
`,
};

export interface Place {
  /** Temporary, holds the rest; the caller removes it. */
  readonly folder: string;
  readonly home: string;
  readonly repository: UserRepo;
}

export function smallPlace(): Place {
  const folder = temporary('autopack-small-');
  mkdirSync(join(folder, 'repository'));
  const repository = repositoryAt(join(folder, 'repository'));
  repository.git('init', '-q', '-b', 'main');
  repository.commit(FILES);
  return { folder, home: join(folder, 'home'), repository };
}

export const startArgs = ({ repository: { root } }: Place): string[] => ['run', join(root, 'plan.yaml'), '-C', root, '--run-id', 'small', '--provider', `script:${join(root, 'answers.yaml')}`];

export interface Ended {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Launched {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export function launch(command: readonly string[], options: SpawnOptions = {}): Launched {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = once(child, 'close') as Promise<[number | null]>;
  if (child.stdout === null || child.stderr === null) throw new Error('no pipes');
  const ended = Promise.all([gone, text(child.stdout), text(child.stderr)]).then(([[exit], out, err]) => ({ exit, out, err }));
  return { child, ended };
}

/** The program in a process of its own. */
export const autopack = ({ home }: Place, args: readonly string[], options: SpawnOptions = {}): Launched =>
  launch([process.execPath, BIN, ...args], { ...options, env: { ...process.env, AUTOPACK_HOME: home } });
