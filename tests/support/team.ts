// A team on one machine
// =====================
// A nats-server, and the services of team mode in processes of their own, over one store: SQLite unless another is given.

import { join } from 'node:path';
import { start, until, type Place, type Started } from './e2e.ts';
import { startNatsServer, type NatsServer } from './nats-server.ts';

export interface Team {
  readonly server: NatsServer;
  /** For whoever works through the ledger. */
  readonly env: Readonly<Record<string, string>>;
  readonly storeSpec: string;
  /** A service that is ready. */
  serve(...args: readonly string[]): Promise<Started>;
  dispose(): Promise<void>;
}

/** @param settings of nats-server */
export async function startTeam(place: Place, settings = '', storeSpec = `sqlite:${join(place.folder, 'team.db')}`): Promise<Team> {
  const server = await startNatsServer(settings);
  const services: Started[] = [];
  return {
    server,
    storeSpec,
    env: { AUTOPACK_STORE: 'ledger:', AUTOPACK_NATS_URL: server.url },
    async serve(...args) {
      const service = start(place, [...args, '--store', storeSpec], { env: { AUTOPACK_NATS_URL: server.url, AUTOPACK_CLOCK: undefined } });
      services.push(service);
      await until(`${args.join(' ')} is ready: ${service.err()}`, () => service.err().includes('ready') || service.child.exitCode !== null);
      return service;
    },
    async dispose() {
      for (const { child } of services) child.kill('SIGKILL');
      await Promise.all(services.map(({ done }) => done));
      await server.dispose();
    },
  };
}
