// Processes of this machine. Children are small Node programs; what they leave is looked up in /proc.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { commandEnv } from '#src/domain/command-env.ts';
import { markOf, processTable } from '#src/adapters/process/process-table.ts';
import { markIn, nodeProcesses } from '#src/adapters/process/processes.ts';
import type { ProcessOutcome, ProcessRequest } from '#src/ports/processes.ts';
import { temporary } from '#tests/support/user-repository.ts';

const linux = process.platform === 'linux';
const home = temporary('autopack-home-');
const processes = nodeProcesses({ home, searchPath: process.env['PATH'] ?? '' });
const never = new AbortController().signal;
let marks = 0;
afterAll(() => rmSync(home, { recursive: true, force: true }));

const request = (argv: readonly string[], more: Partial<ProcessRequest> = {}): ProcessRequest => ({
  argv, cwd: home, env: { PATH: process.env['PATH'] ?? '' }, timeoutMs: 20_000, mark: `run-${process.pid}/e${(marks += 1)}`, sandbox: null, ...more,
});
const node = (program: string): string[] => [process.execPath, '-e', program];
const ours = markIn(home);
const alive = (mark: string): number[] => processTable().map(({ pid }) => pid).filter((pid) => markOf(pid) === ours(mark));
const children = (): string[] => readdirSync(path.join(home, 'children'));

/** Starts helpers and prints, the way a test suite does that leaves its servers running. */
const leave = (count: number, options: string, program = 'setInterval(()=>{},1000)'): string =>
  `for(let i=0;i<${count};i++)require('child_process').spawn(process.execPath,['-e',${JSON.stringify(program)}],${options}).unref();`;

async function timed(asked: ProcessRequest, signal = never): Promise<ProcessOutcome & { ms: number }> {
  const before = performance.now();
  const outcome = await processes.run(asked, signal);
  return { ...outcome, ms: performance.now() - before };
}

describe('running', () => {
  test('PR1 arguments reach the command as they are, no shell reads them', async () => {
    const words = ['$HOME', '`id`', ';', '&&', '*', 'a b', '"', '\n', ''];
    const { output, exitCode } = await processes.run(request([...node('process.stdout.write(JSON.stringify(process.argv.slice(1)))'), ...words]), never);
    expect(JSON.parse(output)).toEqual(words);
    expect(exitCode).toBe(0);
  });

  test('PR1 the environment is exactly the given one and the mark, and stdin is at its end', async () => {
    process.env['AUTOPACK_TEST_KEY'] = 'sk-secret';
    const program = "let n=0;process.stdin.on('data',d=>n+=d.length).on('end',()=>process.stdout.write(JSON.stringify([process.env,n])))";
    const asked = request(node(program), { env: { A: '1' } });
    const { output } = await processes.run(asked, never);
    delete process.env['AUTOPACK_TEST_KEY'];
    expect(JSON.parse(output)).toEqual([{ A: '1', AUTOPACK_EFFECT: ours(asked.mark) }, 0]);
  });

  test('PR1 exit code, signal, both streams and the byte count are told', async () => {
    expect(await processes.run(request(node("process.stdout.write('ä');process.stderr.write('b');process.exitCode=3")), never)).toEqual({ ended: 'exited', exitCode: 3, signal: null, output: expect.stringMatching(/^(äb|bä)$/), outputBytes: 3 });
    expect(await processes.run(request(node("process.kill(process.pid,'SIGKILL')")), never)).toMatchObject({ ended: 'exited', exitCode: null, signal: 'SIGKILL' });
  });

  test.each([
    ['an unknown command', { argv: ['/none/such'] }], ['a missing folder', { argv: ['true'], cwd: '/none/such' }], ['no argv', { argv: [] }],
    ['NUL in an argument', { argv: ['echo', 'a\0b'] }], ['a file that is no program', { argv: ['/etc/passwd'] }],
  ])('PR4 %s is spawn_failed without a path of the machine, and leaves no row', async (_name, more) => {
    const outcome = await processes.run(request(['true'], more), never);
    expect(outcome).toMatchObject({ ended: 'spawn_failed', exitCode: null, output: expect.stringMatching(/^the command could not be started: E/) });
    expect(outcome.output).not.toContain('/none');
    expect(children()).toEqual([]);
  });
});

