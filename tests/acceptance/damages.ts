// Damages
// =======
// What can become of an answer between a model's mind and our repository, as a table. Each says what may come of it:
// `refused`; `exact`, the same tree as the whole answer's; `safe`, one of the two.

import { changedTexts, linesOf, type Mode, type Asked } from './answers.ts';

export interface Given {
  readonly mode: Mode;
  readonly answer: string;
  readonly asked: Asked;
}

export interface Damage {
  readonly kind: string;
  readonly must: 'refused' | 'exact' | 'safe';
  /** Null where there is nothing of the kind to damage. */
  readonly made: (given: Given) => string | null;
}

type Json = Record<string, unknown>;
const listOf = (value: Json): Json[] => (value['files'] ?? value['operations']) as Json[];
const isDiff = ({ mode }: Given): boolean => mode === 'diff';
const edited = ({ answer }: Given, change: (list: Json[]) => void): string => {
  const value = JSON.parse(answer) as Json;
  change(listOf(value));
  return JSON.stringify(value);
};
const linesIn = (answer: string): Json[] => answer.split('\n').map((line) => JSON.parse(line) as Json);
const asLines = (values: readonly Json[]): string => values.map((value) => JSON.stringify(value)).join('\n');

/** The answer, and a new file besides. */
function withFile(given: Given, path: string, content: string): string {
  const { mode, answer } = given;
  switch (mode) {
    case 'full_file':
      return edited(given, (list) => void list.push({ path, mode: 'create', new_content: content }));
    case 'structured_edit':
      return edited(given, (list) => void list.push({ type: 'append', file_path: path, content }));
    case 'ndjson': {
      const [meta = {}, ...lines] = linesIn(answer);
      return asLines([{ ...meta, total_operations: lines.length + 1 }, ...lines, { type: 'create', file_path: path, content }]);
    }
    case 'diff':
      return `${answer}diff --git a/${path} b/${path}\nnew file mode 100644\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1,${linesOf(content).length} @@\n${linesOf(content).map((line) => `+${line}`).join('')}`;
  }
}

const evil = (kind: string, path: string): Damage => ({ kind, must: 'refused', made: (given) => withFile(given, path, 'evil\n') });
const inDiff = (kind: string, must: Damage['must'], made: (answer: string, given: Given) => string | null): Damage => ({ kind, must, made: (given) => (isDiff(given) ? made(given.answer, given) : null) });
const inJson = (kind: string, must: Damage['must'], made: (given: Given) => string | null): Damage => ({ kind, must, made: (given) => (isDiff(given) ? null : made(given)) });

const HUNK = /^@@ -(\d+)((?:,\d+)?) \+(\d+)((?:,\d+)?) @@.*$/gm;
/** The index of the first line of the patch that stands in a hunk and is of this kind, -1 where none is. */
function bodyLine(lines: readonly string[], sign: string, nth: number): number {
  const found: number[] = [];
  let left = 0;
  for (const [at, line] of lines.entries()) {
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (left === 0 && hunk !== null) left = Number(hunk[1] ?? 1) + Number(hunk[2] ?? 1);
    else if (left > 0 && !line.startsWith('\\')) {
      left -= line.startsWith('+') || line.startsWith('-') ? 1 : 2;
      if (line.startsWith(sign)) found.push(at);
    }
  }
  return found[Math.min(nth, found.length - 1)] ?? -1;
}

/** Changes one line of a hunk, null where there is none of the kind. */
const atBody = (answer: string, sign: string, nth: number, change: (line: string) => string[]): string | null => {
  const lines = answer.split('\n');
  const at = bodyLine(lines, sign, nth);
  return at === -1 ? null : [...lines.slice(0, at), ...change(lines[at] ?? ''), ...lines.slice(at + 1)].join('\n');
};

/** A file that the change leaves alone. */
export const someFile = ({ before, after }: Asked): string | null => [...before].find(([path, { mode }]) => mode !== '120000' && after.get(path)?.bytes.equals(before.get(path)?.bytes ?? Buffer.alloc(0)) === true && /^[\w./-]+$/.test(path))?.[0] ?? null;
/** A patch that does something to a file that the answer leaves alone. */
const besides = (kind: string, section: (path: string) => string): Damage => inDiff(kind, 'refused', (answer, given) => {
  const path = someFile(given.asked);
  return path === null ? null : answer + section(path);
});

const tenths: readonly Damage[] = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((tenth) => ({ kind: `truncated at ${tenth}/10`, must: 'safe', made: ({ answer }) => cutAt(answer, tenth) }));

const IDS = /^index (?!0+\.)[0-9a-f]{7,}\.\.(?!0+\b)/m;

/** Null where what is left is a whole patch again, and no id of a blob says otherwise: only a stop reason can tell that. */
function cutAt(answer: string, tenth: number): string | null {
  const cut = Buffer.from(answer).subarray(0, Math.floor((Buffer.byteLength(answer) * tenth) / 10)).toString('utf8');
  const rest = answer.slice(cut.length);
  const isWhole = /^\n?(?:@@ |diff --git )/.test(rest) || (!rest.trimEnd().includes('\n') && /\n\+.*$/.test(cut));
  return answer.startsWith('diff --git') && !IDS.test(answer) && isWhole ? null : cut;
}

