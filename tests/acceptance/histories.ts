// Histories by seed: what people do to a repository, one commit after the other. Pure.

import { generator } from '#tests/support/world.ts';
import { entry, textOf, type Entry, type Tree } from './trees.ts';

type Random = ReturnType<typeof generator>;

export interface Change {
  readonly before: Tree;
  readonly after: Tree;
  /** What was done. */
  readonly kind: string;
  /** The path policy must refuse it, in whatever format. */
  readonly isForbidden: boolean;
}

type Files = Map<string, Entry>;
type Deed = (files: Files, random: Random) => void;

const whole = (random: Random, max: number): number => Math.floor(random.next() * max);
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
const isData = (path: string): boolean => /\.(?:json|ya?ml)$/.test(path);

/** A file whose lines may be moved about; JSON would break. */
function anyText(files: Files, random: Random): readonly [string, string] {
  const fitting = [...files].filter(([path, one]) => !isData(path) && (textOf(one) ?? '').length > 0).map(([path, one]) => [path, textOf(one) ?? ''] as const);
  return random.pick(fitting);
}

function rewrite(files: Files, path: string, text: string): void {
  files.set(path, { mode: files.get(path)?.mode ?? '100644', bytes: Buffer.from(text) });
}

/** Does something to the lines of one file; ends of lines are those around. */
const onLines = (change: (lines: string[], random: Random, files: Files) => void): Deed => (files, random) => {
  const [path, text] = anyText(files, random);
  const lines = linesOf(text);
  change(lines, random, files);
  rewrite(files, path, lines.map((line, at) => (line.endsWith('\n') || at === lines.length - 1 ? line : `${line}\n`)).join(''));
};

/** Lines as people write them, out of some other file; none that means what was left out. */
function borrowed(files: Files, random: Random, end: string): string[] {
  const [, text] = anyText(files, random);
  const lines = linesOf(text).filter((line) => !/\.\.\.|…|^[<>=]{7}/.test(line));
  const at = whole(random, lines.length);
  return lines.slice(at, at + 1 + whole(random, 6)).map((line, i) => `${line.replace(/\r?\n$/, '')}${random.next() < 0.5 ? ` ${at + i}` : ''}${end}`);
}
const endOf = (lines: readonly string[]): string => (lines.length > 0 && lines.every((line) => line.endsWith('\r\n')) ? '\r\n' : '\n');

const ODD = ['--- a/x', '+++ b/x', '@@ -1,2 +1,2 @@', '-- ', '++', '-', '+', '```', '{"files": []}', '\\ No newline at end of file', '\t', '   ', 'a\fb', 'a\u2028b', 'a\rb', 'diff --git a/x b/x', 'x'.repeat(4000), '"', '\\', '{', '\u00a0', 'e\u0301'];
const NAMES = ['docs/a b.md', 'größe.txt', "it's.txt", 'quo"te.txt', 'a/very/deep/place/for/a/file.js', '日本/語.txt', '-dash.txt', '#hash.txt', '@at.ts', '~tilde', '.hidden', 'a,b.txt', 'src/new.js', 'lib/other.py', 'x.lock', '$(touch x).txt', 'docs/..odd.md', 'a/b.txt', 'notes'];
const FORBIDDEN: readonly (readonly [string, Entry['mode']])[] = [['.env', '100644'], ['deploy/id_rsa', '100644'], ['.gitattributes', '100644'], ['docs/.gitattributes', '100644'], ['.gitmodules', '100644'], ['autopack.yaml', '100644'], ['link', '120000'], ['src/tab\there.txt', '100644'], ['.autonomous_runs/x', '100644'], ['zero\u200bwidth.txt', '100644']];

