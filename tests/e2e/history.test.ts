// Commands about what was recorded, as people start them: export, import, replay, fork, diff, and what each refuses.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { autopack, builds, linesOf, makePlace, phase, removePlace, runArgs, writeAnswers, writePlan, BIN, type Finished, type Place } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let place: Place;
let file: string;
/** Another state folder, which knows nothing. */
let elsewhere: Readonly<Record<string, string>>;
/** The last record before the builder of p2 was asked. */
let fork: number;
const run = (...args: readonly string[]): Promise<Finished> => autopack(place, args);
const there = (...args: readonly string[]): Promise<Finished> => autopack(place, args, { env: elsewhere });
async function well(...args: readonly string[]): Promise<void> {
  const { code, err } = await run(...args);
  if (code !== 0) throw new Error(`${args[0]} exits ${code}: ${err}`);
}

type Line = Readonly<Record<string, unknown>>;
const all = (finished: Finished): Line[] => linesOf(finished) as unknown as Line[];
const only = (finished: Finished): Line => {
  const [first, ...more] = all(finished);
  expect(more).toEqual([]);
  return first ?? {};
};

beforeAll(async () => {
  place = makePlace();
  place = { ...place, run: 'past' };
  const second = { role: 'builder', phase: 'p2', json: { summary: 's', files: [{ path: 'b.txt', mode: 'create', new_content: 'two\n' }] } };
  writePlan(place, { phases: [phase('p1'), phase('p2')] });
  writeAnswers(place, [builds('ok'), second]);
  await well(...runArgs(place));
  writeFileSync(join(place.folder, 'other.yaml'), readFileSync(place.answers, 'utf8').replace('two\\n', 'three\\nlines\\n'));
  file = join(place.folder, 'past.jsonl');
  elsewhere = { AUTOPACK_HOME: join(place.folder, 'elsewhere') };
  const lines = linesOf(await run('log', 'past', '--json')) as unknown as { seq: number; record: { effects: { type: string; params: { phase?: string } }[] } }[];
  fork = lines.find(({ record }) => record.effects.some(({ type, params }) => type === 'callBuilder' && params.phase === 'p2'))?.seq ?? -1;
  await well('export', 'past', '-o', file);
});
afterAll(() => removePlace(place));

describe('export and import', () => {
  test('to a file and to stdout give the same bytes, and the way to verify them', async () => {
    const again = join(place.folder, 'again.jsonl');
    const { out } = await run('export', 'past', '-o', again);
    expect(out).toContain(`autopack replay ${again} --verify`);
    expect(readFileSync(again).equals(readFileSync(file))).toBe(true);
    expect((await run('export', 'past')).out).toBe(readFileSync(file, 'utf8'));
    expect(only(await run('export', 'past', '-o', again, '--json'))).toMatchObject({ type: 'export', run: 'past', bytes: readFileSync(file).length });
  });

  test('a run that was imported is there like any other; once more is nothing', async () => {
    expect(only(await there('import', file, '--json'))).toMatchObject({ type: 'import', run: 'past', added: expect.any(Number) });
    expect(only(await there('import', file, '--json'))).toMatchObject({ added: 0 });
    expect(only(await there('status', 'past', '--json'))).toMatchObject({ outcome: 'COMPLETE' });
    expect((await there('replay', 'past', '--verify')).code).toBe(0);
    expect((await there('export', 'past')).out).toBe(readFileSync(file, 'utf8'));
  });

  test('an export that fails leaves neither the file nor a half of it', async () => {
    const target = join(place.folder, 'missing.jsonl');
    expect((await run('export', 'nobody', '-o', target)).code).toBe(2);
    expect(readdirSync(place.folder).filter((name) => name.startsWith('missing'))).toEqual([]);
    expect((await run('export', 'past', '-o', join(place.folder, 'no', 'x.jsonl'))).err).toContain('cannot be written: ENOENT');
  });
});

