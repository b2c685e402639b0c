// Files that a text names
// =======================
// By path or by name, as whole words. Linear in text and files. Source: E-152.

const WORD = /[\p{L}\p{N}_./@+~$-]+/gu;
const PLAIN = /^[\p{L}\p{N}_./@+~$-]+$/u;

/** A path may be written with `./`, from any folder on, or by its file's name where that has a dot. */
export function namesOf(text: string): (path: string) => boolean {
  if (text === '') return () => false;
  const bare = new Set<string>();
  const longer = new Map<string, string[]>();
  for (const [match] of text.matchAll(WORD)) {
    const word = match.replace(/^(?:\.\/)+/, '').replace(/[./]+$/, '');
    const slash = word.lastIndexOf('/');
    if (slash === -1) bare.add(word);
    else longer.set(word.slice(slash + 1), [...(longer.get(word.slice(slash + 1)) ?? []), word]);
  }
  return (path) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (bare.has(name)) return name.includes('.') || name === path;
    if (longer.get(name)?.some((word) => word === path || path.endsWith(`/${word}`)) === true) return true;
    return !PLAIN.test(path) && text.includes(path);
  };
}

const wordsOf = (text: string): Set<string> => new Set(text.replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2').toLowerCase().match(/[\p{L}\p{N}]{3,}/gu));

/** How many words of three letters or more a path shares with a text (E-153). */
export function relevanceTo(text: string): (path: string) => number {
  const query = wordsOf(text);
  // Most paths share none, which is cheap to see.
  const any = new RegExp([...query].join('|') || '(?!)', 'iu');
  return (path) => (any.test(path) ? [...wordsOf(path)].filter((word) => query.has(word)).length : 0);
}
