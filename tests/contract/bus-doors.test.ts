// How a process gets onto NATS: addresses, credentials, TLS; and what it is told where it does not.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from 'nats';
import { afterEach, describe, expect, test } from 'vitest';
import { natsBus } from '#src/adapters/nats/bus.ts';
import type { NatsOptions } from '#src/adapters/nats/connection.ts';
import { signedAccount } from '#tests/support/nats-creds.ts';
import { freePort, startNatsServer, type NatsServer } from '#tests/support/nats-server.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { temporaryFolder } from './support.ts';

let servers: NatsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.dispose()));
  servers = [];
});

interface KeyPair {
  getSeed(): Uint8Array;
  getPublicKey(): string;
}
/** nats types what it brings from nkeys.js as nothing. */
const createUser = (): KeyPair => (nkeys as { createUser(): KeyPair }).createUser();

async function serverWith(settings: string): Promise<NatsServer> {
  const server = await startNatsServer(settings);
  servers.push(server);
  return server;
}

/** @returns 'in', or the code and words of the refusal. */
async function enter(options: NatsOptions): Promise<string> {
  try {
    const bus = await natsBus(options);
    await bus.publish('a.b', new Uint8Array());
    await bus.close();
    return 'in';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}

const at = ({ port }: NatsServer, who: string, scheme = 'nats'): string => `${scheme}://${who === '' ? '' : `${who}@`}127.0.0.1:${port}`;

describe.skipIf(skipWithout('nats-server'))('NATS', () => {
  test('BU7 a password, a token or a seed opens the door, and another one is refused with the way out', async () => {
    const folder = temporaryFolder();
    const [mine, foreign] = [createUser(), createUser()];
    for (const [name, pair] of [['mine', mine], ['foreign', foreign]] as const) writeFileSync(folder.file(name), pair.getSeed());
    const password = await serverWith('authorization { user: u, password: "p@ss word" }');
    const token = await serverWith('authorization { token: t0ken }');
    const nkey = await serverWith(`authorization { users: [{ nkey: ${mine.getPublicKey()} }] }`);
    expect(await enter({ url: at(password, 'u:p%40ss%20word') })).toBe('in');
    expect(await enter({ url: at(token, 't0ken') })).toBe('in');
    expect(await enter({ url: at(token, ''), token: 't0ken' })).toBe('in');
    expect(await enter({ url: at(nkey, ''), nkey: folder.file('mine') })).toBe('in');
    for (const wrong of [{ url: at(password, 'u:no') }, { url: at(password, '') }, { url: at(token, 'no') }, { url: at(nkey, ''), nkey: folder.file('foreign') }]) expect(await enter(wrong)).toMatch(/^bus\.refused: .*authorization/i);
    expect(await enter({ url: at(nkey, ''), nkey: folder.file('missing') })).toMatch(/^usage\.invalid: .*missing.* cannot be read/);
    folder.remove();
  });

  test('BU7 a file of credentials opens the door of a server that knows who signed it, and of no other', async () => {
    const folder = temporaryFolder();
    const [ours, foreign] = [signedAccount(), signedAccount()];
    ours.user(folder.file('mine.creds'));
    foreign.user(folder.file('foreign.creds'));
    writeFileSync(folder.file('nats.conf'), ours.settings);
    const server = await startNatsServer('', { conf: folder.file('nats.conf'), env: {} });
    servers.push(server);
    expect(await enter({ url: at(server, ''), creds: folder.file('mine.creds') })).toBe('in');
    for (const wrong of [{ creds: folder.file('foreign.creds') }, {}]) expect(await enter({ url: at(server, ''), ...wrong })).toMatch(/^bus\.refused: .*authorization/i);
    writeFileSync(folder.file('torn.creds'), '-----BEGIN NATS USER JWT-----\n');
    expect(await enter({ url: at(server, ''), creds: folder.file('torn.creds') })).toMatch(/^(bus\.refused|usage\.invalid): /);
    folder.remove();
  });

  test('BU7 a server that asks for a certificate gets ours, and lets nobody in who has none or another', async () => {
    const folder = temporaryFolder();
    const openssl = (...args: readonly string[]): void => void spawnSync('openssl', args, { cwd: folder.path });
    for (const name of ['ca', 'other']) openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
    writeFileSync(folder.file('names'), 'subjectAltName=IP:127.0.0.1');
    for (const [name, ca] of [['server', 'ca'], ['mine', 'ca'], ['foreign', 'other']] as const) {
      openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', `${name}.pem`);
    }
    const server = await serverWith(`tls { cert_file: "${folder.file('server.pem')}", key_file: "${folder.file('server.key')}", ca_file: "${folder.file('ca.pem')}", verify: true }`);
    const as = (name: string): NatsOptions => ({ url: at(server, '', 'tls'), ca: folder.file('ca.pem'), cert: folder.file(`${name}.pem`), key: folder.file(`${name}.key`) });
    expect(await enter(as('mine'))).toBe('in');
    const wrong = [as('foreign'), { url: at(server, '', 'tls'), ca: folder.file('ca.pem') }]; // each waits until its connection is given up
    for (const said of await Promise.all(wrong.map(enter))) expect(said).toMatch(/^bus\.(refused|unavailable): /);
    expect(await enter({ ...as('mine'), key: folder.file('missing.key') })).toMatch(/^usage\.invalid: .*missing\.key that NATS needs cannot be read/);
    folder.remove();
  });

  test('BU7 TLS is spoken where it is asked for, its certificate is checked, and a plain door is told apart', async () => {
    const folder = temporaryFolder();
    const [cert, key] = [folder.file('cert.pem'), folder.file('key.pem')];
    spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]);
    const secure = await serverWith(`tls { cert_file: "${cert}", key_file: "${key}" }`);
    const plain = await serverWith('');
    expect(await enter({ url: at(secure, '', 'tls'), ca: cert })).toBe('in');
    expect(await enter({ url: at(secure, '', 'tls') })).toMatch(/^bus\.refused: .*self.signed/);
    const [elsewhere, elsewhereKey] = [folder.file('elsewhere.pem'), folder.file('elsewhere.key')];
    spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', elsewhereKey, '-out', elsewhere]);
    const stranger = await serverWith(`tls { cert_file: "${elsewhere}", key_file: "${elsewhereKey}" }`);
    expect(await enter({ url: at(stranger, '', 'tls'), ca: elsewhere }), 'a certificate of some localhost').toMatch(/^bus\.refused: .*127\.0\.0\.1/);
    expect(await enter({ url: at(stranger, '', 'tls').replace('127.0.0.1', 'localhost'), ca: elsewhere })).toBe('in');
    expect(await enter({ url: at(plain, '', 'tls'), ca: cert })).toMatch(/^bus\.refused: .*does not speak TLS/);
    folder.remove();
  });

  test('BU7 a server that is away is unavailable, an address that is none is said without its password', async () => {
    expect(await enter({ url: `nats://127.0.0.1:${await freePort()}` })).toMatch(/^bus\.unavailable: .*cannot be reached/);
    const said = await enter({ url: 'http://u:geheim@host' });
    expect(said).toMatch(/^usage\.invalid/);
    expect(said).not.toContain('geheim');
    for (const who of ['u:50%zz', '50%zz', 'u%:geheim']) {
      const wrong = await enter({ url: `nats://${who}@127.0.0.1:1` });
      expect(wrong).toMatch(/^usage\.invalid: nats:\/\/127\.0\.0\.1:1 is no address of NATS/);
    }
    expect(await enter({ url: 'nats://u:p@ge/he?im,x@127.0.0.1:1' })).toMatch(/^usage\.invalid: nats:\/\/127\.0\.0\.1:1 is no address/);
    expect(await enter({ url: 'nats://127.0.0.1:1', creds: join('/nowhere', 'x.creds') })).toMatch(/^usage\.invalid: .*x\.creds/);
  });
});
