// The tables
// ==========
// One list of upgrades is the schema and its history: entry i brings version i to i + 1, and is never edited once it
// was released. `user_version` is the version, `application_id` says that the file is ours.

import type { DatabaseSync } from 'node:sqlite';
import { ExecutorError } from '#src/errors/errors.ts';

const APPLICATION_ID = 0x61757470; // "autp"

// `position` is the rowid: SQLite has one writer, so positions become visible in their own order.
// unique (stream, revision) is the second fence behind the check of the expected revision.
const upgrades: readonly string[] = [
  `
  pragma application_id = ${APPLICATION_ID};
  create table event (
    position integer primary key,
    stream text not null,
    revision integer not null check (revision >= 0),
    id text not null unique,
    type text not null,
    data text not null,
    hash text not null,
    nonce text not null,
    unique (stream, revision)
  ) strict;
  create index event_by_type on event (type, position);
  create table body (
    sha256 text primary key,
    body blob not null
  ) strict;
  create table memo (
    run text not null,
    effect text not null,
    sha256 text not null references body (sha256),
    bytes integer not null,
    primary key (run, effect)
  ) strict, without rowid;
  `,
  `
  create table snapshot (
    run text primary key,
    seq integer not null,
    text text not null,
    sha256 text not null
  ) strict;
  `,
];

export const SCHEMA_VERSION = upgrades.length;

/** Reads only, so that a file of somebody else stays untouched. @throws ExecutorError `store.newer_schema` | `store.unavailable` */
export function checkOurs(db: DatabaseSync, path: string): void {
  const { application, version, tables } = db
    .prepare(
      `select (select application_id from pragma_application_id) as application,
              (select user_version from pragma_user_version) as version,
              (select count(*) from sqlite_schema) as tables`,
    )
    .get() as { application: number; version: number; tables: number };
  const isFresh = application === 0 && version === 0 && tables === 0;
  if (!isFresh && application !== APPLICATION_ID) {
    throw new ExecutorError('store.unavailable', `the store ${path} is a database of another program`, { hint: 'name another file with --store' });
  }
  if (version > SCHEMA_VERSION) {
    throw new ExecutorError(
      'store.newer_schema',
      `the store ${path} has schema version ${version}, this autopack knows versions up to ${SCHEMA_VERSION}`,
      { hint: 'use the newer autopack that wrote it, or name another file with --store' },
    );
  }
}

/** Brings a store of any older version, or an empty file, to this one: all steps or none. */
export function upgrade(db: DatabaseSync, path: string): void {
  if (versionOf(db) === SCHEMA_VERSION) return;
  db.exec('begin immediate');
  try {
    checkOurs(db, path); // again: another process may have been here before the lock was ours
    for (const step of upgrades.slice(versionOf(db))) db.exec(step);
    db.exec(`pragma user_version = ${SCHEMA_VERSION}; commit`);
  } catch (error) {
    if (db.isTransaction) db.exec('rollback');
    throw error;
  }
}

function versionOf(db: DatabaseSync): number {
  return (db.prepare('pragma user_version').get() as { user_version: number }).user_version;
}
