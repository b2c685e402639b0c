// Holders in SQLite
// =================
// One small database per run. The holder commits its row {host, pid, started}, then keeps `begin immediate` open over
// it: in a rollback journal that is the RESERVED lock, which lets everybody read the row and nobody else write. The
// system drops the lock with the process.
//
// The lock is free for a moment between that commit and the second `begin`. So whoever takes or looks first passes
// the folder's gate, one at a time, held for milliseconds and dropped by the system as well: inside it a taken lock
// always means a true holder, whose row is committed.

import { existsSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Hold, HolderRow, Holders } from '#src/ports/holder.ts';
import { isBusy } from './errors.ts';
import { preparePrivateFile } from './files.ts';
import { PATIENCE_MS, patiently } from './patience.ts';

// A connection that is garbage collected lets go of its lock, so the process keeps every hold in sight.
const heldByThisProcess = new Set<DatabaseSync>();

export function sqliteHolders(folder: string): Holders {
  const gate = join(resolve(folder), '.gate.db');
  const lockOf = (run: string): string => join(resolve(folder), `${encodeURIComponent(run)}.lock.db`);
  return {
    acquire: (run) => throughGate(gate, () => take(run, lockOf(run))),
    holder: (run) => throughGate(gate, () => look(lockOf(run))),
    isKept: async (run) => existsSync(lockOf(run)),
    // Inside the gate nobody else opens it, and one that is held has a live row.
    forget: (run) => throughGate(gate, () => look(lockOf(run)) === null && remove(lockOf(run))),
  };
}

async function throughGate<T>(gate: string, work: () => T): Promise<T> {
  return patiently({ path: gate, patienceMs: PATIENCE_MS }, () => {
    const db = openLock(gate);
    try {
      db.exec('begin immediate');
      return work();
    } finally {
      db.close();
    }
  });
}

/** No waiting inside SQLite: a taken lock is an answer, not a delay. */
function openLock(path: string): DatabaseSync {
  preparePrivateFile(path);
  return new DatabaseSync(path, { timeout: 0 });
}

function take(run: string, path: string): Hold {
  const db = openLock(path);
  try {
    const live = liveRow(db);
    if (live !== null) throw locked(run, live);
    writeRow(db);
    db.exec('begin immediate');
  } catch (error) {
    db.close();
    throw error;
  }
  heldByThisProcess.add(db);
  return { release: async () => release(db) };
}

function look(path: string): HolderRow | null {
  if (!existsSync(path)) return null;
  const db = openLock(path);
  try {
    return liveRow(db);
  } finally {
    db.close();
  }
}

function remove(path: string): true {
  for (const file of [path, `${path}-journal`]) rmSync(file, { force: true });
  return true;
}

/** @returns the row when its writer still has the lock; null when nobody has it, and then this connection has it for now. */
function liveRow(db: DatabaseSync): HolderRow | null {
  try {
    db.exec('begin immediate');
    return null;
  } catch (error) {
    if (!isBusy(error)) throw error;
    const row = readRow(db);
    if (row === null) throw error; // it is letting go right now: look again
    return row;
  }
}

function readRow(db: DatabaseSync): HolderRow | null {
  const row = db.prepare('select host, pid, started from holder').get();
  return row === undefined ? null : { host: String(row['host']), pid: Number(row['pid']), started: String(row['started']) };
}

/** Inside `begin immediate`; commits. */
function writeRow(db: DatabaseSync): void {
  db.exec('create table if not exists holder (host text not null, pid integer not null, started text not null) strict; delete from holder');
  const started = new Date(performance.timeOrigin).toISOString();
  db.prepare('insert into holder (host, pid, started) values (?, ?, ?)').run(hostname(), process.pid, started);
  db.exec('commit');
}

function release(db: DatabaseSync): void {
  if (!heldByThisProcess.delete(db)) return;
  try {
    db.exec('delete from holder; commit');
  } catch {
    // Somebody was reading: the row stays, but without its lock it names nobody.
  } finally {
    db.close();
  }
}

function locked(run: string, { host, pid, started }: HolderRow): ExecutorError {
  return new ExecutorError('run.locked', `run ${run} is held by process ${pid} on ${host}, started ${started}`, {
    hint: `wait for it, or end process ${pid} on ${host}`,
  });
}
