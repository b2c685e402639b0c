import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { configuration, readPlan } from '#src/app/start.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'autopack-plan-')));
afterAll(() => rmSync(root, { recursive: true }));

test.each(['plan.yaml', '..plan.yaml'])('E-034 a plan %s inside of the repository is protected', async (name) => {
  const file = join(root, name);
  writeFileSync(file, 'phases:\n- {phase_id: p1}\n');
  const read = await readPlan(file, await configuration(), { now: 0, root });
  expect(read).toMatchObject({ ok: true, plan: { protected: [name] } });
  expect(await readPlan(file, await configuration(), { now: 0, root: join(root, 'elsewhere') })).toMatchObject({ ok: true, plan: { protected: [] } });
});
