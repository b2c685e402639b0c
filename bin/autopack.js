#!/usr/bin/env node
// Says clearly what is wrong on a Node that cannot run the sources; works on every Node since 12.
const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(
    'error: autopack needs Node 24 or newer, this is Node ' + process.versions.node + '\n' +
      '  In a checkout `npx autopack` and every `npm run` use the Node 24 that `npm ci` installs; elsewhere install Node 24.\n',
  );
  process.exit(2);
}
import('../src/main.ts');
