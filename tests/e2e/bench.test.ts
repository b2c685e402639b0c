// The bench as people start it. How fast anything is is no matter of a test.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasTool } from '#tests/support/tools.ts';

const TEAM = [['team.oneCaller', '>=', 0.6], ['team.oneCaller.parts', '<=', 1.67], ['team.manyRuns', '>=', 0.6], ['team.relay', '>=', 0.8], ['team.alert', '<=', 3]] as const;

test('every goal runs, and --json prints one object with all of them and nothing else', { timeout: 180_000 }, () => {
  const root = join(import.meta.dirname, '../..');
  const { status, stdout } = spawnSync(process.execPath, ['tests/bench/main.ts', '--json', '--quick'], { cwd: root, encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout.trimEnd()).not.toContain('\n');
  const told = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
  expect(Object.entries(told).map(([name, { goal, atMost }]) => [name, atMost === true ? '<=' : '>=', goal])).toEqual([
    ['disk.oneRun', '>=', 0.6], ['disk.fiftyRuns', '>=', 0.2], ['disk.oneRun.commitsPerStep', '<=', 1.05], ['disk.fiftyRuns.commitsPerStep', '<=', 0.05],
    ['memory.step', '<=', 5.5], ['replay.verified', '>=', 0.8], ['resume.snapshot', '<=', 6], ['disk.bytesPerStep', '<=', 2], ['start.help', '<=', 3], ['start.cold', '<=', 5], ['phase.overhead', '<=', 2], ['context.select', '<=', 3],
    ...(hasTool('nats-server') ? TEAM : []),
  ]);
  for (const [name, { value, baseline, ratio, bound, verdict }] of Object.entries(told)) {
    for (const number of [value, baseline, ratio]) expect(number, name).toBeGreaterThan(0);
    expect(bound, name).toMatch(/\w/);
    expect(verdict, name).toMatch(/^no verdict/);
  }
});
