// An EventStoreDB as the tests have it, in memory, until it is ended; says where it is.
import { startWireServer } from '#tests/support/eventstore-wire/server.ts';

const { url } = await startWireServer();
process.stdout.write(`${url}\n`);
