import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { type PathRules, judgePaths } from '#src/domain/path-policy.ts';

const open: PathRules = { scope: [], readOnly: [], protectedPaths: [], always: [] };
const changed = (path: string, oldMode = '100644', newMode = '100644') => ({ path, oldMode, newMode });
const rulesOf = (path: string, rules: Partial<PathRules> = {}): string[] => judgePaths([changed(path)], { ...open, ...rules }).map(({ rule }) => rule);

describe('names that are never written', () => {
  test.each([
    '.git', '.git/config', 'sub/.git/hooks/x', '.GIT/x', '.Git', '.git.', '.git ', '.git. . /x', 'git~1', 'GIT~1/x', 'git~2', '.git::$INDEX_ALLOCATION', '.git:x', '.git::$DATA/x',
    '.g\u200cit', '.g\ufeffit/config', '\u200e.git', '.gi\u2060t', '.gıt', '.gіt', '．git', '.ɡit', '.g\u0456t', '.giⓣ', '.gít', '.ᎶIT', '.ɢɪᴛ/x', '.gꭵt', 'a/../.git/x', 'a//.git/x', '.git/../a',
  ])('E-195 %j is refused as .git', (path) => {
    expect(rulesOf(path)).toContain('git');
  });

  test.each([
    ['.autonomous_runs/r1/log', 'storage'], ['.AUTONOMOUS_RUNS', 'storage'], ['autono~1/x', 'storage'], ['.autonomous_runs.', 'storage'],
    ['.gitattributes', 'attributes'], ['deep/er/.gitattributes', 'attributes'], ['.GitModules', 'attributes'], ['a/.lfsconfig', 'attributes'], ['gitatt~1', 'attributes'], ['gi7eba~1', 'attributes'], ['.gitаttributes', 'attributes'],
    ['autopack.yaml', 'config'], ['Autopack.YAML', 'config'], ['autopa~1.yam', 'config'], ['autopаck.yaml', 'config'], ['./autopack.yaml', 'config'],
    ['.env', 'secret'], ['.env.local', 'secret'], ['a/.env.production', 'secret'], ['.ENV', 'secret'], ['.env ', 'secret'], ['tls/server.pem', 'secret'], ['x.KEY', 'secret'], ['id_rsa', 'secret'], ['.ssh/id_rsa.pub', 'secret'], ['id_ed25519', 'secret'], ['.netrc', 'secret'], ['.npmrc', 'secret'], ['.env::$DATA', 'secret'], ['env~1', 'secret'], ['ENV~1', 'secret'], ['.env.example.local', 'secret'], ['id_rsa.bak', 'secret'],
  ])('E-196 %j is refused as %s, whatever the scope says', (path, rule) => {
    expect(rulesOf(path, { scope: [path] })).toContain(rule);
  });

  test.each(['.gitignore', '.github/workflows/ci.yml', 'git.ts', 'src/git/x.ts', 'digit~1', '.env.example', '.env.test.example', 'test/id_rsa_parser.ts', 'id_ed25519.py', 'کتاب\u200cها.md', 'क्\u200dष.txt', '👩\u200d👧.png', '...x', '[...slug].tsx', 'environment.ts', 'env', 'keys.ts', 'src/key', 'autopack.yaml.md', 'docs/autopack.yaml', 'autonomous_runs', 'my file.txt', 'ä ö/ü.txt', '日本語.md', 'a.git/x', 'README'])('E-195 %j is an ordinary name', (path) => {
    expect(rulesOf(path)).toEqual([]);
  });

  test.each(['a\nb', 'a\u0000', 'a\u0007', 'a\u202egnp.ts', 'a\u200bb', 'a\u200cb', 'a\u200d', 'कa\u200db', '👩\u200da', 'a/.. /b', '.. ./x', '.../x', 'a/. ', '‥/x', '．．/x', '…', 'a\\b', '/etc/passwd', '../x', 'a/../../x', 'a/./b', 'a//b', 'a/', '', 'C:/x', 'C:\\x', 'bad\ufffd', '\ud800'])('E-195 the name %j is refused', (path) => {
    expect(rulesOf(path)).toContain('name');
  });
});

describe('the plan', () => {
  test.each(['./config/x', 'src/../config/x', '/config/x', 'config//x', 'config\\x', 'CONFIG/x', 'config/x/below', 'c\u043enfig/x'])('E-661 %j is refused when config/ is protected', (path) => {
    expect(rulesOf(path, { protectedPaths: ['config/'] })).toContain('protected');
    expect(rulesOf(path, { always: ['config'] })).toContain('always');
    expect(rulesOf(path, { readOnly: ['./config/x'] })).toContain('read_only');
  });

  test('E-661 `a//../.git/config` is refused as .git and for its spelling', () => {
    expect(rulesOf('a//../.git/config')).toEqual(['name', 'git']);
  });

  test.each([
    ['src/a.ts', ['src/a.ts'], true], ['src/a.ts.evil', ['src/a.ts'], false], ['src/a.ts/x', ['src/a.ts'], false], ['src/b/x', ['src/b/'], true], ['src/b', ['src/b/'], false], ['src/bc/x', ['src/b/'], false],
    ['src/b/x', ['src/b'], false], ['src/b/../c.py', ['src/b/'], false], ['SRC/b/x', ['src/b/'], false], ['src/b/x', ['./src//b/'], true], ['x', ['./'], true], ['x', ['../'], false], ['any/thing', [], true],
  ])('E-662 E-663 %j in scope %j: %j', (path, scope, inside) => {
    expect(!rulesOf(path, { scope }).includes('scope')).toBe(inside);
  });

  test('E-665 a name with a space is one name', () => {
    expect(rulesOf('my file.txt', { scope: ['my file.txt'] })).toEqual([]);
    expect(rulesOf('my file.txt', { scope: ['my'] })).toEqual(['scope']);
  });
});

