// How the program opens a store on EventStoreDB: `--store esdb://…`, AUTOPACK_STORE.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { machineOf, openStore } from '#src/app/machine.ts';
import { RELAY_STREAM } from '#src/app/relay.ts';
import type { ExecutorError } from '#src/errors/errors.ts';
import { startWireServer } from '#tests/support/eventstore-wire/server.ts';
import { eventsNamed, idsOf } from './support.ts';

const signal = new AbortController().signal;

test('--store esdb:// and AUTOPACK_STORE=esdb:// open the store on that server, as every other', async () => {
  const server = await startWireServer();
  const machine = machineOf({ HOME: '/tmp', AUTOPACK_STORE: server.url }, {});
  const first = await machine.openStore(signal);
  await first.events.append('run-a', -1, eventsNamed('a'));
  await first.events.append(RELAY_STREAM, -1, eventsNamed('b'));
  const ref = await first.blobs.put(Buffer.from('body'));
  await first.close();
  const second = await machineOf({ HOME: '/tmp' }, { store: server.url }).openStore(signal);
  expect(idsOf(await second.events.read('run-a'))).toEqual(['a']);
  expect(idsOf(await second.events.readAll())).toEqual(['a', 'b']);
  expect(Buffer.from(await second.blobs.get(ref)).toString()).toBe('body');
  await second.close();
  await server.kill();
});

test('a store that is not there ends with exit 7 in seconds, its password unsaid', async () => {
  const server = await startWireServer();
  await server.kill();
  const error = await openStore(server.url.replace('//', '//u:s3cret@'), signal).then(() => null, (thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'store.unavailable', exit: 7, message: expect.stringContaining(`127.0.0.1:${server.port}`), hint: expect.stringContaining('tls=') });
  expect(String(error)).not.toContain('s3cret');
});

/** What was said of an address whose password is `geheim`, with what must be written otherwise in it. */
async function saidOf(url: string): Promise<string> {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 500);
  const error = await openStore(url, stop.signal).then(() => null, (thrown: unknown) => thrown as ExecutorError);
  return `${error?.code}: ${error?.message} (${error?.hint})`;
}

test.each(['u:p@geheim@127.0.0.1:1', 'u:ge@127.0.0.1:1,u:heim@127.0.0.1:2', 'u:50%zzgeheim@127.0.0.1:1', 'u:p/geheim@127.0.0.1:1', 'u:geheim@'])('the address esdb://%s is none, and the password is said to nobody', async (rest) => {
  const said = await saidOf(`esdb://${rest}?tls=false`);
  expect(said).toMatch(/^usage\.invalid: the store esdb:\/\/(127\.0\.0\.1:\d)? is no address of an EventStoreDB .*%40/);
  expect(said).not.toMatch(/ge@|heim|zz/);
});

test('a password with a ? in it is said to nobody while that server is away', async () => {
  expect(await saidOf('esdb://u:p?geheim@127.0.0.1:1?tls=false')).toMatch(/^store\.unavailable: the store esdb:\/\/127\.0\.0\.1:1 does not answer(?!.*geheim)/);
});

test('a run is held by nobody on such a store: who has it is told on the bus alone', async () => {
  const server = await startWireServer();
  const [first, second] = [await openStore(server.url, signal), await openStore(server.url, signal)];
  for (const { holders } of [first, second]) await expect(holders.acquire('r1')).rejects.toMatchObject({ code: 'usage.invalid', hint: expect.stringContaining('AUTOPACK_STORE=ledger:') });
  expect(await second.holders.holder('r1')).toBeNull();
  await first.close();
  await second.close();
  await server.kill();
});

test('gRPC is loaded only by who opens such a store', () => {
  const machine = join(import.meta.dirname, '../../src/app/machine.ts');
  const program = `
    import Module from 'node:module';
    const { openStore } = await import(${JSON.stringify(machine)});
    const isLoaded = () => Object.keys(Module._cache).some((file) => file.includes('grpc'));
    await openStore('memory:', new AbortController().signal);
    const before = isLoaded();
    await openStore('esdb://?', new AbortController().signal).catch(() => {});
    console.log(before, isLoaded());`;
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })).toBe('false true\n');
});
