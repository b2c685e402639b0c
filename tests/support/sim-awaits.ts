// Await points of a simulation
// ============================
// Every call of a port that product code waits for, by who makes it. A call is passed through `awaitOf`, so a call that
// is not listed here fails the simulation, and so does a listed one at which no process ever died.

interface Kinds { readonly reads: readonly string[]; readonly writes: readonly string[] }

/** Caller -> `port.method`. The drive loop's appends go by what they append. */
const CALLS: Readonly<Record<string, Kinds>> = {
  start: { reads: [], writes: ['events.append'] },
  drive: {
    reads: ['events.read history', 'events.read newer', 'events.subscribe', 'blobs.recall', 'blobs.get', 'snapshots.newest', 'clock.until'],
    writes: ['events.append take-over', 'events.append timer', 'events.append result', 'events.append late', 'blobs.put', 'blobs.memo', 'snapshots.keep'],
  },
  submit: { reads: ['events.read'], writes: ['events.append'] },
  prepareWorkspace: { reads: [], writes: ['workspace.prepare'] },
  assembleContext: { reads: ['workspace.reopen', 'workspace.files', 'workspace.treeOf', 'workspace.readAll', 'blobs.get'], writes: ['blobs.put'] },
  callBuilder: { reads: ['blobs.get'], writes: ['blobs.memo', 'blobs.put', 'models.call'] },
  buildCandidate: { reads: ['workspace.reopen', 'workspace.files', 'workspace.treeOf', 'workspace.readAll', 'blobs.get'], writes: ['workspace.applyFiles', 'workspace.carry', 'blobs.put'] },
  runTests: { reads: ['workspace.files', 'workspace.treeOf', 'workspace.readAll', 'blobs.get'], writes: ['workspace.checkout', 'processes.run', 'checkout.remove', 'blobs.put'] },
  callAuditor: { reads: ['blobs.get'], writes: ['blobs.memo', 'blobs.put', 'models.call'] },
  callJudge: { reads: ['blobs.get'], writes: ['blobs.memo', 'blobs.put', 'models.call'] },
  callPlanner: { reads: ['blobs.get'], writes: ['blobs.memo', 'blobs.put', 'models.call'] },
  writeCommit: { reads: [], writes: ['workspace.commit'] },
  publish: { reads: [], writes: ['workspace.publish'] },
  cleanUp: { reads: [], writes: ['processes.endLeftovers', 'workspace.clean'] },
};

const named = (caller: string, calls: readonly string[]): string[] => calls.map((call) => `${caller} ${call}`);
const reads = new Set(Object.entries(CALLS).flatMap(([caller, calls]) => named(caller, calls.reads)));
const writes = new Set(Object.entries(CALLS).flatMap(([caller, calls]) => named(caller, calls.writes)));

/** Where a process can die. */
export const points: readonly string[] = [
  ...[...reads].flatMap((name) => [`${name}: before`, `${name}: after`]),
  ...[...writes].flatMap((name) => [`${name}: before`, `${name}: under way`, `${name}: after`]),
];

/** Those that few lives come by, more than once: a process is sent to die there more often. */
const RARE = /callJudge|callPlanner|carry|cleanUp|writeCommit|append timer|append late|read newer/;
export const deaths: readonly string[] = points.flatMap((point) => (RARE.test(point) ? [point, point, point, point] : [point]));

/** @throws when the table does not know the call. */
export function awaitOf(name: string): { readonly name: string; readonly isWrite: boolean } {
  if (!reads.has(name) && !writes.has(name)) throw new Error(`${name} is awaited and not listed in tests/support/sim-awaits.ts`);
  return { name, isWrite: writes.has(name) };
}
