// Text
// ====
// Cutting without breaking: what stands in a record is well-formed and keeps its limit. And numbers with their nouns.

/** The beginning of a text. @param max in UTF-16 units, as schemas count; half a character is never left at the end. */
export function cut(text: string, max: number): string {
  return text.toWellFormed().slice(0, max).replace(/[\uD800-\uDBFF]$/, '');
}

/** `1 tier`, `2 tiers`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
