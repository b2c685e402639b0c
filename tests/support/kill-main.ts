// Kill main
// =========
// The product's own command line in a process that SIGKILLs itself right after a record became durable.
// KILL_AFTER: `first` or `second` record of this life, or `progress`: the first that a take-over does not make by itself
// (it appends `run.resumed` and publishes again), so that a chain of short lives gets ahead; `in:STATE`: the first that
// brings a phase into it.

import { main } from '#src/cli/program.ts';
import type { Store } from '#src/app/machine.ts';
import type { RunRecord } from '#src/record/record.ts';

const after = process.env['KILL_AFTER'] ?? 'never';

let appended = 0;

function deadly(store: Store): Store {
  const events = Object.create(store.events) as Store['events'];
  events.append = async (stream, expected, added) => {
    const revision = await store.events.append(stream, expected, added);
    appended += 1;
    const isProgress = added.some(({ type }) => type !== 'run.resumed' && type !== 'workspace.published');
    const enters = after.startsWith('in:') && added.some(({ data }) => (JSON.parse(data) as Pick<RunRecord, 'moves'>).moves.some(({ actor, to }) => actor !== 'run' && `in:${to}` === after));
    if (enters || (after === 'first' && appended === 1) || (after === 'second' && appended === 2) || (after === 'progress' && isProgress)) process.kill(process.pid, 'SIGKILL');
    return revision;
  };
  return { ...store, events };
}

process.exitCode = await main({
  argv: process.argv.slice(2),
  env: process.env,
  streams: { out: process.stdout, err: process.stderr },
  stop: { signal: new AbortController().signal, code: () => null },
  wrapStore: deadly,
});
