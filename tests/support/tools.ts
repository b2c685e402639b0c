// Tools
// =====
// What the tests need beside Node and git, and how it comes here: `npm test` calls this first. Debian's packages are installed
// where that is allowed; under CI a missing tool is a failure, elsewhere it is said and its tests are skipped.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

interface Tool {
  readonly command: string;
  /** Debian's name of it. */
  readonly package: string;
  readonly for: string;
}

const TOOLS: readonly Tool[] = [
  { command: 'bwrap', package: 'bubblewrap', for: 'the sandbox' },
  { command: 'nats-server', package: 'nats-server', for: 'team mode' },
];

/** Where servers lie, though the search path of people often leaves it out. */
const SERVERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Null where it is not installed. */
export const toolPath = (command: string): string | null =>
  [...(process.env['PATH'] ?? '').split(':'), ...SERVERS].map((folder) => join(folder, command)).find((path) => existsSync(path)) ?? null;
export const hasTool = (command: string): boolean => toolPath(command) !== null;

/** Under CI a test never skips because a tool is missing: it fails. */
export const skipWithout = (command: string): boolean => !hasTool(command) && process.env['CI'] === undefined;

function install(packages: readonly string[]): void {
  if (process.getuid?.() !== 0 || !hasTool('apt-get')) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const get = (...args: string[]): boolean => spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'], timeout: 240_000 }).status === 0;
  const wanted = ['install', '-y', '--no-install-recommends', ...packages];
  if (!get(...wanted) && get('update')) get(...wanted);
}

function main(): number {
  const missing = (): Tool[] => TOOLS.filter(({ command }) => !hasTool(command));
  if (missing().length > 0) install(missing().map((tool) => tool.package));
  for (const { command, package: name, for: use } of missing()) process.stderr.write(`${command} is not here: ${use} is not tested; Debian has it as ${name}\n`);
  return missing().length > 0 && process.env['CI'] !== undefined ? 1 : 0;
}

if (import.meta.main) process.exitCode = main();
