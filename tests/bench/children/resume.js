// Everything that `autopack resume` loads, a store with a long run in it, that run's take-over and one step, then the end.
import { enableCompileCache } from 'node:module';

const [, , path = '', cache] = process.argv;
enableCompileCache(cache); // as bin/autopack.js does; before any TypeScript is loaded
await import('#src/cli/program.ts');
await Promise.all([import('#src/cli/context.ts'), import('#src/cli/run-commands.ts')]);
const { openSqliteStore } = await import('#src/adapters/sqlite/store.ts');
const { resumeRun } = await import('../world.ts');
const store = await openSqliteStore({ path });
await resumeRun(store, 'long');
await store.close();
