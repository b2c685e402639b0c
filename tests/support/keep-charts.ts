// Keeping charts
// ==============
// `npm run keep`: today's charts with everything of ours that they import, as JavaScript with imports of its own, under
// machines/kept. From then on their version may rise: runs that are pinned to it are verified and continued by the copy.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asJavaScript } from './build.ts';
import { closure, isLocked, locked, lockNow, nameOf } from './lock-charts.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const name = nameOf(lockNow());
const folder = join(ROOT, 'machines/kept', name);

function fail(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}

if (!isLocked()) fail('machines/versions.json is not today\'s lock: take back what changed, keep, and change it again');
if (existsSync(folder)) fail(`${name} is kept already, and what is kept is never written again`);
const files = closure(['src/app/system.ts']);
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
for (const file of files) write(file.replace(/\.ts$/, '.js'), asJavaScript(readFileSync(join(ROOT, file), 'utf8')));
write('package.json', `${JSON.stringify({ type: 'module', imports: { '#src/*': './src/*', '#machines/*': './machines/*', '#projections/*': './projections/*' } }, null, 2)}\n`);
write('versions.json', `${JSON.stringify(locked(), null, 2)}\n`);
process.stdout.write(`kept ${files.length} files under machines/kept/${name}; now raise the version of what changes\n`);
