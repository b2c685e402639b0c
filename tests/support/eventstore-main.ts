// Event store main
// ================
// The wire server in a process of its own that can be killed and stopped: PORT, and LOG, the file in which it keeps what
// was appended before it says so. SIGUSR2 ends its live subscriptions.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { wireLog, type Expected, type Proposed, type WireLog } from './eventstore-wire/log.ts';
import { startWireServer } from './eventstore-wire/server.ts';

type Line = { readonly stream: string; readonly expected: string; readonly events: readonly (Omit<Proposed, 'data' | 'metadata'> & { readonly data: string; readonly metadata: string })[] };

function keptLog(file: string): WireLog {
  const log = wireLog();
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  for (const line of lines) {
    const { stream, expected, events } = JSON.parse(line) as Line;
    log.append(stream, expected === 'no_stream' ? expected : BigInt(expected), events.map((event) => ({ ...event, data: Buffer.from(event.data, 'base64'), metadata: Buffer.from(event.metadata, 'base64') })));
  }
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

const server = await startWireServer({ port: Number(process.env['PORT']), log: keptLog(process.env['LOG'] ?? '') });
process.on('SIGUSR2', () => server.dropSubscriptions());
process.stderr.write('ready\n');
