// What the contract suites share: builders of events, folders that are gone afterwards, processes that can be killed.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { NewEvent, StoredEvent } from '#src/ports/event-store.ts';

/** A name of up to 16 characters as a UUID, because some stores take no other ids; `nameOf` gives it back. */
export function idNamed(name: string): string {
  const hex = Buffer.from(name, 'utf8').toString('hex').padEnd(32, '0');
  if (hex.length > 32) throw new Error(`${name} is too long`);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** What is no UUID is a name already. */
export const nameOf = (id: string): string => (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-/.test(id) ? Buffer.from(id.replaceAll('-', ''), 'hex').toString('utf8').replace(/\0+$/, '') : id);

export const eventNamed = (name: string, type = 'test.happened'): NewEvent => ({ id: idNamed(name), type, data: `{"of":"${name}"}`, metadata: { hash: `hash-${name}`, nonce: 'n' } });

export const eventsNamed = (...names: readonly string[]): readonly NewEvent[] => names.map((name) => eventNamed(name));

/** The names of events, in their order. */
export const idsOf = (events: readonly StoredEvent[]): readonly string[] => events.map(({ id }) => nameOf(id));

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
