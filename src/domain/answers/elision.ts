// Elisions
// ========
// A line that says "the rest as it was" instead of the rest. In a whole file it loses content, in a patch it becomes
// content that nobody meant. Source: E-132.

/** Where three dots alone are a statement, a prompt or the end of a document. */
const STATEMENT = /\.(?:pyi?|ya?ml)$/i;
/** Text in which any line may be meant. */
const PROSE = /\.(?:md|markdown|rst|txt|adoc|snap|out|diff|patch)$/i;
const DOTS = '(?:\\.\\.\\.|…)';
const WHAT = '(?:(?:the )?(?:file|code|function|class|method|methods|module|implementation|logic|imports|content|contents))';
const SAID = `(?:(?:the )?rest of (?:${WHAT}|it)|more code(?: here)?|(?:code|rest|content|contents) (?:is |was )?omitted|existing (?:code|content|implementation|imports)|(?:remains? |stays? )?(?:the same|unchanged)|keep (?:the )?rest|same as before)`;
const COMMENT = new RegExp(`^(?:#|//|--|;|/\\*|<!--)\\s*(?:${DOTS}|${DOTS}?\\s*${SAID}(?:\\s*${DOTS}| for brevity| here| as before| below| above)?[.!]?|\\[?${DOTS}\\s*[^.]{0,40}(?:omitted|unchanged|existing)[^.]{0,40}\\s*${DOTS}?\\]?)\\s*(?:\\*/|-->)?$`, 'i');
const BARE = new RegExp(`^${DOTS}$`);

/** @param path tells the language. */
export function isElision(line: string, path: string): boolean {
  const text = line.trim();
  if (text.length > 160 || PROSE.test(path)) return false;
  if (BARE.test(text)) return !STATEMENT.test(path);
  return COMMENT.test(text);
}

/** Lines of `after` that stand for left-out content and were not in `before`. */
export function newElisions(before: string | null, after: string, path: string): string[] {
  const known = new Set((before ?? '').split('\n').map((line) => line.trim()));
  return after.split('\n').map((line) => line.trim()).filter((line) => isElision(line, path) && !known.has(line));
}
