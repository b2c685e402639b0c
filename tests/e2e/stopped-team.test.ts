// SIGTERM while NATS answers nobody: every process of a team ends by itself before whoever stopped it loses patience.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { removePlace, until, type Started } from '#tests/support/e2e.ts';
import { faultyPlace, runOf, startRun } from '#tests/support/faulting.ts';
import { startFaultyTeam } from '#tests/support/faulty-team.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { worker } from '#tests/support/trial.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** What containers are given between SIGTERM and SIGKILL. */
const GRACE_MS = 10_000;

async function stopped({ child, done }: Started): Promise<string> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  const { code, signal } = await done.finally(() => clearTimeout(timer));
  return signal ?? String(code);
}

describe.skipIf(skipWithout('nats-server'))('a team whose NATS is held still', () => {
  test('executor, worker, ledger and relay that are stopped end in time, and the run is over later', async () => {
    const place = faultyPlace();
    closing.push(() => removePlace(place));
    const team = await startFaultyTeam(place, 'sqlite');
    closing.push(() => team.dispose());
    const services = [await team.serve('ledger'), await team.serve('relay')];
    const idle = worker(team, { ...place, run: 'idle' });
    const own = runOf(place, 'stopped');
    const executor = startRun(team, own);
    await until('the run is under way, the worker is idle', () => (team.ear.appends(own.run) >= 4 && idle.err().includes('ready')) || executor.child.exitCode !== null);
    team.server.freeze(true);
    await pause(1_000); // requests are on their way
    expect(await Promise.all([executor, idle, ...services].map(stopped))).toEqual(['143', '143', '143', '143']);
    team.server.freeze(false);
    await team.serve('ledger');
    let code: number | null = null;
    for (let tries = 0; tries < 30 && code !== 0; tries += 1) {
      ({ code } = await team.start({ role: 'executor', args: ['resume', own.run] }).done);
      if (code !== 0) await pause(1_000); // what was not let go of lapses
    }
    expect(code).toBe(0);
  }, 120_000);
});
