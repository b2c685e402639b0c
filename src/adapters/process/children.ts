// The side table of children
// ==========================
// One small file for each command that runs, below the state folder: a later process can end what an earlier one left.

import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { ExecutorError } from '#src/errors/errors.ts';

export interface ChildRow {
  readonly mark: string;
  /** Null: it was about to be started. Process and group have the same number. */
  readonly pid: number | null;
  readonly start: number | null;
  readonly boot: string;
}

export interface ChildTable {
  /** @returns the key of the row. */
  add(row: ChildRow): string;
  set(key: string, row: ChildRow): void;
  remove(key: string): void;
  /** Of marks that begin so. */
  rows(prefix: string): readonly ChildRow[];
  /** The same are forgotten, also what somebody left who died while writing one. */
  removeAll(prefix: string): void;
}

/** Written without waiting: between the start of a child and its row nothing else of this process may happen. */
export function childTable(home: string): ChildTable {
  const folder = path.join(home, 'children');
  const fileOf = (key: string): string => path.join(folder, `${key}.json`);
  const set = (key: string, row: ChildRow): void => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeDurably(fileOf(key), JSON.stringify(row));
    } catch (cause) {
      throw new ExecutorError('workspace.unusable', 'the list of running commands cannot be written', { cause, hint: 'Make sure that the state folder can be written and has free space.' });
    }
  };
  return {
    add(row) {
      const key = `${nameOf(row.mark)}.${randomUUID()}`;
      set(key, row);
      return key;
    },
    set,
    remove: (key) => rmSync(fileOf(key), { force: true }),
    rows: (prefix) => namesIn(folder, prefix).filter((name) => name.endsWith('.json')).flatMap((name) => rowOf(path.join(folder, name))),
    removeAll: (prefix) => {
      for (const name of namesIn(folder, prefix)) rmSync(path.join(folder, name), { force: true });
    },
  };
}

/** Whole or not at all, also when the power fails. */
function writeDurably(to: string, text: string): void {
  const file = openSync(`${to}.new`, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${to}.new`, to);
}

/** A file's name tells whose it is, whatever is in it. */
const nameOf = (mark: string): string => encodeURIComponent(mark);

function namesIn(folder: string, prefix: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith(nameOf(prefix)));
  } catch {
    return []; // nothing was ever started
  }
}

function rowOf(file: string): ChildRow[] {
  try {
    return [JSON.parse(readFileSync(file, 'utf8')) as ChildRow];
  } catch {
    return []; // removed meanwhile
  }
}
