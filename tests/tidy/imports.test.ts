// Import direction: who may know whom, by the table of import-table.ts.

import { isBuiltin } from 'node:module';
import { expect, test } from 'vitest';
import { EXCEPTIONS, NODE_OWNERS, ROWS, type Exception, type Row } from './import-table.ts';
import { filesBelow, importsOf, ownFile, readText, seen, told, type Finding, type Import, type Source } from './sources.ts';

const ROW_NAMES = Object.keys(ROWS);
const PACKAGES = Object.keys((JSON.parse(readText('package.json')) as { dependencies: Record<string, string> }).dependencies);

/** The row that a file belongs to: the longest folder that holds it. */
function rowOf(path: string): string | null {
  const fitting = ROW_NAMES.filter((name) => path === name || path.startsWith(`${name}/`));
  return fitting.sort((a, b) => b.length - a.length)[0] ?? null;
}

function refusal(source: Source, row: string, { specifier, typeOnly }: Import): { readonly imports: string; readonly what: string } | null {
  const { own, types = [], vendors, node } = ROWS[row] as Row;
  const target = ownFile(source.path, specifier);
  if (target !== null) {
    const folder = rowOf(target);
    if (!target.endsWith('.ts') && !target.endsWith('.json')) return { imports: target, what: `write the ending of ${specifier}: Node runs the sources as they are` };
    if (folder === null) return { imports: target, what: `${target} lies in no folder of the map; give it a row in import-table.ts and ARCHITECTURE.md` };
    if (folder === row || own.includes(folder) || (typeOnly && types.includes(folder))) return null;
    const way = types.includes(folder) ? '`import type` alone is allowed' : 'put it behind a port, hand it in, or move the code up the map';
    return { imports: folder, what: `${row} may not import ${folder}; ${way}` };
  }
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith('node:')) return { imports: specifier, what: `write node:${specifier}` };
    const name = specifier.slice('node:'.length);
    const owner = NODE_OWNERS[name] ?? row;
    if (owner === row && (node === 'any' || node.includes(name))) return null;
    return { imports: specifier, what: `${row} may not import ${specifier}; what touches the machine belongs to an adapter behind a port` };
  }
  const vendor = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  if (vendors.includes(vendor)) return null;
  return { imports: vendor, what: `${row} may not import the package ${vendor}; wrap it in the folder that owns it` };
}

function check(sources: readonly Source[], exceptions: readonly Exception[]): { findings: Finding[]; used: Set<Exception>; imports: number } {
  const used = new Set<Exception>();
  const findings: Finding[] = [];
  let imports = 0;
  for (const source of sources) {
    const row = rowOf(source.path);
    if (row === null) {
      findings.push({ path: source.path, line: 1, what: 'its folder is not in import-table.ts; give it a row there and in ARCHITECTURE.md' });
      continue;
    }
    for (const found of importsOf(source.text)) {
      imports += 1;
      const refused = refusal(source, row, found);
      if (refused === null) continue;
      const exception = exceptions.find(({ file, imports: target }) => file === source.path && target === refused.imports);
      if (exception === undefined) findings.push({ path: source.path, line: found.line, what: refused.what });
      else used.add(exception);
    }
  }
  return { findings, used, imports };
}

const sample = (path: string, ...lines: string[]): string[] => told(check([{ path, text: lines.join('\n') }], []).findings);

test('every import follows the map', () => {
  const { findings, imports } = check(filesBelow(['src', 'machines', 'projections']), EXCEPTIONS);
  expect(told(findings)).toEqual([]);
  expect(imports).toBeGreaterThan(300);
});

test('an exception that nobody needs any more is taken out of the list', () => {
  const { used } = check(filesBelow(['src', 'machines', 'projections']), EXCEPTIONS);
  expect(EXCEPTIONS.filter((exception) => !used.has(exception)).map(({ file, imports }) => `${file} ${imports}`)).toEqual([]);
});

test('every row is a folder that holds files', () => {
  for (const row of ROW_NAMES) expect(filesBelow([row]), row).not.toEqual([]);
});

test('every package of ours is named in a row, so that none is imported from everywhere', () => {
  const named = new Set(Object.values(ROWS).flatMap(({ vendors }) => vendors));
  expect(seen(PACKAGES, 'packages').filter((name) => !named.has(name))).toEqual([]);
});

test('a machine that imports an adapter is refused with the way out', () => {
  expect(sample('machines/phase.ts', "import { x } from '#src/adapters/git/git.ts';")).toEqual([
    'machines/phase.ts:1: machines may not import src/adapters/git; put it behind a port, hand it in, or move the code up the map',
  ]);
});

test('a detour over a relative path is the same import', () => {
  expect(sample('machines/phase.ts', "import { x } from '../src/adapters/git/git.ts';")).toHaveLength(1);
});

test('a vendor outside its folder is refused', () => {
  expect(sample('src/domain/gate.ts', "import { assign } from 'xstate';")[0]).toContain('may not import the package xstate');
  expect(sample('src/cli/program.ts', "const yaml = await import('yaml');")[0]).toContain('may not import the package yaml');
});

test('a module of Node is refused where the machine may not be touched, and sqlite everywhere but in its adapter', () => {
  expect(sample('src/domain/gate.ts', "import { readFileSync } from 'node:fs';")[0]).toContain('may not import node:fs');
  expect(sample('src/app/start.ts', "import { DatabaseSync } from 'node:sqlite';")[0]).toContain('may not import node:sqlite');
  expect(sample('src/adapters/git/git.ts', "import { spawn } from 'child_process';")[0]).toContain('write node:child_process');
});

test('types of the record may be imported where its functions may not', () => {
  expect(sample('machines/phase.ts', "import type { Ref } from '#src/record/ref.ts';")).toEqual([]);
  expect(sample('machines/phase.ts', "import { refOf } from '#src/record/ref.ts';")[0]).toContain('`import type` alone is allowed');
});

test('an adapter does not know another one, and nobody knows the wiring', () => {
  expect(sample('src/adapters/memory/store.ts', "import { x } from '#src/adapters/sqlite/store.ts';")).toHaveLength(1);
  expect(sample('src/kernel/drive.ts', "import { x } from '#src/app/start.ts';")).toHaveLength(1);
  expect(sample('src/app/start.ts', "import { x } from '#src/cli/program.ts';")).toHaveLength(1);
});

test('a folder that the map forgot is refused', () => {
  expect(sample('src/brand-new/a.ts', "import { x } from './b.ts';")[0]).toContain('give it a row');
});
