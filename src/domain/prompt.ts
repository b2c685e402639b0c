// Prompts
// =======
// Versioned templates in `config/prompts`, filled by pure functions; their hashes are pinned in record 0.
//
//   D1. The same template and values give the same prompt.
//   D2. Foreign text stands between markers that it cannot close, without HTML comments and invisible characters.
//   D3. What must be seen byte for byte stays so: of a file that may be changed it is said what nobody sees in it, in a
//       patch under review it is spelled out.
//   D4. Every part has a limit, and where it was cut the prompt says so.

/** Fills `{{name}}`; a name without a value is our bug. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_match, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new Error(`the template asks for ${name}, which nobody gives`);
    return value;
  });
}

/** What has no glyph, interlinear annotations, and controls but for line ends and tabs: a person does not see it, a model reads it. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]|(?![\t\n\r])\p{Cc}/gu;

const codeOf = (char: string): string => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

export function visible(text: string): string {
  const seen = text.replace(INVISIBLE, '');
  let kept = '';
  let from = 0;
  for (let open = seen.indexOf('<!--'); open !== -1; open = seen.indexOf('<!--', from)) {
    const close = seen.indexOf('-->', open + 4);
    if (close === -1) break;
    kept += seen.slice(from, open);
    from = close + 3;
  }
  // What is never closed, or was joined by the removal, is no comment any more, but stays to be seen.
  return (kept + seen.slice(from)).replaceAll('<!--', '<! --');
}

/** Nothing is taken away, so what has no glyph is spelled out: for a patch, where it may be the attack. */
export const spelledOut = (text: string): string => text.replace(INVISIBLE, (char) => `[${codeOf(char)}]`);

const NOTES_MAX = 5;

/** What nobody sees in a text that must stay as it is, for people and models; empty where all of it is seen. */
export function hiddenIn(text: string): string {
  const lines = new Map<string, number>();
  let [line, from] = [1, 0];
  const note = (what: string, at: number): void => {
    for (let end = text.indexOf('\n', from); end !== -1 && end < at; end = text.indexOf('\n', from)) [line, from] = [line + 1, end + 1];
    if (!lines.has(what)) lines.set(what, line);
  };
  for (const { 0: found, index } of text.matchAll(new RegExp(`<!--|${INVISIBLE.source}`, 'gu'))) note(found === '<!--' ? 'an HTML comment' : codeOf(found), index);
  const notes = [...lines].map(([what, at]) => `${what} from line ${at} on`);
  const more = notes.length > NOTES_MAX ? `, ${notes.length - NOTES_MAX} others` : '';
  return notes.length === 0 ? '' : `holds what people do not see: ${notes.slice(0, NOTES_MAX).join(', ')}${more}`;
}

/** The user's own words, from the plan: only what nobody sees is gone, and no line of theirs can be taken for a marker. */
export const stated = (text: string): string => text.replace(INVISIBLE, '').replace(/^[<>]{3,}[ \t\r]*$/gm, ' $&');

const PLAIN_PATH = /^[\p{L}\p{N}_./@+~$#=-]+$/u;
const ODD = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** A path as one word: a name that could be read as more than a name stands in quotes, with what nobody sees spelled out. */
export function pathName(path: string): string {
  if (PLAIN_PATH.test(path) && path.search(ODD) === -1) return path;
  return JSON.stringify(path).replace(ODD, (char) => `[${codeOf(char)}]`);
}

/** Foreign text as data. The markers are made longer than any that a careless reader may see in the text; the label is one line. */
export function quoted(label: string, text: string): string {
  const seen = /[^\t\n\r -~]/.test(text) ? text.replace(INVISIBLE, '').normalize('NFKC') : text;
  let width = 3;
  for (const [run] of seen.matchAll(/[<>]{3,}/g)) width = Math.max(width, run.length + 1);
  return `${label.replace(ODD, ' ')}\n${'<'.repeat(width)}\n${text.replace(/\n?$/, '\n')}${'>'.repeat(width)}\n`;
}

/** Each line behind its number, from 1 (E-630). */
export function numbered(text: string): string {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const width = String(lines.length).length;
  return lines.map((line, at) => `${String(at + 1).padStart(width)} | ${line}`).join('');
}

export const bullets = (items: readonly string[], none: string): string => (items.length === 0 ? none : items.map((item) => `- ${item}`).join('\n'));

/** Keeps head and tail of a long text, and no half characters. @param max in UTF-16 units. */
export function clipped(text: string, max: number): string {
  if (text.length <= max) return text.toWellFormed();
  const half = Math.floor(max / 2);
  const head = text.slice(0, half).replace(/[\uD800-\uDBFF]$/, '');
  const tail = text.slice(text.length - half).replace(/^[\uDC00-\uDFFF]/, '');
  return `${head}\n[… ${text.length - head.length - tail.length} characters left out …]\n${tail}`.toWellFormed();
}
