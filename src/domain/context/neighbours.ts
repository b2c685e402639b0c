// Neighbours of a file
// ====================
// What it imports, what tests it, which manifest it belongs to: by names alone, in the tree of the base.

export interface Tree {
  has(path: string): boolean;
}

interface Language { readonly files: RegExp; of(path: string, text: string): readonly (readonly string[])[] }

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

/** `a/b/` and `../c` come to `a/c`; null outside of the tree. */
function joined(folder: string, relative: string): string | null {
  const kept = folder.split('/').filter((segment) => segment !== '');
  for (const segment of relative.split('/')) {
    if (segment === '..' && kept.pop() === undefined) return null;
    if (segment !== '' && segment !== '.' && segment !== '..') kept.push(segment);
  }
  return kept.join('/');
}

const SCRIPT_ENDINGS = ['', '.ts', '.tsx', '.js', '.jsx', '.mjs', '.cjs', '.mts', '.cts', '.json', '.vue', '.svelte', '/index.ts', '/index.tsx', '/index.js', '/index.jsx', '/index.mjs'];
const SCRIPT_IMPORT = /(?:\bfrom|\bimport|\brequire)\s{0,8}\(?\s{0,8}['"]([^'"\n]{1,300})['"]/g;

/** A sources' own `.js` may stand for a `.ts`; `#src/x`, `@/x` and `~/x` stand for the root or for `src`. */
function scriptTargets(path: string, wanted: string): string[] {
  const alias = /^(?:#|@\/|~\/)(.+)$/.exec(wanted)?.[1];
  const starts = wanted.startsWith('.') ? [joined(folderOf(path), wanted)] : alias === undefined ? [] : [alias, `src/${alias}`];
  return starts.flatMap((start) => (start === null ? [] : [start, start.replace(/\.([cm]?)js(x?)$/, '.$1ts$2')].flatMap((stem) => SCRIPT_ENDINGS.map((ending) => stem + ending))));
}

const PYTHON_IMPORT = /^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]{0,2000}\)|[^\n#]+)|import[ \t]+([\w., \t]+))/gm;
const PYTHON_ROOTS = ['', 'src/', 'lib/', 'app/', 'backend/'];

/** Each module with its own targets: the file, the package, and names that are modules of the package. */
function pythonTargets(path: string, text: string): string[][] {
  return [...text.matchAll(PYTHON_IMPORT)].flatMap(([, module, names = '', modules]) => {
    if (module === undefined) return (modules ?? '').split(',').map((each) => pythonFiles(path, each.trim().split(/[ \t]/)[0] ?? ''));
    const inside = [...names.matchAll(/\w+/g)].map(([name]) => pythonFiles(path, `${module}${/\w$/.test(module) ? '.' : ''}${name}`));
    return [pythonFiles(path, module), ...inside];
  });
}

function pythonFiles(path: string, module: string): string[] {
  const dots = /^\.*/.exec(module)?.[0].length ?? 0;
  const inner = module.slice(dots).replaceAll('.', '/');
  const starts = dots === 0 ? [...PYTHON_ROOTS, folderOf(path)] : [joined(folderOf(path), '../'.repeat(dots - 1))].flatMap((folder) => (folder === null ? [] : [folder === '' ? '' : `${folder}/`]));
  return starts.flatMap((start) => (inner === '' ? [`${start}__init__.py`] : [`${start}${inner}.py`, `${start}${inner}/__init__.py`]));
}

const LANGUAGES: readonly Language[] = [
  { files: /\.(?:[cm]?[jt]sx?|vue|svelte)$/, of: (path, text) => [...text.matchAll(SCRIPT_IMPORT)].map(([, wanted = '']) => scriptTargets(path, wanted)) },
  { files: /\.pyi?$/, of: pythonTargets },
  { files: /\.(?:c|cc|cpp|cxx|h|hh|hpp)$/, of: (path, text) => [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]*"([^"\n]{1,300})"/gm)].map(([, wanted = '']) => [joined(folderOf(path), wanted) ?? '', wanted, `include/${wanted}`, `src/${wanted}`]) },
  { files: /\.rb$/, of: (path, text) => [...text.matchAll(/\brequire_relative[ \t(]+['"]([^'"\n]{1,300})['"]/g)].map(([, wanted = '']) => [joined(folderOf(path), wanted) ?? '', `${joined(folderOf(path), wanted) ?? ''}.rb`]) },
];

/** Files of the tree that a file imports, in the order of its text; the first that exists for each import. */
export function importsOf(path: string, text: string, tree: Tree): string[] {
  const language = LANGUAGES.find(({ files }) => files.test(path));
  const found = (language?.of(path, text) ?? []).map((targets) => targets.find((target) => target !== path && tree.has(target)));
  return [...new Set(found.flatMap((target) => target ?? []))];
}

const TEST_FOLDER = /(?:^|\/)(?:tests?|__tests__|specs?)\//;
const TEST_NAME = /^(?:test_(?<python>.+)|(?<marked>.+?)[._-](?:tests?|spec)|(?<suffixed>.+?)(?:Tests?|Spec))\.\w+$/;

/** The stem of what a test is about, null for what is no test: `test_a.py`, `a.test.ts`, `ATest.java`, `tests/a.js`. */
export function testedBy(path: string): string | null {
  if (!/test|spec/i.test(path)) return null;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const groups = TEST_NAME.exec(name)?.groups;
  const stem = groups?.['python'] ?? groups?.['marked'] ?? groups?.['suffixed'];
  return stem ?? (TEST_FOLDER.test(path) ? name.replace(/\.\w+$/, '') : null);
}

const TESTS_MAX = 3;

/** The tests of files: by stem, the nearest first, no more than three each. */
export function testsOf(subjects: readonly string[], paths: readonly string[]): string[] {
  const stems = new Map<string, string[]>(subjects.map((path) => [path.slice(path.lastIndexOf('/') + 1).replace(/\.\w+$/, ''), []]));
  for (const path of paths) stems.get(testedBy(path) ?? '')?.push(path);
  return [...new Set(subjects.flatMap((subject) => {
    const tests = stems.get(subject.slice(subject.lastIndexOf('/') + 1).replace(/\.\w+$/, '')) ?? [];
    return tests.filter((path) => path !== subject).map((path) => ({ path, near: sharedFolders(path, subject) })).sort((a, b) => b.near - a.near || (a.path < b.path ? -1 : 1)).slice(0, TESTS_MAX).map(({ path }) => path);
  }))];
}

/** Folders that stand in both paths, wherever: `src/a/x.ts` and `tests/a/x.test.ts` share one. */
function sharedFolders(one: string, other: string): number {
  const folders = new Set(one.split('/').slice(0, -1));
  return other.split('/').slice(0, -1).filter((folder) => folders.has(folder)).length;
}

const MANIFESTS = ['package.json', 'pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', 'tsconfig.json', 'go.mod', 'Cargo.toml', 'Gemfile', 'composer.json', 'pom.xml', 'build.gradle', 'CMakeLists.txt', 'Makefile'];

/** Manifests beside the files and in every folder above them, the root's first. */
export function manifestsOf(paths: readonly string[], tree: Tree): string[] {
  const folders = new Set(['']);
  for (const path of paths) for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) folders.add(path.slice(0, at + 1));
  return [...folders].sort((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1)).flatMap((folder) => MANIFESTS.map((name) => folder + name).filter((path) => tree.has(path)));
}
