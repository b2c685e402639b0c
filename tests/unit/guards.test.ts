import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeDeliverables } from '#src/domain/deliverables.ts';
import { changeClassOf, churnOf, judgeGuards, type GuardedFile, type GuardRules } from '#src/domain/guards.ts';
import { judgeFile } from '#src/effects/syntax.ts';
import { symbolsOf } from '#src/domain/symbols.ts';

const limits = { shrinkPercent: 60, growthPercent: 300, churnPercent: 30, linesMin: 10, wholeLinesMax: 1000, symbolsLostPercent: 30, similarLinesMin: 300, similarityPercent: 60, alwaysPreserve: ['keep'] };
const rules = (changes: Partial<GuardRules> = {}): GuardRules => ({ changeClass: 'small_fix', allowMassDeletion: false, allowMassAddition: false, allowSymbolRemoval: false, limits, ...changes });
const large = rules({ changeClass: 'large_refactor' });
const lines = (count: number, word = 'line', from = 0): string => Array.from({ length: count }, (_, i) => `${word} ${i + from}\n`).join('');
const file = (before: string | null, after: string | null, more: Partial<GuardedFile> = {}): GuardedFile => ({ path: 'a.txt', before, after, whole: true, ...more });
const codes = (one: GuardedFile, by: GuardRules): string[] => judgeGuards([one], by).map(({ code }) => code);
/** `count` lines of which the first `changed` are others. */
const churned = (count: number, changed: number): string => lines(changed, 'other') + lines(count - changed, 'line', changed);

