import fc from 'fast-check';
import { expect, test } from 'vitest';
import { estimateOutput, selectLimit, type LimitInput } from '#src/domain/output-limit.ts';

const input = (changes: Partial<LimitInput> = {}): LimitInput =>
  ({ category: 'backend', complexity: 'low', deliverables: [], exists: () => false, scope: [], isLarge: false, base: 8192, max: 64_000, ...changes });
const many = (count: number, name = 'src/f.py'): string[] => Array.from({ length: count }, (_, i) => name.replace('f', `f${i}`));

test.each<[Partial<LimitInput>, number]>([
  [{}, 2600], [{ deliverables: ['src/a.py'] }, 5200], [{ deliverables: ['src/a.py'], exists: () => true }, 3510], [{ category: 'frontend', complexity: 'high', deliverables: ['src/a.tsx'] }, 10_790],
  [{ category: 'tests', deliverables: ['tests/test_a.py'] }, 3009], [{ category: 'docs', complexity: 'medium', deliverables: ['docs/a.md'] }, 3900], [{ category: 'configuration', deliverables: ['a.yaml'] }, 2340],
  [{ category: 'feature', complexity: 'medium', deliverables: ['a.go'] }, 4128], [{ category: null, complexity: 'maintenance' }, 2600],
])('E-135 %j is estimated at %i tokens', (changes, wanted) => {
  expect(estimateOutput(input(changes))).toBe(wanted);
});

test.each<[string, Partial<LimitInput>, number]>([
  ['without deliverables the base alone', {}, 8192], ['a small estimate does not lower it', { deliverables: ['src/a.py'] }, 8192], ['a large one raises it by a fifth', { deliverables: many(5) }, 18_720],
  ['eight files by three fifths', { deliverables: many(8) }, 37_440], ['a hard integration by three fifths', { category: 'integration', complexity: 'high', deliverables: many(1) }, 16_640], ['never above the maximum', { deliverables: many(40) }, 64_000],
  ['a lock file', { scope: ['package-lock.json'] }, 12_000], ['a frontend', { category: 'frontend' }, 16_384], ['a deployment', { category: 'deployment' }, 16_384], ['a backend of three paths', { scope: ['a', 'b', 'c'] }, 12_000],
  ['whole files', { isLarge: true }, 16_384], ['but not for documents', { category: 'docs', base: 4096, isLarge: true }, 4096],
])('E-136 the limit: %s', (_what, changes, wanted) => {
  expect(selectLimit(input(changes))).toBe(wanted);
});

test('E-136 one more deliverable never lowers a limit, and none leaves base and maximum', () => {
  const paths = fc.array(fc.constantFrom('a.py', 'b.tsx', 'docs/c.md', 'tests/d.py', 'e.json'), { maxLength: 12 });
  fc.assert(fc.property(paths, fc.constantFrom('docs', 'backend', 'frontend', 'integration', null), fc.constantFrom<LimitInput['complexity']>('low', 'medium', 'high'), (deliverables, category, complexity) => {
    const limit = selectLimit(input({ deliverables, category, complexity }));
    expect(limit).toBeGreaterThanOrEqual(8192);
    expect(limit).toBeLessThanOrEqual(64_000);
    expect(selectLimit(input({ deliverables: [...deliverables, 'z.py'], category, complexity }))).toBeGreaterThanOrEqual(limit);
  }));
});
