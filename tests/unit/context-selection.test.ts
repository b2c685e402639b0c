import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { contextTree, type ContextFile, type Wish } from '#src/domain/context/candidates.ts';
import { selectContext, type Limits, type Selection } from '#src/domain/context/selection.ts';

type Given = { readonly files?: readonly ContextFile[]; readonly protectedPaths?: readonly string[] } & Partial<Wish> & { readonly limits?: Partial<Limits> };
const files = (...paths: (string | readonly [string, number])[]) => paths.map((file) => (typeof file === 'string' ? { path: file, size: 10 } : { path: file[0], size: file[1] }));
const LIMITS: Limits = { bytesMax: 1000, fileBytesMax: 500, filesMax: 20, excerptMax: 200, heuristic: { filesMax: 10, bytesMax: 500 } };

function select({ files: given = [], protectedPaths = [], limits, ...wish }: Given): Selection {
  const source: Wish['source'] = (wish.scope ?? []).length > 0 ? { kind: 'scope' } : { kind: 'heuristic' };
  return selectContext(contextTree(given), { scope: [], readOnly: [], deliverables: [], text: '', feedback: '', source, imported: [], isProtected: (path) => protectedPaths.includes(path), ...wish }, { ...LIMITS, ...limits });
}
/** `+` shown, `-` left out; `!` may be changed. */
const shown = (given: Given): string[] => select(given).selected.map(({ path, category, omitted, mayChange }) => `${omitted ? '-' : '+'}${mayChange ? '!' : ''} ${category} ${path}`);

describe('what is seen', () => {
  test('E-153 E-154 first what may be changed, then what is named, then what may be read; by path inside each', () => {
    expect(shown({ files: files('z.ts', 'docs/b.md', 'src/b.ts', 'docs/a.md', 'src/a.ts', 'other.ts'), scope: ['src/'], readOnly: ['docs/'], text: 'look at z.ts' })).toEqual([
      '+! modifiable src/a.ts', '+! modifiable src/b.ts', '+ named z.ts', '+ read_only docs/a.md', '+ read_only docs/b.md',
    ]);
  });

  test('E-150 every reason to be shown, once for each file, in the order of its use', () => {
    const given: Given = {
      files: files('src/new.ts', 'src/a.ts', 'tests/failing.test.ts', 'lib/named.ts', 'docs/read.md', 'lib/imported.ts', 'tests/a.test.ts', 'package.json', 'src/deep/tsconfig.json', 'unrelated.ts', 'README.md'),
      scope: ['src/a.ts', 'src/new.ts'], deliverables: ['src/new.ts'], readOnly: ['docs/'], text: 'as in named.ts', feedback: 'not ok - tests/failing.test.ts:3:1', imported: ['lib/imported.ts', 'src/a.ts'],
    };
    expect(shown(given)).toEqual([
      '+! deliverable src/new.ts', '+! modifiable src/a.ts', '+ feedback tests/failing.test.ts', '+ named lib/named.ts', '+ read_only docs/read.md', '+ imported lib/imported.ts', '+ test tests/a.test.ts', '+ manifest package.json',
    ]);
  });

  test('E-154 an entry with / is a folder, one without is a file', () => {
    const three = files('src', 'src/a.ts', 'srcs/a.ts');
    expect(shown({ files: three, scope: ['src/'] })).toEqual(['+! modifiable src/a.ts']);
    expect(shown({ files: three, scope: ['src'] })).toEqual(['+! modifiable src']);
  });

  test('E-154 entries of the plan that do not exist are said: of the scope they may be created', () => {
    expect(select({ files: files('a.ts', 'src/b.ts'), scope: ['b.ts', 'src/', 'new/', 'a.ts'], readOnly: ['gone.md', 'src/b.ts'] }).missing).toEqual({ scope: ['b.ts', 'new/'], readOnly: ['gone.md'] });
  });

  test('E-154 a read-only entry wins over the scope around it, and what is protected is for reading wherever it lies', () => {
    expect(shown({ files: files('src/a.ts', 'src/gen/b.ts', 'src/plan.yaml'), scope: ['src/'], readOnly: ['src/gen/'], protectedPaths: ['src/plan.yaml'] })).toEqual([
      '+! modifiable src/a.ts', '+ modifiable src/plan.yaml', '+ read_only src/gen/b.ts',
    ]);
  });

  test.each([
    ['a path', 'Change src/a.ts.', ['src/a.ts']], ['a name', 'see a.ts for more', ['src/a.ts']], ['a name in quotes', '`a.ts`', ['src/a.ts']], ['a name at the end', 'in a.ts', ['src/a.ts']], ['a path with ./', 'see ./src/a.ts', ['src/a.ts']], ['a place in it', 'at f (src/a.ts:3:4)', ['src/a.ts']], ['a test in it', 'src/a.ts::test_x FAILED', ['src/a.ts']],
    ['a path in another folder', 'lib/a.ts', []], ['a path in a folder whose name ends alike', 'c/a.ts', []], ['a longer name only', 'see aa.ts and a.tsx', []], ['a longer name first', 'see aa.ts, then a.ts', ['src/a.ts']], ['a part of a word', 'the artifacts', []], ['a name with a dot before', 'x.a.ts', []],
  ])('E-152 %s in a text names a file, or does not', (_what, text, named) => {
    const given = { files: files('src/a.ts', 'a', 'art'), scope: ['other'] };
    expect(select({ ...given, text }).selected.map(({ path }) => path)).toEqual(named);
    expect(select({ ...given, feedback: text }).selected.map(({ path }) => path)).toEqual(named);
  });

  test.each(['odd name.ts', 'app/[id]/page.tsx', 'a,b.txt'])('E-152 the odd path %j is named when it stands in the text', (path) => {
    expect(shown({ files: files(path, 'page.tsx'), text: `change ${path} now`, scope: ['x'] })).toContain(`+ named ${path}`);
  });

  test('E-152 a file without an extension is named by its path as a word', () => {
    expect(shown({ files: files('Makefile', 'run'), scope: ['src/'], text: 'The Makefile must be running' })).toEqual(['+ named Makefile']);
  });
});