describe('guards', () => {
  test.each<[string, GuardedFile, GuardRules, string[]]>([
    ['E-124 60 % shorter passes', file(lines(100), lines(40)), large, []],
    ['E-124 61 % shorter is refused', file(lines(100), lines(39)), large, ['suspicious_shrinkage']],
    ['E-124 the plan may allow it', file(lines(100), lines(1)), { ...large, allowMassDeletion: true }, []],
    ['E-124 an edit says what it deletes', file(lines(100), lines(1), { whole: false }), large, []],
    ['E-124 shares say nothing of nine lines', file(lines(9), lines(1)), large, []],
    ['E-125 three times as long passes', file(lines(20), lines(60)), large, []],
    ['E-652 five times as long is refused', file(lines(20), lines(100)), large, ['suspicious_growth']],
    ['E-652 five times as long is allowed by the plan alone', file(lines(20), lines(100)), { ...large, allowMassAddition: true }, []],
    ['E-125 YAML may grow', file(lines(20), lines(100), { path: 'a.yml' }), large, []],
    ['E-126 30 % churn passes', file(lines(100), churned(100, 30)), rules(), []],
    ['E-651 45 % churn is refused in a small fix', file(lines(100), churned(100, 45)), rules(), ['churn_limit_exceeded']],
    ['E-126 a larger change may', file(lines(100), churned(100, 45)), large, []],
    ['E-126 a manifest may', file(lines(100), churned(100, 90), { path: 'x/package.json' }), rules(), []],
    ['E-126 an edit may', file(lines(100), churned(100, 45), { whole: false }), rules(), []],
    ['E-127 a lost function is refused', file('export function f() {}\nfunction g() {}\n', 'function g() {}\n', { path: 'a.ts' }), rules(), ['symbol_missing_after_full_file_replacement']],
    ['E-127 the plan may allow it', file('def f(): pass\n', '\n', { path: 'a.py' }), rules({ allowSymbolRemoval: true }), []],
    ['E-127 a larger change may', file('def f(): pass\n', '\n', { path: 'a.py' }), large, []],
    ['E-127 a name that is always preserved is missed in a larger change, too', file('def keep(): pass\n', '\n', { path: 'a.py', whole: false }), rules({ changeClass: 'large_refactor', allowSymbolRemoval: true }), ['preserved_symbol_missing']],
    ['E-127 and where its file goes', file('def keep(): pass\n', null, { path: 'a.py' }), large, ['preserved_symbol_missing']],
    ['E-128 a file of 1000 lines may be given whole', file(lines(1000), lines(1000).replace('line 5\n', 'x\n')), rules(), []],
    ['E-128 one of 1001 may not', file(lines(1001), lines(1001).replace('line 5\n', 'x\n')), large, ['readonly_violation']],
    ['E-128 but edited', file(lines(1001), lines(1001).replace('line 5\n', 'x\n'), { whole: false }), rules(), []],
    ['E-609 40 % of the symbols lost by an edit are refused in a small change', file('def a():\n def b():\nclass c:\ndef d():\ndef e():\ndef f():\n', 'def a():\nclass c:\ndef f():\n', { path: 'a.py', whole: false }), rules(), ['symbols_lost']],
    ['E-609 and pass in a larger one', file('def a():\ndef c():\ndef d():\n', 'def a():\n', { path: 'a.py', whole: false }), large, []],
    ['E-609 300 lines with similarity 0.4 are refused in a small change', file(lines(300), churned(300, 180), { whole: false }), rules(), ['structure_lost']],
    ['E-609 299 lines are not held to it', file(lines(299), churned(299, 180), { whole: false }), rules(), []],
    ['E-201 new conflict markers are refused', file('a\n', '<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n', { whole: false }), large, ['conflict_markers']],
    ['E-201 old ones may stay', file('<<<<<<< ours\n', '<<<<<<< ours\nx\n', { whole: false }), large, []],
    ['E-201 a marker inside of a line is text', file('a\n', 'say <<<<<<< and >>>>>>>\n>>> doctest\n', { whole: false }), large, []],
    ['E-124 a new file and a deleted one have nothing to compare', file(null, lines(5)), rules(), []],
    ['E-124 a deletion is by its mode', file(lines(100), null), rules(), []],
  ])('%s', (_what, one, by, wanted) => {
    expect(codes(one, by)).toEqual(wanted);
  });

  test('E-124 E-125 E-126 E-127 every refusal of a share or symbol names the field of the plan that would allow it', () => {
    const found = [
      ...judgeGuards([file(lines(100), ''), file(lines(20), lines(100)), file('def f():\n', '\n', { path: 'a.py' })], rules()), ...judgeGuards([file(lines(400), lines(400, 'x'), { whole: false })], rules()),
    ];
    expect(found.map(({ code }) => code)).toEqual(['suspicious_shrinkage', 'churn_limit_exceeded', 'suspicious_growth', 'churn_limit_exceeded', 'symbol_missing_after_full_file_replacement', 'structure_lost']);
    for (const { message } of found) expect(message).toMatch(/(allow_mass_deletion|allow_mass_addition|allow_symbol_removal): true|change_size: large_refactor/);
  });

  test.each<[object, string]>([
    [{ complexity: 'low' }, 'small_fix'], [{ complexity: 'medium', criteria: 3 }, 'small_fix'], [{ complexity: 'medium', criteria: 4 }, 'large_refactor'], [{ complexity: 'high' }, 'large_refactor'],
    [{ scope: ['a/package.json'] }, 'large_refactor'], [{ scope: ['x.yml'] }, 'large_refactor'], [{ scope: ['yarn.lock'] }, 'large_refactor'], [{ allowSymbolRemoval: true }, 'large_refactor'],
    [{ complexity: 'high', changeSize: 'small_fix' }, 'small_fix'], [{ changeSize: 'large_refactor' }, 'large_refactor'],
  ])('E-123 %j is a %s', (input, wanted) => {
    expect(changeClassOf({ scope: ['a.ts'], changeSize: null, allowSymbolRemoval: false, complexity: 'low', criteria: 0, ...input })).toBe(wanted);
  });

  test('E-126 churn is between the difference in length and the longer of both, and nothing for equal texts', () => {
    const some = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 });
    fc.assert(fc.property(some, some, (before, after) => {
      const churn = churnOf(before, after);
      expect(churn).toBeGreaterThanOrEqual(Math.abs(before.length - after.length));
      expect(churn).toBeLessThanOrEqual(Math.max(before.length, after.length));
      expect(churnOf(before, before)).toBe(0);
    }));
  });

  test('E-127 symbols are the top-level ones of Python, JavaScript and TypeScript; of others none is known', () => {
    expect([...symbolsOf('a.py', 'async def a():\n  def no(): pass\nclass B(C):\n')]).toEqual(['a', 'B']);
    expect([...symbolsOf('a.mts', 'export default function a() {}\nexport const b = 1;\nclass C {}\n  function no() {}\ninterface D {}\nexport type E = 1;\nexport const enum F {}\nexport async function* g() {}\n')]).toEqual(['a', 'b', 'C', 'D', 'E', 'F', 'g']);
    expect([...symbolsOf('a.rb', 'def a\n')]).toEqual([]);
  });
});

