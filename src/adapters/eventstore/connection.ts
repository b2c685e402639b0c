// Connection
// ==========
// Clients of one server. Reads and subscriptions have one of their own per store; appends share one per process.

import { EventStoreDBClient } from '@eventstore/db-client';
import { ExecutorError } from '#src/errors/errors.ts';
import { TimeIsUp } from './errors.ts';

/** How long the end of a client is waited for: its server may hang. */
const END_MS = 1_000;

/** The part of a URL that may be shown and logged. */
export const placeOf = (url: string): string => url.replace(/\/\/[^@/?]*@/, '//').replace(/\?.*$/, '');

/** Clients with equal settings share one TCP connection with its hundred streams: what must never wait for reads differs in one (4.4). */
export const apart = (url: string): string => (/keepAliveInterval/i.test(url) ? url : `${url}${url.includes('?') ? '&' : '?'}keepAliveInterval=10001`);

/** @throws ExecutorError `usage.invalid` when the URL cannot be meant. */
export function connect(url: string): EventStoreDBClient {
  try {
    return EventStoreDBClient.connectionString(url);
  } catch {
    // The client's own message would show the password.
    throw new ExecutorError('usage.invalid', `the store ${placeOf(url)} is no address of an EventStoreDB`, { hint: 'give esdb://HOST:PORT?tls=false, or esdb://USER:PASSWORD@HOST:PORT' });
  }
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
