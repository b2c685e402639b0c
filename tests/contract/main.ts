// npm run contract [-- --require-eventstore]: the contract suites of the ports that a team has, on every target at hand, and
// which those were.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasTool } from '#tests/support/tools.ts';
import { realServer } from '#tests/support/real-eventstore.ts';

const { values } = parseArgs({ options: { 'require-eventstore': { type: 'boolean', default: false } } });
if (values['require-eventstore'] && realServer === null) {
  console.error('no real EventStoreDB: set AUTOPACK_TEST_EVENTSTORE_URL=esdb://HOST:PORT?tls=false');
  process.exit(1);
}

const needs = { nats: hasTool('nats-server') ? null : 'nats-server is not here', real: realServer === null ? 'AUTOPACK_TEST_EVENTSTORE_URL is not set' : null };

interface Target {
  readonly name: string;
  readonly needs: readonly (keyof typeof needs)[];
}

/** By port: the files of its suites, and what they run on. */
const PORTS: Readonly<Record<string, { readonly files: readonly string[]; readonly targets: readonly Target[] }>> = {
  'event store, blobs, snapshots, holders': { files: ['memory', 'sqlite'], targets: [{ name: 'memory', needs: [] }, { name: 'SQLite', needs: [] }] },
  'event store, blobs': {
    files: ['eventstore', 'eventstore-open', 'eventstore-kept', 'eventstore-rules', 'eventstore-rules-everywhere'],
    targets: [{ name: 'EventStoreDB on the wire server', needs: [] }, { name: 'EventStoreDB on a real server', needs: ['real'] }],
  },
  ledger: {
    files: ['ledger', 'ledger-eventstore'],
    targets: [
      { name: 'memory', needs: [] }, { name: 'NATS and SQLite', needs: ['nats'] },
      { name: 'NATS and EventStoreDB on the wire server', needs: ['nats'] }, { name: 'NATS and EventStoreDB on a real server', needs: ['nats', 'real'] },
    ],
  },
  bus: { files: ['bus', 'bus-away', 'bus-doors'], targets: [{ name: 'memory', needs: [] }, { name: 'NATS', needs: ['nats'] }] },
  'holders of a team': { files: ['holder.bus'], targets: [{ name: 'memory', needs: [] }, { name: 'NATS', needs: ['nats'] }] },
};

const root = join(import.meta.dirname, '../..');
const files = Object.values(PORTS).flatMap((port) => port.files.map((name) => `tests/contract/${name}.test.ts`));
const { status } = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'config/tools/vitest.config.ts', ...files], { cwd: root, stdio: 'inherit' });
for (const [port, { targets }] of Object.entries(PORTS)) {
  const missing = (target: Target): string[] => target.needs.flatMap((need) => needs[need] ?? []);
  const ran = targets.filter((target) => missing(target).length === 0).map(({ name }) => name);
  const left = targets.filter((target) => missing(target).length > 0).map((target) => `${target.name} (${missing(target).join(', ')})`);
  console.log(`${port}: ${ran.join('; ')}${left.length === 0 ? '' : `. Not run: ${left.join('; ')}`}`);
}
process.exit(status ?? 1);
