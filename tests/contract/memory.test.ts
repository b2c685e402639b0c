import { memoryHolders } from '#src/adapters/memory/holder.ts';
import { memoryDisk, memoryStore } from '#src/adapters/memory/store.ts';
import type { HolderRow } from '#src/ports/holder.ts';
import { blobsContract } from './blobs.ts';
import { eventStoreContract } from './event-store.ts';
import { holdersContract } from './holder.ts';
import { snapshotsContract } from './snapshots.ts';

const dispose = async (): Promise<void> => {};

eventStoreContract('memory', async () => {
  const disk = memoryDisk();
  return { open: async () => memoryStore(disk).events, indexesIds: true, dispose };
});

blobsContract('memory', async () => {
  const disk = memoryDisk();
  return { open: async () => memoryStore(disk), damage: ({ ref }) => void disk.bodies.get(ref)?.fill(0, 0, 1), dispose };
});

snapshotsContract('memory', async () => {
  const disk = memoryDisk();
  return { open: async () => memoryStore(disk), dispose };
});

holdersContract('memory', async () => {
  const held = new Map<string, HolderRow>();
  let pid = 0;
  const start = () => memoryHolders({ held, row: { host: 'memory', pid: (pid += 1), started: '2026-01-01T00:00:00.000Z' } });
  return {
    process: async () => start(),
    async mortal(run) {
      const holders = start();
      await holders.acquire(run);
      return { die: async () => holders.die() };
    },
    dispose,
  };
});
