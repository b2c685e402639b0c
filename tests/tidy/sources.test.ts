import { expect, test } from 'vitest';
import { codeOf, filesBelow, importsOf, pieces, places, seen } from './sources.ts';

test('the pieces of every file of ours give the file again', () => {
  for (const { path, text } of filesBelow(['src', 'machines', 'projections', 'tests'])) {
    expect(pieces(text).map((piece) => piece.text).join(''), path).toBe(text);
    expect(codeOf(text).split('\n'), path).toHaveLength(text.split('\n').length);
  }
});

test('a word in a comment, a string or a regular expression is no code', () => {
  const text = "const a = 'Date.now'; // Date.now\n/* Date.now */ const b = /Date.now['\"]/; const c = `Date.now`;\nDate.now();";
  expect(places({ path: 'x.ts', text }, /Date\.now/g, 'clock')).toEqual([{ path: 'x.ts', line: 3, what: 'clock' }]);
});

test('what a template computes is code', () => {
  expect(codeOf('const a = `it is ${Date.now()} o\'clock`;')).toContain('Date.now()');
});

test('an apostrophe in a comment or a division does not open a string', () => {
  const text = "// it's so\nconst half = whole / 2 / parts; const name = 'a/b'; Math.random();";
  expect(places({ path: 'x.ts', text }, /Math\.random/g, 'chance')).toHaveLength(1);
});

test('imports are found in every form, with what they name', () => {
  const text = [
    "import { a, type B, c as d } from './a.ts';", "import type { E } from '#src/e.ts';", "import * as f from 'node:fs';", "import 'side';",
    "export { g } from './g.ts';", "export * from './h.ts';", "const i = await import('./i.ts');", "const text = 'from';", 'import {\n  j,\n} from "./j.ts";',
  ].join('\n');
  const found = importsOf(text);
  expect(found.map(({ specifier }) => specifier)).toEqual(['./a.ts', '#src/e.ts', 'node:fs', 'side', './g.ts', './h.ts', './i.ts', './j.ts']);
  expect(found[0]?.names).toEqual(['a', 'B', 'c']);
  expect(found.filter(({ typeOnly }) => typeOnly).map(({ specifier }) => specifier)).toEqual(['#src/e.ts']);
  expect(found.filter(({ isExport }) => isExport).map(({ specifier }) => specifier)).toEqual(['./g.ts', './h.ts']);
});

test('a check that sees nothing fails', () => {
  expect(() => seen([], 'files')).toThrow('the check saw no files');
  expect(() => filesBelow(['machines'], '.cobol')).toThrow('saw no files');
});
