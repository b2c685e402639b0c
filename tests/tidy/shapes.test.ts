// Shapes that the house does without, words of unfinished work, sizes. Sizes of functions are the linter's.

import { expect, test } from 'vitest';
import { codeOf, filesBelow, importsOf, pieces, places, seen, told, type Finding, type Source } from './sources.ts';

const LINES_MAX = 500;
/** Files that still export a name of another file. The list may only shrink. */
const NOT_YET = ['src/plan/parse.ts', 'tests/support/world.ts'];
const OURS = ['src', 'machines', 'projections', 'tests', 'examples/demo.ts', 'bin'];
const isConfigFile = (path: string): boolean => /(?:^|\/)[\w.-]+\.config\.ts$/.test(path);

/** No barrels: `export … from`, and a name that is imported only to be exported again. */
function reExports(source: Source): Finding[] {
  const { path, text } = source;
  const direct = importsOf(text).filter(({ isExport }) => isExport).map(({ line }) => ({ path, line, what: 're-export; import it from the file that defines it' }));
  const imported = new Set(importsOf(text).flatMap(({ names }) => names));
  const code = codeOf(text);
  const lists = [...code.matchAll(/\bexport\s+(?:type\s+)?\{([^}]*)\}(?!\s*from)/g)].filter(([, names = '']) => names.split(',').some((name) => imported.has(name.trim().replace(/^type\s+/, '').split(/\s+as\s+/)[0] ?? '')));
  return [...direct, ...lists.map(({ index }) => ({ path, line: code.slice(0, index).split('\n').length, what: 're-export of an imported name; import it from the file that defines it' }))];
}

const defaults = (source: Source): Finding[] =>
  isConfigFile(source.path) ? [] : places(source, /\bexport\s+default\b|\bas\s+default\b/g, 'default export; give it its name, so that it is found by it');
const enums = (source: Source): Finding[] => places(source, /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s+\w/gm, 'enum; a union of strings reads the same in the log');
const anys = (source: Source): Finding[] => places(source, /(?:[:<|&]|=>|\bas|\bsatisfies)\s*any\b(?!\s*\()|,\s*any\s*>/g, '`any`; say `unknown` and parse it, or name the type');

const UNFINISHED = /\b(?:FIXME|TODO|XXX|HACK|WIP)\b/;

function unfinished({ path, text }: Source): Finding[] {
  const comments = path.endsWith('.ts') || path.endsWith('.js') ? pieces(text).filter(({ kind }) => kind === 'comment') : [{ text, line: 1 }];
  return comments.flatMap(({ text: comment, line }) =>
    comment.split('\n').flatMap((part, i) => (UNFINISHED.test(part) ? [{ path, line: line + i, what: 'word of unfinished work; finish it, or open an issue and say there what is missing' }] : [])));
}

/** `skipIf(condition)` says when and why; a bare `skip` only hides. */
const left = (source: Source): Finding[] =>
  places(source, /\b(?:test|it|describe|suite)(?:\.\w+)*\.(?:only|skip|todo|fails)\b|\b(?:fit|fdescribe|xit|xtest|xdescribe)\s*\(/g, '`.only` or `.skip` left behind; run it, or take it out (`skipIf` names its condition)');

const long = ({ path, text }: Source): Finding[] => {
  const lines = text.split('\n').length - 1;
  return lines > LINES_MAX ? [{ path, line: LINES_MAX, what: `${lines} lines, ${LINES_MAX} is the wall; a second idea is hiding in it` }] : [];
};

type Check = (source: Source) => Finding[];
const judged = (check: Check, sources: readonly Source[]): string[] => told(sources.flatMap(check));
const bites = (check: Check, text: string, path = 'src/x.ts'): number => check({ path, text }).length;

const ours = (): Source[] => [...filesBelow(OURS), ...filesBelow(['config/tools'])];

test('nothing is exported again: a name has one home', () => {
  const found = ours().flatMap(reExports);
  expect(told(found.filter(({ path }) => !NOT_YET.includes(path)))).toEqual([]);
  expect(NOT_YET.filter((path) => found.every((finding) => finding.path !== path)), 'done: take it out of NOT_YET').toEqual([]);
});

test('the check of re-exports bites on all three forms and lets a plain export list be', () => {
  expect(bites(reExports, "export * from './a.ts';")).toBe(1);
  expect(bites(reExports, "export type { A } from './a.ts';")).toBe(1);
  expect(bites(reExports, "import { a } from './a.ts';\nexport { a };")).toBe(1);
  expect(bites(reExports, 'const a = 1;\nexport { a };')).toBe(0);
});

test('nothing is exported by default but what a tool asks for', () => {
  expect(judged(defaults, ours())).toEqual([]);
  expect(bites(defaults, 'export default 1;')).toBe(1);
  expect(bites(defaults, 'const a = 1; export { a as default };')).toBe(1);
  expect(bites(defaults, 'export default 1;', 'config/tools/vitest.config.ts')).toBe(0);
});

test('there is no enum', () => {
  expect(judged(enums, ours())).toEqual([]);
  expect(bites(enums, 'export enum A { B }')).toBe(1);
  expect(bites(enums, 'const enum A { B }')).toBe(1);
  expect(bites(enums, 'const role = z.enum(["a"]); // enum A')).toBe(0);
});

test('there is no `any`', () => {
  expect(judged(anys, ours())).toEqual([]);
  for (const text of ['const a: any = 1;', 'f(a as any);', 'const a: any[] = [];', 'type A = Map<string, any>;']) expect(bites(anys, text), text).toBe(1);
  expect(bites(anys, 'expect.any(String); const any = 1; // any')).toBe(0);
});

test('no word of unfinished work is left, neither in code nor in documents and settings', () => {
  const documents = [...filesBelow(['docs'], '.md'), ...filesBelow(['config'], '.yaml')];
  expect(judged(unfinished, [...ours(), ...documents])).toEqual([]);
  expect(bites(unfinished, '// FIXME later')).toBe(1);
  expect(bites(unfinished, '/* a\n TODO: b */')).toBe(1);
  expect(bites(unfinished, 'Notes. HACK.', 'docs/x.md')).toBe(1);
  expect(bites(unfinished, "const word = 'TODO';")).toBe(0);
});

test('no test is left alone or left out', () => {
  expect(judged(left, filesBelow(['tests']))).toEqual([]);
  for (const text of ["test.only('a', f);", "describe.skip('a', f);", "test.concurrent.only('a', f);", "xit('a', f);", "test.todo('a');"]) expect(bites(left, text, 'tests/x.test.ts'), text).toBe(1);
  expect(bites(left, "test.skipIf(!linux)('a', f);", 'tests/x.test.ts')).toBe(0);
});

test('no file is longer than 500 lines', () => {
  expect(judged(long, [...ours(), ...filesBelow(['docs'], '.md').filter(({ path }) => path !== 'docs/events.md')])).toEqual([]);
  expect(bites(long, 'a\n'.repeat(501))).toBe(1);
  expect(bites(long, 'a\n'.repeat(500))).toBe(0);
});

test('every test file holds a test', () => {
  const files = seen(filesBelow(['tests'], '.test.ts'), 'test files');
  const empty = files.filter(({ text }) => !/\b(?:test|it)\b(?:\.\w+(?:\([^)]*\))?)*\s*\(|[Cc]ontract\(/.test(codeOf(text)));
  expect(empty.map(({ path }) => path)).toEqual([]);
});
