// The lines of a unified diff
// ===========================
// Git applies a patch; this only sees what git passes over in silence (lines beyond a hunk's counts, a hunk without
// numbers, a header without hunks), and gives hunks the line ends of their base. Pure. Source: E-132.

export interface Hunk {
  /** 1-based line of the patch. */
  readonly line: number;
  readonly oldStart: number;
  readonly oldCount: number;
  readonly newStart: number;
  readonly newCount: number;
  /** Index of the first and behind the last line of the body in `lines`. */
  readonly from: number;
  readonly to: number;
}

export interface PatchFile {
  /** On the old side; null for a new file. */
  oldPath: string | null;
  /** On the new side; null for a deleted file. */
  newPath: string | null;
  /** The blobs that the patch says it leads from and to, as far as it has them. */
  named: { readonly from: string; readonly to: string } | null;
  /** It makes or deletes the file: nothing in it needs a place. */
  isWhole: boolean;
  readonly hunks: Hunk[];
}

export interface Patch {
  readonly lines: readonly string[];
  readonly files: readonly PatchFile[];
  readonly problems: readonly string[];
}

const freshFile = (): PatchFile => ({ oldPath: null, newPath: null, named: null, isWhole: false, hunks: [] });
const INDEX = /^index ([0-9a-f]{7,64})\.\.([0-9a-f]{7,64})(?: \d{6})?$/;
const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** Line ends that only the transport gave, and a missing one at the end. */
export function sanitisePatch(text: string): string {
  const lines = text.split('\n');
  while (lines.at(-1) === '') lines.pop();
  const transport = lines.every((line) => line.endsWith('\r') || line === '');
  if (transport) return `${lines.map(bare).join('\n')}\n`;
  const body = bodyLines(parsePatch(lines.join('\n')));
  return `${lines.map((line, at) => (body.has(at) ? line : bare(line))).join('\n')}\n`;
}

const bare = (line: string): string => line.replace(/\r$/, '');

function bodyLines({ files }: Patch): Set<number> {
  const body = new Set<number>();
  for (const { from, to } of files.flatMap(({ hunks }) => hunks)) for (let at = from; at < to; at += 1) body.add(at);
  return body;
}

export function parsePatch(text: string): Patch {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const files: PatchFile[] = [];
  const problems: string[] = [];
  let inGitHeader = false;
  for (let at = 0; at < lines.length; ) {
    const line = bare(lines[at] ?? '');
    const next = bare(lines[at + 1] ?? '');
    if (line.startsWith('diff --git ')) {
      files.push(freshFile());
      inGitHeader = true;
    } else if (inGitHeader && INDEX.test(line)) {
      const [, from = '', to = ''] = INDEX.exec(line) ?? [];
      (files.at(-1) as PatchFile).named = { from, to };
    } else if (line.startsWith('--- ') && next.startsWith('+++ ')) {
      if (!inGitHeader) files.push(freshFile());
      inGitHeader = false;
      const file = files.at(-1);
      if (file !== undefined) {
        file.oldPath = headerPath(line);
        file.newPath = headerPath(next);
        file.isWhole = file.oldPath === null || file.newPath === null;
      }
      if (!bare(lines[at + 2] ?? '').startsWith('@@ ')) problems.push(`${nameOf(file)}, patch line ${at + 1}: a header without hunks`);
      at += 1;
    } else if (line.startsWith('@@')) {
      at = readHunk(lines, at, files.at(-1), problems);
      continue;
    }
    at += 1;
  }
  return { lines, files, problems };
}

const nameOf = (file: PatchFile | undefined): string => file?.oldPath ?? 'new file';

/** @returns where to go on. */
function readHunk(lines: readonly string[], start: number, file: PatchFile | undefined, problems: string[]): number {
  const where = `${nameOf(file)}, patch line ${start + 1}`;
  const match = HUNK.exec(lines[start] ?? '');
  if (match === null || file === undefined) {
    problems.push(`${where}: ${match === null ? 'not a hunk header' : 'a hunk without a file header'}`);
    return start + 1;
  }
  const [oldStart, oldCount, newStart, newCount] = [match[1], match[2] ?? '1', match[3], match[4] ?? '1'].map(Number) as [number, number, number, number];
  if (oldCount === 0 && newCount === 0) problems.push(`${where}: a hunk of no lines`);
  const to = bodyEnd(lines, start + 1, oldCount, newCount);
  if (to === null) {
    problems.push(`${where}: the hunk has fewer lines than its header says`);
    return start + 1;
  }
  if (isStray(lines, to)) problems.push(`${where}: the hunk has more lines than its header says (patch line ${to + 1})`);
  file.hunks.push({ line: start + 1, oldStart, oldCount, newStart, newCount, from: start + 1, to });
  return to;
}

