// A vendor's weekly quota, used up while a run rests.

import { afterEach, expect, test } from 'vitest';
import { autopack, makePlace, removePlace, runArgs, type Place } from '#tests/support/e2e.ts';
import { vendorServer } from '#tests/support/vendor-server.ts';

let place: Place;
afterEach(() => removePlace(place));

test('E-143 A-113 a run whose vendor\'s quota is used up asks nothing of it when it is resumed: it says so, records it and rests with exit 6', async () => {
  place = makePlace();
  const server = await vendorServer((_asked, nth) => (nth === 1 ? { status: 401, body: '{}' } : { answer: { text: '{"summary":"s","files":[{"path":"mode.txt","mode":"create","new_content":"ok\\n"}]}', input: 10_000_000 } }));
  const env = { ANTHROPIC_API_KEY: 'nobody-of-anthropic', ANTHROPIC_BASE_URL: server.url };
  const args = (run: string) => runArgs(place, '--run-id', run).map((word) => (word.startsWith('script:') ? 'anthropic' : word));
  const rested = await autopack(place, args(place.run), { env });
  expect(rested.code, rested.err).toBe(6);
  const other = await autopack(place, args('other'), { env });
  expect(other.code, 'its one call is more than its cap').toBe(5);
  const asked = server.asked.length;
  const resumed = await autopack(place, ['resume', place.run], { env });
  await server.close();
  expect(resumed.code, resumed.err).toBe(6);
  expect(resumed.err).toContain('warning: the weekly quota of anthropic (config/models.yaml) is used up');
  expect(server.asked.length - asked, 'calls that reached the vendor').toBe(0);
  expect((await autopack(place, ['log', place.run, '--type', 'effect.failed', '--json'])).out).toContain('"code":"quota_spent"');
  expect((await autopack(place, ['status', place.run])).out).toContain('quota');
  expect((await autopack(place, ['replay', place.run, '--verify'])).code).toBe(0);
});
