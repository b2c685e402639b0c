// What `show` says, on whole recorded runs: one screen, whatever happened, and a next command that the run will take.

import { expect, test } from 'vitest';
import { phaseAdvice, runAdvice } from '#src/cli/advice.ts';
import { LINES_MAX, phaseLines, runLines } from '#src/cli/show-command.ts';
import { harmless, type Output } from '#src/cli/streams.ts';
import { views } from '#projections/files.ts';
import { project } from '#projections/projection.ts';
import { story } from '#projections/story.ts';
import { recordRun } from '#tests/support/recorded.ts';

const output = { style: (_format: unknown, text: string) => text } as Output;
const ids = ['a', 'b', 'c', 'd'];
const histories = Array.from({ length: 60 }, (_, i) => recordRun(i + 1, 'run', ids).records);

test('fits one screen after every record of every run, and tells of each attempt that was started', () => {
  let attempts = 0;
  for (const records of histories) {
    for (let end = 1; end <= records.length; end += 5) {
      const past = records.slice(0, end);
      const [all, told] = [project(views, past), project(story, past)];
      expect(runLines(output, all, told.phases).length).toBeLessThanOrEqual(LINES_MAX);
      for (const view of all.run.phases) {
        const of = told.phases.find(({ phase_id }) => phase_id === view.phase_id);
        if (of === undefined) throw new Error(`no story of ${view.phase_id}`);
        const lines = phaseLines(output, all, { view, told: of });
        expect(lines.length, lines.join('\n')).toBeLessThanOrEqual(LINES_MAX);
        expect(lines.filter((line) => line.startsWith('next: '))).toHaveLength(1);
        const counted = of.attempts.filter(({ attempt }) => attempt > 0);
        expect(counted.map(({ attempt }) => attempt)).toEqual(Array.from({ length: view.attempts }, (_, i) => i + 1));
        attempts = Math.max(attempts, view.attempts);
      }
    }
  }
  expect(attempts, 'a phase of many attempts is among them').toBeGreaterThan(4);
});

test('a run of two hundred phases fits one screen, and those that need a look are on it', () => {
  const [records = []] = histories;
  const all = project(views, records);
  const [one] = all.run.phases;
  if (one === undefined) throw new Error('no phase');
  const phases = Array.from({ length: 200 }, (_, i) => ({ ...one, phase_id: `p${i}`, outcome: i === 150 ? ('FAILED' as const) : ('COMPLETE' as const), reason: i === 150 ? 'out of attempts' : null }));
  const lines = runLines(output, { ...all, run: { ...all.run, phases } }, []);
  expect(lines.length).toBeLessThanOrEqual(LINES_MAX);
  expect(lines.find((line) => line.startsWith('p150'))).toMatch(/FAILED.*out of attempts/);
  expect(lines.join('\n')).toMatch(/… 1\d\d more: autopack status run/);
});

test('the next command follows from where the run stands', () => {
  const seen = new Set<string>();
  for (const records of histories) {
    for (let end = 1; end <= records.length; end += 1) {
      const { run } = project(views, records.slice(0, end));
      const [next = ''] = runAdvice(run);
      const expected = run.outcome === null && run.pause !== null ? 'autopack resume|workspace:' : run.outcome === null && run.questions.length > 0 ? 'autopack approve' : run.outcome === null ? 'autopack resume' : run.outcome === 'COMPLETE' ? 'autopack merge' : 'autopack (show|log)';
      expect(next).toMatch(new RegExp(expected));
      seen.add(expected);
    }
  }
  expect(seen.size).toBe(5);
});

test('a phase that failed in a run that is over goes on from before its first record, in a fork', () => {
  const records = histories.find((history) => project(views, history).run.phases.some(({ outcome, attempts }) => outcome === 'FAILED' && attempts > 0)) ?? [];
  const { run } = project(views, records);
  const failed = run.phases.find(({ outcome, attempts }) => outcome === 'FAILED' && attempts > 0);
  const told = project(story, records).phases.find(({ phase_id }) => phase_id === failed?.phase_id);
  if (failed === undefined || told === undefined) throw new Error('no run with a failed phase');
  expect(phaseAdvice(run, failed, told)).toEqual([`autopack fork run --at ${(told.first ?? 0) - 1} --run-id run-again`]);
});

test.each([
  ['a title that would be set', '\u001b]0;owned\u0007x', '\ufffd]0;owned\ufffdx'],
  ['a screen that would be cleared', '\u001b[2Jx', '\ufffd[2Jx'],
  ['a line that would be written over', 'good\rbad', 'good\ufffdbad'],
  ['text that would be concealed', '\u001b[8mx', '\ufffd[8mx'],
  ['text that would run backwards', 'a\u202eb', 'a\ufffdb'],
  ['a colour of ours', '\u001b[31mx\u001b[39m', '\u001b[31mx\u001b[39m'],
  ['plain text', 'é ✖ → 日本\tx\n', 'é ✖ → 日本\tx\n'],
])('harmless: %s', (_title, text, shown) => {
  expect(harmless(text)).toBe(shown);
});
