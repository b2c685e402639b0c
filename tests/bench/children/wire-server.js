// An EventStoreDB as the tests have it, until it is ended; says where it is. Its log is in memory, but what is appended is
// also on disk before it is answered, as with every store that must not forget.
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { wireLog } from '#tests/support/eventstore-wire/log.ts';
import { startWireServer } from '#tests/support/eventstore-wire/server.ts';

const [, , file = ''] = process.argv;
const disk = openSync(file, 'w', 0o600);
const log = wireLog();
const { append } = log;
log.append = (stream, expected, events) => {
  for (const { data, metadata } of events) writeSync(disk, Buffer.concat([data, metadata]));
  fdatasyncSync(disk);
  return append(stream, expected, events);
};
const { url } = await startWireServer({ log });
process.stdout.write(`${url}\n`);
