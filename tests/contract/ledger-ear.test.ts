// What the fault harness holds against every ledger: the same request is answered the same, whoever answers.

import { setTimeout as pause } from 'node:timers/promises';
import { connect, type NatsConnection } from 'nats';
import { afterEach, describe, expect, test } from 'vitest';
import { encodeAnswer, encodeError } from '#src/adapters/ledger/wire.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { listenToLedgers, type LedgerEar } from '#tests/support/ledger-ear.ts';
import { startNatsServer } from '#tests/support/nats-server.ts';
import { skipWithout } from '#tests/support/tools.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** @param answers one for each request, in turn */
async function answering(subject: string, answers: readonly Uint8Array[]): Promise<{ nc: NatsConnection; ear: LedgerEar }> {
  const server = await startNatsServer();
  const [nc, other] = [await connect({ servers: server.url }), await connect({ servers: server.url })];
  closing.push(() => server.dispose(), () => nc.close(), () => other.close());
  let nth = 0;
  nc.subscribe(subject, { callback: (_, message) => void message.respond(answers[nth++ % answers.length] ?? new Uint8Array()) });
  const ear = listenToLedgers(other);
  await Promise.all([nc.flush(), other.flush()]);
  return { nc, ear };
}

const away = encodeError(new ExecutorError('store.unavailable', 'later'));
const refused = (words: string): Uint8Array => encodeError(new ExecutorError('store.wrong_revision', words));
const at = (revision: number): Uint8Array => encodeAnswer({ revision });

describe.skipIf(skipWithout('nats-server'))('an ear at the ledgers', () => {
  test.each([
    ['another revision', 'append', [at(1), at(2)], 1],
    ['a refusal of what was taken', 'append', [at(1), refused('x')], 1],
    ['the same once more, after nobody could', 'append', [away, at(1), at(1)], 0],
    ['a refusal in other words', 'append', [refused('at 1'), refused('at 2')], 0],
    ['more than before of what grows', 'read', [encodeAnswer({ events: [], more: false }), encodeAnswer({ events: [], more: true })], 0],
  ])('%s in answer to %s', async (_, operation, answers, differing) => {
    const subject = `autopack.v1.ledger.${operation}`;
    const { nc, ear } = await answering(subject, answers);
    for (let i = 0; i < answers.length; i += 1) await nc.request(subject, 'the same', { timeout: 2_000 });
    await nc.request(subject, 'something else', { timeout: 2_000 });
    await pause(50);
    expect([ear.heard().repeated, ear.heard().differing.length]).toEqual([answers.length - 1, differing]);
  });

  test('each request is doubled as often as wanted, and only the requests of others', async () => {
    const { nc, ear } = await answering('autopack.v1.ledger.append', [at(1)]);
    ear.double(3);
    await nc.request('autopack.v1.ledger.append', 'x', { timeout: 2_000 });
    await pause(200);
    expect(ear.heard()).toEqual({ repeated: 3, answeredTwice: 1, differing: [] });
  });
});
