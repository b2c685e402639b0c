// The Models port over the real clients of both vendors, against a loopback server that speaks their wire.

import { afterEach, describe, expect, test } from 'vitest';
import { anthropicModels } from '#src/adapters/anthropic/models.ts';
import { openaiModels } from '#src/adapters/openai/models.ts';
import type { VendorCall } from '#src/adapters/wire/wire.ts';
import type { FailedCall, ModelReply, ModelRequest } from '#src/ports/models.ts';
import { vendorServer, type Behave, type Behaviour, type VendorServer } from '#tests/support/vendor-server.ts';

const request: ModelRequest = { role: 'auditor', phase: 'p1', attempt: 1, call: 1, model: 'm-1', system: 'be strict', prompt: 'the diff', outputTokensMax: 64, timeoutMs: 5000, schema: null };
const never = new AbortController().signal;

const VENDORS = [
  ['openai', (url: string, apiKey: string | null) => openaiModels({ apiKey, baseUrl: `${url}/v1` }), '/v1/chat/completions'],
  ['anthropic', (url: string, apiKey: string | null) => anthropicModels({ apiKey, baseUrl: url }), '/v1/messages'],
] as const;

let open: VendorServer[] = [];
afterEach(async () => {
  await Promise.all(open.map(({ close }) => close()));
  open = [];
});

async function served(behave: Behave): Promise<VendorServer> {
  const server = await vendorServer(behave);
  open.push(server);
  return server;
}

const failure = (reply: ModelReply): FailedCall => {
  if (reply.ok) throw new Error('a failure was expected');
  return reply;
};

