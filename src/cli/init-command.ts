// init --example
// ==============
// A git repository with the example project, its plan and its scripted answers: a first run without key or server.

import { cp, mkdir, readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { initRepository } from '#src/adapters/git/init.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Context } from './context.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/demo', import.meta.url));

export async function initCommand({ output, machine }: Context, folder: string, example: boolean): Promise<number> {
  if (!example) throw new ExecutorError('usage.invalid', 'init knows only --example so far', { hint: 'autopack init --example FOLDER' });
  const target = resolve(folder);
  await mkdir(target, { recursive: true });
  if ((await readdir(target)).length > 0) throw new ExecutorError('workspace.unusable', `${folder} is not empty`, { hint: 'give a new folder' });
  await cp(join(EXAMPLE, 'project'), target, { recursive: true });
  for (const name of ['plan.yaml', 'answers.yaml', 'answers']) await cp(join(EXAMPLE, name), join(target, name), { recursive: true });
  await initRepository(target, { message: 'The example project', atSeconds: Math.floor(machine.clock.now() / 1000) });
  if (output.json) output.emit({ v: 1, type: 'init', folder: target });
  output.print(`${folder} holds a project, a plan of nine phases and the answers that its models give.`);
  output.print(`next: cd ${relative(process.cwd(), target) || '.'} && autopack run plan.yaml --provider script:answers.yaml`);
  return 0;
}
