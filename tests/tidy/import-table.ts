// Import table
// ============
// The map of docs/ARCHITECTURE.md as data: what each folder may import. Purity by import is cheaper than by review.

export interface Row {
  /** Own folders; its own files are always allowed. */
  readonly own: readonly string[];
  /** Own folders of which only types may be imported. */
  readonly types?: readonly string[];
  readonly vendors: readonly string[];
  /** Modules of Node without `node:`; 'any' where a folder is the border to the machine. */
  readonly node: readonly string[] | 'any';
}

const INNER = ['src/errors', 'src/record', 'src/events', 'src/domain'];
const ADAPTER = [...INNER, 'src/ports'];
const PLAIN: Row = { own: ADAPTER, vendors: [], node: 'any' };
const ALL_BUT_WIRING = [...ADAPTER, 'src/kernel', 'src/plan', 'src/config', 'src/yaml', 'src/effects', 'machines', 'projections'];

export const ROWS: Readonly<Record<string, Row>> = {
  'src/errors': { own: [], vendors: ['zod'], node: [] },
  'src/record': { own: ['src/errors'], vendors: ['zod'], node: ['crypto'] },
  'src/events': { own: ['src/errors', 'src/record'], vendors: ['zod'], node: [] },
  'src/domain': { own: ['src/errors', 'src/events'], vendors: ['zod'], node: [] },
  'src/domain/reports': { own: ['src/errors', 'src/events', 'src/domain'], vendors: ['saxes', 'zod'], node: [] },
  machines: { own: ['src/errors', 'src/events', 'src/domain'], types: ['src/record'], vendors: ['xstate'], node: [] },
  projections: { own: ['src/errors', 'src/events', 'src/domain'], types: ['src/record'], vendors: [], node: [] },
  'src/ports': { own: ['src/errors', 'src/events', 'src/record'], vendors: [], node: [] },
  'src/kernel': { own: ['src/errors', 'src/events', 'src/record', 'src/ports'], vendors: ['xstate'], node: ['crypto'] },
  'src/yaml': { own: ['src/domain'], vendors: ['yaml', 'zod'], node: [] },
  'src/plan': { own: [...INNER, 'src/yaml'], vendors: ['zod'], node: [] },
  'src/config': { own: [...INNER, 'src/yaml'], vendors: ['zod'], node: ['fs/promises', 'path'] },
  'src/effects': { own: [...ADAPTER, 'src/domain/reports', 'src/yaml'], vendors: ['@babel/parser', 'smol-toml'], node: ['path'] },
  'src/adapters/clock': PLAIN,
  'src/adapters/eventstore': { own: ADAPTER, vendors: ['@eventstore/db-client'], node: 'any' },
  'src/adapters/git': PLAIN,
  'src/adapters/ledger': { own: ADAPTER, vendors: ['zod'], node: ['timers/promises'] },
  'src/adapters/memory': PLAIN,
  'src/adapters/nats': { own: ADAPTER, vendors: ['nats', 'zod'], node: ['fs', 'net', 'os', 'timers/promises', 'tls'] },
  'src/adapters/process': PLAIN,
  'src/adapters/script': { own: [...ADAPTER, 'src/yaml'], vendors: ['zod'], node: 'any' },
  'src/adapters/sqlite': PLAIN,
  'src/adapters/wire': PLAIN,
  'src/adapters/openai': { own: [...ADAPTER, 'src/adapters/wire'], vendors: ['openai', 'zod'], node: [] },
  'src/adapters/anthropic': { own: [...ADAPTER, 'src/adapters/wire'], vendors: ['@anthropic-ai/sdk', 'zod'], node: [] },
  'src/app': { own: ALL_BUT_WIRING, vendors: ['pino', 'zod'], node: 'any' },
  'src/cli': { own: [...ALL_BUT_WIRING, 'src/app'], vendors: ['commander', 'zod'], node: 'any' },
  'src/main.ts': { own: ['src/cli', 'src/app'], vendors: ['pino'], node: 'any' },
};

/** Modules of Node that one folder alone may touch, wherever else `node` is 'any'. */
export const NODE_OWNERS: Readonly<Record<string, string>> = { sqlite: 'src/adapters/sqlite' };

export interface Exception {
  readonly file: string;
  readonly imports: string;
  readonly reason: string;
}