export const damages: readonly Damage[] = [
  ...tenths,
  { kind: 'empty', must: 'refused', made: () => '' },
  { kind: 'white space alone', must: 'refused', made: () => ' \n\t\n' },
  { kind: 'prose alone', must: 'refused', made: () => 'I have made the change that you asked for. All tests pass.\n' },
  { kind: 'fenced, with CRLF of the transport', must: 'exact', made: ({ answer, mode, asked }) => (mode === 'diff' && answer.includes('\r') ? null : hasCr(asked) && mode === 'diff' ? null : `\`\`\`\n${answer.replace(/\n$/, '')}\n\`\`\`\n`.replace(/(?<!\r)\n/g, '\r\n')) },
  { kind: 'fenced', must: 'exact', made: ({ answer, mode }) => (/^\s*(?:`{3}|~{3})/m.test(answer) ? null : `\`\`\`${mode === 'diff' ? 'diff' : 'json'}\n${answer.replace(/\n$/, '')}\n\`\`\`\n`) },
  inJson('prose around', 'exact', ({ answer }) => `Here is the change:\n\n${answer}\n\nIt does what was asked.\n`),
  inJson('prose inside', 'refused', ({ answer }) => answer.replace(/"(summary|type)":/, 'and then "$1":')),
  inDiff('prose inside a hunk', 'refused', (answer) => atBody(answer, '', 1, (line) => ['Now the important part:', line])),
  inDiff('prose between files', 'refused', (answer) => (answer.match(/^diff --git /gm)?.length === 1 ? null : answer.replace(/(?<!^)\ndiff --git /, '\nAnd the next file.\ndiff --git '))),
  { kind: 'doubled', must: 'safe', made: ({ answer }) => `${answer}${answer.endsWith('\n') ? '' : '\n'}${answer}` },
  { kind: 'two answers that differ', must: 'refused', made: (given) => `${given.answer}${given.answer.endsWith('\n') ? '' : '\n'}${withFile(given, 'other.txt', 'x\n')}` },
  { kind: 'huge', must: 'safe', made: ({ answer, mode }) => (mode === 'diff' ? `${answer}${' '.repeat(3_000_000)}` : `${'{"a": ['.repeat(300_000)}\n${answer}`) },
  { kind: 'huge prose', must: 'safe', made: ({ answer }) => `${'It is a long story. '.repeat(200_000)}\n${answer}` },
  evil('../', '../evil.txt'), evil('../ in the middle', 'src/../../evil.txt'), evil('absolute', '/tmp/evil.txt'), evil('.git/hooks', '.git/hooks/pre-commit'), evil('.GIT', '.GIT/config'), evil('git~1', 'git~1/config'), evil('a look-alike of .git', '.ɡit/config'),
  evil('invisible characters', 'src/\u200bevil.js'), evil('.gitattributes', 'src/.gitattributes'), evil('a key file', 'config/.env'), evil('a protected path', 'locked/evil.txt'), evil('the protected path in other case', 'LOCKED/evil.txt'), evil('run storage', '.autonomous_runs/evil'), evil('a backslash', 'src\\evil.js'),
  { kind: 'a collision of case', must: 'refused', made: (given) => {
    const path = someFile(given.asked);
    return path === null ? null : withFile(given, path.toUpperCase() === path ? path.toLowerCase() : path.toUpperCase(), 'evil\n');
  } },
  { kind: 'a conflict that was never ended', must: 'refused', made: (given) => withFile(given, 'notes/merge.txt', '<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n') },
  { kind: 'a file that is there, made new', must: 'refused', made: (given) => {
    const path = someFile(given.asked);
    const isEmpty = path !== null && given.asked.before.get(path)?.bytes.length === 0; // a patch may fill it: nothing is lost
    return path === null || isEmpty || given.mode === 'structured_edit' ? null : withFile(given, path, 'evil\n');
  } },
  inJson('a whole file with its rest left out', 'refused', (given) => (given.mode === 'full_file' ? withFile(given, 'src/part.js', "'use strict';\n// ... rest of the code unchanged ...\n") : null)),
  inJson('NUL', 'refused', (given) => withFile(given, 'src/nul.txt', 'a\0b\n')),
  besides('symlink', () => 'diff --git a/evil b/evil\nnew file mode 120000\n--- /dev/null\n+++ b/evil\n@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at end of file\n'),
  besides('submodule', () => `diff --git a/sub b/sub\nnew file mode 160000\n--- /dev/null\n+++ b/sub\n@@ -0,0 +1 @@\n+Subproject commit ${'1'.repeat(40)}\n`),
  besides('type change', (path) => `diff --git a/${path} b/${path}\nold mode 100644\nnew mode 120000\n`),
  besides('rename onto a protected path', (path) => `diff --git a/${path} b/locked/x\nsimilarity index 100%\nrename from ${path}\nrename to locked/x\n`),
  besides('rename out of the repository', (path) => `diff --git a/${path} b/../x\nsimilarity index 100%\nrename from ${path}\nrename to ../x\n`),
  besides('copy into .git', (path) => `diff --git a/${path} b/.git/hooks/x\nsimilarity index 100%\ncopy from ${path}\ncopy to .git/hooks/x\n`),
  besides('binary', () => 'diff --git a/evil.bin b/evil.bin\nnew file mode 100644\nindex 0000000..1111111\nGIT binary patch\nliteral 4\nLcmZQzWMT#Y01f~L\n\nliteral 0\nHcmV?d00001\n'),
  besides('binary, not told', () => 'diff --git a/evil.bin b/evil.bin\nnew file mode 100644\nindex 0000000..1111111\nBinary files /dev/null and b/evil.bin differ\n'),
  inDiff('a dropped line', 'refused', (answer) => atBody(answer, '', 2, () => [])),
  inDiff('a dropped line at the end', 'safe', (answer) => answer.replace(/\n[^\n]*\n$/, '\n')),
  inDiff('another context line', 'refused', (answer) => atBody(answer, ' ', 1, (line) => [`${line} never there`])),
  inDiff('another removed line', 'refused', (answer) => atBody(answer, '-', 0, (line) => [`${line} never there`])),
  inDiff('shifted context', 'safe', (answer) => answer.replace(HUNK, (_all, from: string, count: string, to: string, fresh: string) => (from === '0' || to === '0' ? _all : `@@ -${Number(from) + 7}${count} +${Number(to) + 7}${fresh} @@`))),
  inDiff('all hunks at line 1', 'safe', (answer) => answer.replace(HUNK, (_all, from: string, count: string, to: string, fresh: string) => (from === '0' || to === '0' ? _all : `@@ -1${count} +1${fresh} @@`))),
  inDiff('hunks without numbers', 'refused', (answer) => (HUNK.test(answer) ? answer.replace(HUNK, '@@ ... @@') : null)),
  inDiff('a dropped hunk', 'refused', (answer) => (IDS.test(answer) ? withoutHunk(answer) : null)),
  inDiff('white space of the context', 'safe', (answer) => answer.replace(/^ (.*)$/gm, (_all, line: string) => ` ${line.replace(/^( +)/, '$1$1')}`)),
  inDiff('no header', 'refused', (answer) => answer.replace(/^(?:diff|index|---|\+\+\+|new|old|deleted|similarity|rename) .*\n/gm, '')),
  inJson('a range behind the end', 'refused', (given) => (given.mode === 'structured_edit' ? lastRange(given, () => ({ start_line: 90_000, end_line: 90_001 })) : null)),
  inJson('a range that ends before it begins', 'refused', (given) => (given.mode === 'structured_edit' ? lastRange(given, ({ start_line, end_line }) => ({ start_line: Number(end_line) + 1, end_line: start_line })) : null)),
  inJson('a dropped line of ndjson', 'refused', ({ mode, answer }) => (mode === 'ndjson' ? answer.split('\n').slice(0, -1).join('\n') : null)),
  inJson('a text that is not there', 'refused', ({ mode, answer }) => (mode === 'ndjson' && answer.includes('"old_text":"') ? answer.replace('"old_text":"', '"old_text":"never there ') : null)),
  inJson('an operation that nobody knows', 'refused', (given) => (given.mode === 'ndjson' ? given.answer.replace(/"type":"(?:create|modify|delete)"/, '"type":"execute"') : given.mode === 'structured_edit' ? given.answer.replace(/"type":"\w+"/, '"type":"execute"') : given.answer.replace(/"mode":"\w+"/, '"mode":"execute"'))),
];

/** Without the last hunk of a file that has several, or the only one of a patch of several files that is no whole file. */
function withoutHunk(answer: string): string | null {
  const sections = answer.split(/^(?=diff --git )/m);
  for (const [at, section] of sections.entries()) {
    const [head = '', ...hunks] = section.split(/^(?=@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@)/m);
    if (hunks.length > 1 && IDS.test(head)) return [...sections.slice(0, at), head, ...hunks.slice(0, -1), ...sections.slice(at + 1)].join('');
  }
  return null;
}

function lastRange(given: Given, change: (operation: Json) => Json): string | null {
  let isFound = false;
  const answer = edited(given, (list) => {
    const at = list.findLastIndex((operation) => 'start_line' in operation);
    if (at === -1) return;
    isFound = true;
    list[at] = { ...list[at], ...change(list[at] ?? {}) };
  });
  return isFound ? answer : null;
}

/** A patch of files with CR may mean them. */
const hasCr = ({ before, after }: Asked): boolean => (changedTexts(before, after) ?? []).some(({ old, fresh }) => `${old}${fresh}`.includes('\r'));
