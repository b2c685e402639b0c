// A program whose charts changed, and runs that began with the earlier ones. The program is a copy of this one, changed.

import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallPlace, startArgs, type Place } from '#tests/support/small-run.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
let place: Place;
let copy: string;

function node(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', env: { ...process.env, AUTOPACK_HOME: place.home, AUTOPACK_SANDBOX: 'none' } });
  return { status, out: stdout, err: stderr };
}

const copied = (...args: string[]) => node('bin/autopack.js', ...args);
const start = (run: string, ...more: string[]) => copied(...startArgs(place).map((arg) => (arg === 'small' ? run : arg)), ...more);

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(join(copy, path), 'utf8');
  if (!text.includes(from)) throw new Error(`${path} holds no ${from}`);
  writeFileSync(join(copy, path), text.replace(from, to));
}

beforeAll(() => {
  place = smallPlace();
  copy = join(place.folder, 'a copy, 100%'); // a folder may have any name
  mkdirSync(copy);
  for (const name of ['bin', 'src', 'machines', 'projections', 'config', 'examples', 'package.json', 'tests/support', 'tests/histories', 'tests/tidy']) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const run of ['old', 'older']) start(run, '--max-iterations', '1');
}, 60_000);
afterAll(() => rmSync(place.folder, { recursive: true, force: true }));

test('bytes that change nothing go on under the same version; others are refused by the lock', () => {
  edit('machines/phase.ts', '// What may happen to one phase', '// What happens to one phase');
  expect(node('tests/support/lock-charts.ts')).toMatchObject({ status: 0 });
  expect(copied('replay', 'old', '--verify')).toMatchObject({ status: 0 });
  edit('machines/phase-context.ts', 'counter: 0', 'counter: 10');
  const refused = node('tests/support/lock-charts.ts');
  expect(refused).toMatchObject({ status: 1, err: expect.stringMatching(/01\.jsonl differs at seq \d+ in (effects|state)[^]*raise the version of the chart/) });
  edit('machines/phase-context.ts', 'counter: 10', 'counter: 0');
});

test('a version that is kept verifies and continues what began with it, beside the new one; what is not kept is refused with exit 8', () => {
  expect(node('tests/support/keep-charts.ts')).toMatchObject({ status: 0 });
  edit('machines/phase.ts', "version: '1'", "version: '2'");
  edit('machines/phase-context.ts', 'counter: 0', 'counter: 10');
  expect(node('tests/support/lock-charts.ts')).toMatchObject({ status: 0 });
  expect(copied('replay', 'old', '--verify')).toMatchObject({ status: 0 });
  expect(copied('resume', 'old')).toMatchObject({ status: 0, out: expect.stringContaining('old COMPLETE') });
  expect(copied('replay', 'old', '--verify')).toMatchObject({ status: 0 });
  expect(start('new')).toMatchObject({ status: 0 });
  expect(copied('replay', 'new', '--verify')).toMatchObject({ status: 0 });

  edit('machines/kept/kernel-1.phase-1.run-1/machines/phase-context.js', 'counter: 0', 'counter: 10');
  expect(copied('replay', 'older', '--verify'), 'a kept version that was changed').toMatchObject({ status: 8, err: expect.stringMatching(/differs: record older@\d+ in (effects|state)/) });
  rmSync(join(copy, 'machines/kept'), { recursive: true });
  for (const args of [['replay', 'older', '--verify'], ['resume', 'older']]) {
    expect(copied(...args)).toMatchObject({ status: 8, err: expect.stringMatching(/pinned to autopack .*phase@1 .*; this is autopack .*phase@2 /) });
  }
  expect(copied('replay', 'new', '--verify')).toMatchObject({ status: 0 });
}, 60_000);
