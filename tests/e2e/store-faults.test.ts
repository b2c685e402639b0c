// The program when its store or its disk says no: what it answers, and that the same run goes on afterwards.

import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startChild, type Child } from '#tests/contract/support.ts';
import { autopack, BIN, launch, smallPlace, startArgs, type Ended, type Place } from '#tests/support/small-run.ts';

let place: Place;
let children: Child[];
beforeEach(() => {
  place = smallPlace();
  children = [];
});
afterEach(async () => {
  for (const child of children) await child.kill();
  rmSync(place.folder, { recursive: true, force: true });
});

const KILL_MAIN = fileURLToPath(new URL('../support/kill-main.ts', import.meta.url));
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
/** Root reads and writes what it likes, so it lends the place to somebody else. */
const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
const mayMount = spawnSync('unshare', ['-rm', 'true']).status === 0;
const storeOf = ({ home }: Place): string => join(home, 'store.db');
const run = (args: readonly string[]): Promise<Ended> => autopack(place, args).ended;

/** Up to its first phase's commit; then it may go on. */
async function halfRun(): Promise<void> {
  const { exit, err } = await run([...startArgs(place), '--max-iterations', '1']);
  expect(exit, err).toBe(5);
}

/** It ends well, nothing is asked twice, and its log verifies. */
async function expectCompletion(args: readonly string[] = ['--max-iterations', '5'], end = run): Promise<void> {
  const { exit, err } = await end(['resume', 'small', ...args]);
  expect(exit, err).toBe(0);
  const { out } = await end(['log', 'small', '--json']);
  const records = out.trim().split('\n').map((line) => (JSON.parse(line) as { record: { event: { type: string } } }).record);
  for (const [type, count] of [['builder.answered', 2], ['audit.answered', 2], ['commit.written', 2]] as const) {
    expect(records.filter(({ event }) => event.type === type), type).toHaveLength(count);
  }
  expect(await end(['replay', 'small', '--verify'])).toMatchObject({ exit: 0 });
}

/** Holds a write transaction on the store, with a row in it that must never be seen. */
async function lockStore(): Promise<{ pid: number; child: Child }> {
  const child = startChild('transaction', storeOf(place));
  children.push(child);
  return { pid: Number(await child.line()), child };
}

describe('a locked store', () => {
  test('L3 while a stopped process holds a transaction a signal is served at once; then exit 7 says so; its death gives way', async () => {
    await halfRun();
    const { pid, child } = await lockStore();
    process.kill(pid, 'SIGSTOP');
    const stopped = autopack(place, ['resume', 'small', '--max-iterations', '5']);
    await sleep(2000); // it waits by now
    const asked = performance.now();
    stopped.child.kill('SIGTERM');
    expect(await stopped.ended).toMatchObject({ exit: 143, err: expect.stringContaining('is locked by another process') });
    expect(performance.now() - asked).toBeLessThan(5000);
    const refused = await run(['resume', 'small', '--max-iterations', '5']);
    expect(refused).toMatchObject({ exit: 7, err: expect.stringMatching(/store\.db is locked by another process\n\s+end the process that holds it/) });
    await child.kill();
    await expectCompletion();
  }, 60_000);

  test('L3 a process that goes on and lets go within the patience costs nothing but the time', async () => {
    await halfRun();
    const { pid } = await lockStore();
    process.kill(pid, 'SIGSTOP');
    const resumed = autopack(place, ['resume', 'small', '--max-iterations', '5']);
    await sleep(2000);
    process.kill(pid, 'SIGCONT');
    process.kill(pid, 'SIGTERM'); // it rolls back and ends
    expect(await resumed.ended).toMatchObject({ exit: 0 });
  }, 60_000);
});

