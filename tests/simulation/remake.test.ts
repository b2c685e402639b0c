// Trees and commits made again from base and log: the proof of them, and the cure of a lost repository.

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import { recordsOf, viewOf } from '#src/app/commands.ts';
import { exportRun, importRun } from '#src/app/export.ts';
import { openStore } from '#src/app/machine.ts';
import { remake } from '#src/app/remake.ts';
import { verify } from '#src/app/verify.ts';
import { GENESIS, type RunRecord } from '#src/record/record.ts';
import { bytesOf, driven, finishedRun, NEVER, requestedRun, type SmallRun } from '#tests/support/real-run.ts';
import { repositoryAt, temporary } from '#tests/support/user-repository.ts';

const TEXTS = { a: 'one\n', b: 'two\n' };
let calm: SmallRun;
let records: readonly RunRecord[];

beforeAll(async () => {
  calm = await finishedRun(TEXTS);
  records = await recordsOf(calm.store, 'small');
});

async function* each(list: readonly RunRecord[]): AsyncGenerator<RunRecord> {
  yield* list;
}
const again = (list: readonly RunRecord[]) => remake('small', each(list), { workspace: gitWorkspace({ userRepo: calm.repo.root, home: temporary('autopack-home-') }), blobs: calm.store.blobs });
const is = (type: string) => (record: RunRecord): boolean => record.event.type === type;
const isCommit = is('commit.written');

describe('what a run built, made again', () => {
  test('is what the log says, in a repository of ours that never saw the run', async () => {
    expect(await again(records)).toEqual({ candidates: 2, commits: 2, divergence: null });
    expect(calm.repo.git('log', '--format=%s', 'main..autopack/run-small').split('\n')).toHaveLength(2);
  });

  test.each([['workspace.prepared', 'base', 'tree'], ['candidate.built', 'candidate', 'tree'], ['candidate.built', 'candidate', 'added'], ['commit.written', 'commit', 'commit']])('%s that says something else is the first that differs', async (type, what, field) => {
    const seq = records.findIndex(is(type));
    const forged = structuredClone(records) as RunRecord[];
    const { data } = (forged[seq] as RunRecord).event;
    data[field] = typeof data[field] === 'number' ? 7 : GENESIS.slice(0, 40);
    expect((await again(forged)).divergence).toMatchObject({ run: 'small', seq, what });
  });

  test('needs the base, and names it where it is missing', async () => {
    const other = await requestedRun({ a: 'elsewhere\n' });
    other.repo.git('commit', '--amend', '-m', 'another base');
    other.repo.git('reflog', 'expire', '--expire=now', '--all');
    other.repo.git('gc', '--prune=now', '-q');
    const workspace = gitWorkspace({ userRepo: other.repo.root, home: temporary('autopack-home-') });
    const base = String(records.find(is('workspace.prepared'))?.event.data['base']);
    await expect(remake('small', each(records), { workspace, blobs: calm.store.blobs })).rejects.toMatchObject({ code: 'workspace.unusable', exit: 9, message: expect.stringContaining(base) });
  });
});

describe('a repository of ours that was lost', () => {
  const headOf = ({ repo }: SmallRun): string => repo.git('log', '--format=%T', 'autopack/run-small');
  const reposOf = ({ machine }: SmallRun): string => join(machine.home, 'repos');

  /** Stops after every kind of record on which the rest builds. */
  test.each(['workspace.prepared', 'candidate.built', 'audit.answered', 'commit.written', 'workspace.published'])('after %s is made again from the log, and the run ends with the same trees', async (type) => {
    const small = await requestedRun(TEXTS);
    expect((await driven(small, is(type))).end).toBe('interrupted');
    rmSync(reposOf(small), { recursive: true });
    expect((await driven(small)).end).toBe('done');
    expect((await viewOf(small.store, 'small')).outcome).toBe('COMPLETE');
    expect(headOf(small)).toBe(headOf(calm));
    expect((await verify(small.store, 'small')).divergence).toBe(null);
  });

  test('in part is noticed by the missing object', async () => {
    const small = await requestedRun(TEXTS);
    await driven(small, isCommit);
    const [name = ''] = readdirSync(reposOf(small));
    const objects = join(reposOf(small), name, 'objects');
    for (const folder of readdirSync(objects).filter((entry) => entry.length === 2).slice(0, 1)) rmSync(join(objects, folder), { recursive: true });
    expect((await driven(small)).end).toBe('done');
    expect(headOf(small)).toBe(headOf(calm));
  });

  test('with the machine: whoever has the base takes the run over elsewhere, and its branch holds all commits', async () => {
    const small = await requestedRun(TEXTS);
    await driven(small, isCommit);
    const bytes = await bytesOf(exportRun(small.store, 'small'));
    const root = temporary('autopack-clone-');
    small.repo.git('clone', '-q', '--single-branch', '--branch', 'main', small.repo.root, root);
    const store = await openStore('memory:', NEVER);
    await importRun(store, async function* () {
      yield bytes;
    });
    const there: SmallRun = { ...small, store, repo: repositoryAt(root), machine: { ...small.machine, home: temporary('autopack-home-') } };
    expect((await driven(there)).end).toBe('done');
    expect(headOf(there)).toBe(headOf(calm));
    expect((await verify(store, 'small')).divergence).toBe(null);
  });
});
