import { afterAll, beforeAll, expect, test } from 'vitest';
import { rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { parseDiff } from '#src/domain/answers/diff.ts';
import { userRepository, type UserRepo } from '#tests/support/user-repository.ts';

let repo: UserRepo;
beforeAll(() => {
  repo = userRepository({});
});
afterAll(() => rmSync(repo.root, { recursive: true, force: true }));

type Files = Readonly<Record<string, string>>;

/** The bytes that git prints, and what it is given. */
const git = (args: readonly string[], input: string | Buffer = ''): Buffer => execFileSync('git', ['-c', 'core.autocrlf=false', ...args], { cwd: repo.root, input, stdio: ['pipe', 'pipe', 'pipe'] });

/** A tree of files, by one call of git for blobs and index each. */
function treeOf(files: Files): string {
  const stream = Object.entries(files).map(([path, content]) => `M 100644 inline ${JSON.stringify(path)}\ndata ${Buffer.byteLength(content)}\n${content}\n`).join('');
  git(['fast-import', '--quiet', '--force', '--date-format=raw'], `commit refs/heads/tree\ncommitter t <t@t> 0 +0000\ndata 0\ndeleteall\n${stream}\n`);
  return git(['rev-parse', 'refs/heads/tree^{tree}']).toString().trim();
}

function applied(tree: string, patch: string): string {
  git(['read-tree', tree]);
  git(['apply', '--cached', '--whitespace=nowarn', '-'], patch);
  return git(['write-tree']).toString().trim();
}

const line = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c', 'same', 'same', '') },
  { weight: 3, arbitrary: fc.constantFrom('-- x', '++ y', '--- a/y', '+++ b/y', '@@ -1 +1 @@', 'diff --git a/x b/x', '\\ No newline', ' ', '\t', '```', '# a', 'a\r', '\r', '😀', '\ufeff', '\u2028', 'x\ry') },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => text.replaceAll(/[\0\n]/g, '')) },
);
const content = fc.tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\n', '\r\n'), fc.boolean()).map(([lines, end, ended]) => lines.join(end) + (ended && lines.length > 0 ? end : ''));
const names = fc.subarray(['x', 'my file.txt', 'ü.md', 'src/y', 'q"t'], { minLength: 1, maxLength: 3 });
const pair = names.chain((paths) => fc.tuple(...[0, 1].map(() => fc.tuple(...paths.map((path) => fc.tuple(fc.constant(path), fc.option(content, { freq: 5 })))))))
  .map(([before = [], after = []]): [Files, Files] => [before, after].map((side) => Object.fromEntries(side.flatMap(([path, text]) => (text === null ? [] : [[path, text]])))) as [Files, Files]);

test('E-132 E-667 E-668 what git diff prints of any two trees is accepted unchanged, fenced or not, and applies to the same tree', () => {
  fc.assert(fc.property(pair, fc.constantFrom([], ['-U0'], ['-U1'], ['-M']), ([before, after], options) => {
    const [from, to] = [treeOf(before), treeOf(after)];
    if (from === to) return;
    const patch = git(['diff', '--no-color', '--no-ext-diff', ...options, from, to]).toString();
    if (patch.includes('\nBinary files ') || /^\+\s*(?:# )?(?:\.\.\.|…)/m.test(patch)) return;
    expect(parseDiff(patch)).toEqual({ ok: true, diff: patch });
    const fenced = parseDiff(`\`\`\`diff\n${patch}\`\`\`\n`);
    expect(fenced).toEqual({ ok: true, diff: patch });
    if (options[0] !== '-U0' && fenced.ok) expect(applied(from, fenced.diff)).toBe(to);
  }), { numRuns: 50 });
});
