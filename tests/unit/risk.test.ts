import { expect, test } from 'vitest';
import { riskLevel, riskScore, riskTraits, type RiskInput } from '#src/domain/risk.ts';

const scored = (changes: Partial<RiskInput>): number => riskScore({ added: 0, removed: 0, allowMassDeletion: false, criticalFiles: 0, dataFiles: 0, testFiles: 1, markers: 0, ...changes });

test.each<readonly [string, Partial<RiskInput>, number]>([
  ['nothing', {}, 0], ['200 lines', { added: 200 }, 0], ['201 lines', { added: 201 }, 10], ['501 lines', { added: 501 }, 20], ['1001 lines', { added: 1001 }, 25],
  ['a net deletion of 100', { removed: 100 }, 0], ['of 101', { removed: 101 }, 20], ['of 201, and the lines', { removed: 201 }, 50], ['of 201 that is allowed', { removed: 201, allowMassDeletion: true }, 10],
  ['one critical file', { criticalFiles: 1 }, 15], ['many', { criticalFiles: 9 }, 30], ['one data file', { dataFiles: 1 }, 5], ['many data files', { dataFiles: 9 }, 15],
  ['50 lines without a test', { added: 50, testFiles: 0 }, 0], ['51 lines without a test', { added: 51, testFiles: 0 }, 20], ['one marker', { markers: 1 }, 3], ['many markers', { markers: 9 }, 10],
  ['all of it', { removed: 2000, criticalFiles: 9, dataFiles: 9, testFiles: 0, markers: 9 }, 100],
])('E-175 %s: %i', (_title, changes, wanted) => {
  expect(scored(changes)).toBe(wanted);
});

test.each([[0, 'low'], [24, 'low'], [25, 'medium'], [49, 'medium'], [50, 'high'], [69, 'high'], [70, 'critical'], [100, 'critical']] as const)('E-175 a score of %i is %s', (score, level) => {
  expect(riskLevel(score)).toBe(level);
});

test('E-175 critical names count as whole parts of a path, markers only in added lines', () => {
  const paths = ['src/auth/login.js', 'src/author.js', 'auth', '.github/workflows/ci.yml', 'github/workflows/x', 'test/a.test.js', '.env'];
  const diff = ['--- a/x', '+++ b/HACK', `+// ${'TO'}DO and XXX`, `-// ${'FIX'}ME`, ' // HACK', '+TEMPLATE'].join('\n');
  expect(riskTraits(paths, diff, ['auth', '.github/workflows'])).toEqual({ criticalFiles: 3, dataFiles: 2, testFiles: 1, markers: 2 });
});
