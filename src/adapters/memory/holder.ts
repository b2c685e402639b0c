// Holders in memory
// =================
// The Holders port among simulated processes; `die` is what the system does with a dead one's holds.

import { ExecutorError } from '#src/errors/errors.ts';
import type { HolderRow, Holders } from '#src/ports/holder.ts';

export interface MemoryHolders extends Holders {
  /** Lets go of everything that this process holds. */
  die(): void;
}

export interface MemoryHoldersOptions {
  /** Who this process says it is. */
  readonly row?: HolderRow;
  /** run -> holder; shared by the processes of one simulated machine. */
  readonly held?: Map<string, HolderRow>;
}

const SOMEBODY: HolderRow = { host: 'memory', pid: 1, started: '1970-01-01T00:00:00.000Z' };

export function memoryHolders({ row = SOMEBODY, held = new Map() }: MemoryHoldersOptions = {}): MemoryHolders {
  const mine = new Map<string, HolderRow>(); // run -> this very hold, told apart from a later one by identity
  const letGo = (run: string, hold: HolderRow): void => {
    if (held.get(run) === hold) held.delete(run);
    if (mine.get(run) === hold) mine.delete(run);
  };
  return {
    async acquire(run) {
      const holder = held.get(run);
      if (holder !== undefined) {
        throw new ExecutorError('run.locked', `run ${run} is held by process ${holder.pid} on ${holder.host}, started ${holder.started}`);
      }
      const hold = { ...row };
      held.set(run, hold);
      mine.set(run, hold);
      return { release: async () => letGo(run, hold) };
    },
    holder: async (run) => held.get(run) ?? null,
    isKept: async () => false,
    forget: async (run) => !held.has(run),
    die() {
      for (const [run, hold] of mine) letGo(run, hold);
    },
  };
}
