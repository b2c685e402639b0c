// runTests with real git and processes: what a checkout holds when the command runs.

import { afterEach, expect, test } from 'vitest';
import { sceneOf, type Scene } from '#tests/support/hands.ts';

let scene: Scene | undefined;
afterEach(() => scene?.remove());

const SHOW = "const fs = require('fs'); console.log(['a.txt', 'data/x', 'deps/y'].map((name) => fs.readFileSync(name, 'utf8').trim()).join(' '));";
const plan = { workspace: { include: ['data/'], link: ['deps'] }, ci: { command: ['node', '-e', SHOW] }, phases: [{ phase_id: 'p1' }] };

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
