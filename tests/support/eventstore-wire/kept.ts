// What the wire server of ours keeps in a file, a line for each append before it is answered: whatever byte a SIGKILL comes
// at, what was answered is there after the restart, and a line that was not finished never happened.

import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { wireLog, type Expected, type Proposed, type WireLog } from './log.ts';

type Line = { readonly stream: string; readonly expected: string; readonly events: readonly (Omit<Proposed, 'data' | 'metadata'> & { readonly data: string; readonly metadata: string })[] };

/** @throws when a whole line of `file` is none of ours: that is no crash but damage */
export function keptLog(file: string): WireLog {
  const log = wireLog();
  for (const line of wholeLines(file)) {
    const { stream, expected, events } = JSON.parse(line) as Line;
    const { kind } = log.append(stream, expectedOf(expected), events.map((event) => ({ ...event, data: Buffer.from(event.data, 'base64'), metadata: Buffer.from(event.metadata, 'base64') })));
    if (kind !== 'ok') throw new Error(`${file} says what cannot have been: ${kind} in ${stream}`);
  }
  log.restart();
  return {
    ...log,
    append(stream: string, expected: Expected, events: readonly Proposed[]) {
      const verdict = log.append(stream, expected, events);
      if (verdict.kind !== 'ok' || verdict.written.length === 0) return verdict;
      const line: Line = { stream, expected: String(expected), events: events.map((event) => ({ ...event, data: Buffer.from(event.data).toString('base64'), metadata: Buffer.from(event.metadata).toString('base64') })) };
      appendFileSync(file, `${JSON.stringify(line)}\n`);
      return verdict;
    },
  };
}

const expectedOf = (text: string): Expected => (text === 'no_stream' || text === 'any' || text === 'stream_exists' ? text : BigInt(text));

/** What is behind the last end of a line is taken away: the next line would be glued to it. */
function wholeLines(file: string): string[] {
  if (!existsSync(file)) return [];
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf('\n') + 1;
  if (end < bytes.length) truncateSync(file, end);
  return bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
}
