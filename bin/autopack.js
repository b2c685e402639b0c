#!/usr/bin/env node
// Says clearly what is wrong on a Node that cannot run autopack; works on every Node since 12.
// In a checkout the sources run as they are; a package holds what was built of them.
import { existsSync } from 'fs';
import * as nodeModule from 'module';
import { isAbsolute, join } from 'path';

const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(
    'error: autopack needs Node 24 or newer, this is Node ' + process.versions.node + '\n' +
      '  In a checkout `npx autopack` and every `npm run` use the Node 24 that `npm ci` installs; elsewhere install Node 24.\n',
  );
  process.exit(2);
}

// Compiled code is kept between starts in our own folder (src/app/machine.ts), for its owner's eyes; by content and
// version, so a stale, damaged or missing cache changes nothing but time. The folder itself is made by the first run.
const state = process.env.XDG_STATE_HOME || (process.env.HOME && join(process.env.HOME, '.local', 'state'));
const home = process.env.AUTOPACK_HOME || (state && join(state, 'autopack'));
const umask = process.umask(0o077);
if (home && isAbsolute(home) && existsSync(home)) nodeModule.enableCompileCache(join(home, 'code'));
process.umask(umask);

const main = new URL('../src/main.ts', import.meta.url);
import(existsSync(main) ? main : new URL('../dist/src/main.js', import.meta.url));
