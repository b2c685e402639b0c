// Appends argv's number of events to argv's stream, each after the last of whoever wrote it; prints what was acknowledged.

import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { ExecutorError } from '#src/errors/errors.ts';

const [path = '', stream = '', prefix = '', count = '0'] = process.argv.slice(2);
const { events, close } = await openSqliteStore({ path });

async function appendAtHead(id: string): Promise<void> {
  for (;;) {
    const [last] = await events.read(stream, { backwards: true, limit: 1 });
    try {
      await events.append(stream, last?.revision ?? -1, [{ id, type: 'test.happened', data: `"${id}"`, metadata: { hash: 'h', nonce: 'n' } }]);
      return;
    } catch (error) {
      if (!(error instanceof ExecutorError && error.code === 'store.wrong_revision')) throw error;
    }
  }
}

for (let i = 0; i < Number(count); i += 1) {
  await appendAtHead(`${prefix}${i}`);
  console.log(`${prefix}${i}`);
}
await close();
