// A relay's hello
// ===============
// Who leads is a key on the bus; in which version and how fast it answers is asked of it here. Those that wait are silent.

import { hostname } from 'node:os';
import { z } from 'zod';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Bus } from '#src/ports/bus.ts';
import type { Holders } from '#src/ports/holder.ts';
import { decodeJson } from '#src/record/json.ts';
import { LEADER } from './relay.ts';
import { serve } from './serving.ts';
import { packageVersion } from './version.ts';

const SUBJECT = 'autopack.v1.relay.hello';
const Hello = z.object({ v: z.literal(1), version: z.string().max(100) });
const HELLO_MS = 2_000;

/** Answers while this process leads. @returns what ends it */
export const serveHello = (bus: Bus, holders: Holders): Promise<{ close(): Promise<void> }> =>
  serve(bus, {
    filter: SUBJECT,
    async answer({ respond }) {
      const leader = await holders.holder(LEADER).catch(() => null);
      if (leader?.host === hostname() && leader.pid === process.pid) respond(Buffer.from(JSON.stringify({ v: 1, version: packageVersion } satisfies z.infer<typeof Hello>)));
    },
  });

export interface Asked {
  readonly version: string;
  readonly roundTripMs: number;
}

/** Of the relay that leads. @throws ExecutorError `bus.unavailable` where none does, or it is silent */
export async function askLeader(bus: Bus, holders: Holders): Promise<Asked> {
  const leader = await holders.holder(LEADER);
  if (leader === null) throw new ExecutorError('bus.unavailable', 'no relay leads', { hint: 'start one: autopack relay --store STORE' });
  try {
    const begun = performance.now();
    const { version } = Hello.parse(decodeJson(await bus.request(SUBJECT, new Uint8Array(), HELLO_MS)));
    return { version, roundTripMs: performance.now() - begun };
  } catch (cause) {
    throw new ExecutorError('bus.unavailable', `the relay that leads, process ${leader.pid} on ${leader.host}, does not answer`, { hint: 'where it died, another takes over in seconds: start one, autopack relay --store STORE', cause });
  }
}
