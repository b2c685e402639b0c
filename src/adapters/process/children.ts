// The side table of children
// ==========================
// One small file for each command that runs, below the state folder: a later process can end what an earlier one left.

import { createHash, randomUUID } from 'node:crypto';
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
  rows(): readonly { readonly key: string; readonly row: ChildRow }[];
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
      const key = `${createHash('sha256').update(row.mark).digest('hex').slice(0, 16)}-${randomUUID()}`;
      set(key, row);
      return key;
    },
    set,
    remove: (key) => {
      rmSync(fileOf(key), { force: true });
      rmSync(`${fileOf(key)}.new`, { force: true }); // of somebody who died while writing
    },
    rows: () => keys(folder).flatMap((key) => rowOf(fileOf(key)).map((row) => ({ key, row }))),
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

function keys(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
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
