// Text
// ====
// Cutting without breaking: what stands in a record is well-formed and keeps its limit. And numbers with their nouns.

/** A line that says something to people is short. What is printed without a line end would keep expressions busy for minutes. */
const LINE_MAX = 2000;
export const shortened = (text: string): string => text.split('\n').map((line) => line.slice(0, LINE_MAX)).join('\n');

/** The beginning of a text. @param max in UTF-16 units, as schemas count; half a character is never left at the end. */
export function cut(text: string, max: number): string {
  return text.toWellFormed().slice(0, max).replace(/[\uD800-\uDBFF]$/, '');
}

/** `1 tier`, `2 tiers`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
