// replay, export, import, fork
// ============================
// A run looked at again, carried elsewhere, or gone on from in another way.

import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { pipeline } from 'node:stream/promises';
import { finishCommand } from '#src/app/on-finish.ts';
import { recollect } from '#src/app/beside.ts';
import { exportRun, importRun, sourceOf } from '#src/app/export.ts';
import { fork } from '#src/app/fork.ts';
import { isFile, replayUntil, verifySubject, within, type Proved } from '#src/app/replay.ts';
import type { Store } from '#src/app/machine.ts';
import { Replay } from '#src/app/verify.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { pathOf } from '#src/kernel/engine.ts';
import { history, unknownRun } from '#src/kernel/history.ts';
import type { Divergence } from '#src/kernel/log.ts';
import { usd } from '#src/domain/cost.ts';
import type { RunRecord } from '#src/record/record.ts';
import { withRuns, withStore, type Context } from './context.ts';
import { tokens } from './progress.ts';
import { recordLines } from './records.ts';
import { phaseTable, runResult, summaryLines } from './report.ts';
import { resumeCommand, type ResumeOptions } from './run-commands.ts';
import type { Output } from './streams.ts';

export interface ReplayOptions {
  /** A run's name, the path of an exported one, or `-`. */
  readonly subject: string;
  readonly verify: boolean;
  /** Null: the records alone. Empty: the repository where the run was started. */
  readonly workspace: string | null;
  readonly until: number | null;
  readonly step: boolean;
}

export async function replayCommand(context: Context, options: ReplayOptions): Promise<number> {
  const { machine, output, stop } = context;
  const opening = { machine, signal: stop.signal };
  const { subject, until, workspace } = options;
  if (options.step) return within(opening, subject, async (store, run) => stepThrough(context, { store, run, until }));
  if (until !== null) return within(opening, subject, async (store, run) => showState(context, await replayUntil(store, run, until)));
  const verified = await verifySubject(opening, subject, workspace);
  if (verified.divergence !== null) return reportDivergence(context, verified.divergence);
  if (!options.verify && !output.json) for (const line of summaryLines(output, verified.view)) output.print(line);
  return reportEqual(context, verified);
}

function reportEqual({ output }: Context, { run, records, head, remade, files }: Pick<Proved, 'run' | 'records' | 'head' | 'remade' | 'files'>): number {
  const trees = remade === null ? null : { candidates: remade.candidates, commits: remade.commits };
  if (output.json) output.emit({ v: 1, type: 'replay', run, ok: true, records, head: { seq: head?.seq ?? -1, hash: head?.hash ?? '' }, trees, files: files === null ? null : { seq: files.seq, files: files.files } });
  output.print(`${output.style('green', 'equal')}: ${run}, ${records} records; every move, fact, effect, state and commit id recomputed`);
  if (trees !== null) output.print(`       ${trees.candidates} trees and ${trees.commits} commits made again from the base`);
  if (files !== null) output.print(`       ${files.files} files for people as the records say, up to record ${files.seq}`);
  output.print(`head   ${head?.hash ?? ''}`);
  return 0;
}

function reportDivergence({ output }: Context, divergence: Divergence): number {
  const { run, seq, what, expected, actual } = divergence;
  if (output.json) output.emit({ v: 1, type: 'replay', run, ok: false, divergence });
  output.warn(`${output.style('red', 'differs')}: record ${run}@${seq} in ${what}`);
  output.warn(`  stored      ${JSON.stringify(expected)?.slice(0, 500) ?? 'nothing'}`);
  output.warn(`  recomputed  ${JSON.stringify(actual)?.slice(0, 500) ?? 'nothing'}`);
  if (what === 'files') output.warn(`  the log itself is whole; \`autopack rebuild ${run}\` makes the files again`);
  return 8;
}

// --until

function showState({ output }: Context, { head, view, record }: Replay & { readonly record: RunRecord }): number {
  if (head === null) throw new Error('a replay without a record');
  const { cells, open } = head.state;
  const actors = [...cells].map(([actor, { state }]) => ({ actor, state: pathOf(state.value), status: state.status }));
  const effects = [...open.values()].map(({ effect, owner, at }) => ({ ...effect, owner, at }));
  if (output.json) output.emit({ v: 1, type: 'replay.state', run: record.run, seq: record.seq, at: record.at, hash: record.hash, state: record.state, actors, open: effects, view: runResult(view) });
  for (const line of [...recordLines(output, record), '', ...stateLines(output, { head, view })]) output.print(line);
  return 0;
}

function stateLines(output: Output, { head, view }: Pick<Replay, 'head' | 'view'>): string[] {
  if (head === null) return [];
  const { style } = output;
  const { cells, open } = head.state;
  const waits = (actor: string): string => [...open.values()].filter(({ owner }) => owner === actor).map(({ effect: { id, type } }) => `${type} ${id}`).join(', ');
  return [
    ...phaseTable(output, view),
    '',
    `${tokens(view.inputTokens + view.outputTokens)} tokens · ${usd(view.costMicroUsd)}${view.commit === null ? '' : ` · branch at ${view.commit.slice(0, 12)}`}`,
    '',
    ...[...cells].map(([actor, { state }]) => `${actor} ${style('cyan', pathOf(state.value))}${waits(actor) === '' ? '' : style('dim', ` awaits ${waits(actor)}`)}`),
  ];
}

