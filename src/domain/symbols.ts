// Symbols
// =======
// The top-level names of a file, by a table of languages; of others nothing is known. Source: E-127.

const PYTHON = /^(?:async[ \t]+def|def|class)[ \t]+([A-Za-z_]\w*)/gm;
const SCRIPT = /^(?:export[ \t]+)?(?:default[ \t]+)?(?:declare[ \t]+)?(?:abstract[ \t]+)?(?:(?:async[ \t]+)?function[ \t]*\*?|class|interface|type|enum|const[ \t]+enum|const)[ \t]+([A-Za-z_$][\w$]*)/gm;

const LANGUAGES: readonly (readonly [RegExp, RegExp])[] = [
  [/\.pyi?$/, PYTHON],
  [/\.[cm]?[jt]sx?$/, SCRIPT],
];

export function symbolsOf(path: string, text: string): Set<string> {
  const pattern = LANGUAGES.find(([ending]) => ending.test(path))?.[1];
  return new Set(pattern === undefined ? [] : [...text.matchAll(pattern)].map(([, name = '']) => name));
}

/** @returns what `before` has and `after` has not, and how many `before` has. */
export function lostSymbols(path: string, before: string, after: string): { readonly lost: readonly string[]; readonly old: number } {
  const [old, fresh] = [symbolsOf(path, before), symbolsOf(path, after)];
  return { lost: [...old].filter((name) => !fresh.has(name)), old: old.size };
}
