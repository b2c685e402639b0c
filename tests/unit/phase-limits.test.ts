// How the phase chart deals with answers that fill their limit.

import { expect, test } from 'vitest';
import { chartEngine, type ChartEvent, type Emission } from '#src/kernel/engine.ts';
import { phaseMachine } from '#machines/phase.ts';
import type { PhaseContext } from '#machines/phase-context.ts';
import { vocabulary } from '#machines/vocabulary.ts';
import { answersTo, AT, oid, results } from '#tests/support/alphabet.ts';
import { phasePolicy } from '#tests/support/policies.ts';

const engine = chartEngine(phaseMachine, vocabulary, { phase: 'p1', policy: phasePolicy() });

/** One phase that is answered by slot; everything it wishes is granted. */
function play() {
  let { state } = engine.init({ phase: 'p1', policy: phasePolicy() });
  const said: Emission[] = [];
  const context = (): PhaseContext => state.context as unknown as PhaseContext;
  const send = (event: ChartEvent): void => {
    const stepped = engine.step(state, event);
    state = stepped.state;
    said.push(...stepped.emissions);
  };
  send(answersTo('phase:p1/0', 'wait:start')[0] as ChartEvent);
  const grant = (): void => { for (const [id, kind] of Object.entries(context().open)) if (kind.startsWith('asked:')) send({ type: 'effect.granted', at: AT, cause: id } as ChartEvent); };
  const answer = (slot: string, like: object): void => {
    grant();
    const id = Object.keys(context().open).find((open) => context().open[open] === `running:${slot}`) ?? '';
    const [type, data] = results[slot]?.[0] ?? ['', {}];
    send({ type, ...data, ...like, at: AT, cause: id } as ChartEvent);
    grant();
  };
  const last = (type: string) => said.findLast((emission) => emission.type === type)?.params;
  return { answer, last, context };
}

const partial = { ref: `sha256:${'7'.repeat(64)}`, bytes: 9 };

test('E-136 the builder may answer with as much as its context selected, never with less than the policy', () => {
  const [more, less] = [play(), play()];
  more.answer('context', { outputTokens: 20_000 });
  less.answer('context', { outputTokens: 10 });
  expect([more.last('callBuilder')?.['outputTokensMax'], less.last('callBuilder')?.['outputTokensMax']]).toEqual([20_000, 8192]);
});

test('E-113 E-137 after a prompt that its model finds too long the next attempt shows the least, from the same model', () => {
  const phase = play();
  phase.answer('context', {});
  expect(phase.last('assembleContext')).toMatchObject({ attempt: 1, least: false });
  const asked = phase.last('callBuilder')?.['model'];
  phase.answer('builder', { type: 'effect.failed', code: 'prompt_too_long', message: 'm', retryable: false });
  expect(phase.last('assembleContext')).toMatchObject({ attempt: 2, least: true, model: asked });
});

test('E-134 a cut answer is continued once in its attempt, and the candidate is built of both', () => {
  const phase = play();
  phase.answer('context', {});
  phase.answer('builder', { stopReason: 'max_tokens', continuable: true, answer: partial });
  expect(phase.last('callBuilder')).toMatchObject({ call: 2, attempt: 1, partial });
  phase.answer('builder', {});
  expect(phase.last('buildCandidate')).toMatchObject({ attempt: 1, partial });
});

test('E-133 E-134 a continuation that is cut, too, raises the limit of the next attempt by a quarter', () => {
  const phase = play();
  phase.answer('context', { outputTokens: 20_000 });
  phase.answer('builder', { stopReason: 'max_tokens', continuable: true });
  phase.answer('builder', { stopReason: 'max_tokens', continuable: true });
  expect(phase.last('limit.raised')).toEqual({ from: 20_000, to: 25_000 });
  phase.answer('context', { outputTokens: 20_000 });
  expect(phase.last('callBuilder')).toMatchObject({ attempt: 2, call: 1, partial: null, outputTokensMax: 25_000 });
});

test.each([
  ['format', 'x', 7783, true], ['policy_refused', 'deliverables_missing', 7783, true], ['format', 'x', 7782, false], ['policy_refused', 'scope', 8192, false], ['apply', 'x', 8192, false],
])('E-133 an answer refused as %s (%s) that used %i of 8192 tokens counts as cut: %s', (kind, code, outputTokens, isCut) => {
  const phase = play();
  phase.answer('context', {});
  phase.answer('builder', { outputTokens });
  phase.answer('candidate', { type: 'candidate.refused', kind, code, message: 'm', problems: partial, tree: oid('a') });
  expect(phase.last('limit.raised') !== undefined).toBe(isCut);
});
