// Two auditors that disagree, and what a judge makes of it, through the product's own bin.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { autopack, builds, makePlace, removePlace, runArgs, writeAnswers, writeLongPlan, type Answer, type Place } from '#tests/support/e2e.ts';

let place: Place;
afterEach(() => place !== undefined && removePlace(place));

const usage = { input: 10, output: 10 };
const found = (severity: string) => ({ severity, category: 'logic', description: 'mode is wrong', file_path: 'mode.txt', line_number: 1, suggestion: 'say so' });
const verdict = (role: string, approved: boolean, ...issues: object[]): Answer => ({ role, phase: 'p1', json: { approved, issues, summary: role }, usage });
/** High risk: both auditors are asked. */
const PHASE = { task_category: 'security_auth_change', max_builder_attempts: 1 };

interface Told { readonly type: string; readonly data: Readonly<Record<string, unknown>> }
async function factsOf(): Promise<Told[]> {
  const { out } = await autopack(place, ['log', place.run, '--json']);
  return out.trim().split('\n').flatMap((line) => (JSON.parse(line) as { record?: { facts: Told[] } }).record?.facts ?? []);
}
const merged = async (): Promise<unknown> => (await factsOf()).find(({ type }) => type === 'audit.merged')?.data;

test('E-166 a judge that approves overrules a lone rejection; the run is recorded with its call, and the recording gives the same log', async () => {
  place = makePlace();
  writeLongPlan(place, PHASE);
  writeAnswers(place, [builds('ok'), verdict('auditor', false, found('major')), verdict('auditor2', true), verdict('judge', true)]);
  const recording = join(place.folder, 'recorded.json');
  const finished = await autopack(place, runArgs(place, '--record', recording));
  expect(finished.code, finished.err).toBe(0);
  expect(await merged()).toEqual({ approved: true, auditors: 2, minor: 1, major: 0, critical: 0, disagreement: 'approval', judge: 'approved' });
  expect((await factsOf()).filter(({ type, data }) => type === 'quota.settled' && data['slot'] === 'judge')).toHaveLength(1);
  expect((JSON.parse(readFileSync(recording, 'utf8')) as { answers: { role: string }[] }).answers.map(({ role }) => role).sort()).toEqual(['auditor', 'auditor2', 'builder', 'judge']);
  expect((await autopack(place, ['replay', place.run, '--verify'])).code).toBe(0);
  const shown = await autopack(place, ['show', place.run, 'p1']);
  expect(shown.out).toContain('the auditors disagree (approval), the judge approved: it passes');
}, 120_000);

test.each([
  ['rejects', verdict('judge', false, found('major')), { approved: false, major: 1, judge: 'rejected' }],
  ['cannot be read twice', { role: 'judge', phase: 'p1', text: 'well, it depends', usage }, { approved: false, judge: 'rejected' }],
] as const)('E-166 E-161 a judge that %s leaves the rejection, and the phase is not committed', async (_what, judge, wanted) => {
  place = makePlace();
  writeLongPlan(place, PHASE);
  writeAnswers(place, [builds('ok'), verdict('auditor', true), verdict('auditor2', false, found('major')), judge]);
  expect((await autopack(place, runArgs(place))).code).toBe(3);
  expect(await merged()).toMatchObject({ disagreement: 'approval', ...wanted });
}, 120_000);

test('E-166 E-612 high risk and two clean approvals: the second is asked all the same, a judge is not', async () => {
  place = makePlace();
  writeLongPlan(place, PHASE);
  writeAnswers(place, [builds('ok'), verdict('auditor', true), verdict('auditor2', true, found('minor'))]);
  expect((await autopack(place, runArgs(place))).code).toBe(0);
  expect(await merged()).toMatchObject({ auditors: 2, approved: true, disagreement: 'none', judge: 'none' });
}, 120_000);
