// Wiring
// ======
// Process in, exit code out. The first signal asks for a clean stop, the second ends at once.

import { main } from '#src/cli/program.ts';

const EXITS = { SIGINT: 130, SIGTERM: 143 } as const;
process.report.excludeEnv = true; // a report of a crash, where somebody asked Node for one, holds no keys
const abort = new AbortController();
let code: number | null = null;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (code !== null) process.exit(EXITS[signal]);
    code = EXITS[signal];
    abort.abort();
  });
}

const exit = await main({
  argv: process.argv.slice(2),
  env: process.env,
  streams: { in: process.stdin, out: process.stdout, err: process.stderr },
  stop: { signal: abort.signal, code: () => code },
  lost: () => {
    process.exitCode ||= 1;
  },
});
process.exitCode = exit || process.exitCode; // a lost result may be told before the end or after it