describe.concurrent('ending', () => {
  test('PR2 a command that ignores SIGTERM is killed two seconds after its time, with the output it had', async () => {
    const asked = request(node("process.on('SIGTERM',()=>console.log('no'));console.log('up');setInterval(()=>{},1000)"), { timeoutMs: 700 });
    const { ms, ...outcome } = await timed(asked);
    expect(outcome).toMatchObject({ ended: 'timed_out', signal: 'SIGKILL', output: 'up\nno\n' });
    expect(ms).toBeGreaterThan(2_500);
    expect(ms).toBeLessThan(5_000);
    expect(alive(asked.mark)).toEqual([]);
  });

  test('PR2 a command that obeys SIGTERM ends at once and may still say goodbye', async () => {
    const { ms, ...outcome } = await timed(request(node("process.on('SIGTERM',()=>{console.log('bye');process.exit(5)});setInterval(()=>{},1000)"), { timeoutMs: 700 }));
    expect(outcome).toMatchObject({ ended: 'timed_out', exitCode: 5, output: 'bye\n' });
    expect(ms).toBeLessThan(2_500);
  });

  test('PR2 an abort ends the whole tree, and one before the start starts nothing', async () => {
    const controller = new AbortController();
    const asked = request(node(`${leave(2, "{stdio:'inherit'}")}setInterval(()=>{},1000)`));
    setTimeout(() => controller.abort(), 600);
    expect(await timed(asked, controller.signal)).toMatchObject({ ended: 'aborted' });
    expect(alive(asked.mark)).toEqual([]);
    expect(await processes.run(asked, controller.signal)).toEqual({ ended: 'aborted', exitCode: null, signal: null, output: '', outputBytes: 0 });
  });

  test.runIf(linux)('PR2 ten children, some with a session of their own, are dead when the command is done', async () => {
    const asked = request(node(`${leave(5, "{stdio:'inherit'}")}${leave(5, "{stdio:'ignore',detached:true}")}console.log('done');setTimeout(()=>process.exit(0),300)`));
    const { ms, ...outcome } = await timed(asked);
    expect(outcome).toMatchObject({ ended: 'exited', exitCode: 0, output: 'done\n' });
    expect(alive(asked.mark)).toEqual([]);
    expect(ms).toBeLessThan(6_000);
  });

  test.runIf(linux)('PR2 a daemon that left the group, ignores signals and holds the pipes does not hold us', async () => {
    const daemon = "process.on('SIGTERM',()=>{});process.on('SIGHUP',()=>{});setInterval(()=>{},1000)";
    const asked = request(node(`${leave(1, "{stdio:'inherit',detached:true}", daemon)}process.exit(0)`));
    const { ms, ...outcome } = await timed(asked);
    expect(outcome).toMatchObject({ ended: 'exited', exitCode: 0 });
    expect(ms).toBeLessThan(4_000);
    expect(alive(asked.mark)).toEqual([]);
  });

  test.runIf(linux)('PR2 a chain in which each process starts the next and dies is outrun', async () => {
    const file = path.join(home, 'chain.cjs');
    writeFileSync(file, "require('child_process').spawn(process.execPath,[__filename],{detached:true,stdio:'ignore'}).unref()");
    const asked = request([process.execPath, file]);
    await processes.run(asked, never);
    await sleep(200);
    expect(alive(asked.mark)).toEqual([]);
  });

  test('PR3 a flood of 100 MB is survived: head and tail are kept, the cut is marked, the length is true', async () => {
    const program = "const b=Buffer.alloc(1e6,'x');process.stdout.write('FIRST');let i=0;(function n(){if(i++<100)process.stdout.write(b,n);else process.stdout.write('LAST')})()";
    const { output, outputBytes, exitCode } = await processes.run(request(node(program)), never);
    expect({ exitCode, outputBytes }).toEqual({ exitCode: 0, outputBytes: 100_000_009 });
    expect(output.startsWith('FIRSTxxx')).toBe(true);
    expect(output.endsWith('xxxLAST')).toBe(true);
    expect(output).toContain(`\n[… ${100_000_009 - 320 * 1024} bytes cut …]\n`);
    expect(Buffer.byteLength(output)).toBeLessThan(330 * 1024);
  });

  test('PR2 an endless flood ends with its time', async () => {
    const asked = request(['yes'], { timeoutMs: 400 });
    const { ms, ...outcome } = await timed(asked);
    expect(outcome).toMatchObject({ ended: 'timed_out' });
    expect(outcome.outputBytes).toBeGreaterThan(1_000_000);
    expect(ms).toBeLessThan(3_000);
  });
});

