// Execute
// =======
// Drives one run with real hands until it is done or rests.

import { mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomUUID } from 'node:crypto';
import { views, type Views } from '#projections/files.ts';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import { nodeProcesses } from '#src/adapters/process/processes.ts';
import { secretsIn, withoutSecrets } from '#src/domain/secrets.ts';
import type { Resumption } from '#src/events/inputs.ts';
import { beganBefore } from '#src/effects/model-call.ts';
import { perform as performEffect } from '#src/effects/perform.ts';
import type { Hands } from '#src/effects/performing.ts';
import { drive, type DriveDeps, type Driven, type Performance } from '#src/kernel/drive.ts';
import { history } from '#src/kernel/history.ts';
import type { RunRecord } from '#src/record/record.ts';
import type { Machine, Store } from './machine.ts';
import { systemFor } from './pins.ts';
import type { Provider } from './provider.ts';
import { mend } from './remake.ts';
import { checkResult, effectRules } from './rules.ts';
import { snapshotKeeper, type Standing } from './standing.ts';

const CONCURRENCY = 4;
const STEPS_MAX = 1_000_000;

export interface Execution {
  readonly run: string;
  readonly machine: Machine;
  readonly store: Store;
  /** Absolute: any folder of the user's repository. */
  readonly workspace: string;
  readonly models: Provider;
  readonly prompts: ReadonlyMap<string, string>;
  readonly wait: boolean;
  readonly stop: AbortSignal;
  readonly resume: Resumption;
  /** Records from one snapshot to the next. */
  readonly snapshotEvery: number;
  /** Where the run stands when it is taken up. */
  readonly standing: Standing;
  onRecord(record: RunRecord, views: Views): void;
}

/** Template name -> text, of `config/prompts`. */
export async function readPrompts(): Promise<ReadonlyMap<string, string>> {
  const folder = fileURLToPath(new URL('../../config/prompts', import.meta.url));
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md')).sort();
  return new Map(await Promise.all(names.map(async (name) => [basename(name, '.md'), await readFile(join(folder, name), 'utf8')] as const)));
}

/** A vendor's own words may repeat the key that it refuses. */
const keyless = (fields: Record<string, unknown>, secrets: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? withoutSecrets(value, secrets) : value]));

export async function execute(execution: Execution): Promise<Driven> {
  const { run, machine, store, models } = execution;
  await mkdir(machine.home, { recursive: true, mode: 0o700 });
  const workspace = gitWorkspace({ userRepo: execution.workspace, home: machine.home });
  const processes = nodeProcesses({ home: machine.home, searchPath: machine.searchPath });
  await processes.endLeftovers(`${run}/`); // what an earlier life left running is ended before anything is begun
  const secrets = [...new Set([...models.secrets, ...secretsIn(machine.env)])];
  const nonce = randomUUID();
  const { requested, head } = execution.standing;
  let { views: after } = execution.standing;
  const tell = (why: string): void => machine.logger.warn({ runId: run }, why);
  await mend({ workspace, blobs: store.blobs, ...after.run, head, records: () => history(store.events, run), tell });
  const keeper = snapshotKeeper(machine, store, { ...execution.standing, every: execution.snapshotEvery });
  const perform = ({ open, signal }: Performance) => {
    const log: Hands['log'] = (fields, message) => machine.logger.warn({ runId: run, ...keyless(fields, secrets) }, message);
    const begun = (effect: string): Promise<boolean> => beganBefore(store.blobs, { run, effect, nonce });
    const hands: Hands = { workspace, processes, models, secrets, blobs: store.blobs, requested, prompts: execution.prompts, searchPath: machine.searchPath, begun, log };
    return performEffect(hands, { run, effect: open.effect, place: open.place, at: open.at, signal });
  };
  const deps: DriveDeps = {
    store: store.events, blobs: store.blobs, clock: machine.clock, systemFor, rules: effectRules, perform, check: checkResult, nonce,
    concurrency: Math.max(CONCURRENCY, requested.policy.run.phasesAtOnce), stepsMax: STEPS_MAX, wait: execution.wait, stop: execution.stop, resume: execution.resume,
    onRecord: (record, head) => {
      after = views.apply(after, record);
      keeper.see(head, after);
      execution.onRecord(record, after);
    },
  };
  try {
    return await drive(run, deps, head);
  } finally {
    await keeper.settled();
  }
}
