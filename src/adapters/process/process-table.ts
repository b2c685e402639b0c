// The process table
// =================
// Who is alive, as /proc tells it (Linux; elsewhere it is empty and only groups are ended).

import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessRow {
  readonly pid: number;
  readonly group: number;
  /** Clock ticks since boot: with the pid it names one process for as long as the system runs. */
  readonly start: number;
}

/** Living processes; a zombie is none. */
export function processTable(): ProcessRow[] {
  return names('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => processRow(Number(name)) ?? []);
}

export function processRow(pid: number): ProcessRow | null {
  // The name in parentheses may itself hold spaces and parentheses: fields are counted from its end.
  const stat = contents(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, , group] = fields;
  if (state === undefined || group === undefined || state === 'Z' || state === 'X') return null;
  return { pid, group: Number(group), start: Number(fields[19]) };
}

/** The value of AUTOPACK_EFFECT in the environment a process was started with. */
export function markOf(pid: number): string | null {
  const prefix = 'AUTOPACK_EFFECT=';
  const entry = contents(`/proc/${pid}/environ`).split('\0').find((part) => part.startsWith(prefix));
  return entry === undefined ? null : entry.slice(prefix.length);
}

/** Changes at every start of the system; empty where it is unknown. */
export const bootId = (): string => contents('/proc/sys/kernel/random/boot_id').trim();

function contents(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // gone meanwhile, or another user's
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function kill(pid: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false; // gone, or not ours
  }
}

const ROUNDS_MAX = 400;
/** Between its fork and its first instruction a process shows no environment for a moment: one look is not enough. */
const EMPTY_LOOKS = 4;

/** Kills what `find` finds until it finds nothing more; something that forks is outrun. @returns how many it were. */
export async function killAll(find: () => readonly number[]): Promise<number> {
  const ended = new Set<number>();
  for (let round = 0, empty = 0; round < ROUNDS_MAX && empty < EMPTY_LOOKS; round += 1) {
    const found = find().filter((pid) => pid !== process.pid);
    empty = found.length === 0 ? empty + 1 : 0;
    for (const pid of found) if (kill(pid, 'SIGKILL')) ended.add(pid);
    if (empty < EMPTY_LOOKS) await sleep(Math.min(5 + round, 25));
  }
  return ended.size;
}
