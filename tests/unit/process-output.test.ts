import { expect, test } from 'vitest';
import fc from 'fast-check';
import { outputRing } from '#src/adapters/process/output.ts';

const ringOf = (chunks: readonly Uint8Array[], head = 4, tail = 6) => {
  const ring = outputRing(head, tail);
  for (const chunk of chunks) ring.push(Buffer.from(chunk));
  return ring;
};
const bytes = (text: string): Buffer => Buffer.from(text);

test('P3 output up to head and tail together is kept whole, one byte more is cut and counted', () => {
  expect(ringOf([bytes('0123456789')]).text()).toBe('0123456789');
  expect(ringOf([bytes('0123456789a')]).text()).toBe('0123\n[… 1 bytes cut …]\n56789a');
});

test('P3 a character is never cut in half', () => {
  expect(ringOf([bytes('abcäxxxxxxxxx12345ö')], 4, 7).text()).toBe('abc\n[… 11 bytes cut …]\n12345ö');
  expect(ringOf([bytes('a🎉xxxxxxxxx🎉end')], 4, 5).text()).toBe('a\n[… 17 bytes cut …]\nend');
});

test('P3 how output came in pieces makes no difference', () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 9 }), (chunks) => {
    const whole = ringOf([Buffer.concat(chunks)]);
    expect(ringOf(chunks).text()).toBe(whole.text());
    expect(ringOf(chunks).bytes()).toBe(whole.bytes());
  }));
});