function bodyEnd(lines: readonly string[], from: number, oldCount: number, newCount: number): number | null {
  let [old, fresh, at] = [oldCount, newCount, from];
  for (; old > 0 || fresh > 0; at += 1) {
    const sign = lines[at]?.[0] ?? (lines[at] === '' ? ' ' : 'end');
    if (sign === ' ' || sign === '\r') [old, fresh] = [old - 1, fresh - 1];
    else if (sign === '-') old -= 1;
    else if (sign === '+') fresh -= 1;
    else if (sign !== '\\') return null;
    if (old < 0 || fresh < 0) return null;
  }
  while (lines[at]?.startsWith('\\') === true) at += 1;
  return at;
}

/** Git would take such a line for prose between two patches. */
function isStray(lines: readonly string[], at: number): boolean {
  const line = bare(lines[at] ?? '');
  if (line.startsWith('--- ') && (lines[at + 1] ?? '').startsWith('+++ ')) return false;
  return /^[-+ ]/.test(line) && !/^-- ?$/.test(line);
}

function headerPath(line: string): string | null {
  const name = line.slice(4);
  const path = name.startsWith('"') ? unquoted(name) : (name.split('\t')[0] ?? '');
  return path === '/dev/null' ? null : path.replace(/^[^/]*\//, '');
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' };

/** A name as git quotes it: C escapes, bytes in octal. */
function unquoted(quoted: string): string {
  const bytes: Buffer[] = [];
  for (const [, octal, escape, plain] of quoted.slice(1).matchAll(/\\([0-7]{3})|\\(.)|([^"\\]+)/gu)) {
    if (octal !== undefined) bytes.push(Buffer.from([Number.parseInt(octal, 8)]));
    else bytes.push(Buffer.from(plain ?? ESCAPES[escape ?? ''] ?? escape ?? ''));
  }
  return Buffer.concat(bytes).toString('utf8');
}

export type LineEnds = 'lf' | 'crlf' | 'mixed' | 'none';

export function lineEndsOf(content: Buffer): LineEnds {
  if (content.includes(0)) return 'none';
  const text = content.toString('latin1');
  const all = text.split('\n').length - 1;
  const crlf = text.split('\r\n').length - 1;
  if (all === 0) return 'none';
  return crlf === 0 ? 'lf' : crlf === all ? 'crlf' : 'mixed';
}

/** The patch with the line ends of each base in the hunks of that file. */
export function followLineEnds(patch: Patch, endsOf: (path: string) => LineEnds): string {
  const lines = [...patch.lines];
  for (const { oldPath, hunks } of patch.files) {
    const ends = oldPath === null ? 'none' : endsOf(oldPath);
    if (ends !== 'lf' && ends !== 'crlf') continue;
    for (const { from, to } of hunks) {
      for (let at = from; at < to; at += 1) {
        const line = bare(lines[at] ?? '');
        lines[at] = ends === 'lf' || line.startsWith('\\') ? line : `${line === '' ? ' ' : line}\r`;
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Hunks whose header does not lead to one place: old and new start disagree with the hunks before. */
export function inconsistentHunks({ hunks }: PatchFile): Set<number> {
  const found = new Set<number>();
  let moved = 0;
  for (const [at, { oldStart, oldCount, newStart, newCount }] of hunks.entries()) {
    const oldAt = oldCount === 0 ? oldStart + 1 : oldStart;
    const newAt = newCount === 0 ? newStart + 1 : newStart;
    if (newAt - oldAt !== moved) found.add(at);
    moved += newCount - oldCount;
  }
  return found;
}

/** How often the lines a hunk expects occur in its base. */
export function occurrences({ lines }: Patch, { from, to }: Hunk, base: string): number {
  const wanted = lines.slice(from, to).filter((line) => !/^[+\\]/.test(line)).map((line) => line.slice(1));
  const have = base.split('\n');
  let count = 0;
  for (let at = 0; at + wanted.length <= have.length; at += 1) if (wanted.every((line, offset) => have[at + offset] === line)) count += 1;
  return count;
}
