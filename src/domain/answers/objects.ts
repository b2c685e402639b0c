// Objects in an answer
// ====================
// The JSON objects that stand in a model's text, with or without prose and fences around them.

/** In order, outer ones only. What is never closed was cut, and neither it nor what lies in it is read (E-653). */
export function objectsIn(text: string): Record<string, unknown>[] {
  // Quotes and braces of the prose around a fence are nobody's: what stands in closed fences alone is read first.
  const fenced = [...text.matchAll(/^[ \t]*(`{3,}|~{3,})[^\n`]*\n([^]*?)\n[ \t]*\1[ \t]*\r?$/gm)].flatMap(([, , body = '']) => scanned(body));
  return fenced.length > 0 ? fenced : scanned(text);
}

function scanned(text: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  for (let start = text.indexOf('{'); start !== -1; ) {
    const end = endOf(text, start);
    if (end === -1) break;
    const object = parsed(text.slice(start, end));
    if (object !== null) found.push(object);
    start = text.indexOf('{', end);
  }
  return found;
}

/** Null for braces of prose or code, and where a key stands twice: only one of the two could be read. Line ends and tabs that stand raw in a string can mean nothing else (E-122). */
function parsed(text: string): Record<string, unknown> | null {
  for (const form of [() => text, () => escaped(text)]) {
    try {
      const object = JSON.parse(form()) as Record<string, unknown>;
      return repeatsKey(form()) ? null : object;
    } catch {
      // the next form, or none
    }
  }
  return null;
}

/** Whether an object names a key twice: only one of the two values could be read. @param json valid. */
export function repeatsKey(json: string): boolean {
  if (json.length < '{"":0,"":0}'.length) return false;
  const open: (Set<string> | null)[] = [];
  for (const [, text, colon, bracket] of json.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|([{}[\]])/g)) {
    if (bracket === '{') open.push(new Set());
    else if (bracket === '[') open.push(null);
    else if (bracket !== undefined) open.pop();
    if (text === undefined || colon === undefined) continue;
    const [keys, key] = [open.at(-1), JSON.parse(text) as string];
    if (keys?.has(key) === true) return true;
    keys?.add(key);
  }
  return false;
}

const RAW: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(text: string): string {
  let inString = false;
  let written = '';
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (inString && char === '\\') {
      written += char + text.charAt((i += 1));
      continue;
    }
    if (char === '"') inString = !inString;
    written += inString ? (RAW[char] ?? char) : char;
  }
  return written;
}

/** The closed objects of the list `name` in an object that may never end. */
export function entriesOf(text: string, name: string): Record<string, unknown>[] {
  const list = new RegExp(`^[^{]*\\{(?:\\s*"(?!${name}")\\w+"\\s*:\\s*(?:"(?:[^"\\\\]|\\\\.)*"|[\\w.+-]+)\\s*,)*\\s*"${name}"\\s*:\\s*\\[`).exec(text);
  const entries: Record<string, unknown>[] = [];
  for (let at = list?.[0].length ?? text.length; /^\s*,?\s*\{/.test(text.slice(at, at + 200)); ) {
    const start = text.indexOf('{', at);
    const end = endOf(text, start);
    const entry = end === -1 ? null : parsed(text.slice(start, end));
    if (entry === null) break;
    entries.push(entry);
    at = end;
  }
  return entries;
}

/** A key and its colon, as far as the text goes: a brace of prose may stand before a quote, too. */
const BEGINS = /^\{\s*(?:$|"[^"\\]*(?:\\.[^"\\]*)*(?:\\?$|"\s*(?::|$)))/;

/** Whether an object opens and never closes: what came behind it is missing. */
export function endsInObject(text: string): boolean {
  for (let start = text.indexOf('{'); start !== -1; ) {
    const end = endOf(text, start);
    if (end === -1) return BEGINS.test(text.slice(start));
    start = text.indexOf('{', end);
  }
  return false;
}

/** Where the braces that open at `start` balance, strings left out; -1 when they never do. */
function endOf(text: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let i = start; i < text.length; i += 1) {
    const char = text[i];
    if (inString) {
      if (char === '\\') i += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{') depth += 1;
    else if (char === '}') {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return -1;
}
