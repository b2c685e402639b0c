// `npm run contract` runs what it says, and does not pass for a real EventStoreDB where there is none.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, 'main.ts');

test('with --require-eventstore it fails before anything where no server is named', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, '--require-eventstore'], { env: { ...process.env, AUTOPACK_TEST_EVENTSTORE_URL: '' }, encoding: 'utf8', timeout: 20_000 });
  expect([status, stdout, stderr]).toEqual([1, '', expect.stringContaining('set AUTOPACK_TEST_EVENTSTORE_URL=esdb://')]);
});

test('each file that runs a suite of a port of team mode is among those that it runs', () => {
  const suite = /\b(?:eventStore|eventStoreRules|blobs|snapshots|holders|bus|store|records)Contracts?\(/;
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts') && suite.test(readFileSync(join(import.meta.dirname, name), 'utf8')));
  const named = readFileSync(MAIN, 'utf8');
  expect(files.length).toBeGreaterThan(7);
  expect(files.filter((name) => !named.includes(`'${name.replace(/\.test\.ts$/, '')}'`))).toEqual([]);
});
