// Prompts
// =======
// Versioned templates in `config/prompts`, filled by pure functions; their hashes are pinned in record 0.
//
//   D1. The same template and values give the same prompt.
//   D2. Foreign text stands between markers that it cannot close, without HTML comments and invisible characters.

/** Fills `{{name}}`; a name without a value is our bug. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_match, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new Error(`the template asks for ${name}, which nobody gives`);
    return value;
  });
}

/** What has no glyph, and interlinear annotations: a person does not see it, a model reads it. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]/gu;

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

/** Foreign text as data. The markers are made longer than any that the text holds; names in the label cannot end its line. */
export function quoted(label: string, text: string): string {
  const runs = [...text.matchAll(/[<>]{3,}/g)].map(([run]) => run.length);
  const width = Math.max(3, ...runs.map((length) => length + 1));
  return `${label.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')}\n${'<'.repeat(width)}\n${text.replace(/\n?$/, '\n')}${'>'.repeat(width)}\n`;
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
