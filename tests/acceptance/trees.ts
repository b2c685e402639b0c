// Trees of files as data, the seeds of histories, and how whole histories come into a repository at once.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { repositoryAt, temporary, type UserRepo } from '#tests/support/user-repository.ts';

export interface Entry {
  readonly mode: '100644' | '100755' | '120000';
  readonly bytes: Buffer;
}
/** Path -> entry. */
export type Tree = ReadonlyMap<string, Entry>;

export const entry = (text: string | Buffer, mode: Entry['mode'] = '100644'): Entry => ({ mode, bytes: Buffer.from(text) });
const treeOf = (files: Readonly<Record<string, string>>): Tree => new Map(Object.entries(files).map(([path, text]) => [path, entry(text)]));

/** The text of an entry, null where it is none that an answer could give. */
export function textOf(one: Entry | undefined): string | null {
  const text = one?.bytes.toString('utf8') ?? '';
  return one === undefined || one.mode === '120000' || text.includes('\0') || !Buffer.from(text).equals(one.bytes) ? null : text;
}

/** What an installed package published, its tests included; `skip` names what needs other packages than Node's own. */
function installed(name: string, skip: RegExp): Tree {
  const root = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((found) => found.isFile()).map((found) => join(found.parentPath, found.name));
  const named = files.map((file) => [file.slice(root.length + 1), file] as const).filter(([path]) => !skip.test(path) && !path.startsWith('node_modules/'));
  return new Map(named.map(([path, file]) => [path, { mode: '100644', bytes: readFileSync(file) }]));
}

const STACK = `'use strict';\n\nclass Stack {\n  #items = [];\n\n  push(item) {\n    this.#items.push(item);\n    return this;\n  }\n\n  pop() {\n    if (this.#items.length === 0) {\n      throw new RangeError('empty');\n    }\n    return this.#items.pop();\n  }\n\n  peek() {\n    if (this.#items.length === 0) {\n      throw new RangeError('empty');\n    }\n    return this.#items.at(-1);\n  }\n\n  get size() {\n    return this.#items.length;\n  }\n}\n\nmodule.exports = { Stack };\n`;
const STACK_TEST = `'use strict';\nconst test = require('node:test');\nconst assert = require('node:assert');\nconst { Stack } = require('../src/stack.js');\n\ntest('last in, first out', () => {\n  const stack = new Stack().push(1).push(2);\n  assert.strictEqual(stack.pop(), 2);\n  assert.strictEqual(stack.pop(), 1);\n});\n\ntest('an empty one has nothing to give', () => {\n  assert.throws(() => new Stack().pop(), RangeError);\n  assert.throws(() => new Stack().peek(), RangeError);\n});\n\ntest('size', () => {\n  assert.strictEqual(new Stack().push('a').size, 1);\n});\n`;
const LEDGER = `"""Amounts in cents."""\n\n\nclass Ledger:\n    def __init__(self):\n        self.entries = []\n\n    def add(self, name, cents):\n        if not isinstance(cents, int):\n            raise TypeError("cents")\n        self.entries.append((name, cents))\n\n    def total(self):\n        return sum(cents for _, cents in self.entries)\n\n    def of(self, name):\n        return sum(cents for who, cents in self.entries if who == name)\n`;
const LEDGER_TEST = `import unittest\n\nfrom ledger import Ledger\n\n\nclass LedgerTest(unittest.TestCase):\n    def test_total(self):\n        ledger = Ledger()\n        ledger.add("a", 120)\n        ledger.add("b", -20)\n        self.assertEqual(ledger.total(), 100)\n\n    def test_of(self):\n        ledger = Ledger()\n        ledger.add("a", 1)\n        ledger.add("a", 2)\n        self.assertEqual(ledger.of("a"), 3)\n\n    def test_whole_cents(self):\n        with self.assertRaises(TypeError):\n            Ledger().add("a", 0.5)\n`;
/** Equal blocks: where a hunk belongs is told by its numbers alone. */
const REPEATED = Array.from({ length: 12 }, (_, i) => `def step_${i % 3}(state):\n    state.count += 1\n    return state\n\n\n`).join('');