const deeds: Readonly<Record<string, Deed>> = {
  change: onLines((lines, random) => {
    for (let times = 1 + whole(random, 3); times > 0; times -= 1) {
      const at = whole(random, lines.length);
      lines[at] = (lines[at] ?? '').replace(/(\r?\n)?$/, ` changed ${whole(random, 100)}$1`);
    }
  }),
  insert: onLines((lines, random, files) => void lines.splice(whole(random, lines.length), 0, ...borrowed(files, random, endOf(lines)))),
  delete: onLines((lines, random) => void lines.splice(whole(random, lines.length), 1 + whole(random, Math.min(6, lines.length)))),
  duplicate: onLines((lines, random) => {
    const at = whole(random, lines.length);
    lines.splice(at, 0, ...lines.slice(at, at + 1 + whole(random, 8)).map((line) => line.replace(/\r?\n$/, '') + endOf(lines)));
  }),
  move: onLines((lines, random) => {
    const moved = lines.splice(whole(random, lines.length), 1 + whole(random, 4));
    lines.splice(whole(random, lines.length), 0, ...moved.map((line) => line.replace(/\r?\n$/, '') + endOf(lines)));
  }),
  append: onLines((lines, random, files) => void lines.push(...borrowed(files, random, endOf(lines)))),
  odd: onLines((lines, random) => void lines.splice(whole(random, lines.length + 1), 0, `${random.pick(ODD)}${endOf(lines)}`)),
  several: (files, random) => {
    for (let times = 2 + whole(random, 3); times > 0; times -= 1) deeds[random.pick(['change', 'insert', 'delete', 'append'])]?.(files, random);
  },
  add: (files, random) => {
    const name = random.pick(NAMES);
    if (isFree(files, name)) files.set(name, entry(borrowed(files, random, '\n').join('')));
  },
  empty: (files, random) => {
    const name = random.pick(['pkg/sub/__init__.py', 'data/.gitkeep', 'blank.txt']);
    if (isFree(files, name)) files.set(name, entry(''));
  },
  remove: (files, random) => {
    if (files.size > 4) files.delete(random.pick([...files.keys()]));
  },
  rename: (files, random) => {
    const [path, text] = anyText(files, random);
    const mode = files.get(path)?.mode ?? '100644';
    const name = random.pick([...NAMES, path.replace(/[^/]*$/, (base) => base.toUpperCase()), `moved/${path}`]);
    files.delete(path);
    if (!isFree(files, name)) return;
    files.set(name, entry(random.next() < 0.5 ? text : `${text.replace(/\n?$/, '\n')}and more\n`, mode));
  },
  endings: (files, random) => {
    const [path, text] = anyText(files, random);
    if (text.includes('\n')) rewrite(files, path, text.includes('\r\n') ? text.replaceAll('\r\n', '\n') : text.replaceAll('\n', '\r\n'));
  },
  'final newline': (files, random) => {
    const [path, text] = anyText(files, random);
    if (text.trim() !== '') rewrite(files, path, text.endsWith('\n') ? text.replace(/\r?\n$/, '') : `${text}\n`);
  },
  mode: (files, random) => {
    const [path, text] = anyText(files, random);
    files.set(path, entry(text, files.get(path)?.mode === '100755' ? '100644' : '100755'));
  },
  binary: (files, random) => void files.set('data/image.bin', entry(Buffer.from([0, 1, 255, whole(random, 255), 0]))),
  data: (files, random) => {
    const path = [...files.keys()].find((name) => name.endsWith('.json')) ?? 'data/set.json';
    const value = JSON.parse(textOf(files.get(path)) ?? '{}') as object;
    rewrite(files, path, `${JSON.stringify({ ...value, revision: whole(random, 1000) }, null, 2)}\n`);
  },
  'file to folder': (files, random) => {
    const [path, text] = anyText(files, random);
    files.delete(path);
    if (isFree(files, `${path}/index.txt`)) files.set(`${path}/index.txt`, entry(text));
  },
};

/** Neither a file nor a folder has the name, in any case, and no file stands where a folder must. */
function isFree(files: Files, name: string): boolean {
  const fold = (path: string): string => path.normalize('NFKC').toLowerCase();
  const wanted = fold(name);
  return [...files.keys()].map(fold).every((path) => path !== wanted && !path.startsWith(`${wanted}/`) && !wanted.startsWith(`${path}/`));
}

const KINDS = ['change', 'change', 'change', 'insert', 'insert', 'delete', 'duplicate', 'move', 'append', 'odd', 'several', 'several', 'add', 'empty', 'remove', 'rename', 'endings', 'final newline', 'mode', 'binary', 'data', 'file to folder'];

const isSame = (a: Tree, b: Tree): boolean => a.size === b.size && [...a].every(([path, { mode, bytes }]) => b.get(path)?.mode === mode && b.get(path)?.bytes.equals(bytes) === true);

/**
 * So many changes, one after the other, each of a different tree than the one before. `toward`: they end in the seed
 * instead of beginning with it. Every ninth is one that nobody may make, and stands beside the line.
 */
export function historyOf(seed: Tree, { random, count, toward }: { readonly random: Random; readonly count: number; readonly toward: boolean }): Change[] {
  const changes: Change[] = [];
  for (let last = seed, tries = 0; changes.length < count && tries < count * 20; tries += 1) {
    const kind = random.pick(KINDS);
    const next = new Map(last);
    deeds[kind]?.(next, random);
    if (isSame(last, next) || next.size < 3) continue;
    changes.push({ before: toward ? next : last, after: toward ? last : next, kind, isForbidden: false });
    if (changes.length % 8 === 0) changes.push(forbidden(last, random));
    last = next;
  }
  return toward ? changes.toReversed() : changes;
}

function forbidden(before: Tree, random: Random): Change {
  const [path, mode] = random.pick(FORBIDDEN);
  return { before, after: new Map(before).set(path, { mode, bytes: Buffer.from(mode === '120000' ? 'target' : 'text\n') }), kind: `forbidden ${path}`, isForbidden: true };
}
