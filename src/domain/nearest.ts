// Did you mean
// ============
// The known word that is nearest to a wrong one, or null when none is near.

function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

export function nearest(word: string, known: readonly string[]): string | null {
  const fold = (text: string): string => text.toLowerCase().replace(/[-_]/g, '');
  const ranked = known.map((candidate) => ({ candidate, far: distance(fold(word), fold(candidate)) })).sort((a, b) => a.far - b.far);
  const best = ranked[0];
  return best !== undefined && best.far <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : null;
}
