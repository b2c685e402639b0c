// What the contract suites share: builders of events, folders that are gone afterwards, processes that can be killed.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { NewEvent, StoredEvent } from '#src/ports/event-store.ts';

export const eventNamed = (id: string, type = 'test.happened'): NewEvent => ({ id, type, data: `{"of":"${id}"}`, metadata: { hash: `hash-${id}`, nonce: 'n' } });

export const eventsNamed = (...ids: readonly string[]): readonly NewEvent[] => ids.map((id) => eventNamed(id));

export const idsOf = (events: readonly StoredEvent[]): readonly string[] => events.map(({ id }) => id);

export interface Folder {
  readonly path: string;
  file(name: string): string;
  remove(): void;
}

export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'autopack-contract-'));
  return { path, file: (name) => join(path, name), remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Child {
  /** The next line that it prints; null at its end. */
  line(): Promise<string | null>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  ended(): Promise<void>;
}

/** Runs tests/contract/children/<name>.ts in a process of its own. */
export function startChild(name: string, ...args: readonly string[]): Child {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, 'children', `${name}.ts`), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('no output');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const gone = once(child, 'close');
  return {
    line: async () => ((await lines.next()).value as string | undefined) ?? null,
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    async ended() {
      await gone;
    },
  };
}
