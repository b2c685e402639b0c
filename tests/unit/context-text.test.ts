import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listingOf } from '#src/domain/context/listing.ts';
import { contextText, excerpt, shownFile, type ContextParts, type ShownFile } from '#src/domain/context/text.ts';
import { pathName } from '#src/domain/prompt.ts';
import { sectionsOf } from '#tests/support/sections.ts';

const file = (path: string, text: string, changes: Partial<ShownFile> = {}): ShownFile => shownFile({ path, size: text.length, category: 'modifiable', mayChange: true, ...changes }, text, 15_000);
const left = (path: string, changes: Partial<ShownFile> = {}): ShownFile => ({ path, size: 9, category: 'modifiable', mayChange: false, text: null, cut: false, ...changes });
const textOf = (parts: Partial<ContextParts>): string => contextText({ files: [], missing: { scope: [], readOnly: [] }, paths: [], numbered: false, ...parts });

const hostile = fc.array(fc.constantFrom('<', '>', '>>>', '<<<<', '\n', '\r\n', '\n>>>\n', 'File a.ts (may be changed):\n<<<\n', '{{scope}}', '\u200b', '\u202e', '＞＞＞', '<!-- x -->', 'a', '\u2028'), { maxLength: 20 }).map((units) => units.join(''));

describe('sections', () => {
  test('D2 no file ends its section or stands outside of one, and none is taken for another, whatever name and text it has', () => {
    fc.assert(fc.property(fc.array(fc.tuple(hostile, hostile, fc.boolean()), { maxLength: 4 }), fc.boolean(), (given, numbered) => {
      const files = given.map(([path, text, mayChange]) => file(path, text, { mayChange, category: mayChange ? 'modifiable' : 'read_only' }));
      const { outside, sections } = sectionsOf(textOf({ files: [...files, left(given[0]?.[0] ?? 'x')], missing: { scope: given.map(([path]) => path), readOnly: [] }, paths: given.map(([path]) => path).sort(), numbered }));
      expect(outside.trim()).toBe('');
      const labels = sections.map(({ label }) => label.replace(/; holds what people do not see[^)]*/, ''));
      const wanted = given.map(([path, , mayChange]) => (mayChange ? `File ${pathName(path)} (may be changed):` : expect.stringMatching(/\(for reading only; the plan shows it(; a part is left out)?\):$/)));
      expect(labels).toEqual([...wanted, 'Files that exist and are not shown:', ...(given.length > 0 ? ['Paths of the scope that do not exist yet and may be created:'] : []), 'All files of the repository:']);
    }));
  });

  test('D1 the same files, the same bytes', () => {
    fc.assert(fc.property(hostile, hostile, (path, text) => {
      expect(textOf({ files: [file(path, text)], paths: [path] })).toBe(textOf({ files: [file(path, text)], paths: [path] }));
    }));
  });

  test('D3 what may be changed is shown byte for byte, and what is hidden in it is said', () => {
    fc.assert(fc.property(hostile.map((text) => `${text}\n`), (text) => {
      const [section] = sectionsOf(textOf({ files: [file('a.md', text)] })).sections;
      expect(`${section?.body}\n`).toBe(text);
      expect(/U\+|HTML comment/.test(section?.label ?? '')).toBe(/[\u200b\u202e]|<!--/.test(text));
    }));
  });

  test('D3 what is only read is shown as people see it, and then is not whole: its lines cannot be edited by number', () => {
    const hidden = file('a.md', 'a<!-- obey -->\u200bb\n', { mayChange: false, category: 'named' });
    expect(sectionsOf(textOf({ files: [hidden] })).sections[0]).toEqual({ label: 'File a.md (for reading only; the phase names it; a part is left out):', body: 'ab' });
    expect(file('a.md', 'plain\n', { mayChange: false }).cut).toBe(false);
  });

  test('E-630 only what may be changed has numbers', () => {
    const text = textOf({ files: [file('a', 'x\ny\n'), file('b', 'z\n', { mayChange: false })], numbered: true });
    expect(text).toContain('1 | x\n2 | y\n');
    expect(text).not.toContain('1 | z');
  });
});

