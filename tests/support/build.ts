// Build
// =====
// What the package holds: every source as JavaScript in `dist`, with the files that it reads beside it, laid out as in the
// checkout. Types are stripped by the same function with which Node runs the sources, so lines stay where they are; Node
// itself refuses to do that below node_modules. `npm run build`; `npm pack` does it first.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesBelow, ROOT } from '#tests/tidy/sources.ts';

const DIST = join(ROOT, 'dist');
/** What the sources read by a path relative to themselves. */
const READ = ['config', 'examples/demo', 'machines/versions.json', 'machines/kept'];
const TOOLS = join(ROOT, 'config/tools');

/** `from './a.ts'`, `import('#src/a.ts')`: ours end in `.js` there. */
export const asJavaScript = (text: string): string =>
  stripTypeScriptTypes(text).replace(/(\bfrom\s*|\bimport\s*\(?\s*)'([#.][^']*)\.ts'/g, "$1'$2.js'");

function write(path: string, text: string): void {
  const target = join(DIST, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

/** The package's own, cut to what decides how `dist` runs. */
function manifest(): string {
  const { name, version, type, imports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>;
  return `${JSON.stringify({ name, version, type, imports }, null, 2)}\n`;
}

export function build(): void {
  rmSync(DIST, { recursive: true, force: true });
  for (const { path, text } of filesBelow(['src', 'machines', 'projections'])) write(path.replace(/\.ts$/, '.js'), asJavaScript(text));
  for (const path of READ.filter((name) => existsSync(join(ROOT, name)))) cpSync(join(ROOT, path), join(DIST, path), { recursive: true, filter: (source) => source !== TOOLS });
  write('package.json', manifest());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
