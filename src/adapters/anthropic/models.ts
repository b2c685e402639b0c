// Anthropic
// =========
// The Models port over the vendor's messages. One request a call: the SDK's own retries are off, every retry is a
// recorded decision. What does not change between calls comes first and is marked for the vendor's cache.

import Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { USAGE_MAX, type ModelReply } from '#src/ports/models.ts';
import { clientTimeoutMs, badResponse, boundedFetch, looksLike, within, type VendorCall, type VendorOptions } from '../wire/wire.ts';

const Tokens = z.int().nonnegative().max(USAGE_MAX);
const Message = z.object({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  stop_reason: z.string(),
  usage: z.object({
    input_tokens: Tokens,
    output_tokens: Tokens,
    cache_read_input_tokens: Tokens.nullish(),
    cache_creation_input_tokens: Tokens.nullish(),
  }),
});
type Message = z.infer<typeof Message>;

/** `baseUrl` is without `/v1`. */
export function anthropicModels({ apiKey, baseUrl }: VendorOptions): VendorCall {
  const client = new Anthropic({ apiKey: apiKey ?? 'none', authToken: null, baseURL: baseUrl ?? 'https://api.anthropic.com', maxRetries: 0, logLevel: 'off', fetch: boundedFetch });
  return (request, signal) =>
    within(request.timeoutMs, signal, async (ends) => {
      const { data, response } = await client.messages.create({
        model: request.model,
        max_tokens: request.outputTokensMax,
        system: [{ type: 'text', text: request.system, cache_control: { type: 'ephemeral' } }],
        messages: [{ role: 'user', content: request.prompt }],
        ...(request.schema === null ? {} : { output_config: { format: { type: 'json_schema' as const, schema: { ...request.schema.schema } } } }),
      }, { signal: ends, timeout: clientTimeoutMs(request), maxRetries: 0 }).withResponse();
      const parsed = Message.safeParse(data);
      return parsed.success ? replyOf(parsed.data) : badResponse(looksLike(response, data));
    });
}

const STOPS: ReadonlyMap<string, 'end' | 'max_tokens' | 'refusal'> = new Map([
  ['end_turn', 'end'], ['stop_sequence', 'end'], ['max_tokens', 'max_tokens'], ['model_context_window_exceeded', 'max_tokens'], ['refusal', 'refusal'],
]);

/** Its `input_tokens` leave the cached ones out; ours include them. */
function replyOf({ content, stop_reason, usage }: Message): ModelReply {
  const stopReason = STOPS.get(stop_reason);
  if (stopReason === undefined) return badResponse(`stop_reason ${stop_reason}`);
  const [cacheReadTokens, cacheWriteTokens] = [usage.cache_read_input_tokens ?? 0, usage.cache_creation_input_tokens ?? 0];
  return {
    ok: true,
    text: content.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : [])).join(''),
    stopReason,
    usage: { inputTokens: usage.input_tokens + cacheReadTokens + cacheWriteTokens, outputTokens: usage.output_tokens, cacheReadTokens, cacheWriteTokens },
  };
}
