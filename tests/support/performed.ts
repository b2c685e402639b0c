// What was performed, held against the log: each run of the tests leaves a line with the mark of its effect, so it can be told
// which effect was performed how often. A result that is recorded is never made again; what was under way when an executor
// was lost may be, once for each that took over. Returns data, never expects.

import type { RunRecord } from '#src/record/record.ts';

/** @param marks `<run>/<effect id>` for each time that tests were begun, whoever began them */
export function performedAgain(run: string, records: readonly RunRecord[], marks: readonly string[]): string[] {
  const asked = records.flatMap(({ seq, effects }) => effects.filter(({ type }) => type === 'runTests').map(({ id }) => ({ id, seq })));
  const known = new Set(asked.map(({ id }) => `${run}/${id}`));
  return [
    ...asked.flatMap(({ id, seq }) => problemsOf({ id, from: seq, times: marks.filter((mark) => mark === `${run}/${id}`).length }, records)),
    ...[...new Set(marks)].filter((mark) => !known.has(mark)).map((mark) => `${mark} was performed and stands in no record`),
  ].map((problem) => `${run}: ${problem}`);
}

interface Performed {
  readonly id: string;
  /** The record that asks for it. */
  readonly from: number;
  readonly times: number;
}

function problemsOf({ id, from, times }: Performed, records: readonly RunRecord[]): string[] {
  const result = records.find(({ event }) => event.cause === id);
  const until = result?.seq ?? Number.POSITIVE_INFINITY;
  const takenOver = records.filter(({ event, seq }) => event.type === 'run.resumed' && seq > from && seq < until).length;
  return [
    ...(times <= 1 + takenOver ? [] : [`${id} was performed ${times} times, and while it was open the run was taken over ${takenOver} times`]),
    ...(times === 0 && result?.event.type === 'tests.finished' ? [`${id} has a result that nobody made`] : []),
  ];
}
