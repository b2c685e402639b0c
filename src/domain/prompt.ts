// Prompts
// =======
// Versioned templates in `config/prompts`, filled by pure functions; their hashes are pinned in record 0.
//
//   D1. The same template and values give the same prompt.
//   D2. Foreign text stands between markers that it cannot close, without HTML comments and invisible characters.

/** Fills `{{name}}`; a name without a value is our bug. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_match, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the template asks for ${name}, which nobody gives`);
    return value;
  });
}

// Zero-width, bidirectional and tag characters: text that a person does not see and a model reads.
const INVISIBLE = /[\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF]|[\u{E0000}-\u{E007F}]/gu;

export function visible(text: string): string {
  return text.replace(/<!--[\s\S]*?-->/g, '').replace(INVISIBLE, '');
}

/** Foreign text as data. The markers are made longer than any that the text holds. */
export function quoted(label: string, text: string): string {
  const runs = [...text.matchAll(/[<>]{3,}/g)].map(([run]) => run.length);
  const width = Math.max(3, ...runs.map((length) => length + 1));
  return `${label}\n${'<'.repeat(width)}\n${text.replace(/\n?$/, '\n')}${'>'.repeat(width)}\n`;
}

export const bullets = (items: readonly string[], none: string): string => (items.length === 0 ? none : items.map((item) => `- ${item}`).join('\n'));

/** Keeps head and tail of a long text. @param max in characters. */
export function clipped(text: string, max: number): string {
  if (text.length <= max) return text;
  const half = Math.floor(max / 2);
  return `${text.slice(0, half)}\n[… ${text.length - 2 * half} characters left out …]\n${text.slice(-half)}`;
}
