// Similarity of messages
// ======================
// How alike two failures are: Ratcliff-Obershelp, 2M/T, in basis points. Source: A-068.

/** Places, numbers of lines, ids and times do not make two failures different. */
export function normaliseMessage(message: string): string {
  return message
    .toLowerCase()
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>')
    .replace(/\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?z?/g, '<time>')
    .replace(/\b\d{1,2}:\d{2}:\d{2}(\.\d+)?\b/g, '<time>')
    .replace(/(?:\.{0,2}\/)?(?:[\w.-]+\/)+[\w.-]+/g, '<path>')
    .replace(/(<path>|\b[\w-]+\.\w{1,4}):\d+(:\d+)?/g, '$1:<line>')
    .replace(/\bline \d+/g, 'line <line>')
    .replace(/\s+/g, ' ')
    .trim();
}

/** @returns 0 (nothing in common) to 10,000 (equal); two empty texts are equal. */
export function similarityBp(a: string, b: string): number {
  const total = a.length + b.length;
  return total === 0 ? 10_000 : Math.floor((20_000 * matching(a, b)) / total);
}

/** Characters in the longest common part, and so on left and right of it. */
function matching(a: string, b: string): number {
  let sum = 0;
  const parts: (readonly [string, string])[] = [[a, b]];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const [left, right] = part;
    const { length, inLeft, inRight } = longestCommon(left, right);
    if (length === 0) continue;
    sum += length;
    parts.push([left.slice(0, inLeft), right.slice(0, inRight)], [left.slice(inLeft + length), right.slice(inRight + length)]);
  }
  return sum;
}

function longestCommon(a: string, b: string): { length: number; inLeft: number; inRight: number } {
  let best = { length: 0, inLeft: 0, inRight: 0 };
  let previous = new Array<number>(b.length + 1).fill(0);
  for (let i = 1; i <= a.length; i += 1) {
    const row = new Array<number>(b.length + 1).fill(0);
    for (let j = 1; j <= b.length; j += 1) {
      if (a[i - 1] !== b[j - 1]) continue;
      const length = (previous[j - 1] ?? 0) + 1;
      row[j] = length;
      if (length > best.length) best = { length, inLeft: i - length, inRight: j - length };
    }
    previous = row;
  }
  return best;
}
