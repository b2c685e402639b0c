// The linter's settings bite, the rules that need types too: a setting that is misspelt or a checker that is not there
// would pass everything in silence.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readText, ROOT } from './sources.ts';

const OXLINT = join(ROOT, 'node_modules/.bin/oxlint');
const SAMPLES: readonly (readonly [rule: string, file: string, text: string])[] = [
  ['eslint(max-params)', 'params.ts', 'export const f = (a: string, b: string, c: string, d: string): string => a + b + c + d;'],
  ['eslint(max-lines-per-function)', 'long.ts', `export function f(): number {\n${'  g();\n'.repeat(70)}  return 1;\n}\nfunction g(): void {}`],
  ['eslint(max-lines)', 'file.ts', `export const a = 1;\n${'// b\n'.repeat(500)}`],
  ['import(no-default-export)', 'default.ts', 'const a = 1;\nexport default a;'],
  ['import(no-cycle)', 'cycle-a.ts', "import { b } from './cycle-b.ts';\nexport const a = (): number => b();"],
  ['import(no-cycle)', 'cycle-b.ts', "import { a } from './cycle-a.ts';\nexport const b = (): number => a();"],
  ['typescript(no-explicit-any)', 'any.ts', 'export const a: any = 1;'],
  ['typescript(no-floating-promises)', 'floating.ts', 'const work = async (): Promise<void> => {};\nexport function f(): void {\n  work();\n}'],
  ['typescript(switch-exhaustiveness-check)', 'switch.ts', "export function f(a: 'x' | 'y'): void {\n  switch (a) {\n    case 'x':\n      return;\n  }\n}"],
];

let folder = '';
let printed = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidy-lint-'));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { strict: true, module: 'nodenext', noEmit: true, allowImportingTsExtensions: true }, include: ['.'] }));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  for (const [, file, text] of SAMPLES) writeFileSync(join(folder, file), text);
  const args = ['--config', join(ROOT, 'config/tools/oxlint.jsonc'), '--tsconfig', 'tsconfig.json', '--type-aware', '-f', 'unix', '.'];
  printed = spawnSync(process.execPath, [OXLINT, ...args], { cwd: folder, encoding: 'utf8' }).stdout;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(SAMPLES)('%s bites in %s', (rule, file) => {
  expect(printed.split('\n').filter((line) => line.includes(file) && line.includes(rule))).not.toEqual([]);
});

test('npm run check holds types, lint and dead code, and lint names every folder with sources', () => {
  const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };
  expect(scripts['check']).toBe('npm run check:types && npm run check:lint && npm run check:dead');
  for (const part of ['src', 'machines', 'projections', 'tests', 'bin', '--type-aware', '--deny-warnings']) expect(scripts['check:lint']?.split(' ')).toContain(part);
  expect(execFileSync(process.execPath, [OXLINT, '--version'], { encoding: 'utf8' })).toMatch(/^Version: /);
});
