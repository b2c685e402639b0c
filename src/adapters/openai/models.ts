// OpenAI
// ======
// The Models port over the vendor's chat completions, and over local servers that speak them.
// One request a call: the SDK's own retries are off, every retry is a recorded decision.

import OpenAI from 'openai';
import { z } from 'zod';
import { USAGE_MAX, type ModelReply } from '#src/ports/models.ts';
import { clientTimeoutMs, badResponse, boundedFetch, looksLike, within, type VendorCall, type VendorOptions } from '../wire/wire.ts';

const Tokens = z.int().nonnegative().max(USAGE_MAX);
const Completion = z.object({
  choices: z.array(z.object({
    finish_reason: z.string().nullish(),
    message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
  })).min(1),
  usage: z.object({
    prompt_tokens: Tokens,
    completion_tokens: Tokens,
    prompt_tokens_details: z.object({ cached_tokens: Tokens.nullish() }).nullish(),
  }),
});
type Completion = z.infer<typeof Completion>;

/** `baseUrl` includes `/v1`. */
export function openaiModels({ apiKey, baseUrl }: VendorOptions): VendorCall {
  const client = new OpenAI({ apiKey: apiKey ?? 'none', baseURL: baseUrl ?? 'https://api.openai.com/v1', organization: null, project: null, maxRetries: 0, logLevel: 'off', fetch: boundedFetch });
  // Only the vendor's own newer models refuse the old name of the limit; local servers know only that one.
  const limit = (tokens: number) => (baseUrl === null ? { max_completion_tokens: tokens } : { max_tokens: tokens });
  return (request, signal) =>
    within(request.timeoutMs, signal, async (ends) => {
      const { data, response } = await client.chat.completions.create({
        model: request.model,
        messages: [{ role: 'system', content: request.system }, { role: 'user', content: request.prompt }],
        ...limit(request.outputTokensMax),
        ...(request.schema === null ? {} : { response_format: { type: 'json_schema' as const, json_schema: { name: request.schema.name, schema: { ...request.schema.schema }, strict: true } } }),
      }, { signal: ends, timeout: clientTimeoutMs(request), maxRetries: 0 }).withResponse();
      const parsed = Completion.safeParse(data);
      return parsed.success ? replyOf(parsed.data) : badResponse(looksLike(response, data));
    });
}

const STOPS: ReadonlyMap<string, 'end' | 'max_tokens' | 'refusal'> = new Map([['stop', 'end'], ['length', 'max_tokens'], ['content_filter', 'refusal']]);

function replyOf({ choices, usage }: Completion): ModelReply {
  const [choice] = choices;
  const refusal = choice?.message.refusal ?? '';
  const stopReason = refusal === '' ? STOPS.get(choice?.finish_reason ?? 'stop') : 'refusal';
  if (stopReason === undefined) return badResponse(`finish_reason ${choice?.finish_reason ?? ''}`);
  return {
    ok: true,
    text: refusal === '' ? (choice?.message.content ?? '') : refusal,
    stopReason,
    usage: { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens, cacheReadTokens: Math.min(usage.prompt_tokens, usage.prompt_tokens_details?.cached_tokens ?? 0), cacheWriteTokens: 0 },
  };
}
