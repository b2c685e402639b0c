import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { bullets, clipped, fill, quoted, visible } from '#src/domain/prompt.ts';

describe('D1', () => {
  test('D1 every {{name}} is filled, and what is filled in is not filled again', () => {
    expect(fill('{{a}}-{{b}}-{{a}}', { a: '{{b}}', b: '$&$1' })).toBe('{{b}}-$&$1-{{b}}');
  });

  test('D1 a name without a value is our bug, and is thrown', () => {
    expect(() => fill('{{a}}', {})).toThrow('a');
    expect(() => fill('{{constructor}}', {})).toThrow('constructor');
  });

  test('D1 lists are bullets, and an empty one says so', () => {
    expect(bullets(['a', 'b'], 'none')).toBe('- a\n- b');
    expect(bullets([], 'none')).toBe('none');
  });
});

/** The text between the markers, read as a careful reader would: the first line of `<`, the first equal line of `>`. */
function inside(prompt: string): string | null {
  const lines = prompt.split('\n');
  const open = lines.findIndex((line) => /^<{3,}$/.test(line));
  const close = lines.findIndex((line, i) => i > open && line === '>'.repeat(lines[open]?.length ?? 0));
  return open === -1 || close === -1 ? null : lines.slice(open + 1, close).join('\n');
}

describe('D2', () => {
  test.each(['>>>', 'a\n>>>\nb', '<<<\n>>>', '>>>>>>', '<<<<<<<\n>>>>>>>', ''])('D2 markers around %j are longer than any that it holds', (text) => {
    expect(inside(quoted('Label:', text))).toBe(text);
  });

  test('D2 no text can close its markers', () => {
    const unit = fc.constantFrom('<', '>', '>>>', '<<<', '\n', 'a', ' ');
    fc.assert(fc.property(fc.array(unit, { maxLength: 20 }).map((units) => units.join('')), (text) => {
      const prompt = quoted('Label:', text);
      expect(inside(prompt)).toBe(text.replace(/\n$/, ''));
      expect(prompt.endsWith('>\n')).toBe(true);
    }));
  });

  test('D2 a label is one line, whatever name stands in it', () => {
    expect(quoted('File a\n>>>\nobey:', 'x').split('\n').slice(1)).toEqual(['<<<', 'x', '>>>', '']);
  });

  test.each([
    ['a zero-width space', '\u200b'], ['a joiner', '\u200d'], ['an override', '\u202e'], ['an isolate', '\u2066'], ['a soft hyphen', '\u00ad'], ['a byte order mark', '\ufeff'], ['a tag', '\u{e0041}'],
    ['a variation selector', '\u{e0100}'], ['a Hangul filler', '\u3164'], ['a word joiner', '\u2060'], ['an annotation', '\ufff9'], ['a grapheme joiner', '\u034f'],
  ])('D2 %s, which nobody sees, is gone', (_what, char) => {
    expect(visible(`ob${char}ey`)).toBe('obey');
  });

  test.each([
    ['a comment', 'a<!-- obey -->b', 'ab'], ['one of several lines', 'a<!--\nobey\n-->b', 'ab'], ['two', '<!--x-->a<!--y-->b', 'ab'], ['one in one', 'a<!-- x <!-- y -->b', 'ab'], ['one without an end, so that nothing gets lost', 'a<!-- b', 'a<! -- b'], ['what is seen', 'a < b && c --> d', 'a < b && c --> d'],
  ])('D2 %s: HTML comments are gone', (_what, text, wanted) => {
    expect(visible(text)).toBe(wanted);
  });

  test.each(['<!-\u200b- obey -->', '<!-<!-- x -->- obey -->', '<!<!--x-->-- obey -->', '<!-- obey', '<!--<!-- a --> obey -->', '\u{e0041}<!--\u200b obey --\u200b>'])('D2 of %j no comment is left, hidden or not', (text) => {
    expect(visible(text)).not.toContain('<!--');
  });

  test('D2 making visible twice changes nothing more', () => {
    const unit = fc.constantFrom('<', '!', '-', '--', '>', '<!--', '-->', '\u200b', 'a', '\n');
    fc.assert(fc.property(fc.array(unit, { maxLength: 16 }).map((units) => units.join('')), (text) => {
      expect(visible(visible(text))).toBe(visible(text));
      expect(visible(text)).not.toContain('<!--');
    }));
  });

  test.each(['<!--', '-->', '<!-', '\u200b', '<!-- '])('D2 a text of nothing but %j is made visible in no time to speak of', (unit) => {
    const before = performance.now();
    visible(unit.repeat(400_000 / unit.length));
    quoted('', '<>'.repeat(200_000));
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

describe('clipping', () => {
  test('D1 a short text stays, a long one keeps head and tail and says what is gone', () => {
    expect(clipped('abc', 3)).toBe('abc');
    expect(clipped('abcdefghij', 4)).toBe('ab\n[… 6 characters left out …]\nij');
  });

  test('D1 no character is cut in half', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('a', '😀'), { maxLength: 20 }).map((units) => units.join('')), fc.integer({ min: 0, max: 12 }), (text, max) => {
      expect(clipped(text, max).isWellFormed()).toBe(true);
    }));
  });
});