describe('what a change does', () => {
  test.each([
    ['100644', '120000', 'symlink'], ['000000', '120000', 'symlink'], ['120000', '000000', 'symlink'], ['120000', '120000', 'symlink'], ['000000', '160000', 'submodule'], ['160000', '100644', 'submodule'], ['100644', '040000', 'type'],
  ])('E-195 %s to %s is refused as a %s', (from, to, rule) => {
    expect(judgePaths([changed('x', from, to)], open).map((violation) => violation.rule)).toEqual([rule]);
  });

  test.each([['100644', '100755'], ['100755', '100644'], ['000000', '100755'], ['100644', '000000'], ['000000', '100644']])('E-195 %s to %s is allowed', (from, to) => {
    expect(judgePaths([changed('x', from, to)], open)).toEqual([]);
  });

  test('E-195 new paths that differ only in case are refused, also as folders; a rename in case only is not', () => {
    const fresh = (path: string) => changed(path, '000000');
    const colliding = (...changes: ReturnType<typeof changed>[]) => judgePaths(changes, open).map(({ path, rule }) => `${rule} ${path}`);
    expect(colliding(fresh('README'), fresh('readme'))).toEqual(['collision README', 'collision readme']);
    expect(colliding(changed('README'), fresh('readme'))).toEqual(['collision readme']);
    expect(colliding(fresh('Src/a'), fresh('src/b'))).toEqual(['collision Src/a', 'collision src/b']);
    expect(colliding(fresh('\u00e9'), fresh('e\u0301'))).toHaveLength(2);
    expect(colliding(changed('README', '100644', '000000'), fresh('readme'))).toEqual([]);
    expect(colliding(changed('Src/a'), changed('src/b'))).toEqual([]);
  });

  test('E-195 a new path that differs only in case from one of the tree is refused, unless that one goes; what was there in two spellings may grow', () => {
    const fresh = (path: string) => changed(path, '000000');
    const colliding = (present: string[], ...changes: ReturnType<typeof changed>[]) => judgePaths(changes, { ...open, present }).map(({ path, message }) => `${path} ${message}`);
    expect(colliding(['README.md', 'src/a'], fresh('readme.md'), fresh('SRC/b'), fresh('src/c'))).toEqual(['readme.md differs from "README.md" only in case', 'SRC/b differs from "src" only in case']);
    expect(colliding(['README.md'], changed('README.md', '100644', '000000'), fresh('readme.md'))).toEqual([]);
    expect(colliding(['Foo/a', 'foo/a'], fresh('foo/b'), changed('Foo/a'))).toEqual([]);
  });

  test('E-195 every violation of every path is told at once, with its path and a sentence', () => {
    const changes = [changed('ok.ts'), changed('../.env', '000000', '120000'), changed('.git/x')];
    expect(judgePaths(changes, { ...open, scope: ['ok.ts'] })).toEqual([
      { path: '../.env', rule: 'name', message: 'is not written from the root of the repository' },
      { path: '../.env', rule: 'name', message: 'is outside the repository' },
      { path: '../.env', rule: 'secret', message: 'is a file for keys' },
      { path: '../.env', rule: 'scope', message: 'is outside the scope of the phase' },
      { path: '../.env', rule: 'symlink', message: 'is a symlink' },
      { path: '.git/x', rule: 'git', message: 'is, or may be taken for, .git' },
      { path: '.git/x', rule: 'scope', message: 'is outside the scope of the phase' },
    ]);
  });

  test('E-195 no decoration of .git with case, ignorable characters, dots and spaces gets through', () => {
    const decorated = fc.tuple(fc.subarray([0, 1, 2, 3]), fc.constantFrom('', '\u200c', '\u200d', '\u206a', '\ufeff', '\u00ad'), fc.nat(4), fc.constantFrom('', '.', ' ', '. .', '::$INDEX_ALLOCATION'));
    fc.assert(fc.property(decorated, ([upper, hidden, at, end]) => {
      const letters = [...'.git'].map((letter, index) => (upper.includes(index) ? letter.toUpperCase() : letter));
      letters.splice(at, 0, hidden);
      expect(rulesOf(`sub/${letters.join('')}${end}/config`)).toContain('git');
    }));
  });
});
