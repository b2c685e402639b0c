import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { machineOf } from '#src/app/machine.ts';

const homeOf = (env: Readonly<Record<string, string | undefined>>): string => machineOf(env, {}).home;

describe('the state folder', () => {
  test.each([
    ['our own variable first', { AUTOPACK_HOME: '/a', XDG_STATE_HOME: '/x', HOME: '/h' }, '/a'],
    ['then the state folder of the user', { XDG_STATE_HOME: '/x', HOME: '/h' }, '/x/autopack'],
    ['a relative one is none', { XDG_STATE_HOME: 'x', HOME: '/h' }, '/h/.local/state/autopack'],
    ['set to nothing is not set', { AUTOPACK_HOME: '', XDG_STATE_HOME: '', HOME: '/h' }, '/h/.local/state/autopack'],
  ])('%s', (_what, env, home) => {
    expect(homeOf(env)).toBe(home);
  });

  test.each([['empty', ''], ['relative', 'h'], ['missing', undefined]])('an %s HOME never puts it where the command was given', (_what, HOME) => {
    expect(homeOf({ HOME })).toBe(join(userInfo().homedir, '.local/state/autopack'));
  });
});

describe('settings that cannot be meant', () => {
  test.each([
    ['AUTOPACK_LOG_LEVEL', 'loud', 'known: trace'],
    ['AUTOPACK_CLOCK', 'noon', 'ISO 8601'],
    ['AUTOPACK_CLOCK', '1', 'ISO 8601'],
    ['AUTOPACK_CLOCK', 'January 2, 2026', 'ISO 8601'],
    ['AUTOPACK_CLOCK', '2026-13-01T00:00:00Z', 'ISO 8601'],
    ['AUTOPACK_CLOCK', '1969-12-31T23:59:59Z', 'from 1970 on'],
  ])('%s=%s is refused with the way out', (name, value, hint) => {
    expect(() => homeOf({ HOME: '/h', [name]: value })).toThrow(expect.objectContaining({ code: 'usage.invalid', message: expect.stringContaining(`${name}=${value} is not`), hint: expect.stringContaining(hint) }));
  });

  test('a variable set to nothing is not set', () => {
    const { storeSpec, logger } = machineOf({ HOME: '/h', AUTOPACK_STORE: '', AUTOPACK_LOG_LEVEL: '', AUTOPACK_CLOCK: '' }, {});
    expect([storeSpec, logger.level]).toEqual([`sqlite:${join('/h', '.local/state/autopack/store.db')}`, 'warn']);
  });
});

test.each(['2026-01-02T03:04:05Z', '2026-01-02T03:04:05', '2026-01-02T04:04:05+01:00', '2026-01-02T03:04:05.000Z'])('a clock from %s is the same time in every zone', (text) => {
  const zone = process.env['TZ'];
  try {
    process.env['TZ'] = 'Asia/Tokyo';
    expect(machineOf({ HOME: '/h', AUTOPACK_CLOCK: text }, {}).clock.now()).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
});
