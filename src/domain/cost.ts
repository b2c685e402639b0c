// Cost
// ====
// Integer micro-dollars; prices are micro-dollars per million tokens; rounded up per call. Source: DESIGN 3.

const MILLION = 1_000_000n;

export function costMicroUsd(usage: { readonly inputTokens: number; readonly outputTokens: number }, price: { readonly input: number; readonly output: number }): number {
  const exact = BigInt(usage.inputTokens) * BigInt(price.input) + BigInt(usage.outputTokens) * BigInt(price.output);
  return Number((exact + MILLION - 1n) / MILLION);
}