describe('without a scope', () => {
  test('E-152 what is named, what says how the project is built, then its sources; all of it may be changed where it is whole', () => {
    expect(shown({ files: files('Makefile', 'run', 'README.md', 'package.json', 'src/a.ts', 'app/b.ts', 'other/c.ts', ['lib/long.ts', 300]), text: 'The Makefile must be running' })).toEqual([
      '+! named Makefile', '+! manifest README.md', '+! manifest package.json', '+! source app/b.ts', '+ source lib/long.ts', '+! source src/a.ts',
    ]);
  });

  test('E-152 a file that does not fit is skipped and the next still tried, up to its own limits', () => {
    const given = { files: files(['src/a.ts', 150], ['src/b.ts', 180], ['src/c.ts', 190], ['src/d.ts', 100]), limits: { heuristic: { filesMax: 3, bytesMax: 300 } } };
    expect(shown(given)).toEqual(['+! source src/a.ts', '- source src/b.ts', '- source src/c.ts', '+! source src/d.ts']);
    expect(shown({ files: files('src/a.ts', 'src/b.ts'), limits: { heuristic: { filesMax: 1, bytesMax: 300 } } })).toEqual(['+! source src/a.ts', '- source src/b.ts']);
  });

  test('E-151 a pattern shows its files, and no others', () => {
    expect(shown({ files: files('config/a/b.yaml', 'src/a.ts', 'a.yaml'), source: { kind: 'patterns', globs: ['config/**/*.yaml'] } })).toEqual(['+! pattern config/a/b.yaml']);
  });

  test('E-152 a large file that the phase names is whole all the same', () => {
    expect(shown({ files: files(['a.ts', 400]), text: 'rewrite a.ts' })).toEqual(['+! named a.ts']);
  });
});