describe('what an earlier life left', () => {
  const rowFile = (name: string, mark: string): string => `${encodeURIComponent(ours(mark))}.${name}.json`;
  /** What the side table of a crashed executor looks like. */
  const row = (name: string, mark: string, pid: number, start: number | null): void => {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    writeFileSync(path.join(home, 'children', rowFile(name, mark)), JSON.stringify({ mark: ours(mark), pid, start, boot }));
  };
  const startOf = (pid: number | undefined): number => processTable().find((entry) => entry.pid === pid)?.start ?? -1;
  const sleeper = (env: Record<string, string>) => {
    const child = spawn(process.execPath, ['-e', 'setInterval(()=>{},1000)'], { env, detached: true, stdio: 'ignore' });
    const gone = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)));
    return { pid: child.pid ?? -1, gone, lives: () => child.exitCode === null && child.signalCode === null };
  };

  test.runIf(linux)('PR2 leftovers of a run are ended by group and by mark, those of another run and strangers are not', async () => {
    const [byGroup, byMark, other, reused] = [sleeper({}), sleeper({ AUTOPACK_EFFECT: ours('old/e1') }), sleeper({ AUTOPACK_EFFECT: ours('older/e1') }), sleeper({})];
    await sleep(100);
    row('1', 'old/e0', byGroup.pid, startOf(byGroup.pid));
    row('2', 'old/e2', reused.pid, startOf(reused.pid) - 1); // the number belongs to somebody else by now
    row('3', 'older/e1', other.pid, startOf(other.pid));
    writeFileSync(path.join(home, 'children', `${rowFile('4', 'old/e3')}.new`), '{"mark":'); // it died while it wrote
    expect(await processes.endLeftovers('old/')).toBe(2);
    expect(await Promise.all([byGroup.gone, byMark.gone])).toEqual([true, true]);
    expect([other.lives(), reused.lives()]).toEqual([true, true]);
    expect(children()).toEqual([rowFile('3', 'older/e1')]);
    expect(await processes.endLeftovers('old/')).toBe(0);
    expect(await processes.endLeftovers('older/')).toBe(1);
    process.kill(reused.pid, 'SIGKILL');
  });

  test.runIf(linux)('PR2 a run of the same name in another state folder keeps its commands', async () => {
    const other = nodeProcesses({ home: temporary('autopack-home-'), searchPath: '' });
    const asked = request(node('setTimeout(()=>{},1000)'), { mark: 'twin/e1' });
    const running = processes.run(asked, never);
    await other.run(request(node(''), { mark: 'twin/e1' }), never);
    expect(await other.endLeftovers('twin/')).toBe(0);
    expect(await running).toMatchObject({ ended: 'exited', exitCode: 0, signal: null });
  });

  test.runIf(linux)('PR2 while a command runs its row names its group and start, afterwards there is none', async () => {
    const asked = request(node('setTimeout(()=>{},400)'));
    const running = processes.run(asked, never);
    await sleep(150);
    const rows = children().map((name) => JSON.parse(readFileSync(path.join(home, 'children', name), 'utf8')) as { mark: string; pid: number; start: number });
    expect(rows).toMatchObject([{ mark: ours(asked.mark), pid: alive(asked.mark)[0], start: startOf(alive(asked.mark)[0]) }]);
    await running;
    expect(children()).toEqual([]);
  });

  test.runIf(linux)('PR2 what a killed executor had started is ended by the next one', async () => {
    const file = path.join(home, 'executor.ts');
    const adapter = new URL('../../src/adapters/process/processes.ts', import.meta.url).pathname;
    const inner = JSON.stringify(request(node('setInterval(()=>{},1000)'), { mark: 'crashed/e1' }));
    writeFileSync(file, `import { nodeProcesses } from '${adapter}';\nnodeProcesses({ home: '${home}', searchPath: '' }).run(${inner}, new AbortController().signal);\n`);
    const executor = spawn(process.execPath, [file], { stdio: 'ignore' });
    for (let round = 0; round < 100 && alive('crashed/e1').length === 0; round += 1) await sleep(50);
    executor.kill('SIGKILL');
    expect(alive('crashed/e1')).toHaveLength(1);
    expect(await processes.endLeftovers('crashed/')).toBe(1);
    expect(alive('crashed/e1')).toEqual([]);
    expect(existsSync(path.join(home, 'children')) && children()).toEqual([]);
  });
});

test('PR1 the environment of commands is fixed, may be extended by the plan, and holds nothing that looks like a key', () => {
  const places = { home: '/h', temp: '/t', path: '/bin' };
  const fixed = { LANG: 'C.UTF-8', TZ: 'UTC', PATH: '/bin', HOME: '/h', TMPDIR: '/t', USER: 'autopack' };
  expect(commandEnv(places)).toEqual(fixed);
  const extra = { CI: '1', TZ: 'Asia/Tokyo', HOME: '/root', AUTOPACK_EFFECT: 'x', OPENAI_API_KEY: 'x', GITHUB_TOKEN: 'x', DB_PASSWORD: 'x', 'A=B': 'x', AUTHOR: 'me' };
  expect(commandEnv(places, extra)).toEqual({ ...fixed, CI: '1', TZ: 'Asia/Tokyo', AUTHOR: 'me' });
});
