// npm run contract [-- --require-eventstore]: the contract suites of the stores on every target at hand, and which those were.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { 'require-eventstore': { type: 'boolean', default: false } } });
const url = process.env['AUTOPACK_TEST_EVENTSTORE_URL'] ?? '';
const isReal = url !== '';
if (values['require-eventstore'] && !isReal) {
  console.error('no real EventStoreDB: set AUTOPACK_TEST_EVENTSTORE_URL=esdb://HOST:PORT?tls=false');
  process.exit(1);
}

const root = join(import.meta.dirname, '../..');
const SUITES = ['memory', 'sqlite', 'eventstore', 'eventstore-open', 'eventstore-rules'].map((name) => `tests/contract/${name}.test.ts`);
const { status } = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'config/tools/vitest.config.ts', ...SUITES], { cwd: root, stdio: 'inherit' });
console.log(`targets: memory, sqlite, eventstore on the wire server${isReal ? ', eventstore on a real server' : '; not run: eventstore on a real server (AUTOPACK_TEST_EVENTSTORE_URL is not set)'}`);
process.exit(status ?? 1);