describe.each(VENDORS)('%s', (_name, client, path) => {
  const call = async (behaviour: Behaviour, options: Partial<ModelRequest> = {}): Promise<{ reply: ModelReply; server: VendorServer }> => {
    const server = await served(() => behaviour);
    return { reply: await client(server.url, 'test-key')({ ...request, ...options }, never), server };
  };

  test('M1 an answer is text, stop reason and usage; the request carries system, prompt, model, limit and key, once', async () => {
    const { reply, server } = await call({ answer: { text: 'fine', input: 90, output: 7, cacheRead: 40 } });
    expect(reply).toEqual({ ok: true, text: 'fine', stopReason: 'end', usage: { inputTokens: 90, outputTokens: 7, cacheReadTokens: 40, cacheWriteTokens: 0 } });
    expect(server.asked).toHaveLength(1);
    const [asked] = server.asked;
    expect(asked?.path).toBe(path);
    expect(asked?.body).toMatchObject({ model: 'm-1', max_tokens: 64 });
    for (const text of ['be strict', 'the diff']) expect(JSON.stringify(asked?.body)).toContain(text);
    expect(JSON.stringify(asked?.headers)).toContain('test-key');
  });

  test.each([['max_tokens', 'max_tokens'], ['refusal', 'refusal']] as const)('M1 %s is told as a stop reason, not as an answer', async (stop, wanted) => {
    const { reply } = await call({ answer: { text: 'half', stop } });
    expect(reply).toMatchObject({ ok: true, stopReason: wanted });
  });

  test('E-161 a schema is handed to the vendor where the call has one', async () => {
    const schema = { name: 'verdict', schema: { type: 'object', additionalProperties: false, required: [], properties: {} } };
    const { server } = await call({ answer: { text: '{}' } }, { schema });
    expect(JSON.stringify(server.asked[0]?.body)).toContain('"json_schema"');
  });

  test('M1 a server without keys is asked without a throw', async () => {
    const server = await served(() => ({ answer: { text: 'local' } }));
    expect(await client(server.url, null)(request, never)).toMatchObject({ ok: true, text: 'local' });
  });

  test.each([
    [500, '{"error":{"message":"oops"}}', {}, 'http_5xx', true, 0],
    [529, '{"error":{"type":"overloaded_error"}}', {}, 'http_5xx', true, 0],
    [503, '', { 'retry-after': '7' }, 'http_5xx', true, 7000],
    [429, '{"error":{"message":"slow down"}}', { 'retry-after': '20' }, 'http_429', true, 20_000],
    [429, '{}', { 'retry-after-ms': '1500' }, 'http_429', true, 1500],
    [429, '{}', { 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT', date: 'Sat, 21 Nov 2026 10:00:00 GMT' }, 'http_429', true, 30_000],
    [429, '{}', { 'retry-after': '86400' }, 'http_429', true, 300_000],
    [429, '{}', { 'retry-after': 'soon' }, 'http_429', true, 0],
    [402, '{}', {}, 'http_402', false, 0],
    [401, '{"error":{"message":"bad key"}}', {}, 'http_401', false, 0],
    [403, '{}', {}, 'http_401', false, 0],
    [400, '{"error":{"message":"no such model"}}', {}, 'http_4xx', false, 0],
    [400, '{"error":{"type":"invalid_request_error","message":"prompt is too long: 205001 tokens > 200000 maximum"}}', {}, 'prompt_too_long', false, 0],
    [400, '{"error":{"code":"context_length_exceeded","message":"too many tokens"}}', {}, 'prompt_too_long', false, 0],
    [404, '<html>not here</html>', { 'content-type': 'text/html' }, 'http_4xx', false, 0],
  ] as const)('E-145 status %i with %s is a failure with its code, asked once', async (status, body, headers, code, retryable, retryAfterMs) => {
    const { reply, server } = await call({ status, body, headers });
    expect(failure(reply)).toMatchObject({ failure: { code, retryable }, retryAfterMs, usage: { inputTokens: 0 } });
    expect(server.asked, 'no hidden retry').toHaveLength(1);
  });

  test.each([
    ['a page of a proxy', '<!doctype html><title>Log in</title>', 'text/html'],
    ['an empty body', '', 'application/json'],
    ['an empty object', '{}', 'application/json'],
    ['another API', '{"candidates":[]}', 'application/json'],
    ['half a document', '{"choices": [{"mess', 'application/json'],
    ['no usage', '{"choices":[{"finish_reason":"stop","message":{"content":"x"}}],"content":[{"type":"text","text":"x"}],"stop_reason":"end_turn"}', 'application/json'],
    ['a usage that no call can have', '{"choices":[{"finish_reason":"stop","message":{"content":"x"}}],"content":[{"type":"text","text":"x"}],"stop_reason":"end_turn","usage":{"prompt_tokens":1,"completion_tokens":9007199254740991,"input_tokens":1,"output_tokens":9007199254740991}}', 'application/json'],
  ])('M1 %s with status 200 is no answer, and nobody knows what it cost', async (_what, body, type) => {
    const { reply } = await call({ status: 200, body, headers: { 'content-type': type } });
    expect(failure(reply)).toMatchObject({ usage: null, failure: { code: 'bad_response', retryable: false } });
  });

  test.each(['silent', 'stalls'] as const)('M4 a server that is %s ends the call at its time limit', async (wire) => {
    const server = await served(() => ({ wire }));
    const began = performance.now();
    const reply = await client(server.url, 'k')({ ...request, timeoutMs: 300 }, never);
    expect(failure(reply)).toMatchObject({ usage: null, failure: { code: 'timeout', retryable: true } });
    expect(performance.now() - began).toBeLessThan(3000);
  });

  test('M1 a connection that breaks in the middle may be tried again, at an unknown cost', async () => {
    const { reply } = await call({ wire: 'breaks' });
    expect(failure(reply)).toMatchObject({ usage: null, failure: { code: 'network', retryable: true } });
  });

  test('M4 a body without end is given up', async () => {
    const { reply } = await call({ wire: 'floods' }, { timeoutMs: 20_000 });
    expect(failure(reply)).toMatchObject({ failure: { code: 'bad_response', retryable: false } });
  });

  test('M1 a server that nobody runs costs nothing and may be tried again', async () => {
    const server = await served(() => ({ wire: 'silent' }));
    await server.close();
    open = [];
    expect(failure(await client(server.url, 'k')(request, never))).toMatchObject({ usage: { inputTokens: 0 }, failure: { code: 'network', retryable: true } });
  });

  test.each(['silent', 'stalls'] as const)('M3 cancelling closes the socket of a server that is %s within a second', async (wire) => {
    const server = await served(() => ({ wire }));
    const stop = new AbortController();
    const reply = client(server.url, 'k')(request, stop.signal);
    await until(() => server.asked.length === 1);
    const began = performance.now();
    stop.abort();
    expect(failure(await reply)).toMatchObject({ failure: { code: 'aborted' } });
    await until(() => server.asked[0]?.closedAfterMs !== null);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test('M2 many calls side by side keep apart', async () => {
    const server = await served((asked) => ({ answer: { text: /n-\d+/.exec(JSON.stringify(asked.body))?.[0] ?? '' } }));
    const ask: VendorCall = client(server.url, 'k');
    const replies = await Promise.all(Array.from({ length: 20 }, (_, i) => ask({ ...request, prompt: `n-${i}.` }, never)));
    expect(replies.map((reply) => (reply.ok ? reply.text : ''))).toEqual(Array.from({ length: 20 }, (_, i) => `n-${i}`));
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds() && waited < 5000; waited += 10) await new Promise((resolve) => void setTimeout(resolve, 10));
}
