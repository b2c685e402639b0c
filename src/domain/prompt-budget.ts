// Budget of a prompt
// ==================
// How much of each kind stands in one prompt. Estimates are on the safe side: a token is taken for 2.5 characters, where
// prose has four. Source: E-137.

/** What a model reads at once, and what is kept free for its wire. */
const WINDOW_TOKENS = 200_000;
const OTHER_WINDOW_TOKENS = 128_000;
const MARGIN_TOKENS = 8000;
const ROOM_TOKENS_MIN = 20_000;
const CHARS_PER_TOKEN_TENTHS = 25;

/** Of each part that is not the repository's content, in UTF-16 units. */
export const partsMax = {
  revision: 16_000,
  feedback: 32_000,
  /** Of one item of feedback. */
  detail: 8000,
  /** Of a test run, for an auditor. */
  output: 12_000,
  /** Of one auditor, for a judge. */
  verdict: 8000,
} as const;

export const tokensIn = (chars: number): number => Math.ceil((chars * 10) / CHARS_PER_TOKEN_TENTHS);
export const charsIn = (tokens: number): number => Math.floor((tokens * CHARS_PER_TOKEN_TENTHS) / 10);

/** Tokens that a prompt of this model may take, when so many are kept for its answer. */
export function roomFor(model: string, outputTokensMax: number): number {
  const window = /^(?:claude|opus)-/.test(model) ? WINDOW_TOKENS : OTHER_WINDOW_TOKENS;
  return Math.max(ROOM_TOKENS_MIN, window - MARGIN_TOKENS - outputTokensMax);
}

export interface ContextRoom {
  readonly model: string;
  readonly outputTokensMax: number;
  /** Characters of all other parts. */
  readonly otherChars: number;
  /** What the repository's content may take, largest first; never empty. */
  readonly steps: readonly number[];
}

/** The largest step that fits beside everything else; below the last one, what is left. */
export function contextTokensFor({ model, outputTokensMax, otherChars, steps }: ContextRoom): number {
  const left = Math.max(0, roomFor(model, outputTokensMax) - tokensIn(otherChars));
  return steps.find((step) => step <= left) ?? left;
}

/** Shares a limit out: whoever comes first takes what it needs, up to `eachMax`. @returns as many as sizes. */
export function shared(sizes: readonly number[], max: number, eachMax: number): number[] {
  let left = max;
  return sizes.map((size) => {
    const share = Math.min(size, eachMax, left);
    left -= share;
    return share;
  });
}
