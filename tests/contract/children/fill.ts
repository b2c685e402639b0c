// Puts bodies, two at a time, until the system refuses to let the file grow (started under `ulimit -f`); prints the
// refs that were acknowledged, then the code of the refusal.

import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { ExecutorError } from '#src/errors/errors.ts';

const { blobs } = await openSqliteStore({ path: process.argv[2] ?? '' });
for (let i = 0; i < 1000; i += 2) {
  const outcomes = await Promise.allSettled([i, i + 1].map((n) => blobs.put(new Uint8Array(20_000).fill(n % 256).fill(n >> 8, 0, 9))));
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') console.log(outcome.value.ref);
  const [refused] = outcomes.filter((outcome) => outcome.status === 'rejected');
  if (refused === undefined) continue;
  console.log(refused.reason instanceof ExecutorError ? refused.reason.code : String(refused.reason));
  break;
}