describe('a store that cannot be written', () => {
  test.each([['file', 0o400, 0o700], ['folder', 0o600, 0o500]])('L3 a read-only %s is exit 7 with the way out, and nothing is lost', async (_what, file, folder) => {
    const end = (args: readonly string[]): Promise<Ended> => autopack(place, args, { ...as, cwd: place.folder }).ended;
    giveAway(place.folder);
    expect(await end([...startArgs(place), '--max-iterations', '1'])).toMatchObject({ exit: 5 });
    rmSync(`${storeOf(place)}-wal`, { force: true });
    chmodSync(storeOf(place), file);
    chmodSync(place.home, folder);
    const { exit, err } = await end(['resume', 'small', '--max-iterations', '5']);
    expect({ exit, err }).toEqual({ exit: 7, err: expect.stringMatching(/store .*store\.db (is read-only|cannot be opened).*\n\s+allow this user/) });
    chmodSync(place.home, 0o700);
    chmodSync(storeOf(place), 0o600);
    await expectCompletion(undefined, end);
  }, 60_000);

  test('L3 a store of a newer schema is exit 7, names both versions and stays as it is', async () => {
    await halfRun();
    const setVersion = (version: number): void => {
      using db = new DatabaseSync(storeOf(place));
      db.exec(`pragma user_version = ${version}`);
    };
    const { user_version: version } = new DatabaseSync(storeOf(place)).prepare('pragma user_version').get() as { user_version: number };
    setVersion(99);
    const before = readFileSync(storeOf(place));
    const { exit, err } = await run(['resume', 'small', '--max-iterations', '5']);
    expect({ exit, err }).toEqual({ exit: 7, err: expect.stringMatching(/schema version 99.*\n\s+use the newer autopack/) });
    expect(readFileSync(storeOf(place)).equals(before)).toBe(true);
    setVersion(version);
    await expectCompletion();
  }, 60_000);
});

function giveAway(folder: string): void {
  if (!isRoot) return;
  for (const name of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) chownSync(join(folder, name), NOBODY, NOBODY);
}

/** Runs, resumes with room, verifies; each exit and what was said before it. */
const ON_SMALL_DISK = `
disk=$1 size=$2 node=$3 bin=$4 store=$5; shift 5
mount -t tmpfs -o "size=$size,mode=700" tmpfs "$disk" || exit 125
"$node" "$bin" "$@" --store "$store" 2>&1; echo "exit $?"
mount -o remount,size=64m "$disk"
"$node" "$bin" resume small --store "$store" >/dev/null 2>&1; echo "exit $?"
"$node" "$bin" replay small --verify --store "$store" >/dev/null 2>&1; echo "exit $?"
`;

describe.skipIf(!mayMount)('a disk without room', () => {
  async function onSmallDisk(size: string, where: (disk: string) => { home: string; store: string }): Promise<{ exits: string[]; said: string }> {
    const disk = join(place.folder, 'disk');
    mkdirSync(disk);
    const { home, store } = where(disk);
    const args = [disk, size, process.execPath, BIN, `sqlite:${store}`, ...startArgs(place)];
    const { out } = await launch(['unshare', '-rm', 'sh', '-c', ON_SMALL_DISK, 'sh', ...args], { env: { ...process.env, AUTOPACK_HOME: home } }).ended;
    return { exits: [...out.matchAll(/^exit (\d+)$/gm)].map(([, code = '']) => code), said: out };
  }

  test.each(['200k', '400k', '600k'])('L3 a store on a full disk of %s is exit 7; with room the same run ends well and verifies', async (size) => {
    const { exits, said } = await onSmallDisk(size, (disk) => ({ home: place.home, store: join(disk, 'store.db') }));
    expect(said).toMatch(/store\.db cannot grow: the disk is full\n\s+free some space, then resume/);
    expect(exits).toEqual(['7', '0', '0']);
  }, 60_000);

  test.each(['24k', '32k', '60k'])('W5 a state folder on a full disk of %s is exit 9, a pause with the way out; with room the same run ends well', async (size) => {
    place.repository.commit({ 'large.txt': 'x'.repeat(30_000) });
    const { exits, said } = await onSmallDisk(size, (disk) => ({ home: disk, store: join(place.folder, 'store', 'store.db') }));
    expect(said).toMatch(/Make sure that the state folder can be written and has free space/);
    expect(said).toContain('mend it, then autopack resume small');
    expect(exits).toEqual(['9', '0', '0']);
  }, 60_000);
});

test('everything below the state folder is for its owner alone, whatever the umask, also what a kill leaves', async () => {
  const before = process.umask(0);
  try {
    const dying = { env: { ...process.env, AUTOPACK_HOME: place.home, KILL_AFTER: 'progress' } };
    await launch([process.execPath, KILL_MAIN, ...startArgs(place)], dying).ended;
    for (let life = 0; life < 4; life += 1) await launch([process.execPath, KILL_MAIN, 'resume', 'small'], dying).ended;
  } finally {
    process.umask(before);
  }
  expect(readdirSync(place.home)).toEqual(expect.arrayContaining(['beside', 'locks', 'repos', 'store.db', 'store.db-shm', 'store.db-wal']));
  const modes = ['', ...readdirSync(place.home, { recursive: true, encoding: 'utf8' })].map((name) => [name, statSync(join(place.home, name)).mode & 0o777] as const);
  expect(modes.filter(([, mode]) => (mode & 0o077) !== 0).map(([name, mode]) => `${mode.toString(8)} ${name}`)).toEqual([]);
});
