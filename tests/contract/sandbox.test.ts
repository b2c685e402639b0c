// The sandbox of the Processes port with the real bubblewrap: what a hostile test suite can and cannot do inside.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { markOf, processTable } from '#src/adapters/process/process-table.ts';
import { markIn, nodeProcesses } from '#src/adapters/process/processes.ts';
import type { ProcessOutcome } from '#src/ports/processes.ts';
import { toolFolder } from '#src/adapters/process/sandbox.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { temporary } from '#tests/support/user-repository.ts';

const searchPath = process.env['PATH'] ?? '';
const home = temporary('autopack-home-');
const checkout = join(home, 'work', 'files');
const processes = nodeProcesses({ home, searchPath });
const mark = `sandbox-${process.pid}/e1`;
let server: Server;
let port = 0;
let connections = 0;

beforeAll(async () => {
  mkdirSync(checkout, { recursive: true });
  writeFileSync(join(home, 'store.db'), 'our log');
  server = createServer((socket) => {
    connections += 1;
    socket.end();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(async () => {
  await new Promise((resolve) => void server.close(resolve));
  rmSync(home, { recursive: true, force: true });
});

/** A program of Node inside; what it prints is JSON. */
function inside(program: string, { network = false, readOnly = [] as { from: string; to: string }[], argv = ['node', '-e', program] } = {}): Promise<ProcessOutcome> {
  const env = { PATH: searchPath, HOME: join(home, 'work'), TMPDIR: checkout };
  return processes.run({ argv, cwd: checkout, env, timeoutMs: 20_000, mark, sandbox: { writable: [checkout], readOnly, network } }, new AbortController().signal);
}
const told = async (program: string, options = {}): Promise<unknown> => {
  const { output, exitCode } = await inside(program, options);
  if (exitCode !== 0) throw new Error(output);
  return JSON.parse(output);
};
const attempt = (code: string): string => `const fs=require('fs');let r;try{r=${code}}catch(e){r=e.code}console.log(JSON.stringify(r??null))`;
const connect = (to: number): string => `require('net').connect(${to},'127.0.0.1').on('connect',()=>{console.log('"connected"');process.exit()}).on('error',e=>{console.log(JSON.stringify(e.code));process.exit()})`;

describe.skipIf(skipWithout('bwrap'))('PR5', () => {
  test('PR5 this machine offers one', () => {
    expect(processes.sandbox()).toBe('bubblewrap');
  });

  test('PR5 what the request shows read-only is read at its place, also from a hidden folder, and cannot be written', async () => {
    const from = temporary('autopack-shown-');
    const to = join(checkout, 'shown');
    mkdirSync(to, { recursive: true });
    writeFileSync(join(from, 'a'), 'seen');
    const readOnly = [{ from, to }];
    expect(await told(attempt(`fs.readFileSync('shown/a','utf8')`), { readOnly })).toBe('seen');
    expect(await told(attempt(`fs.writeFileSync('shown/a','x')`), { readOnly })).toBe('EROFS');
    expect(readFileSync(join(from, 'a'), 'utf8')).toBe('seen');
    rmSync(from, { recursive: true, force: true });
  });

  test('PR5 the checkout is written, and what is written stays', async () => {
    expect(await told(attempt(`fs.writeFileSync('made.txt','x')`))).toBeNull();
    expect(existsSync(join(checkout, 'made.txt'))).toBe(true);
  });

  test.each(['/etc/passwd', '/usr/autopack', join(process.cwd(), 'package.json'), join(home, 'store.db')])('PR5 nothing is written into %s', async (path) => {
    const content = (): string | null => (existsSync(path) ? readFileSync(path, 'utf8') : null);
    const before = content();
    await inside(`require('fs').appendFileSync(${JSON.stringify(path)},'x')`);
    expect(content()).toBe(before);
  });

  test.each([['homes', homedir()], ['temporary files', tmpdir()], ['sockets of daemons', '/run']])('PR5 %s are empty but for what is ours inside', async (_what, folder) => {
    const shown = (await told(attempt(`fs.readdirSync(${JSON.stringify(folder)})`))) as string[];
    const parts = new Set([home, ...searchPath.split(':')].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1).split('/')[0]));
    expect(shown.filter((name) => !parts.has(name))).toEqual([]);
  });

  test('PR5 our own state folder is hidden: no log, no locks, nobody else\'s checkout', async () => {
    expect(await told(attempt(`fs.readdirSync(${JSON.stringify(home)})`))).toEqual(['work']);
    expect(readdirSync(home)).toContain('store.db');
  });

  test('PR5 there is no network, not even to this machine, unless it is given', async () => {
    expect(await told(connect(port))).toBe('ECONNREFUSED');
    expect(connections).toBe(0);
    expect(await told(connect(port), { network: true })).toBe('connected');
  });

  test('PR2 PR5 what leaves its group and its session ends with the sandbox', async () => {
    await inside(`for(let i=0;i<10;i++)require('child_process').spawn('sleep',['60'],{detached:true,stdio:'ignore'}).unref()`);
    expect(processTable().filter(({ pid }) => markOf(pid) === markIn(home)(mark))).toEqual([]);
  });

  test('PR5 a version manager works, its keys are hidden', async () => {
    const manager = join(temporary('autopack-manager-'), 'tools', '.manager');
    mkdirSync(join(manager, 'shims'), { recursive: true });
    writeFileSync(join(manager, 'credentials.toml'), 'key');
    writeFileSync(join(manager, 'real'), '#!/bin/sh\necho "\\"found\\""\n', { mode: 0o755 });
    writeFileSync(join(manager, 'shims', 'tool'), `#!/bin/sh\nexec ${manager}/real\n`, { mode: 0o755 });
    const within = (argv: readonly string[]) => processes.run({ argv, cwd: checkout, env: { PATH: `${join(manager, 'shims')}:${searchPath}` }, timeoutMs: 20_000, mark, sandbox: { writable: [checkout], readOnly: [], network: false } }, new AbortController().signal);
    expect(await within(['tool'])).toMatchObject({ exitCode: 0, output: '"found"\n' });
    expect(await within(['cat', join(manager, 'credentials.toml')])).not.toMatchObject({ output: expect.stringContaining('key') });
    rmSync(join(manager, '../..'), { recursive: true });
  });

  test('PR5 it sees no process of this machine', async () => {
    const pids = (await told(attempt(`fs.readdirSync('/proc').filter(n=>/^\\d+$/.test(n)).length`))) as number;
    expect(pids).toBeLessThan(5);
  });

  test('PR4 PR5 a command that is not there cannot be started, as outside', async () => {
    expect(await inside('', { argv: ['no-such-command'] })).toMatchObject({ ended: 'spawn_failed' });
    expect(await inside('', { argv: ['./no-such-file'] })).toMatchObject({ ended: 'spawn_failed' });
  });

  test('PR1 PR5 an exit code comes through', async () => {
    expect(await inside('process.exit(7)')).toMatchObject({ ended: 'exited', exitCode: 7 });
  });
});

test.each([
  ['/root/.pyenv/shims', '/root', '/root/.pyenv'],
  ['/root/.nvm/versions/node/v24/bin', '/root', '/root/.nvm/versions/node/v24'],
  ['/home/u/.asdf/shims', '/home', '/home/u/.asdf'],
  ['/home/u/project/node_modules/.bin', '/home', '/home/u/project/node_modules'],
  ['/root/bin', '/root', '/root/bin'],
  ['/home/u/bin', '/home', '/home/u/bin'],
  ['/home/u/.local/bin', '/home', '/home/u/.local/bin'],
  ['/home/u/tools', '/home', '/home/u/tools'],
  ['/home/u/.local/state/bin', '/home', '/home/u/.local/state/bin'], // our state folder lies beside
])('PR5 for %s of the search path below %s the tests see %s', (folder, root, shown) => {
  expect(toolFolder(folder, root, '/home/u/.local/state/autopack')).toBe(shown);
});

test('PR5 where there is none, a request for one is not started', async () => {
  const none = nodeProcesses({ home, searchPath: '/nonexistent' });
  expect(none.sandbox()).toBeNull();
  const request = { argv: ['true'], cwd: checkout, env: { PATH: searchPath }, timeoutMs: 5000, mark, sandbox: { writable: [], readOnly: [], network: false } };
  expect(await none.run(request, new AbortController().signal)).toMatchObject({ ended: 'spawn_failed' });
});
