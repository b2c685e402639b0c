// runTests with real git and processes: what a checkout holds when the command runs.

import { afterEach, expect, test } from 'vitest';
import { sceneOf, type Scene } from '#tests/support/hands.ts';

let scene: Scene | undefined;
afterEach(() => scene?.remove());

const SHOW = "const fs = require('fs'); console.log(['a.txt', 'data/x', 'deps/y'].map((name) => fs.readFileSync(name, 'utf8').trim()).join(' '));";
const plan = { workspace: { include: ['data/'], link: ['deps'] }, ci: { command: ['node', '-e', SHOW] }, phases: [{ phase_id: 'p1' }] };

test('E-683 a baseline that writes into its workspace changes neither the next checkout, nor a candidate, nor the files of the user', async () => {
  scene = await sceneOf({ 'a.txt': 'one\n' }, { ci: { command: ['sh', '-c', 'grep -q one a.txt && echo spoiled > a.txt && echo x > left.txt'] }, phases: [{ phase_id: 'p1', scope: { paths: ['a.txt'] } }] });
  const tests = { phase: null, attempt: 0, tree: scene.tree, base: null, baseline: null };
  for (const _again of [1, 2]) expect(await scene.perform('runTests', tests)).toMatchObject({ type: 'tests.finished', data: { exitCode: 0 } });
  const built = await scene.candidate('full_file', JSON.stringify({ summary: 's', files: [{ path: 'a.txt', mode: 'modify', new_content: 'two\n' }] }));
  expect(await scene.read(String(built.data['tree']), 'a.txt')).toBe('two\n');
  expect(await scene.read(String(built.data['tree']), 'left.txt')).toBeNull();
  expect(scene.repo.git('status', '--porcelain')).toBe('');
});

test('DESIGN 7 without a sandbox what the plan includes and links is copied into the checkout, beside the files of the tree', async () => {
  scene = await sceneOf({ 'a.txt': 'tree\n' }, plan);
  scene.repo.write({ 'a.txt': 'dirty\n', 'data/x': 'included\n', 'deps/y': 'linked\n' });
  const ran = await scene.perform('runTests', { phase: 'p1', attempt: 1, tree: scene.tree, base: null, baseline: null });
  expect(ran).toMatchObject({ type: 'tests.finished', data: { exitCode: 0, sandbox: 'none' } });
  expect(await scene.text(ran.data['output'])).toContain('tree included linked');
});

test('DESIGN 7 what is not there is said by its name, and is trouble of the workspace, no failed test', async () => {
  scene = await sceneOf({ 'a.txt': 'tree\n' }, plan);
  await expect(scene.perform('runTests', { phase: 'p1', attempt: 1, tree: scene.tree, base: null, baseline: null })).rejects.toMatchObject({ code: 'workspace.unusable', message: expect.stringContaining('data') });
});
