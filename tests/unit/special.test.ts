// Special phases: which ids are known, and what their phases are built in.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '#src/config/config.ts';
import { batchesOf, SPECIAL_PHASES } from '#src/domain/special.ts';

const { special } = await loadConfig(join(import.meta.dirname, '../../config'));
const phase = (id: string, deliverables: string[], paths: string[] = []) => ({ phase_id: id, deliverables, scope: { paths } });

test('E-114 E-597 exactly eight ids are special as shipped, each leads to batches, and no other id does', () => {
  expect([...special.keys()].sort()).toEqual([...SPECIAL_PHASES].sort());
  expect(special.size).toBe(8);
  const delivered = ['src/a.ts', 'tests/a.test.ts'];
  for (const id of SPECIAL_PHASES) expect(batchesOf(phase(id, delivered), special).map(({ name }) => name)).toEqual(['code', 'tests']);
  for (const id of ['', 'diagnostics-second-opinion', 'constructor', 'Research-tracer-bullet']) expect(batchesOf(phase(id, delivered), special)).toEqual([]);
});

test('E-115 paths are grouped in the order of the table and sorted once each; the longest prefix has a path, and no group is empty', () => {
  const given = ['docs/x.md', 'src/cli/run.ts', 'src/b.ts', 'src/a.ts', 'src/b.ts'];
  expect(batchesOf(phase('diagnostics-handoff-bundle', given, ['src/', 'docs/x.md']), special)).toEqual([
    { name: 'code', paths: ['src/', 'src/a.ts', 'src/b.ts'], deliverables: ['src/a.ts', 'src/b.ts'] },
    { name: 'cli', paths: ['src/cli/run.ts'], deliverables: ['src/cli/run.ts'] },
    { name: 'docs', paths: ['docs/x.md'], deliverables: ['docs/x.md'] },
  ]);
});

test('E-659 what no group takes is built in a last batch', () => {
  expect(batchesOf(phase('research-tracer-bullet', ['package.json', 'src/a.ts']), special)).toEqual([
    { name: 'code', paths: ['src/a.ts'], deliverables: ['src/a.ts'] },
    { name: 'rest', paths: ['package.json'], deliverables: ['package.json'] },
  ]);
});

test.each([[['src/a.ts', 'src/b.ts']], [['lib/a.ts']], [[]]])('E-115 what falls into one group is built whole: %j', (deliverables) => {
  expect(batchesOf(phase('research-tracer-bullet', deliverables), special)).toEqual([]);
});