// --step

interface Stepping {
  readonly store: Store;
  readonly run: string;
  readonly until: number | null;
}

/** One record per Enter on a terminal, a number goes on to that record, s shows the state, q quits; elsewhere all of them. */
async function stepThrough(context: Context, { store, run, until }: Stepping): Promise<number> {
  const { output } = context;
  const replay = new Replay();
  const asking = askingOn(context);
  let goal = -1;
  try {
    for await (const record of history(store.events, run)) {
      const divergence = replay.take(record);
      if (divergence !== null) return reportDivergence(context, divergence);
      if (output.json) output.emit({ v: 1, type: 'record', runId: record.run, seq: record.seq, at: record.at, record });
      for (const line of recordLines(output, record)) output.print(line);
      if (record.run === run && record.seq === until) return 0;
      if (asking === null || (record.run === run ? record.seq < goal : goal >= 0)) continue;
      let answer = await asking.next();
      for (; answer !== null && /^\s*s/i.test(answer); answer = await asking.next()) for (const line of stateLines(output, replay)) output.print(line);
      if (answer === null || /^\s*q/i.test(answer)) return 0;
      goal = /^\s*\d+\s*$/.test(answer) ? Number(answer) : -1;
    }
    if (replay.records === 0) throw unknownRun(run);
    if (until !== null) throw new ExecutorError('usage.invalid', `${run} has no record ${until}`, { hint: '`autopack log RUN` shows them' });
    return reportEqual(context, { ...replay.verified(run, null), remade: null, files: null });
  } finally {
    asking?.close();
  }
}

/** Null where nobody sits. */
function askingOn({ input, output }: Context): { next(): Promise<string | null>; close(): void } | null {
  if (input === null || output.json) return null;
  const lines = createInterface({ input: input.in, output: input.err });
  const closed = new AbortController();
  lines.on('close', () => closed.abort());
  return {
    next: () => lines.question(output.style('dim', 'Enter: next · number: go there · s: state · q: quit '), { signal: closed.signal }).catch(() => null),
    close: () => lines.close(),
  };
}

// export, import

export const exportCommand = (context: Context, run: string, file: string | null): Promise<number> =>
  withStore(context, async (store) => {
    const { output, write } = context;
    const made = exportRun(store, run);
    if (file === null) {
      for await (const chunk of made) await write(chunk);
      return 0;
    }
    const bytes = await intoFile(made, file);
    if (output.json) output.emit({ v: 1, type: 'export', run, file, bytes });
    output.print(`${run} is in ${file}, ${bytes} bytes; anybody verifies it with: autopack replay ${isFile(file) ? file : `./${file}`} --verify`);
    return 0;
  });

/** Under another name until it is whole. */
async function intoFile(made: AsyncIterable<Buffer>, file: string): Promise<number> {
  const fresh = `${file}.${process.pid}.tmp`;
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of made) {
      bytes += chunk.byteLength;
      yield chunk;
    }
  };
  try {
    await pipeline(counted, createWriteStream(fresh, { flush: true, mode: 0o600 }));
    await rename(fresh, file);
    return bytes;
  } catch (error) {
    await rm(fresh, { force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof ExecutorError || code === undefined) throw error;
    throw new ExecutorError('usage.invalid', `${file} cannot be written: ${code}`, { hint: 'name another file with -o', cause: error });
  }
}

export const importCommand = (context: Context, file: string): Promise<number> =>
  withStore(context, async (store) => {
    const { output } = context;
    const { run, verified, added } = await importRun(store, await sourceOf(file));
    if (output.json) output.emit({ v: 1, type: 'import', run, records: verified.records, added, head: { seq: verified.head?.seq ?? -1, hash: verified.head?.hash ?? '' } });
    output.print(added === 0 ? `${run} is in this store already, nothing was written` : `${run}: ${added} of ${verified.records} records are new to this store`);
    return 0;
  });

// fork

export interface ForkOptions extends Omit<ResumeOptions, 'run'> {
  readonly from: string;
  readonly at: number;
  readonly name: string | null;
}

/** Makes the fork and goes on with it, by default with its ancestor's repository and provider. */
export async function forkCommand(context: Context, { from, at, name, ...options }: ForkOptions): Promise<number> {
  const { machine, output } = context;
  finishCommand(options.onFinish); // before the fork is made
  const beside = await recollect(machine.home, from);
  const workspace = options.workspace ?? beside?.workspace;
  const provider = options.provider ?? beside?.provider;
  if (workspace === undefined || provider === undefined) throw new ExecutorError('usage.invalid', `this machine does not know where ${from} was started`, { hint: 'give --provider and -C' });
  const run = await withRuns(context, (store) => fork(machine, store, { run: from, at, name, workspace }));
  output.say(`${run} goes on from ${from}@${at}`);
  return resumeCommand(context, { ...options, run, workspace, provider });
}
