// The Models port over an answers file.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { scriptedModels } from '#src/adapters/script/models.ts';
import type { ModelRequest, Role } from '#src/ports/models.ts';

const root = mkdtempSync(join(tmpdir(), 'autopack-script-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;

/** The answers as a file in a folder of its own, with what lies beside it. */
function answersFile(text: string, beside: Readonly<Record<string, string>> = {}): string {
  const folder = join(root, String((files += 1)));
  mkdirSync(folder);
  for (const [name, body] of Object.entries(beside)) writeFileSync(join(folder, name), body);
  writeFileSync(join(folder, 'answers.yaml'), text);
  return join(folder, 'answers.yaml');
}

const never = new AbortController().signal;
const request = (role: Role, phase: string, attempt = 1, call = 1): ModelRequest => ({ role, phase, attempt, call, model: 'm', system: '', prompt: '', outputTokensMax: 1, timeoutMs: 1000, schema: null });
const none = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

const LOOKUP = `version: 1
answers:
- {role: builder, phase: p, text: any}
- {role: builder, phase: p, call: 2, text: call 2}
- {role: builder, phase: p, attempt: 2, text: attempt 2}
- {role: builder, phase: p, attempt: 2, text: never, usage: {input: 9, output: 9}}
- {role: builder, phase: p, attempt: 2, call: 3, text: attempt 2 call 3}
- {role: auditor, phase: p, attempt: 4, text: of the auditor}
- {role: human, phase: p, choose: again, note: look}
defaults: {planner: {text: default}}
`;

describe('which answer is found', () => {
  const models = scriptedModels(answersFile(LOOKUP));

  test.each<readonly [Role, string, number, number, string]>([
    ['builder', 'p', 1, 1, 'any'], ['builder', 'p', 1, 2, 'call 2'], ['builder', 'p', 2, 1, 'attempt 2'], ['builder', 'p', 2, 2, 'attempt 2'], ['builder', 'p', 2, 3, 'attempt 2 call 3'],
    ['builder', 'p', 3, 2, 'call 2'], ['builder', 'p', 3, 3, 'any'], ['auditor', 'p', 4, 1, 'of the auditor'], ['planner', 'q', 1, 1, 'default'],
  ])('M2 role %s, phase %s, attempt %i, call %i find the most exact entry, in any order and as often as asked', async (role, phase, attempt, call, text) => {
    const reply = { ok: true, text, usage: none, stopReason: 'end' };
    expect(await (await models).call(request(role, phase, attempt, call), never)).toEqual(reply);
    expect(await (await models).call(request(role, phase, attempt, call), never)).toEqual(reply);
  });

  test.each<readonly [Role, string, number, number]>([['builder', 'q', 1, 1], ['auditor', 'p', 3, 2], ['auditor2', 'p', 4, 1], ['judge', 'p', 1, 1]])('M1 a missing answer for role %s, phase %s, attempt %i, call %i is a failure that says what was asked', async (role, phase, attempt, call) => {
    expect(await (await models).call(request(role, phase, attempt, call), never)).toEqual({
      ok: false, usage: none, retryAfterMs: 0, failure: { code: 'answer_missing', message: `role ${role}, phase ${phase}, attempt ${attempt}, call ${call}`, retryable: false },
    });
  });

  test('M2 a human answers where the option is offered; else a real one is waited for', async () => {
    const { human } = await models;
    expect(human({ phase: 'p', attempt: 7, options: ['approve', 'again'] })).toEqual({ choose: 'again', note: 'look' });
    expect(human({ phase: 'p', attempt: 7, options: ['approve', 'reject'] })).toBeNull();
    expect(human({ phase: 'q', attempt: 1, options: ['again'] })).toBeNull();
  });
});

describe('what an entry says', () => {
  const one = async (entry: string, beside: Readonly<Record<string, string>> = {}) => (await scriptedModels(answersFile(`version: 1\nanswers: [{role: builder, phase: p, ${entry}}]\n`, beside))).call(request('builder', 'p'), never);

  test.each([
    ['text: a', { text: 'a' }, {}], ['json: {b: [1]}', { text: '{"b":[1]}' }, {}], ['json: null', { text: 'null' }, {}], ['file: x.patch', { text: 'of the file\n' }, { 'x.patch': 'of the file\n' }], ["text: ''", { text: '' }, {}],
    ['text: a, stop_reason: max_tokens', { stopReason: 'max_tokens' }, {}], ['text: a, stop_reason: refusal', { stopReason: 'refusal' }, {}], ['text: a, usage: {input: 3, output: 4}', { usage: { ...none, inputTokens: 3, outputTokens: 4 } }, {}],
  ])('M1 %s is a reply', async (entry, reply, beside) => {
    expect(await one(entry, beside as Record<string, string>)).toMatchObject({ ok: true, ...reply });
  });

  test.each([['http_429', true], ['http_500', true], ['http_503', true], ['timeout', true], ['network', true], ['http_401', false], ['http_404', false], ['odd', false]])('M1 the error %s is a failure, retryable: %s, unless the entry says otherwise', async (code, retryable) => {
    expect(await one(`error: {code: ${code}}`)).toEqual({ ok: false, usage: none, retryAfterMs: 0, failure: { code, message: 'scripted', retryable } });
    expect(await one(`error: {code: ${code}, retryable: ${!retryable}}, usage: {input: 1, output: 2}`)).toMatchObject({ usage: { inputTokens: 1, outputTokens: 2 }, failure: { retryable: !retryable } });
  });

  test('M3 an aborted call is answered all the same, at once: it is never under way', async () => {
    const models = await scriptedModels(answersFile(LOOKUP));
    const began = performance.now();
    await models.call(request('builder', 'p'), AbortSignal.abort());
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

describe('what is refused, and all of it at once', () => {
  test.each([
    ['nothing', '', 'it is empty'], ['another version', 'version: 2\nanswers: []\n', ':1:1: version: '], ['an unknown key', 'version: 1\nanswer: []\nanswers: []\n', ':2:1: answer: unknown key. did you mean answers?'],
    ['an unknown role', 'version: 1\nanswers:\n- {role: bulder, phase: p, text: a}\n', ':3:4: answers[0].role: '], ['an attempt of zero', 'version: 1\nanswers:\n- {role: builder, phase: p, attempt: 0, text: a}\n', 'answers[0].attempt: '],
    ['no body', 'version: 1\nanswers:\n- {role: builder, phase: p}\n', ':3:3: answers[0]: one of file, text, json, error is needed, none is there'],
    ['two bodies', 'version: 1\nanswers:\n- {role: builder, phase: p, text: a, json: 1}\n', 'text and json are'],
    ['a model that chooses', 'version: 1\nanswers:\n- {role: builder, phase: p, text: a, choose: approve}\n', 'only a human has `choose`'],
    ['a human without a choice', 'version: 1\nanswers:\n- {role: human, phase: p}\n', 'a human needs `choose`'], ['a human with a text', 'version: 1\nanswers:\n- {role: human, phase: p, choose: again, text: a}\n', 'a human has no `text`'],
    ['a usage that no call can have', 'version: 1\nanswers:\n- {role: builder, phase: p, text: a, usage: {input: 1, output: 9007199254740991}}\n', 'answers[0].usage.output: Too big'],
    ['a default with two bodies', 'version: 1\nanswers: []\ndefaults:\n  builder: {text: a, json: 1}\n', ':4:3: defaults.builder: one of file, text, json, error'], ['a default without a body', 'version: 1\nanswers: []\ndefaults: {auditor: {}}\n', 'defaults.auditor: one of'],
  ])('%s is told with its place', async (_what, text, message) => {
    await expect(scriptedModels(answersFile(text))).rejects.toMatchObject({ code: 'provider.invalid', message: expect.stringContaining(message) });
  });

  test('two problems are two lines', async () => {
    await expect(scriptedModels(answersFile('version: 1\nanswers:\n- {role: human, phase: p}\n- {role: builder, phase: p}\n'))).rejects.toThrow(/answers\[0\].*\n.*answers\[1\]/);
  });

  test('a file that is missing, or outside of the folder by name or by link, is refused', async () => {
    const path = answersFile('version: 1\nanswers:\n- {role: builder, phase: p, file: ../1/answers.yaml}\n- {role: builder, phase: q, file: link}\n- {role: builder, phase: r, file: nowhere}\n');
    symlinkSync('/etc/hostname', join(path, '../link'));
    await expect(scriptedModels(path)).rejects.toThrow(/\.\.\/1\/answers\.yaml lies outside.*\n.*link lies outside.*\n.*nowhere cannot be read/);
    await expect(scriptedModels(join(root, 'none.yaml'))).rejects.toMatchObject({ code: 'provider.invalid', message: expect.stringContaining('none.yaml cannot be read') });
  });
});

test('M2 what changes in a file meanwhile changes no answer, and the digest tells it to the next start', async () => {
  const path = answersFile('version: 1\nanswers: [{role: builder, phase: p, file: x}]\n', { x: 'one' });
  const before = await scriptedModels(path);
  writeFileSync(join(path, '../x'), 'two');
  expect(await before.call(request('builder', 'p'), never)).toMatchObject({ text: 'one' });
  const after = await scriptedModels(path);
  expect(after.digest).not.toBe(before.digest);
  expect((await scriptedModels(path)).digest).toBe(after.digest);
});