/** What the table refuses and is right all the same. An entry that nobody needs any more fails the test. */
export const EXCEPTIONS: readonly Exception[] = [
  { file: 'src/domain/commit-id.ts', imports: 'node:crypto', reason: "a commit's id is a hash by git's rule, in sha1 or sha256" },
  { file: 'projections/proofs.ts', imports: 'zod', reason: 'the schemas of the proof files stand beside their fold' },
  // the wiring: these files alone choose adapters
  { file: 'src/app/machine.ts', imports: 'src/adapters/clock', reason: 'wiring: the clock of AUTOPACK_CLOCK' },
  { file: 'src/app/machine.ts', imports: 'src/adapters/memory', reason: 'wiring: the store of --store memory:' },
  { file: 'src/app/machine.ts', imports: 'src/adapters/sqlite', reason: 'wiring: the store of --store sqlite:' },
  { file: 'src/app/machine.ts', imports: 'src/adapters/eventstore', reason: 'wiring: the store of --store esdb://' },
  { file: 'src/app/team.ts', imports: 'src/adapters/ledger', reason: 'wiring: the store of --store ledger:' },
  { file: 'src/app/team.ts', imports: 'src/adapters/memory', reason: 'wiring: the snapshots of --store ledger:' },
  { file: 'src/app/team.ts', imports: 'src/adapters/nats', reason: 'wiring: the bus of AUTOPACK_NATS_URL' },
  { file: 'src/app/relay.ts', imports: 'src/adapters/ledger', reason: 'a ledger tells of each append: a relay need not wait for its next look' },
  { file: 'src/app/command-service.ts', imports: 'src/adapters/ledger', reason: 'who follows a run is told of a command as of an append' },
  { file: 'src/app/ledger.ts', imports: 'src/adapters/ledger', reason: 'the service answers in the words that its adapter asks in' },
  { file: 'src/app/execute.ts', imports: 'src/adapters/git', reason: 'wiring: the hands of the handlers' },
  { file: 'src/app/execute.ts', imports: 'src/adapters/process', reason: 'wiring: the hands of the handlers' },
  { file: 'src/app/collect.ts', imports: 'src/adapters/git', reason: 'wiring: what our repositories and checkouts left behind' },
  { file: 'src/app/doctor.ts', imports: 'src/adapters/git', reason: 'wiring: what git and the repository are like' },
  { file: 'src/app/doctor.ts', imports: 'src/adapters/process', reason: 'wiring: whether the sandbox works' },
  { file: 'src/app/fork.ts', imports: 'src/adapters/git', reason: 'wiring: a fork marks where it began in the repository' },
  { file: 'src/app/merge.ts', imports: 'src/adapters/git', reason: 'wiring: a merge is about the repository alone' },
  { file: 'src/app/replay.ts', imports: 'src/adapters/git', reason: 'wiring: --workspace makes trees and commits again in a repository' },
  { file: 'src/app/start.ts', imports: 'src/adapters/git', reason: 'wiring: the repository is inspected before record 0' },
  { file: 'src/app/submission.ts', imports: 'src/adapters/git', reason: 'wiring: what every clone of a repository shares' },
  { file: 'src/app/provider.ts', imports: 'src/adapters/script', reason: 'wiring: the provider of --provider script:' },
  { file: 'src/app/provider.ts', imports: 'src/adapters/wire', reason: 'wiring: what the vendors have in common' },
  { file: 'src/app/provider.ts', imports: 'src/adapters/openai', reason: 'wiring: the models of --provider vendors' },
  { file: 'src/app/provider.ts', imports: 'src/adapters/anthropic', reason: 'wiring: the models of --provider vendors' },
  { file: 'src/app/worker.ts', imports: 'src/adapters/git', reason: 'wiring: a worker takes what its repository can build' },
  { file: 'src/cli/worker-command.ts', imports: 'src/adapters/git', reason: 'the repository of -C is found before anything is taken' },
  // commands about a repository alone, without a run
  { file: 'src/cli/init-command.ts', imports: 'src/adapters/git', reason: '`init --example` makes a repository; there is no run yet' },
  { file: 'src/cli/query-commands.ts', imports: 'src/adapters/git', reason: '`plan check` looks at the repository; there is no run' },
  { file: 'src/cli/run-commands.ts', imports: 'src/adapters/git', reason: 'a resume finds the repository of -C before it drives' },
];
