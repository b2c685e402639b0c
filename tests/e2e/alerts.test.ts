// Alerts as people get them: by the command, under a durable name, and by a client that is not ours.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { autopack, linesOf, makePlace, removePlace, runArgs, start, until, watched, type Place, type Started } from '#tests/support/e2e.ts';
import { startTeam, type Team } from '#tests/support/team.ts';
import { skipWithout } from '#tests/support/tools.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** The block of JavaScript in docs/alerts.md, as a process of its own. */
function documented(url: string): Started {
  const [, code = ''] = /```js\n([^]*?)```/.exec(readFileSync(join(ROOT, 'docs/alerts.md'), 'utf8')) ?? [];
  expect(code.trim().split('\n').length).toBeLessThanOrEqual(10);
  return watched(spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT, env: { ...process.env, AUTOPACK_NATS_URL: url }, stdio: ['ignore', 'pipe', 'pipe'] }));
}

async function teamAt(place: Place): Promise<Team> {
  const team = await startTeam(place);
  closing.push(() => removePlace(place), () => team.dispose());
  return team;
}

/** `autopack alerts`, ready. */
async function alertsOf(place: Place, { env }: Team, ...args: readonly string[]): Promise<Started> {
  const listening = start(place, ['alerts', ...args], { env: { ...env, AUTOPACK_CLOCK: undefined } });
  closing.push(() => (listening.child.kill('SIGKILL'), listening.done));
  await until(`alerts is ready: ${listening.err()}`, () => listening.err().includes('ready') || listening.child.exitCode !== null);
  return listening;
}

const stop = async ({ child, done }: Started): Promise<number | null> => (child.kill('SIGTERM'), (await done).code);

describe.skipIf(skipWithout('nats-server'))('alerts', () => {
  test('reach the command and a plain client; a durable name misses none while it is away, and --exec is asked again until it exits 0', async () => {
    const place = makePlace();
    const team = await teamAt(place);
    const durable = ['--durable', 'pager', '--json'];
    expect(await stop(await alertsOf(place, team, ...durable))).toBe(143);
    await team.serve('ledger', '--relay');
    const plain = documented(team.server.url);
    closing.push(() => (plain.child.kill('SIGKILL'), plain.done));
    const live = await alertsOf(place, team, '--kind', 'finished');
    const ran = await autopack(place, runArgs(place), { env: team.env });
    expect(ran.code, ran.err).toBe(0);
    await until('it is told', () => live.out().includes('autopack merge') && plain.out() !== '');
    expect([plain.out(), live.out()]).toEqual([`info finished ${place.run}: ${place.run} is over: COMPLETE\n`, expect.stringContaining(`info finished ${place.run}: ${place.run} is over: COMPLETE`)]);
    const [failing, told] = [join(place.folder, 'page.sh'), join(place.folder, 'told.txt')];
    writeFileSync(failing, `#!/bin/sh\nread -r alert; echo "$alert" >> "${told}"; [ "$(wc -l < "${told}")" -ge 2 ]\n`, { mode: 0o755 });
    const back = await alertsOf(place, team, ...durable, '--exec', failing);
    await until('it is told', () => back.out().includes('finished'));
    expect(linesOf({ code: 0, signal: null, out: back.out(), err: '' })).toEqual([expect.objectContaining({ type: 'alert', kind: 'finished', runId: place.run })]);
    expect(readFileSync(told, 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(['finished', 'finished']);
    await stop(back);
    const again = await alertsOf(place, team, ...durable);
    const since = await alertsOf(place, team, '--since', '1h', '--json');
    await until('the past is told', () => since.out().includes('finished'));
    expect(again.out()).toBe('');
  }, 120_000);

  test('a durable name keeps to the filters that it was made with and to its place, and says so', async () => {
    const place = makePlace();
    const team = await teamAt(place);
    const pager = ['--durable', 'pager', '--severity', 'critical'];
    expect(await stop(await alertsOf(place, team, ...pager))).toBe(143);
    const other = await autopack(place, ['alerts', '--durable', 'pager', '--since', '1h'], { env: { ...team.env, AUTOPACK_CLOCK: undefined } });
    expect([other.code, other.err]).toEqual([7, expect.stringMatching(/pager on autopack-alerts was made for autopack\.v1\.\*\.alert\.critical\.\*[^]*another name/)]);
    const since = await alertsOf(place, team, ...pager, '--since', '1h');
    expect(since.err()).toContain('goes on where it stopped');
    const fresh = await alertsOf(place, team, '--durable', 'second', '--since', '1h');
    expect(fresh.err()).not.toContain('goes on where it stopped');
  }, 60_000);

  test.each([[['--since', 'yesterday'], '--since'], [['--kind', 'news'], 'needs_human'], [['--run', 'a.*'], '--run'], [['--durable', 'a b'], '--durable'], [['--exec', 'page | mail'], '--exec']])('%j is refused before anything is asked', async (args, said) => {
    const place = makePlace();
    closing.push(() => removePlace(place));
    const { code, err } = await autopack(place, ['alerts', ...args], { env: { AUTOPACK_NATS_URL: 'nats://127.0.0.1:1' } });
    expect([code, err]).toEqual([2, expect.stringContaining(said)]);
  }, 60_000);
});