describe('what is never seen', () => {
  test.each(['.env', '.env.local', 'a/.env', 'server.pem', 'x.key', 'id_rsa', 'a/id_ed25519', '.npmrc', '.netrc', '.git-credentials', 'cert.PFX', '.ENV', 'k.jks'])('E-154 %s may hold keys: never read, whatever the plan says', (path) => {
    expect(shown({ files: files(path), scope: [path], readOnly: [path], text: path, deliverables: [path] })).toEqual([`- secret ${path}`]);
    expect(shown({ files: files(path), text: path, scope: ['src/'] })).toEqual([]);
  });

  test.each(['logo.png', 'data.sqlite', 'x.db', 'a/lib.so', 'a.PDF'])('E-154 %s is no text', (path) => {
    expect(shown({ files: files(path), scope: [path] })).toEqual([`- binary ${path}`]);
  });

  test.each(['node_modules/x/a.ts', '.venv/a.ts', 'lib/venv/a.ts', 'dist/a.ts', 'build/a.ts', 'x/__pycache__/a.ts', 'vendor/x/a.ts'])('E-154 %s is not the project\'s own: only who names it by its path sees it', (path) => {
    expect(shown({ files: files(path), text: 'a.ts', scope: ['src/'] })).toEqual([]);
    expect(shown({ files: files(`src/${path}`), scope: ['src/'] })).toEqual([`- vendored src/${path}`]);
    expect(shown({ files: files(path), scope: [path] })).toEqual([`+! modifiable ${path}`]);
  });

  test('E-154 a folder of the plan may itself have such a name', () => {
    expect(shown({ files: files('build/a.ts', 'build/node_modules/b.ts'), scope: ['build/'] })).toEqual(['+! modifiable build/a.ts', '- vendored build/node_modules/b.ts']);
  });

  test.each(['package-lock.json', 'a/yarn.lock', 'x.min.js', 'x_pb2.py', 'a.pb.go', 'a.snap'])('E-154 %s is generated: in a folder it is left out, by its path it is shown', (path) => {
    expect(shown({ files: files(`src/${path}`), scope: ['src/'] })).toEqual([`- generated src/${path}`]);
    expect(shown({ files: files(path), scope: [path] })).toEqual([`+! modifiable ${path}`]);
  });

  test('E-156 a huge file is not read; named to be changed, it is a failure', () => {
    expect(select({ files: files(['src/a.sql', 501]), scope: ['src/'] })).toMatchObject({ selected: [{ category: 'huge', omitted: true }], tooLarge: [] });
    expect(select({ files: files(['src/a.sql', 501]), scope: ['src/a.sql'] }).tooLarge).toEqual(['src/a.sql']);
  });
});

describe('the budget', () => {
  test('E-153 what does not fit is left out and listed, and smaller ones still fit', () => {
    const all = { readOnly: ['a', 'b', 'c'], scope: ['x'] };
    expect(shown({ ...all, files: files(['a', 60], ['b', 60], ['c', 30]), limits: { bytesMax: 100 } })).toEqual(['+ read_only a', '- read_only b', '+ read_only c']);
    expect(shown({ ...all, files: files('a', 'b', 'c'), limits: { filesMax: 2 } })).toEqual(['+ read_only a', '+ read_only b', '- read_only c']);
  });

  test('E-153 what is only read takes no more than its excerpt', () => {
    expect(shown({ files: files(['a', 400], ['b', 400]), readOnly: ['a', 'b'], scope: ['x'], limits: { bytesMax: 400 } })).toEqual(['+ read_only a', '+ read_only b']);
  });

  test('E-153 deliverables come first, then what may be changed, then the rest', () => {
    expect(shown({ files: files(['a.ts', 60], ['b.ts', 60], ['c.ts', 60]), scope: ['a.ts', 'b.ts'], deliverables: ['b.ts'], readOnly: ['c.ts'], limits: { bytesMax: 130 } })).toEqual(['+! deliverable b.ts', '+! modifiable a.ts', '- read_only c.ts']);
  });

  test('E-153 inside a kind: words shared with the phase, then the smaller one, then the path', () => {
    const inFolder = (text: string) => shown({ files: files(['src/billing/userInvoice.ts', 90], ['src/a.ts', 60], ['src/b.ts', 40]), scope: ['src/'], text, limits: { bytesMax: 95 } });
    expect(inFolder('round the invoice')).toEqual(['- modifiable src/a.ts', '- modifiable src/b.ts', '+! modifiable src/billing/userInvoice.ts']);
    expect(inFolder('round it')).toEqual(['- modifiable src/a.ts', '+! modifiable src/b.ts', '- modifiable src/billing/userInvoice.ts']);
  });

  test('E-154 of a folder, 200 files, those of the phase\'s words first', () => {
    const many = Array.from({ length: 250 }, (_, i) => `src/f${String(i).padStart(3, '0')}.ts`);
    const { selected } = select({ files: files(...many, 'src/zebra.ts'), scope: ['src/'], text: 'the zebra', limits: { bytesMax: 100_000, filesMax: 1000 } });
    expect(selected).toHaveLength(200);
    expect(selected.at(-1)?.path).toBe('src/zebra.ts');
  });

  test('E-153 a file that the plan names to be changed is never left out in silence', () => {
    expect(select({ files: files(['a.ts', 400], ['src/b.ts', 400], ['c.ts', 400]), scope: ['a.ts', 'src/', 'c.ts'], limits: { bytesMax: 500 } }).tooLarge).toEqual(['c.ts']);
    expect(select({ files: files(['a.ts', 400]), deliverables: ['a.ts'], limits: { bytesMax: 300 } }).tooLarge).toEqual(['a.ts']);
  });
});

