// Passwords in addresses: whoever connects says where to, and never as whom, when it is ready and when it fails.

import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { openBus } from '#src/app/team.ts';
import { autopack, makePlace, removePlace, start, until, type Place } from '#tests/support/e2e.ts';
import { startWireServer } from '#tests/support/eventstore-wire/server.ts';
import { startNatsServer } from '#tests/support/nats-server.ts';
import { skipWithout } from '#tests/support/tools.ts';

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** As it stands in the address, and what the server knows. */
const [WRITTEN, MEANT] = ['h%40nter-22', 'h@nter-22'];
const SAID = /h(?:%40|@)nter|nter-22|team:|admin:/;

function placeToUse(): Place {
  const place = makePlace();
  closing.push(() => removePlace(place));
  return place;
}

const commandsOf = ({ repo, answers }: Place, store: string): Readonly<Record<string, readonly string[]>> => ({
  doctor: ['doctor', '-C', repo.root, '--store', store],
  ledger: ['ledger', '--store', store],
  relay: ['relay', '--store', store],
  worker: ['worker', '-C', repo.root, '--provider', `script:${answers}`, '--store', 'ledger:'],
});

describe.skipIf(skipWithout('nats-server'))('an address with a password', () => {
  test('is used and not said by ledger, relay, worker and doctor, however much they tell', async () => {
    const place = placeToUse();
    const [nats, store] = [await startNatsServer(`authorization { user: team, password: "${MEANT}" }`), await startWireServer()];
    closing.push(() => nats.dispose(), () => store.kill());
    const at = `127.0.0.1:${nats.port}`;
    const env = { AUTOPACK_NATS_URL: `nats://team:${WRITTEN}@${at},nats://team:${WRITTEN}@${at}`, AUTOPACK_LOG_LEVEL: 'trace', AUTOPACK_CLOCK: undefined, AUTOPACK_SANDBOX: 'none' };
    const { doctor = [], ...services } = commandsOf(place, store.url.replace('//', `//admin:${WRITTEN}@`));
    for (const [name, args] of Object.entries(services)) {
      const service = start(place, args, { env });
      closing.push(async () => (service.child.kill('SIGKILL'), service.done));
      await until(`${name} is ready: ${service.err()}`, () => service.err().includes('ready') || service.child.exitCode !== null);
      expect(service.err()).toMatch(name === 'worker' ? /worker ready: / : new RegExp(`${name} ready: esdb://127\\.0\\.0\\.1:\\d+\\S* at nats://${at},nats://${at}\n`));
      expect(service.err() + service.out()).not.toMatch(SAID);
    }
    const examined = await autopack(place, doctor, { env });
    expect(examined.out).toContain(`at nats://${at}`);
    expect(examined.out + examined.err).not.toMatch(SAID);
  }, 60_000);

  test('that is refused is not said by those who fail on it', async () => {
    const place = placeToUse();
    const nats = await startNatsServer(`authorization { user: team, password: "${MEANT}" }`);
    closing.push(() => nats.dispose());
    const env = { AUTOPACK_NATS_URL: `nats://team:${WRITTEN}-not@127.0.0.1:${nats.port}`, AUTOPACK_LOG_LEVEL: 'trace', AUTOPACK_SANDBOX: 'none' };
    const ended = await Promise.all(Object.values(commandsOf(place, 'memory:')).map((args) => autopack(place, args, { env })));
    for (const { code, out, err } of ended) {
      expect(code, out).not.toBe(0);
      expect(out + err).toContain(`NATS at 127.0.0.1:${nats.port}`);
      expect(out + err).not.toMatch(SAID);
    }
  }, 60_000);
});

test.each([`team:${WRITTEN}@host:port`, `nats://team:${WRITTEN}@host:port`, 'nats://team:h%40nter-22,h%40nter-22@host', `nats://team:${WRITTEN}@127.0.0.1:1`])('that of %s is not said by who fails on it', async (url) => {
  const error = await openBus({ env: { AUTOPACK_NATS_URL: url }, logger: pino({ enabled: false }) }).then(() => null, (thrown: unknown) => thrown);
  expect(String(error)).toMatch(/NATS/);
  expect(String(error)).not.toMatch(SAID);
});

test.each(['doctor', 'ledger'])('the password of a store that is not known is not said by %s', async (name) => {
  const place = placeToUse();
  const { code, out, err } = await autopack(place, commandsOf(place, `oracle://admin:${WRITTEN}@host`)[name] ?? []);
  expect(code, out).not.toBe(0);
  expect(out + err).toContain('the store oracle://host is not known');
  expect(out + err).not.toMatch(SAID);
}, 60_000);