describe('deliverables', () => {
  const judge = (expected: string[], present: string[], touched: string[] = present, manifest: string[] = []): string[] => judgeDeliverables({ expected, manifest, present: new Set(present), touched }).map(({ path, code, message }) => `${path} ${code} ${message}`);

  test('E-191 E-660 what is there counts, made or not; what is not is named, with the place where it was made instead', () => {
    expect(judge(['a.ts', 'docs/', 'lib'], ['a.ts', 'docs/x.md', 'lib/y.ts'], [])).toEqual([]);
    expect(judge(['src/a.ts', 'docs/'], ['lib/a.ts'])).toEqual(['src/a.ts deliverables_missing it is a deliverable and is not there; found at lib/a.ts', 'docs/ deliverables_missing it is a deliverable and is not there']);
    expect(judge(['1', '2', '3', '4', '5', '6', '7'], [])).toHaveLength(5);
    expect(judge(['1', '2', '3', '4', '5', '6', '7'], [])[4]).toMatch(/and 2 more/);
  });

  test('E-631 a path is covered by itself alone, not by one that ends in it', () => {
    expect(judge(['src/a.ts', 'lib/src/a.ts'], ['src/a.ts'])).toHaveLength(1);
  });

  test('E-131 E-657 a path outside of the manifest is refused', () => {
    expect(judge([], ['a', 'b/c', 'd'], ['a', 'b/c', 'd'], ['a', 'b/'])).toEqual([expect.stringMatching(/^d outside_manifest /)]);
  });

  const deep = '('.repeat(100_000);
  test.each<[string, string, boolean]>([
    ['a.js', 'export const a = 1;\n', true], ['a.js', 'const a = ;\n', false], ['a.js', 'return await f();\n', true], ['a.cjs', 'with (a) { b }\n', true], ['a.mjs', 'let a; let a;\n', true],
    ['a.jsx', 'const a = <b c="d">e</b>;\n', true], ['a.js', '// @flow\nconst a: number = 1;\n', true], ['bin/a.js', '#!/usr/bin/env node\na()\n', true], ['tests/fixtures/bad.js', 'const ;', false],
    ['a.ts', 'const a: string = <string>b; enum E { A }\n', true], ['a.mts', 'const a: = 1;\n', false], ['a.tsx', 'const a = <T,>(b: T) => <i>{b}</i>;\n', true], ['a.d.ts', 'declare module "x" { export = y }\n', true], ['a.ts', '@dec class A { @dec b: string }\n', true],
    ['a.toml', '[a]\nb = 1\n', true], ['a.toml', '[a\n', false], ['a.js', 'const {{name}} = 1;\n', true], ['a.js', deep, true], ['a.py', 'def (:', true],
  ])('E-201 a deliverable %s of the text %j passes %s; where the plan does not name it, its tests judge', async (path, after, isRead) => {
    expect((await judgeFile({ path, before: 'x\n', after, isExpected: true })).length === 0).toBe(isRead);
    expect(await judgeFile({ path, before: null, after, isExpected: false })).toEqual([]);
  });

  test.each<[string, string | null, string | null, boolean, boolean]>([
    ['a.json', null, '{}', true, true], ['a.json', null, '', true, false], ['a.json', null, '[1,]', false, false], ['a.json', '{}', '{', false, false], ['a.json', '{ // x', '{ // y', false, true],
    ['tests/fixtures/bad.json', null, '', false, true], ['tests/fixtures/bad.json', null, '', true, false], ['tsconfig.json', null, '{ // x\n}', true, true], ['a.txt', null, '', true, true], ['a.json', '{}', null, true, true],
    ['a.yml', null, 'a: [1\n', false, false], ['a.yaml', 'a: 1\n', 'a: b: c\n', false, false], ['a.yml', null, 'a: !Ref x\n---\nb: 1\n', false, true], ['charts/a.yaml', null, 'a: {{ .Values.x }}\n', false, true], ['a.yml', 'a: [', 'b: [', false, true], ['a.yml', null, '', true, true],
  ])('E-655 E-193 E-695 %s from %j to %j, expected %s: passes %s, and is never repaired', async (path, before, after, isExpected, passes) => {
    expect((await judgeFile({ path, before, after, isExpected })).length === 0).toBe(passes);
  });

  test('a parser is loaded only when there is a file for it to read', () => {
    const program = `
      import { registerHooks } from 'node:module';
      const { judgeFile } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/effects/syntax.ts'))});
      const loaded = new Set();
      registerHooks({ resolve: (name, context, next) => (loaded.add(name), next(name, context)) });
      const parsersAfter = async (path, after, isExpected) => (await judgeFile({ path, before: null, after, isExpected }), ['smol-toml', '@babel/parser'].filter((name) => loaded.has(name)).join());
      const said = [];
      for (const path of ['a.txt', 'a.json', 'a.yaml']) said.push(await parsersAfter(path, '{}', true));
      for (const path of ['a.ts', 'a.js', 'a.toml']) said.push(await parsersAfter(path, 'a', false));
      for (const path of ['a.ts', 'a.toml']) said.push(await parsersAfter(path, null, true));
      said.push(await parsersAfter('a.toml', 'a = 1', true), await parsersAfter('a.tsx', 'a', true));
      console.log(JSON.stringify(said));`;
    expect(JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }))).toEqual([...Array<string>(8).fill(''), 'smol-toml', 'smol-toml,@babel/parser']);
  });
});
