// Answers requests on NATS with what they carry, until it is ended.
import { connect } from 'nats';

const nc = await connect({ servers: process.argv[2] });
nc.subscribe('echo', { callback: (_, message) => message.respond(message.data) });
await nc.flush();
process.stdout.write('listening\n');
