#!/usr/bin/env node
// Says clearly what is wrong on a Node that cannot run autopack; works on every Node since 12.
// In a checkout the sources run as they are; a package holds what was built of them.
import { existsSync } from 'fs';
import * as nodeModule from 'module';
import { join } from 'path';

const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(
    'error: autopack needs Node 24 or newer, this is Node ' + process.versions.node + '\n' +
      '  In a checkout `npx autopack` and every `npm run` use the Node 24 that `npm ci` installs; elsewhere install Node 24.\n',
  );
  process.exit(2);
}

// Compiled code is kept between starts: by content and version, so a stale or missing cache changes nothing but time.
const caches = process.env.XDG_CACHE_HOME || (process.env.HOME && join(process.env.HOME, '.cache'));
if (caches) nodeModule.enableCompileCache(join(caches, 'autopack'));

const main = new URL('../src/main.ts', import.meta.url);
import(existsSync(main) ? main : new URL('../dist/src/main.js', import.meta.url));
