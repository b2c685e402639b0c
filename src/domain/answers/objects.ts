// Objects in an answer
// ====================
// The JSON objects that stand in a model's text, with or without prose and fences around them.

/** In order, outer ones only. What is never closed was cut, and neither it nor what lies in it is read (E-653). */
export function objectsIn(text: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  for (let start = text.indexOf('{'); start !== -1; ) {
    const end = endOf(text, start);
    if (end === -1) break;
    try {
      found.push(JSON.parse(text.slice(start, end)) as Record<string, unknown>);
    } catch {
      // braces of prose or code
    }
    start = text.indexOf('{', end);
  }
  return found;
}

/** Whether an object opens and never closes: what came behind it is missing. */
export function endsInObject(text: string): boolean {
  for (let start = text.indexOf('{'); start !== -1; ) {
    const end = endOf(text, start);
    if (end === -1) return /^\{\s*(?:"|$)/.test(text.slice(start));
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
