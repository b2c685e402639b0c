import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { defaultProvider, openProvider, vendorsBy } from '#src/app/provider.ts';
import { loadConfig } from '#src/config/config.ts';
import { meaningOf, retryAfterMs } from '#src/domain/provider.ts';

const { models: table } = await loadConfig(fileURLToPath(new URL('../../config', import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'autopack-provider-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const [claude, gpt] = ['claude-sonnet-4-5', 'gpt-4o'];

describe('who answers', () => {
  test.each([[{}, null], [{ OPENAI_API_KEY: '' }, null], [{ OPENAI_API_KEY: 'k' }, 'vendors'], [{ ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' }, 'vendors'], [{ ANTHROPIC_API_KEY_FILE: '/k' }, 'vendors']])('E-163 with %j the default is %s', (env, wanted) => {
    expect(defaultProvider(env)).toBe(wanted);
  });

  test.each([
    ['script:x', {}, claude, 'anthropic', 'open'], ['vendors', { ANTHROPIC_API_KEY: 'k' }, claude, 'anthropic', 'open'], ['vendors', { ANTHROPIC_API_KEY: 'k' }, gpt, 'openai', 'keyless'],
    ['openai', { OPENAI_API_KEY: 'k' }, claude, 'openai', 'open'], ['vendors', { OPENAI_API_KEY: 'k' }, 'unknown', null, 'keyless'],
  ])('E-163 of %s with %j the model %s belongs to %s, which is %s', (provider, env, model, vendor, state) => {
    const vendors = vendorsBy(provider, { env, table, disabled: [], used: new Map() });
    expect([vendors.of(model), vendors.state(vendors.of(model) ?? '')]).toEqual([vendor, state]);
  });

  test.each([['vendors', 8_000_000, 'open'], ['vendors', 8_000_001, 'soft'], ['vendors', 10_000_000, 'spent'], ['script:x', 10_000_000, 'open']])('E-143 A-111 A-113 of %s, %i tokens in a week are %s', (provider, tokens, state) => {
    expect(vendorsBy(provider, { env: { ANTHROPIC_API_KEY: 'k' }, table, disabled: [], used: new Map([['anthropic', tokens]]) }).state('anthropic')).toBe(state);
  });

  test('E-140 a vendor that is switched off is disabled whoever answers; an unknown one is refused', () => {
    const having = (disabled: string[]) => vendorsBy('script:x', { env: {}, table, disabled, used: new Map() });
    expect([having(['openai']).state('openai'), having(['openai']).state('anthropic')]).toEqual(['disabled', 'open']);
    expect(() => having(['opena'])).toThrow('--disable-provider opena is no vendor');
  });

  test('a vendor without a key is refused with the models that need it and the variable to set', async () => {
    const opened = openProvider('vendors', { env: { OPENAI_API_KEY: 'k' }, table, used: [claude, gpt] });
    await expect(opened).rejects.toMatchObject({ code: 'provider.invalid', message: expect.stringContaining(claude) as string, hint: expect.stringContaining('ANTHROPIC_API_KEY') as string });
  });

  test('a key from a file is known as a secret, without its line end', async () => {
    const file = join(folder, 'key');
    writeFileSync(file, 'key-in-a-file\n');
    expect((await openProvider('vendors', { env: { OPENAI_API_KEY_FILE: file }, table, used: [gpt] })).secrets).toEqual(['key-in-a-file']);
  });

  test.each([['nowhere', null], ['empty', ''], ['two', 'two words']])('a key file that is %s is refused by its variable', async (name, text) => {
    const file = join(folder, name);
    if (text !== null) writeFileSync(file, text);
    await expect(openProvider('vendors', { env: { OPENAI_API_KEY_FILE: file }, table, used: [gpt] })).rejects.toMatchObject({ message: expect.stringContaining('OPENAI_API_KEY_FILE') as string });
  });

  test.each(['file:///etc/passwd', 'http://user:pw@host/v1', 'https://host/v1?key=1', 'host'])('%s is no base URL, and is not repeated in the message', async (url) => {
    const opened = openProvider('vendors', { env: { OPENAI_BASE_URL: url }, table, used: [gpt] });
    await expect(opened).rejects.toSatisfy((error: Error) => /OPENAI_BASE_URL is not a base URL/.test(error.message) && !error.message.includes(url));
  });
});

describe('what a status means', () => {
  test.each([
    [400, '', 'http_4xx', false], [401, '', 'http_401', false], [402, '', 'http_402', false], [403, '', 'http_401', false], [408, '', 'timeout', true], [409, '', 'http_4xx', true], [425, '', 'http_4xx', true],
    [429, '', 'http_429', true], [429, 'insufficient_quota', 'http_402', false], [400, 'billing_error', 'http_402', false], [500, '', 'http_5xx', true], [529, 'overloaded_error', 'http_5xx', true], [302, '', 'bad_response', false],
    [400, 'context_length_exceeded', 'prompt_too_long', false], [413, '', 'prompt_too_long', false], [400, 'prompt is too long: 205001 tokens > 200000 maximum', 'prompt_too_long', false], [400, "This model's maximum context length is 8192 tokens.", 'prompt_too_long', false], [400, 'max_tokens is too long', 'http_4xx', false],
  ] as const)('E-145 E-314 %i %s is %s, again: %s', (status, type, code, retryable) => {
    expect(meaningOf(status, [type])).toEqual({ code, retryable });
  });

  test.each([[{}, 0], [{ 'retry-after': '0.2' }, 200], [{ 'retry-after': '-3' }, 0], [{ 'retry-after': 'NaN' }, 0], [{ 'retry-after-ms': '12.4', 'retry-after': '9' }, 13], [{ 'retry-after': '9999999999' }, 300_000], [{ 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT' }, 0]] as const)('E-314 %j asks to wait %i ms', (headers, wanted) => {
    expect(retryAfterMs((name) => (headers as Record<string, string>)[name] ?? null)).toBe(wanted);
  });
});
