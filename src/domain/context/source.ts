// Source of a context
// ===================
// Where the files come from that nobody named: first match wins. Sources: E-150, E-151.

export interface SourcePattern {
  readonly name: string;
  /** One of them, whole: each field holds the text, a category is it. In lower case. */
  readonly when: readonly Partial<Readonly<Record<'id' | 'name' | 'description' | 'category', string>>>[];
  readonly globs: readonly string[];
}

export interface Described {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly scope: readonly string[];
}

export type Source = { readonly kind: 'scope' } | { readonly kind: 'patterns'; readonly globs: readonly string[] } | { readonly kind: 'heuristic' };

export function sourceOf(phase: Described, patterns: readonly SourcePattern[]): Source {
  if (phase.scope.length > 0) return { kind: 'scope' };
  const matches = (field: 'id' | 'name' | 'description' | 'category', wanted = ''): boolean => {
    const given = phase[field].toLowerCase();
    return field === 'category' ? given === wanted.toLowerCase() : given.includes(wanted.toLowerCase());
  };
  const found = patterns.find(({ when }) => when.some(({ id, name, description, category }) =>
    (id === undefined || matches('id', id)) && (name === undefined || matches('name', name)) && (description === undefined || matches('description', description)) && (category === undefined || matches('category', category))));
  return found === undefined ? { kind: 'heuristic' } : { kind: 'patterns', globs: found.globs };
}

/** `**` any folders, `*` and `?` within one, `{a,b}` one of them; everything else is itself. */
export function matcherOf(globs: readonly string[]): (path: string) => boolean {
  const source = globs.map((glob) => glob.replace(/\*\*\/|\*\*|\*|\?|\{[^{}]*\}|[^]/g, (part) => {
    if (part === '**/') return '(?:[^/]+/)*';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 1) return `(?:${part.slice(1, -1).split(',').map(literal).join('|')})`;
    return literal(part);
  }));
  const pattern = new RegExp(`^(?:${source.join('|')})$`, 's');
  return globs.length === 0 ? () => false : (path) => pattern.test(path);
}

const literal = (text: string): string => text.replace(/[^\w/]/g, '\\$&');