const javascript: Tree = treeOf({
  'package.json': '{\n  "name": "stack",\n  "version": "1.0.0",\n  "scripts": {\n    "test": "node --test"\n  }\n}\n', 'src/stack.js': STACK, 'test/stack.test.js': STACK_TEST,
  'README.md': '# Stack\n\nLast in, first out.\n\n```js\nnew Stack().push(1).pop();\n```\n\n- push\n- pop\n- peek\n', '.gitignore': 'node_modules/\n', 'docs/no end.txt': 'one\ntwo\nthree', 'docs/crlf.txt': 'one\r\ntwo\r\nthree\r\nfour\r\n',
});
const python: Tree = treeOf({
  'ledger.py': LEDGER, 'test_ledger.py': LEDGER_TEST, 'pkg/__init__.py': '', 'pkg/steps.py': REPEATED, 'setup.cfg': '[metadata]\nname = ledger\n', 'docs/größe.md': '# Größe\n\nÄpfel, 日本語 und 🎻.\n',
  'docs/mixed.txt': 'one\ntwo\r\nthree\nfour\r\n', 'docs/mark.txt': '\uFEFFone\ntwo\nthree\n', 'docs/patch.md': '# A patch\n\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-- \n+++\n---\n\\ No newline at end of file\n', 'big.txt': Array.from({ length: 1400 }, (_, i) => `entry ${i}\n`).join(''),
});

export interface Project {
  readonly name: string;
  readonly tree: Tree;
  /** Its own test command. */
  readonly command: readonly string[];
}

/** Two that are made here and two that are published, with the tests that came with them. */
export const projects: readonly Project[] = [
  { name: 'stack (JavaScript)', tree: javascript, command: ['node', '--test'] },
  { name: 'ledger (Python)', tree: python, command: ['python3', '-m', 'unittest', '-v'] },
  { name: 'process-warning', tree: installed('process-warning', /^eslint|jest|^\.git/), command: ['node', '--test'] },
  { name: '@pinojs/redact', tree: installed('@pinojs/redact', /^eslint|actual-redact|^benchmarks|^\.git/), command: ['node', '--test'] },
];

export interface Planted {
  readonly parent: number | null;
  readonly tree: Tree;
}

export interface Rooted {
  readonly commit: string;
  readonly tree: string;
}

/** One commit for each, by one git process; `main` and the working tree are at `head`. */
export function plant(commits: readonly Planted[], head: number): { readonly repo: UserRepo; readonly ids: readonly Rooted[] } {
  const repo = repositoryAt(temporary('autopack-user-'));
  repo.git('init', '-q', '-b', 'main');
  const stream = commits.flatMap(({ parent, tree }, at): Buffer[] => [
    Buffer.from(`commit refs/heads/h${at}\nmark :${at + 1}\ncommitter u <u@u> ${1_767_000_000 + at} +0000\ndata 1\nx\n${parent === null ? '' : `from :${parent + 1}\n`}deleteall\n`),
    ...[...tree].flatMap(([path, { mode, bytes }]) => [Buffer.from(`M ${mode} inline ${quoted(path)}\ndata ${bytes.length}\n`), bytes, Buffer.from('\n')]),
  ]);
  execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: repo.root, input: Buffer.concat(stream) });
  const names = commits.map((_commit, at) => `h${at}`);
  const ask = (form: string): string[] => execFileSync('git', ['cat-file', '--batch-check=%(objectname)'], { cwd: repo.root, input: names.map((name) => `${name}${form}\n`).join(''), encoding: 'utf8' }).trimEnd().split('\n');
  const [ids, trees] = [ask(''), ask('^{tree}')];
  repo.git('reset', '-q', '--hard', ids[head] ?? '');
  return { repo, ids: ids.map((commit, at) => ({ commit, tree: trees[at] ?? '' })) };
}

/** What git prints, byte for byte. */
export const printed = (repo: UserRepo, ...args: readonly string[]): string => execFileSync('git', ['-c', 'core.quotePath=false', ...args], { cwd: repo.root, encoding: 'utf8', maxBuffer: 1 << 28 });

const quoted = (path: string): string => `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`;
