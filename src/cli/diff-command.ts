// diff
// ====
// Two runs side by side, out of the store or out of exported files.

import { recordsOf } from '#src/app/commands.ts';
import { within } from '#src/app/replay.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { compare, type Both, type Comparison, type Patch, type PhaseComparison } from '#projections/comparison.ts';
import { usd } from '#src/domain/cost.ts';
import type { PhaseView, RunView } from '#projections/run-view.ts';
import type { RunRecord } from '#src/record/record.ts';
import type { Context } from './context.ts';
import { tokens } from './progress.ts';
import { recordLines } from './records.ts';
import { runResult, table } from './report.ts';
import type { Output } from './streams.ts';

export async function diffCommand(context: Context, a: string, b: string): Promise<number> {
  const { machine, output, stop } = context;
  if (a === '-' && b === '-') throw new ExecutorError('usage.invalid', 'standard input can be read once only', { hint: 'give the path of one of the two files' });
  const opening = { machine, signal: stop.signal };
  const read = (subject: string): Promise<RunRecord[]> => within(opening, subject, recordsOf);
  const comparison = compare(await read(a), await read(b));
  if (output.json) output.emit(asJson(comparison));
  else for (const line of lines(output, comparison)) output.print(line);
  return 0;
}

function asJson({ view, shared, first, phases }: Comparison) {
  return { v: 1, type: 'diff', shared, first, a: runResult(view.a), b: runResult(view.b), phases: phases.map(({ phase_id, isAlike, patch }) => ({ phase_id, alike: isAlike, patch })) };
}

function lines(output: Output, { view, shared, first, phases }: Comparison): string[] {
  const { style } = output;
  const alike = phases.filter(({ isAlike }) => isAlike).length;
  const others = phases.filter(({ isAlike }) => !isAlike);
  const past = shared === 0 ? 'no past in common' : `${shared} records in common`;
  return [
    `${style('bold', `A ${view.a.run}`)} · ${style('bold', `B ${view.b.run}`)} · ${past}`,
    '',
    ...(first === null ? ['They tell the same: names, times and commit ids aside, no record differs.'] : firstLines(output, first)),
    '',
    ...table([['', 'A', 'B'], ...summary(view)]),
    '',
    ...(others.length === 0 ? [`${alike} phases alike`] : phaseLines(output, others)),
    ...(others.length === 0 || alike === 0 ? [] : [style('dim', `${alike} other phases alike`)]),
  ];
}

const FIELDS_SHOWN = 6;

function firstLines(output: Output, { part, fields, a, b }: NonNullable<Comparison['first']>): string[] {
  const { style } = output;
  const head = (name: string, record: RunRecord | null): string => `${style('bold', name)} ${record === null ? style('dim', 'has no such record') : recordLines(output, record)[0]}`;
  const value = (of: string | number | boolean | null): string => (of === null ? style('dim', 'nothing') : String(of).slice(0, 300));
  return [
    part === 'end' ? 'The first record that one alone has:' : `The first record that differs, in ${style('yellow', part)}:`,
    head('A', a),
    head('B', b),
    ...fields.slice(0, FIELDS_SHOWN).flatMap(({ path, ...sides }) => [`  ${style('yellow', path)}`, `    A ${value(sides.a)}`, `    B ${value(sides.b)}`]),
    ...(fields.length > FIELDS_SHOWN ? [style('dim', `  … ${fields.length - FIELDS_SHOWN} more`)] : []),
  ];
}

function summary({ a, b }: Both<RunView>): string[][] {
  const row = (name: string, of: (view: RunView) => string): string[] => [name, of(a), of(b)];
  return [
    row('outcome', ({ outcome, state, pause, reason }) => [outcome ?? state, pause?.reason ?? reason].filter((word) => word !== null).join(': ')),
    row('phases', ({ phases }) => `${phases.filter(({ outcome }) => outcome === 'COMPLETE').length} of ${phases.length}`),
    row('tokens', ({ inputTokens, outputTokens }) => tokens(inputTokens + outputTokens)),
    row('cost', ({ costMicroUsd }) => usd(costMicroUsd)),
    row('records', ({ head }) => String(head.seq + 1)),
    row('branch', ({ commit }) => commit?.slice(0, 12) ?? 'none'),
  ];
}

/** One value where both have it, else both. */
const both = (a: string, b: string): string => (a === b ? a : `${a} → ${b}`);

function phaseLines(output: Output, phases: readonly PhaseComparison[]): string[] {
  const cell = ({ view: { a, b } }: PhaseComparison, of: (view: PhaseView) => string): string => both(a === null ? '-' : of(a), b === null ? '-' : of(b));
  const rows = phases.map((phase) => [
    phase.phase_id,
    cell(phase, ({ outcome, state }) => outcome ?? state),
    cell(phase, ({ attempts }) => String(attempts)),
    cell(phase, (view) => tokens(view.inputTokens + view.outputTokens)),
    cell(phase, ({ costMicroUsd }) => usd(costMicroUsd)),
    patchWord(phase.patch),
  ]);
  const [head = '', ...body] = table([['phase', 'state', 'tries', 'tokens', 'cost', 'patch'], ...rows]);
  return [output.style('bold', head), ...body.flatMap((line, i) => [line, ...patchLines(output, phases[i]?.patch)])];
}

function patchWord({ a, b }: Both<Patch | null>): string {
  if (a === null || b === null) return a === b ? 'none' : `in ${a === null ? 'B' : 'A'} alone`;
  return a.set === b.set ? 'the same' : 'another';
}

function patchLines(output: Output, patch: Both<Patch | null> | undefined): string[] {
  if (patch === undefined || patch.a?.set === patch.b?.set) return [];
  const side = (name: string, built: Patch | null): string[] => (built === null ? [] : [`    ${name} ${built.files.join(', ')}`]);
  return [...side('A', patch.a), ...side('B', patch.b)].map((line) => output.style('dim', line));
}
