// docker-compose.yml and what it relies on. Docker itself is not started here; where it is installed its own check runs too.

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { pino } from 'pino';
import { openBus } from '#src/app/team.ts';
import { autopack, BIN, makePlace, removePlace } from '#tests/support/e2e.ts';
import { startNatsServer } from '#tests/support/nats-server.ts';
import { startTeam } from '#tests/support/team.ts';
import { skipWithout, toolPath } from '#tests/support/tools.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const text = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[]; readonly interval: string; readonly retries: number };
  readonly read_only?: boolean;
  readonly restart?: string;
}
const { services, volumes, configs } = parse(text('docker-compose.yml'), { merge: true }) as { services: Record<string, Service>; volumes: Record<string, unknown>; configs: Record<string, { readonly file: string }> };
const all = Object.entries(services);

describe('docker-compose.yml', () => {
  test.each(all)('%s has a pinned image, a health check, comes back, waits for whom it needs, and is published on loopback alone', (_name, service) => {
    expect(service.image).toMatch(/:\d+\.\d+\.\d+(-[a-z-]+)?$/);
    expect(service.restart).toBe('unless-stopped');
    expect(service.healthcheck).toMatchObject({ test: expect.arrayContaining([expect.stringMatching(/^CMD(-SHELL)?$/)]), interval: expect.any(String), retries: expect.any(Number) });
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) expect([other in services, condition]).toEqual([true, 'service_healthy']);
    for (const volume of service.volumes ?? []) expect(volume.startsWith('${AUTOPACK_WORKSPACE') || (volume.split(':')[0] ?? '') in volumes, volume).toBe(true);
  });

  test.each(all.filter(([, { build }]) => build !== undefined))('%s runs a command of ours with options that it has, its check too, on a root that cannot be written', (_name, { command = [], healthcheck, read_only }) => {
    for (const argv of [command, (healthcheck?.test ?? []).slice(2)]) {
      const { stdout } = spawnSync(process.execPath, [BIN, argv[0] ?? '', '--help'], { encoding: 'utf8' });
      for (const option of argv.filter((word) => word.startsWith('-'))) expect(stdout).toContain(option);
      expect(stdout).toContain(`Usage: autopack ${argv[0]}`);
    }
    expect(read_only).toBe(true);
  });

  test('only ledger and relay hold an address of the store, nothing of a secret stands in the file, and every variable is one that is read and explained', () => {
    expect(all.filter(([, service]) => JSON.stringify(service).includes('esdb://')).map(([name]) => name)).toEqual(['ledger', 'relay']);
    const sources = execFileSync('grep', ['-rhoE', `[A-Z]+_[A-Z_]+|${'`AUTOPACK_NATS_'}`, join(ROOT, 'src')], { encoding: 'utf8' });
    for (const [, service] of all.filter(([, { build }]) => build !== undefined)) for (const name of Object.keys(service.environment ?? {})) expect(sources).toContain(name);
    const asked = new Set([...text('docker-compose.yml').matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name));
    const explained = new Set([...text('.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name));
    expect(asked).toEqual(explained);
    expect(text('.env.example')).toMatch(/PASSWORD=\n/);
    for (const [, { command = [], healthcheck }] of all) expect(JSON.stringify([command, healthcheck]), 'a command line is read by everybody').not.toContain('AUTOPACK_NATS_');
    expect(text('.gitignore').split('\n')).toContain('.env');
    expect(text('.dockerignore').split('\n')).toEqual(expect.arrayContaining(['.env', '.git', 'node_modules']));
  });

  test.skipIf(spawnSync('docker', ['compose', 'version']).status !== 0)('docker takes it', () => {
    const env = { ...process.env, AUTOPACK_NATS_USER: 'u', AUTOPACK_NATS_PASSWORD: 'p', AUTOPACK_WORKSPACE: '/tmp' };
    expect(spawnSync('docker', ['compose', 'config', '--quiet'], { cwd: ROOT, env, encoding: 'utf8' })).toMatchObject({ status: 0 });
  });
});

test('the Dockerfile pins its Node, runs as nobody special, under an init, with git and bubblewrap', () => {
  const lines = text('Dockerfile').split('\n');
  for (const line of lines.filter((each) => each.startsWith('FROM '))) expect(line).toMatch(/^FROM node:24\.\d+\.\d+-/);
  expect(lines).toContain('USER node');
  expect(text('Dockerfile')).toMatch(/bubblewrap ca-certificates git tini/);
  expect(text('Dockerfile')).toContain('ENTRYPOINT ["tini", "--", "autopack"]');
});

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

describe.skipIf(skipWithout('nats-server'))('who answers', () => {
  test('--check of ledger and relay is exit 7 while none is there and 0 once it is, with version and round trip', { timeout: 60_000 }, async () => {
    const place = makePlace();
    const team = await startTeam(place);
    closing.push(() => removePlace(place), () => team.dispose());
    const env = { ...team.env, AUTOPACK_CLOCK: undefined };
    const check = async (service: string) => autopack(place, [service, '--check', '--store', team.storeSpec], { env });
    expect(await check('relay')).toMatchObject({ code: 7, err: expect.stringContaining('no relay leads') });
    expect(await check('ledger')).toMatchObject({ code: 7, err: expect.stringContaining('autopack ledger') });
    await team.serve('ledger', '--relay');
    expect(await check('ledger')).toMatchObject({ code: 0, out: expect.stringMatching(/^NATS \d+\.\d+\.\d+ answers in [\d.]+ ms\nledger \d+\.\d+\.\d+ answers in [\d.]+ ms\n$/) });
    expect(await check('relay')).toMatchObject({ code: 0, out: expect.stringMatching(/^NATS \d+\.\d+\.\d+ answers in [\d.]+ ms\nrelay \d+\.\d+\.\d+ answers in [\d.]+ ms\n$/) });
  });
});

/** As compose fills it in. */
const filled = (environment: Service['environment'] = {}, values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value.replaceAll(/\$\{([A-Z_]+)[^}]*\}/g, (_, of: string) => values[of] ?? '')]));

describe.skipIf(skipWithout('nats-server'))('the nats of docker-compose.yml', () => {
  const conf = join(ROOT, configs['nats']?.file ?? '');
  const password = (value: string) => ({ AUTOPACK_NATS_USER: '007', AUTOPACK_NATS_PASSWORD: value });
  const tested = (environment: Readonly<Record<string, string>>) => spawnSync(toolPath('nats-server') ?? '', ['-c', conf, '-t'], { encoding: 'utf8', env: environment });

  test('is given the file that stands beside it, and what the file takes from its environment', () => {
    expect(services['nats']?.configs).toEqual([{ source: 'nats', target: services['nats']?.command?.[1] }]);
    expect([...text(configs['nats']?.file ?? '').matchAll(/: \$([A-Z_]+)/g)].map(([, name]) => name)).toEqual(Object.keys(services['nats']?.environment ?? {}));
    expect(tested(filled(services['nats']?.environment, password('x')))).toMatchObject({ status: 0, stderr: expect.stringContaining('configuration file') });
    expect(tested({}).status, 'without its environment').toBe(1);
    expect(tested(filled(services['nats']?.environment, password("it's"))).status, 'a quote is told, not misread').toBe(1);
  });

  test.each(['12345', '007', '1e5', '5MB', 'true', '2026-01-01T00:00:00Z', 'two words ', 'p@ss/w?rd#%zz,', '"quoted" \\n $HOME ${x} {y} [z]', 'g\u00fcl\u00efzar\u2713'])('lets in who has the password %j, and nobody else', async (value) => {
    const server = await startNatsServer('', { conf, env: filled(services['nats']?.environment, password(value)) });
    closing.push(() => server.dispose());
    const open = (env: Record<string, string>) => openBus({ env: { ...env, AUTOPACK_NATS_URL: (env['AUTOPACK_NATS_URL'] ?? '').replace('nats:4222', `127.0.0.1:${server.port}`) }, logger: pino({ enabled: false }) });
    const given = filled(services['ledger']?.environment, password(value));
    await (await open(given)).close();
    for (const other of [{ ...given, AUTOPACK_NATS_PASSWORD: `${value}.` }, { ...given, AUTOPACK_NATS_USER: '7' }, { AUTOPACK_NATS_URL: given['AUTOPACK_NATS_URL'] ?? '' }]) await expect(open(other)).rejects.toMatchObject({ code: 'bus.refused' });
  });

  test('needs user and password together', async () => {
    await expect(async () => openBus({ env: { AUTOPACK_NATS_USER: 'u' }, logger: pino({ enabled: false }) })).rejects.toMatchObject({ code: 'usage.invalid', message: expect.stringContaining('AUTOPACK_NATS_PASSWORD') });
  });
});