const path = fc.constantFrom('a.ts', 'b.ts', 'src/a.ts', 'src/b.ts', 'src/x/c.ts', 'src/a.test.ts', 'docs/d.md', 'README.md', 'package.json', '.env', 'node_modules/m.js', 'logo.png');
const selections = fc.record({
  files: fc.uniqueArray(fc.record({ path, size: fc.nat(60) }), { selector: (file) => file.path }), scope: fc.subarray(['src/', 'a.ts', 'docs/']), readOnly: fc.subarray(['docs/', 'README.md', 'src/x/']), deliverables: fc.subarray(['src/a.ts', 'b.ts', 'new.ts']),
  text: fc.constantFrom('', 'b.ts and README.md', 'node_modules/m.js'), feedback: fc.constantFrom('', 'src/a.test.ts:3'), imported: fc.subarray(['b.ts', 'src/x/c.ts']), protectedPaths: fc.subarray(['src/b.ts', 'a.ts']),
  limits: fc.record({ bytesMax: fc.nat(150), fileBytesMax: fc.nat(60), filesMax: fc.nat(5), excerptMax: fc.nat(40) }),
});

test('E-153 E-154 E-157 a selection keeps its limits and the scope, lists every file once, and does not depend on the order of files', () => {
  fc.assert(fc.property(selections, (given) => {
    const { selected, tooLarge, missing } = select(given);
    const { bytesMax, filesMax, fileBytesMax, excerptMax } = given.limits;
    const kept = selected.filter(({ omitted }) => !omitted);
    expect(kept.reduce((sum, { size, mayChange }) => sum + (mayChange ? size : Math.min(size, excerptMax)), 0)).toBeLessThanOrEqual(bytesMax);
    expect(kept.length).toBeLessThanOrEqual(filesMax);
    expect(kept.every(({ size }) => size <= fileBytesMax)).toBe(true);
    expect(new Set(selected.map((file) => file.path)).size).toBe(selected.length);
    expect(kept.some((file) => file.path === '.env' || file.path === 'logo.png')).toBe(false);
    const inScope = (name: string): boolean => given.scope.length === 0 || given.scope.some((entry) => (entry.endsWith('/') ? name.startsWith(entry) : name === entry));
    const mayChange = selected.filter((file) => file.mayChange).map((file) => file.path);
    expect(mayChange.every((name) => inScope(name) && !given.protectedPaths.includes(name) && !given.readOnly.some((entry) => name.startsWith(entry)))).toBe(true);
    expect(tooLarge.every((name) => inScope(name) && [...given.scope, ...given.deliverables].includes(name))).toBe(true);
    // Nothing that may be changed and is named one by one is missing without a word.
    const named = given.files.filter(({ path: name }) => given.scope.includes(name) && !given.protectedPaths.includes(name) && !given.readOnly.includes(name)).map((file) => file.path);
    expect(named.every((name) => mayChange.includes(name) || tooLarge.includes(name))).toBe(true);
    expect(select({ ...given, files: given.files.toReversed() })).toEqual({ selected, tooLarge, missing });
  }));
});
