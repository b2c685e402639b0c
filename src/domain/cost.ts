// Cost
// ====
// Integer micro-dollars; prices are micro-dollars per million tokens; rounded up per call. Source: DESIGN 3.
// What comes from a vendor's cache has a price of its own.

const MILLION = 1_000_000n;

export interface PricedUsage {
  /** All that went in; the cached parts are among it. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
}

/** For people. */
export const usd = (microUsd: number): string => `$${(microUsd / 1_000_000).toFixed(microUsd > 0 && microUsd < 10_000 ? 4 : 2)}`;

export interface TokenPrices {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

export function costMicroUsd(usage: PricedUsage, price: TokenPrices): number {
  const fresh = Math.max(0, usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens);
  const parts = [[fresh, price.input], [usage.cacheReadTokens, price.cacheRead], [usage.cacheWriteTokens, price.cacheWrite], [usage.outputTokens, price.output]] as const;
  const exact = parts.reduce((sum, [tokens, each]) => sum + BigInt(tokens) * BigInt(each), 0n);
  return Number((exact + MILLION - 1n) / MILLION);
}

/** The most that so many tokens can cost: all that goes in is new to the vendor's cache, or not for it at all. */
export function dearest({ inputTokens, outputTokens }: Pick<PricedUsage, 'inputTokens' | 'outputTokens'>, price: TokenPrices): number {
  return costMicroUsd({ inputTokens, outputTokens, cacheReadTokens: 0, cacheWriteTokens: price.cacheWrite > price.input ? inputTokens : 0 }, price);
}
