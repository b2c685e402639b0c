// Answer format diff
// ==================
// A raw unified git diff, nothing around it but an optional fence. Source: E-132, E-666…E-668.
//
// What may be made right: CRLF of the patch's own lines where the whole answer has it, the final newline, the fence.
// What may not: stray prose, moved hunks, invented headers. Git then applies it strictly and judges paths and modes.

export type DiffAnswer =
  | { readonly ok: true; readonly diff: string }
  | { readonly ok: false; readonly code: string; readonly problems: readonly string[] };

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;
const HEADER = /^(?:diff --git |index [0-9a-f]+\.\.[0-9a-f]+|(?:old|new) mode \d|new file mode \d|deleted file mode \d|similarity index |dissimilarity index |rename (?:from|to) |copy (?:from|to) |--- |\+\+\+ )/;
/** An added line, trimmed, that says "the rest as it was" instead of the rest. */
const ELISION = /^(?:(?:(?:#|\/\/|\/\*|<!--)\s*)?(?:\.\.\.|…)\s*(?:\*\/|-->)?|(?:#|\/\/|\/\*)\s*(?:(?:\.\.\.|…)\s*)?(?:rest of|more code|code omitted|existing code|unchanged)\b.*)$/i;

export function parseDiff(answer: string): DiffAnswer {
  const text = unfenced(answer);
  if (text.trim() === '') return { ok: false, code: 'diff_empty', problems: ['the answer is empty'] };
  const problems = checkLines(text.split('\n'));
  return problems.length > 0 ? { ok: false, code: 'diff_malformed', problems } : { ok: true, diff: text };
}

function unfenced(answer: string): string {
  const text = answer.replace(/^\uFEFF/, '');
  const fence = /^\s*(`{3,}|~{3,})[^\n]*\n([^]*\n)?\1\s*$/.exec(text);
  const body = fence === null ? text.replace(/^(?:[ \t]*\r?\n)+/, '') : (fence[2] ?? '');
  const lines = body.replace(/\n$/, '').split('\n');
  // A patch whose every line ends in CRLF was converted on its way; a mixed one speaks of a file with CRLF.
  const converted = lines.length > 1 && lines.every((line, i) => line.endsWith('\r') || i === lines.length - 1);
  return `${(converted ? lines.map((line) => line.replace(/\r$/, '')) : lines).join('\n')}\n`;
}

/** Headers are there, hunks count right, nothing stands between them, nothing was left out. */
function checkLines(lines: readonly string[]): string[] {
  const problems: string[] = [];
  const at = (i: number, what: string): void => void problems.push(`line ${i + 1}: ${what}`);
  let files = 0;
  let [left, right] = [0, 0];
  for (const [i, line] of lines.entries()) {
    if (i === lines.length - 1 && line === '') break;
    if (left > 0 || right > 0) {
      const kind = line[0];
      if (kind === '\\') continue;
      if (line === '' || line === '\r' || kind === ' ') [left, right] = [left - 1, right - 1];
      else if (kind === '-') left -= 1;
      else if (kind === '+') right -= 1;
      else {
        at(i, 'a hunk ends before its counted lines');
        return problems;
      }
      if (kind === '+' && ELISION.test(line.slice(1).trim())) at(i, 'an added line stands for left-out content');
      if (left < 0 || right < 0) at(i, 'a hunk has more lines than it counts');
      continue;
    }
    const hunk = HUNK.exec(line);
    if (hunk !== null) {
      [left, right] = [Number(hunk[2] ?? 1), Number(hunk[4] ?? 1)];
      if (files === 0) at(i, 'a hunk without a file header');
      if (left + right === 0) at(i, 'a hunk of nothing');
    } else if (HEADER.test(line)) {
      if (line.startsWith('+++ ') || line.startsWith('diff --git ')) files += 1;
    } else if (!line.startsWith('\\')) {
      at(i, 'neither header nor hunk: prose cannot stand in a patch');
    }
    if (problems.length >= 10) return problems;
  }
  if (left > 0 || right > 0) problems.push(`the last hunk is cut: ${Math.max(left, right)} lines are missing`);
  if (files === 0) problems.push('no file header (---, +++) is there');
  return problems;
}
