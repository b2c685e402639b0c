// Quoting
// =======
// A command as one string, split by the quoting rules of POSIX. There is no shell: what only a shell could do is an
// error that says so.

export type Split = { readonly ok: true; readonly argv: readonly string[] } | { readonly ok: false; readonly message: string };

const META = /[|&;<>()$`*?[\]{}\n]/;

export function splitCommand(text: string): Split {
  if (text.includes('\0')) return { ok: false, message: 'it holds a NUL' };
  const argv: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] as string;
    if (char === '\\' && text[i + 1] === '\n' && quote !== "'") {
      i += 1; // a line that goes on
    } else if (quote !== null) {
      if (char === quote) quote = null;
      else if (quote === '"' && char === '\\' && /["\\$`]/.test(text[i + 1] ?? '')) word = (word ?? '') + (text[++i] ?? '');
      else if (quote === '"' && /[$`]/.test(char)) return { ok: false, message: `${char} has no meaning: no shell runs the command` };
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '\\') {
      if (i + 1 >= text.length) return { ok: false, message: 'it ends in a backslash' };
      word = (word ?? '') + (text[++i] ?? '');
    } else if (char === ' ' || char === '\t') {
      if (word !== null) argv.push(word);
      word = null;
    } else if (META.test(char) || ((char === '#' || char === '~') && word === null)) {
      return { ok: false, message: `${JSON.stringify(char)} has no meaning: no shell runs the command` };
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== null) return { ok: false, message: `a ${quote} is not closed` };
  if (word !== null) argv.push(word);
  if (argv.length === 0) return { ok: false, message: 'it is empty' };
  if (/^[A-Za-z_][A-Za-z0-9_]*=/.test(argv[0] ?? '')) return { ok: false, message: 'it begins with a variable: no shell runs the command, use ci.env' };
  return { ok: true, argv };
}
