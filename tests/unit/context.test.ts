import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { selectContext, type SelectionInput } from '#src/domain/context.ts';

const files = (...paths: (string | readonly [string, number])[]) => paths.map((file) => (typeof file === 'string' ? { path: file, size: 10 } : { path: file[0], size: file[1] }));
const input = (changes: Partial<SelectionInput>): SelectionInput => ({ files: [], scope: [], readOnly: [], text: '', bytesMax: 1000, fileBytesMax: 500, filesMax: 20, ...changes });
const shown = (changes: Partial<SelectionInput>): string[] => selectContext(input(changes)).selected.map(({ path, category, omitted }) => `${omitted ? '-' : '+'} ${category} ${path}`);

describe('what is seen', () => {
  test('E-153 E-154 first what may be changed, then what is named, then what may be read; by path inside each', () => {
    expect(shown({ files: files('z.ts', 'docs/b.md', 'src/b.ts', 'docs/a.md', 'src/a.ts', 'other.ts'), scope: ['src/'], readOnly: ['docs/'], text: 'look at z.ts' })).toEqual([
      '+ modifiable src/a.ts', '+ modifiable src/b.ts', '+ named z.ts', '+ read_only docs/a.md', '+ read_only docs/b.md',
    ]);
  });

  test('E-154 an entry with / is a folder, one without is a file', () => {
    const three = files('src', 'src/a.ts', 'srcs/a.ts');
    expect(shown({ files: three, scope: ['src/'] })).toEqual(['+ modifiable src/a.ts']);
    expect(shown({ files: three, scope: ['src'] })).toEqual(['+ modifiable src']);
  });

  test('E-154 a scope entry that does not exist is nothing to see', () => {
    expect(shown({ files: files('a.ts'), scope: ['b.ts'] })).toEqual([]);
  });

  test.each([
    ['a path', 'Change src/a.ts.', ['src/a.ts']], ['a name', 'see a.ts for more', ['src/a.ts']], ['a name in quotes', '`a.ts`', ['src/a.ts']], ['a name at the end', 'in a.ts', ['src/a.ts']], ['a path with ./', 'see ./src/a.ts', ['src/a.ts']],
    ['a longer name only', 'see aa.ts and a.tsx', []], ['a longer name first', 'see aa.ts, then a.ts', ['src/a.ts']], ['a part of a word', 'the artifacts', []], ['a name with a dot before', 'x.a.ts', []],
  ])('E-153 %s in the phase\'s text names a file', (_what, text, named) => {
    expect(selectContext(input({ files: files('src/a.ts', 'a', 'art'), text })).selected.map(({ path }) => path)).toEqual(named);
  });

  test('E-153 a file without an extension is named by its path as a word', () => {
    expect(shown({ files: files('Makefile', 'run'), scope: ['src/'], text: 'The Makefile must be running' })).toEqual(['+ named Makefile']);
  });

  test('E-152 without a scope what is named may be changed', () => {
    expect(shown({ files: files('Makefile', 'run'), text: 'The Makefile must be running' })).toEqual(['+ modifiable Makefile']);
  });

  test.each(['node_modules/x/a.ts', '.venv/a.ts', 'lib/venv/a.ts', 'dist/a.ts', 'build/a.ts', 'x/__pycache__/a.ts'])('E-154 %s is vendored: its name alone does not call for it', (path) => {
    expect(shown({ files: files(path), text: 'a.ts' })).toEqual([]);
  });

  test.each(['.env', '.env.local', 'a/.env', 'server.pem', 'x.key', 'id_rsa', 'a/id_ed25519', '.npmrc', '.netrc', '.git-credentials', 'data.sqlite', 'x.db', 'cert.PFX'])('E-154 %s is never read, whatever the plan says', (path) => {
    expect(shown({ files: files(path), scope: [path], readOnly: [path], text: path })).toEqual([]);
  });
});

describe('the budget', () => {
  test('E-153 what does not fit is left out and listed, and smaller ones still fit', () => {
    expect(shown({ files: files(['a', 60], ['b', 60], ['c', 30]), readOnly: ['a', 'b', 'c'], bytesMax: 100 })).toEqual(['+ read_only a', '- read_only b', '+ read_only c']);
    expect(shown({ files: files(['a', 501]), readOnly: ['a'] })).toEqual(['- read_only a']);
    expect(shown({ files: files('a', 'b', 'c'), readOnly: ['a', 'b', 'c'], filesMax: 2 })).toEqual(['+ read_only a', '+ read_only b', '- read_only c']);
  });

  test('E-153 a file that the scope names is never left out in silence', () => {
    const { tooLarge } = selectContext(input({ files: files(['a.ts', 900], ['src/b.ts', 900]), scope: ['a.ts', 'src/'] }));
    expect(tooLarge).toEqual(['a.ts']);
  });
});

const path = fc.constantFrom('a.ts', 'b.ts', 'src/a.ts', 'src/b.ts', 'src/x/c.ts', 'docs/d.md', 'README', '.env', 'node_modules/m.js');
const selections = fc.record({
  files: fc.uniqueArray(fc.record({ path, size: fc.nat(60) }), { selector: (file) => file.path }), scope: fc.subarray(['src/', 'a.ts', 'docs/']), readOnly: fc.subarray(['docs/', 'README', 'src/x/']),
  text: fc.constantFrom('', 'b.ts and README', 'node_modules/m.js'), bytesMax: fc.nat(150), fileBytesMax: fc.nat(60), filesMax: fc.nat(5),
});

test('E-153 E-157 a selection keeps its limits, lists every candidate once, and does not depend on the order of files', () => {
  fc.assert(fc.property(selections, (given) => {
    const { selected, tooLarge } = selectContext(given);
    const kept = selected.filter(({ omitted }) => !omitted);
    expect(kept.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(given.bytesMax);
    expect(kept.length).toBeLessThanOrEqual(given.filesMax);
    expect(kept.every(({ size }) => size <= given.fileBytesMax)).toBe(true);
    expect(new Set(selected.map((file) => file.path)).size).toBe(selected.length);
    expect(selected.some((file) => file.path === '.env')).toBe(false);
    expect(tooLarge.every((name) => given.scope.includes(name))).toBe(true);
    expect(selectContext({ ...given, files: given.files.toReversed() })).toEqual({ selected, tooLarge });
  }));
});
