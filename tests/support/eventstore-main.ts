// Event store main
// ================
// The wire server in a process of its own that can be killed and stopped: PORT, and LOG, the file in which it keeps what
// was appended before it says so. SIGUSR2 ends its live subscriptions.

import { keptLog } from './eventstore-wire/kept.ts';
import { startWireServer } from './eventstore-wire/server.ts';

const server = await startWireServer({ port: Number(process.env['PORT']), log: keptLog(process.env['LOG'] ?? '') });
process.on('SIGUSR2', () => server.dropSubscriptions());
process.stderr.write('ready\n');
