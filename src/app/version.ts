// Version
// =======
// Apart from pins.ts, so that `--version` and `--help` load nothing else.

import { readFileSync } from 'node:fs';

/** As package.json says it; also the package that was built has one. */
export const packageVersion = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