describe('replay', () => {
  test('--verify of a run, of its file and of stdin says the same head, without a store where there is none', async () => {
    const inStore = only(await run('replay', 'past', '--verify', '--json'));
    expect(inStore).toMatchObject({ type: 'replay', ok: true, trees: null });
    const nowhere = join(place.folder, 'nowhere');
    expect(only(await autopack(place, ['replay', file, '--verify', '--json'], { env: { AUTOPACK_HOME: nowhere } }))).toEqual(inStore);
    const { stdout } = spawnSync(process.execPath, [BIN, 'replay', '-', '--verify', '--json'], { input: readFileSync(file), env: { ...process.env, AUTOPACK_HOME: nowhere }, encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual(inStore);
    expect(existsSync(nowhere)).toBe(false);
  });

  test('--verify --workspace makes trees and commits again, of a file too, and leaves nothing in the repository', async () => {
    const before = place.repo.git('for-each-ref');
    expect(only(await run('replay', 'past', '--verify', '--workspace', '--json'))).toMatchObject({ ok: true, trees: { candidates: 2, commits: 2 } });
    expect((await there('replay', file, '--verify', '--workspace', place.repo.root)).out).toContain('2 trees and 2 commits made again');
    expect(place.repo.git('for-each-ref')).toBe(before);
    const summary = join(place.repo.root, '.autonomous_runs', 'project/runs/past/past/run_summary.md');
    const written = readFileSync(summary, 'utf8');
    writeFileSync(summary, written.replace('COMPLETE', 'FAILED'));
    const edited = await run('replay', 'past', '--verify', '--workspace');
    expect(edited).toMatchObject({ code: 8, err: expect.stringContaining('autopack rebuild past') });
    expect(edited.err).toContain('{"path":"run_summary.md","line":4,"text":"FAILED"}');
    await well('rebuild', 'past');
    expect(readFileSync(summary, 'utf8')).toBe(written);
    expect((await run('replay', 'past', '--verify', '--workspace')).out).toMatch(/\d+ files for people as the records say/);
    const unknown = await there('replay', file, '--verify', '--workspace');
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('--workspace DIR') });
    const other = makePlace();
    expect(await run('replay', 'past', '--verify', '--workspace', other.folder)).toMatchObject({ code: 9 });
    removePlace(other);
  });

  test('--until shows the state at a record, --step each of them', async () => {
    const state = only(await run('replay', 'past', '--until', String(fork), '--json'));
    expect(state).toMatchObject({ type: 'replay.state', seq: fork, open: expect.arrayContaining([expect.objectContaining({ type: 'callBuilder', owner: 'phase:p2' })]) });
    const { out } = await run('replay', file, '--until', String(fork));
    expect(out).toMatch(/^phase:p1 DONE$/m);
    expect(out).toMatch(/^phase:p2 BUILDING\.work awaits .*callBuilder phase:p2/m);
    const steps = all(await run('replay', 'past', '--step', '--json'));
    expect(steps.slice(0, -1).map((line) => line['seq'])).toEqual([...Array(steps.length - 1).keys()]);
    expect(steps.at(-1)).toMatchObject({ type: 'replay', ok: true });
    expect((await run('replay', 'past', '--step', '--until', '2')).out.match(/^past@\d+/gm)).toEqual(['past@0', 'past@1', 'past@2']);
  });

  test('of a damaged or a shortened file is exit 8 and names the first record', async () => {
    const text = readFileSync(file, 'utf8');
    const bad = join(place.folder, 'bad.jsonl');
    writeFileSync(bad, text.replace('"epoch":1', '"epoch":2'));
    for (const args of [['replay', bad, '--verify'], ['replay', bad, '--step'], ['import', bad], ['diff', 'past', bad]]) expect(await run(...args), args.join(' ')).toMatchObject({ code: 8, err: expect.stringContaining('record past@1') });
    writeFileSync(bad, text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1));
    expect(await run('replay', bad, '--verify')).toMatchObject({ code: 8, err: expect.stringContaining('cut off') });
    rmSync(bad);
  });
});

describe('fork and diff', () => {
  test('a fork with other answers ends otherwise, and diff says where, what and at what cost', async () => {
    const forked = await run('fork', 'past', '--at', String(fork), '--run-id', 'other', '--provider', `script:${join(place.folder, 'other.yaml')}`);
    expect(forked).toMatchObject({ code: 0, err: expect.stringContaining(`other goes on from past@${fork}`) });
    expect(place.repo.git('show', 'autopack/run-other:b.txt')).toBe('three\nlines');
    expect((await run('replay', 'other', '--verify', '--workspace')).code).toBe(0);
    const diff = only(await run('diff', 'past', 'other', '--json'));
    expect(diff).toMatchObject({
      type: 'diff', shared: fork + 1, first: { part: 'event', fields: [{ path: 'event.data.answer.bytes' }, { path: 'event.data.answer.ref' }], b: { run: 'other' } },
      phases: [{ phase_id: 'p1', alike: true }, { phase_id: 'p2', alike: false, patch: { a: { added: 1 }, b: { added: 2 } } }],
    });
    const { out } = await run('diff', file, 'other');
    expect(out).toMatch(/^The first record that differs, in event:$/m);
    expect(out).toMatch(/^A past@\d+ .* builder\.answered → phase:p2/m);
    expect(out).toMatch(/^ {4}B b\.txt \(\+2 −0\)$/m);
    expect(out).toContain('1 other phases alike');
    expect((await run('diff', 'past', file)).out).toContain('no record differs');
  });

  test.each([
    ['an unknown run', () => ['replay', 'nobody', '--verify'], 2, 'there is no run nobody'],
    ['a file that is not there', () => ['replay', './nothing.jsonl'], 2, 'there is no file ./nothing.jsonl'],
    ['a folder for a file', () => ['import', place.folder], 7, 'EISDIR'],
    ['a record that is not there', () => ['replay', 'past', '--until', '999'], 2, 'past has no record 999'],
    ['a seq that is no number', () => ['replay', 'past', '--until', 'soon'], 2, 'a whole number'],
    ['a fork without a record', () => ['fork', 'past'], 2, '--at <seq>'],
    ['a fork under a name that is taken', () => ['fork', 'past', '--at', '3', '--run-id', 'past'], 2, 'there is a run past already'],
    ['a fork under a name that differs in case alone', () => ['fork', 'past', '--at', '3', '--run-id', 'Past'], 2, 'there is a run past already'],
    ['a run under such a name', () => runArgs(place, '--run-id', 'PAST'), 2, 'there is a run past already'],
    ['a fork under a name that is none', () => ['fork', 'past', '--at', '3', '--run-id', 'a/b'], 2, 'is not a run id'],
    ['a fork of an end', () => ['fork', 'past', '--at', String(lastSeq(file))], 2, 'past was over at its record'],
    ['standing input twice', () => ['diff', '-', '-'], 2, 'once only'],
    ['a diff with nothing', () => ['diff', 'past'], 2, "missing required argument 'b'"],
  ] as const)('%s is refused', async (_title, args, code, says) => {
    const refused = await run(...args(), '--json');
    expect(refused).toMatchObject({ code, err: expect.stringContaining(says) });
    expect(only(refused)).toMatchObject({ error: { code: expect.any(String) } });
  });
});

/** Seq of the last record of an exported run. */
const lastSeq = (path: string): number => (JSON.parse(readFileSync(path, 'utf8').split('\n', 1)[0] ?? '') as { head: { seq: number } }).head.seq;
