import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { coverageBp } from '#src/domain/reports/coverage.ts';

const fixture = (name: string): string => readFileSync(new URL(`reports/${name}`, import.meta.url), 'utf8');

describe('coverage', () => {
  test.each(['lcov.info', 'cobertura.xml'])('E-174 %s has four of six lines', (name) => {
    expect(coverageBp(fixture(name))).toBe(6666);
  });

  test('E-174 lines are counted, stated totals are not believed', () => {
    expect(coverageBp('SF:a\nDA:1,1\nDA:2,0\nLH:2\nLF:2\nend_of_record\nSF:b\nDA:1,0\nDA:2,0\nend_of_record\n')).toBe(2500);
    expect(coverageBp('<coverage line-rate="1"><packages><package><classes><class><lines><line number="1" hits="0"/></lines></class></classes></package></packages></coverage>')).toBe(0);
  });

  test.each([
    ['nothing', ''], ['no line', 'TN:\nSF:a\nend_of_record\n'], ['a record that is cut', 'SF:a\nDA:1,1\n'], ['another document', '<html></html>'], ['JSON', '{"total": {"lines": {"pct": 100}}}'],
    ['XML that is cut', fixture('cobertura.xml').slice(0, 1200)], ['no class', '<coverage line-rate="0.9"/>'],
    ['entities', `<!DOCTYPE coverage [${Array.from({ length: 30 }, (_, n) => `<!ENTITY a${n + 1} "&a${n};&a${n};">`).join('')}]><coverage>&a30;</coverage>`],
    ['elements without end', '<coverage>'.repeat(200_000)], ['a long line', `SF:${'x'.repeat(1_000_000)}`],
  ])('E-174 of %s it is unknown, not 0', (_what, text) => {
    const before = performance.now();
    expect(coverageBp(text)).toBeNull();
    expect(performance.now() - before).toBeLessThan(2000);
  });
});
