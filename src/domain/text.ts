// Text
// ====
// Cutting without breaking: what stands in a record is well-formed and keeps its limit.

/** The beginning of a text. @param max in UTF-16 units, as schemas count; half a character is never left at the end. */
export function cut(text: string, max: number): string {
  return text.toWellFormed().slice(0, max).replace(/[\uD800-\uDBFF]$/, '');
}
