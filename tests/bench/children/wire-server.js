// An EventStoreDB as the tests have it, until it is ended; says where it is. Its log is in memory, but what is appended is
// on disk before it is answered. It is as fast as a real one was seen to be (eventstore.md 4.3 and 7): about three syncs for
// an append, 1,040 appends/s of one caller, 4,200 of 64; so a flush takes along few of those that wait.
import { open } from 'node:fs/promises';
import { startWireServer } from '#tests/support/eventstore-wire/server.ts';

const SYNCS = 3;
const TOGETHER_MAX = 3;
const [, , file = ''] = process.argv;
const disk = await open(file, 'w', 0o600);
/** @type {Buffer[]} */
let written = [];
/** @type {(() => void)[]} */
const waiting = [];
let isFlushing = false;
async function flushAll() {
  isFlushing = true;
  while (waiting.length > 0) {
    const answers = waiting.splice(0, TOGETHER_MAX);
    const bytes = written;
    written = [];
    if (bytes.length > 0) await disk.writev(bytes);
    for (let i = 0; i < SYNCS; i += 1) await disk.datasync();
    for (const answer of answers) answer();
  }
  isFlushing = false;
}
/** @param {readonly { data: Uint8Array, metadata: Uint8Array }[]} events */
const flush = (events) => new Promise((resolve) => {
  for (const { data, metadata } of events) written.push(Buffer.from(data), Buffer.from(metadata));
  waiting.push(() => resolve(undefined));
  if (!isFlushing) void flushAll();
});

const { url } = await startWireServer({ flush });
process.stdout.write(`${url}\n`);