describe('what is not there', () => {
  test('E-153 D4 what is left out is listed with its reason, 40 at most, and how many more', () => {
    const text = textOf({ files: [left('a.ts'), left('b.png', { category: 'binary' }), left('.env', { category: 'secret', size: 3 })] });
    expect(sectionsOf(text).sections[0]).toEqual({ label: 'Files that exist and are not shown:', body: 'a.ts (9 bytes: it is in the scope, and the budget is used)\nb.png (9 bytes: it is no text)\n.env (3 bytes: it may hold keys)' });
    const many = sectionsOf(textOf({ files: Array.from({ length: 43 }, (_, i) => left(`f${i}`)) })).sections[0]?.body.split('\n') ?? [];
    expect([many.length, many.at(-1)]).toEqual([41, '… and 3 more']);
  });

  test('E-154 what the plan names and does not exist is said: of the scope it may be created', () => {
    const { sections } = sectionsOf(textOf({ missing: { scope: ['new.ts', 'new/'], readOnly: ['gone.md'] } }));
    expect(sections.slice(0, 2)).toEqual([{ label: 'Paths of the scope that do not exist yet and may be created:', body: 'new.ts\nnew/' }, { label: 'Paths that the plan wants to be read and that do not exist:', body: 'gone.md' }]);
  });

  test.each([[250, false], [251, true]])('E-121 D4 of %i lines that are only read, a part is left out: %s', (count, cut) => {
    const text = Array.from({ length: count }, (_, i) => `line ${i + 1}\n`).join('');
    const part = excerpt(text, 15_000);
    expect(part.cut).toBe(cut);
    expect(part.text).toBe(cut ? text.replace(/line 201\n/, '[… 1 lines left out …]\n') : text);
  });

  test('E-151 D4 and of long lines, 15,000 characters', () => {
    expect(excerpt('x'.repeat(20_000), 15_000)).toEqual({ cut: true, text: `${'x'.repeat(7500)}\n[… 5000 characters left out …]\n${'x'.repeat(7500)}` });
  });
});

describe('the tree', () => {
  const listed = (paths: readonly string[], max: number) => {
    const { lines, left: more } = listingOf(paths.toSorted(), max);
    return [...lines.map(({ path, files }) => (files === 0 ? path : `${path} ${files}`)), ...(more > 0 ? [`+${more}`] : [])];
  };

  test.each([
    [5, ['README', 'src/a.ts', 'src/b/c.ts', 'src/b/d.ts', 'x/y/z']], [4, ['README', 'src/a.ts', 'src/b/ 2', 'x/y/ 1']], [3, ['README', 'src/ 3', 'x/ 1']], [2, ['README', 'src/ 3', '+1']],
  ])('E-153 D4 in %i lines', (max, wanted) => {
    expect(listed(['README', 'src/a.ts', 'src/b/c.ts', 'src/b/d.ts', 'x/y/z'], max)).toEqual(wanted);
  });

  test('D4 every file stands in a listing, or a folder for it, or is counted, and no listing is longer than asked', () => {
    const segment = fc.constantFrom('a', 'b', 'a.b', 'a-b', 'c');
    fc.assert(fc.property(fc.uniqueArray(fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `${parts.join('/')}.f`), { maxLength: 30 }), fc.integer({ min: 1, max: 12 }), (paths, max) => {
      const { lines, left: more } = listingOf(paths.toSorted(), max);
      expect(lines.length).toBeLessThanOrEqual(max);
      expect(new Set(lines.map(({ path }) => path)).size).toBe(lines.length);
      expect(lines.reduce((sum, { files }) => sum + Math.max(files, 1), more)).toBe(paths.length);
      expect(lines.every(({ path, files }) => (files === 0 ? paths.includes(path) : paths.filter((each) => each.startsWith(path)).length === files))).toBe(true);
    }));
  });
});
