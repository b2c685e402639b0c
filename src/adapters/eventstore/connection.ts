// Connection
// ==========
// Clients of one server. Reads and subscriptions have one of their own per store; appends share one per process.

import { EventStoreDBClient } from '@eventstore/db-client';
import { withoutCredentials } from '#src/domain/secrets.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { TimeIsUp } from './errors.ts';

/** How long the end of a client is waited for: its server may hang. */
const END_MS = 1_000;

/** The part of a URL that may be shown and logged. */
export const placeOf = (url: string): string => withoutCredentials(url).replace(/\?.*$/, '');

/** Clients with equal settings share one TCP connection with its hundred streams: what must never wait for reads differs in one (4.4). */
export const apart = (url: string): string => (/keepAliveInterval/i.test(url) ? url : `${url}${url.includes('?') ? '&' : '?'}keepAliveInterval=10001`);

/** One `@`, before the hosts: the client would take a part of a password for a host, and its errors would show it. */
const MEANT = /^[^@/?]*:\/\/(?:[^@/?]*@)?[^@?]*(?:\?.*)?$/;

/** @throws ExecutorError `usage.invalid` when the URL cannot be meant. */
export function connect(url: string): EventStoreDBClient {
  try {
    if (MEANT.test(url)) return EventStoreDBClient.connectionString(url);
  } catch {
    // The client's own message would show the password.
  }
  throw new ExecutorError('usage.invalid', `the store ${placeOf(url)} is no address of an EventStoreDB`, { hint: 'give esdb://HOST:PORT?tls=false, or esdb://USER:PASSWORD@HOST:PORT with @, / and ? of a password as %40, %2F and %3F' });
}

/** `dispose` ends the calls but leaves the channel, on which late calls would begin anew; so that is closed first. */
export async function disconnect(client: EventStoreDBClient): Promise<void> {
  const { getChannel } = client as unknown as { getChannel(): Promise<{ close(): void }> };
  const ending = getChannel().then((channel) => channel.close()).catch(() => {}).then(() => client.dispose());
  await within(END_MS, ending).catch(() => {});
}

/** Rule 5. @throws TimeIsUp when `work` takes longer; what becomes of it then is nobody's business. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeIsUp(ms)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
