// docs/ARCHITECTURE.md against the tree: the map that people read first must not be wrong.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { promises } from './invariants.ts';
import { ROWS } from './import-table.ts';
import { foldersOf, readText, ROOT, seen } from './sources.ts';

const TOPS = ['src', 'machines', 'projections', 'config', 'docs', 'tests', 'bin', 'examples', '.ci'];
/** Inside of things that the map names as one. */
const INSIDE = /^examples\/demo\/|^tests\/contract\/|^src$|^tests$/;

const page = readText('docs/ARCHITECTURE.md');
const section = (title: string): string => page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
/** The first cell of each row, which is a path in backticks. */
const map = (text: string): string[] => [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell = '']) => cell);
const forgotten = (folders: readonly string[], text: string): string[] => folders.filter((folder) => !INSIDE.test(folder) && !map(text).includes(folder));

test('the map names every folder that holds files', () => {
  expect(forgotten(foldersOf(TOPS), section('The map')).map((folder) => `${folder} is not in the map of docs/ARCHITECTURE.md; add its row`)).toEqual([]);
});

test('a folder that the map forgot is found', () => {
  expect(forgotten(['src/kernel', 'src/brand-new'], '| `src/kernel` | the kernel |')).toEqual(['src/brand-new']);
});

test('the map names no folder that is gone', () => {
  expect(seen(map(section('The map')), 'rows of the map').filter((folder) => !existsSync(join(ROOT, folder)))).toEqual([]);
});

test('each row of the import table stands in the map', () => {
  const named = new Set(map(section('The map')));
  expect(Object.keys(ROWS).filter((row) => !row.endsWith('.ts') && !named.has(row))).toEqual([]);
});

test('the promises of each file are those of its header', () => {
  const rows = new Map([...section('Promises').matchAll(/^\| `([^`]+)` \| ([A-Z0-9 ]+) \|/gm)].map(([, path = '', ids = '']) => [path, ids.trim()]));
  const byFile = new Map<string, string>();
  for (const { id, path } of promises()) byFile.set(path, `${byFile.get(path) ?? ''} ${id}`.trim());
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(byFile));
});

test('every path that the page names in backticks is there', () => {
  const paths = [...page.matchAll(/`((?:src|machines|projections|tests|config|docs|examples)\/[\w./-]+)`/g)].map(([, path = '']) => path);
  expect(seen(paths, 'paths').filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('every name to search for is found in the sources', () => {
  const names = firstNames(section('Names to search for'));
  const text = foldersOf(['src', 'machines', 'projections', 'tests/support']).flatMap((folder) => sourcesIn(folder)).join('\n');
  expect(seen(names, 'names').filter((name) => !text.includes(name))).toEqual([]);
});

const firstNames = (text: string): string[] => [...text.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
const sourcesIn = (folder: string): string[] => readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.ts')).map((name) => readText(`${folder}/${name}`));
