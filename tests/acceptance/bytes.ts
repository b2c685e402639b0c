// Bytes that a model may answer: pieces of every format and of every attack in any order, as a generator.

import fc from 'fast-check';
import { putText } from '#src/effects/performing.ts';
import { contextFor, sceneOf, type Scene } from '#tests/support/hands.ts';
import type { Mode } from './answers.ts';

const PATHS = ['../evil', '/tmp/evil', '.git/config', '.git/hooks/pre-commit', 'src/../../evil', '.GIT/x', 'git~1/x', 'src/.gitattributes', '.env', 'locked/x', 'link', 'a.txt/x', 'src', '', '.', '..', '/', 'a\nb', 'a\tb', 'a b', '"q"', '\u202ex', 'a\0b', 'A.TXT', '.git', 'C:\\x', 'src\\x', '~/x', '-rf', '$(touch evil)', 'x'.repeat(300), '\ud800'];
const WORDS = ['evil\n', '', '\n', '\r\n', '{"', '"}', '```', '```json\n', '\n```\n', '<<<<<<< a\n', '// ... rest of the code\n', '\\ No newline at end of file\n', '\0', '\uFEFF', '\ud800', 'Here you are:\n', 'GIT binary patch\n', '$(touch evil)', '`touch evil`', '; touch evil\n'];

/** Often one that may be changed, so that an answer is sometimes taken, with whatever else stands in it. */
const path = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('a.txt', 'src/b.js', 'src/new.js', 'src/deep/new.js') }, { weight: 2, arbitrary: fc.constantFrom(...PATHS) });
const text = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('one\n', 'two\n') }, { weight: 3, arbitrary: fc.constantFrom(...WORDS) }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) });
const content = fc.array(text, { maxLength: 4 }).map((parts) => parts.join(''));
const line = fc.integer({ min: -1, max: 6 });

const file = fc.record({ path, mode: fc.constantFrom('create', 'modify', 'delete', 'replace', 'execute'), new_content: fc.option(content) }, { requiredKeys: ['path', 'mode'] });
const operation = fc.record({ type: fc.constantFrom('insert', 'replace', 'delete', 'append', 'prepend', 'delete_file', 'move'), file_path: path, line, start_line: line, end_line: line, content }, { requiredKeys: ['type', 'file_path'] });
const textOperation = fc.record({ type: fc.constantFrom('append', 'insert_after', 'replace', 'replace_all'), content, anchor: text, old_text: text, new_text: content }, { requiredKeys: ['type'] });
const ndjsonLine = fc.record({ type: fc.constantFrom('create', 'modify', 'delete', 'write', 'meta'), file_path: path, content, operations: fc.array(textOperation, { maxLength: 3 }) }, { requiredKeys: ['type', 'file_path'] });

const section = fc.record({ from: path, to: path, kind: fc.constantFrom('new file mode 100644', 'new file mode 100644', 'new file mode 100644', 'new file mode 120000', 'new file mode 160000', 'deleted file mode 100644', 'old mode 100644\nnew mode 120000', 'similarity index 100%', ''), body: content, start: line }).map(({ from, to, kind, body, start }) => {
  const lines = body.split('\n').slice(0, -1);
  const rename = kind.startsWith('similarity') ? `rename from ${from}\nrename to ${to}\n` : '';
  const hunk = lines.length === 0 ? '' : `--- ${kind.startsWith('new file') ? '/dev/null' : `a/${from}`}\n+++ b/${to}\n@@ -${kind.startsWith('new file') ? '0,0' : `${start},0`} +${kind.startsWith('new file') ? 1 : start + 1},${lines.length} @@\n${lines.map((one) => `+${one}\n`).join('')}`;
  return `diff --git a/${from} b/${to}\n${kind === '' ? '' : `${kind}\n`}${rename}${hunk}`;
});

const shaped: Readonly<Record<Mode, fc.Arbitrary<string>>> = {
  full_file: fc.array(file, { maxLength: 3 }).map((files) => JSON.stringify({ summary: 's', files })),
  structured_edit: fc.array(operation, { maxLength: 4 }).map((operations) => JSON.stringify({ summary: 's', operations })),
  ndjson: fc.array(ndjsonLine, { maxLength: 4 }).map((lines) => [{ type: 'meta', total_operations: lines.length }, ...lines].map((value) => JSON.stringify(value)).join('\n')),
  diff: fc.array(section, { minLength: 1, maxLength: 3 }).map((sections) => sections.join('')),
};

/** Mostly of the shape that was asked for, sometimes of another, cut, or of nothing at all. */
export const answered = (mode: Mode): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: shaped[mode] },
    { weight: 1, arbitrary: fc.oneof(...Object.values(shaped)) },
    { weight: 1, arbitrary: fc.tuple(shaped[mode], fc.nat(2000)).map(([whole, at]) => whole.slice(0, at)) },
    { weight: 1, arbitrary: fc.tuple(text, shaped[mode], text).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: fc.oneof(content, fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('utf8'))) },
  );

/** One phase that may change `a.txt` and what lies below `src/`. */
export const bytesScene = (): Promise<Scene> =>
  sceneOf({ 'a.txt': 'one\ntwo\n', 'src/b.js': 'one\n', 'other.txt': 'o\n' }, { protected: ['locked/'], phases: [{ phase_id: 'p1', scope: { paths: ['a.txt', 'src/'] } }] });

export interface Strayed {
  readonly built: number;
  /** Each answer that came to what no answer may come to. */
  readonly problems: readonly string[];
}

export async function strayed(scene: Scene, { mode, count, seed }: { readonly mode: Mode; readonly count: number; readonly seed: number }): Promise<Strayed> {
  const { workspace, blobs } = scene.hands;
  const context = await scene.perform('assembleContext', contextFor(scene.base));
  const was = new Map((await workspace.files(scene.tree)).map((entry) => [entry.path, entry]));
  const problems: string[] = [];
  let built = 0;
  for (const answer of fc.sample(answered(mode), { numRuns: count, seed })) {
    const { type, data } = await scene.perform('buildCandidate', { phase: 'p1', attempt: 1, mode, answer: await putText(blobs, answer), partial: null, shown: { base: scene.base, manifest: context.data['manifest'] }, base: scene.base });
    if (type !== 'candidate.built') continue;
    built += 1;
    const changed = (await workspace.files(String(data['tree']))).filter(({ path, blob, mode: bits }) => was.get(path)?.blob !== blob || was.get(path)?.mode !== bits);
    for (const { path, mode: bits } of changed) {
      const isGood = /^(?:a\.txt$|src\/)/.test(path) && !/\.git|\.env|\p{C}|\\|\.\./iu.test(path) && bits === '100644';
      if (!isGood) problems.push(`${bits} ${path} by ${JSON.stringify(answer.slice(0, 300))}`);
    }
  }
  return { built, problems };
}
