// Edits by text
// =============
// Operations that find their place by a text of the file, one after the other. What is not found is a failure, never
// an addition at the end. Sources: E-130, E-645.

import { z } from 'zod';
import { ended, type Edited } from './edited.ts';

const Some = z.string().min(1);

export const TextOperation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('append'), content: z.string() }),
  z.strictObject({ type: z.literal('insert_after'), anchor: Some, content: z.string() }),
  z.strictObject({ type: z.literal('replace'), old_text: Some, new_text: z.string() }),
  z.strictObject({ type: z.literal('replace_all'), old_text: Some, new_text: z.string() }),
]);
export type TextOperation = z.infer<typeof TextOperation>;

export function atTexts(text: string, operations: readonly TextOperation[]): Edited {
  let current = text;
  for (const [at, operation] of operations.entries()) {
    const next = once(current, operation);
    if (next === null) return { ok: false, problems: [`operation ${at + 1} (${operation.type}): ${missing(operation)}`] };
    current = next;
  }
  return { ok: true, text: current };
}

const plain = (text: string): string => text.replaceAll('\r\n', '\n');
const missing = (operation: TextOperation): string => `${operation.type === 'insert_after' ? 'no line holds the anchor' : 'old_text does not occur'} ${JSON.stringify((operation.type === 'insert_after' ? operation.anchor : 'old_text' in operation ? operation.old_text : '').slice(0, 120))}`;

/** A text with CRLF in a file without finds its place, too. */
function once(text: string, operation: TextOperation): string | null {
  switch (operation.type) {
    case 'append':
      return ended(text) + ended(operation.content);
    case 'insert_after': {
      const found = find(text, operation.anchor);
      if (found === null) return null;
      const end = text.indexOf('\n', found.at + found.wanted.replace(/\n$/, '').length);
      return end === -1 ? `${text}\n${ended(operation.content)}` : text.slice(0, end + 1) + ended(operation.content) + text.slice(end + 1);
    }
    case 'replace': {
      const found = find(text, operation.old_text);
      return found === null ? null : text.slice(0, found.at) + operation.new_text + text.slice(found.at + found.wanted.length);
    }
    case 'replace_all': {
      const found = find(text, operation.old_text);
      return found === null ? null : text.split(found.wanted).join(operation.new_text);
    }
  }
}

function find(text: string, wanted: string): { readonly at: number; readonly wanted: string } | null {
  for (const form of [wanted, plain(wanted)]) {
    const at = text.indexOf(form);
    if (at !== -1) return { at, wanted: form };
  }
  return null;
}
