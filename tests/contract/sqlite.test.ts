import { DatabaseSync } from 'node:sqlite';
import { sqliteHolders } from '#src/adapters/sqlite/holder.ts';
import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { blobsContract } from './blobs.ts';
import { eventStoreContract } from './event-store.ts';
import { holdersContract } from './holder.ts';
import { snapshotsContract } from './snapshots.ts';
import { startChild, temporaryFolder, type Child } from './support.ts';

eventStoreContract('sqlite', async () => {
  const folder = temporaryFolder();
  return { open: async () => (await openSqliteStore({ path: folder.file('store.db') })).events, indexesIds: true, dispose: async () => folder.remove() };
});

blobsContract('sqlite', async () => {
  const folder = temporaryFolder();
  return {
    open: () => openSqliteStore({ path: folder.file('store.db') }),
    damage({ ref }) {
      using db = new DatabaseSync(folder.file('store.db'));
      db.prepare(`update body set body = cast('x' || substr(body, 2) as blob) where sha256 = ?`).run(ref.slice('sha256:'.length));
    },
    dispose: async () => folder.remove(),
  };
});

snapshotsContract('sqlite', async () => {
  const folder = temporaryFolder();
  return { open: () => openSqliteStore({ path: folder.file('store.db') }), dispose: async () => folder.remove() };
});

holdersContract('sqlite', async () => {
  const folder = temporaryFolder();
  const children: Child[] = [];
  return {
    process: async () => sqliteHolders(folder.path),
    async mortal(run) {
      const child = startChild('hold', folder.path, run);
      children.push(child);
      await child.line();
      return { die: () => child.kill() };
    },
    async dispose() {
      for (const child of children) await child.kill();
      folder.remove();
    },
  };
});
