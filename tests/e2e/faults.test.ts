// A few faults of `npm run e2e:faults`, one round of each: a team of real parts loses nothing and doubles nothing.

import { afterEach, describe, expect, test } from 'vitest';
import { removePlace } from '#tests/support/e2e.ts';
import { calmRun, faultyPlace, runOf } from '#tests/support/faulting.ts';
import { FAULTS } from '#tests/support/faults.ts';
import { startFaultyTeam } from '#tests/support/faulty-team.ts';
import { skipWithout } from '#tests/support/tools.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

describe.skipIf(skipWithout('nats-server'))('a team of real parts', () => {
  test('a store that is killed and ledgers that die between append and answer lose and double nothing, perform nothing again, and the executor waits and goes on', async () => {
    const place = faultyPlace();
    closing.push(() => removePlace(place));
    const team = await startFaultyTeam(place, 'wire');
    closing.push(() => team.dispose());
    const first = await team.serve('ledger');
    const calm = await calmRun(team, runOf(place, 'calm'));
    first.child.kill('SIGKILL');
    await first.done;
    for (const [i, fault] of ['store killed', 'ledger killed between append and answer'].entries()) {
      const { problems, lost, doubled, times, sent, received } = await FAULTS[fault]?.run({ team, own: runOf(place, `quick${i}`), calm, round: 1 }) ?? expect.fail(`${fault} is not known`);
      expect({ problems, lost, doubled }, fault).toEqual({ problems: [], lost: 0, doubled: 0 });
      expect([times > 0, sent > 50, received], fault).toEqual([true, true, sent]);
    }
  }, 180_000); // about 20 s on a quiet machine
});
