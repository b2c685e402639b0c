import { describe, expect, test } from 'vitest';
import { parsed } from '#tests/support/plans.ts';

function accepted(text: string) {
  const read = parsed(text);
  if (!read.ok) throw new Error(read.problems.map(({ path, message }) => `${path}: ${message}`).join('; '));
  return read;
}
const planOf = (text: string) => accepted(text).plan;
const phaseOf = (text: string) => planOf(text).phases[0];
const warningsOf = (text: string) => accepted(text).warnings.filter(({ message }) => !message.includes('acceptance criteria')).map(({ path, message }) => `${path}: ${message}`);

const P = 'phases:\n- phase_id: p1\n';
const CANON = (more: string): string => `tiers: [{tier_id: T1, tier_index: 0, name: t}]\nphases: [{phase_id: p1, phase_index: 0, tier_id: T1, name: n${more}}]\n`;

describe('forms', () => {
  test('E-031 the short form is one tier T0, its phases in order, named by goal or id', () => {
    const { run, tiers, phases } = planOf(`${P}  goal: a goal\n  success_criteria: [it works]\n- phase_id: p2\n  dependencies: [p1]\n`);
    expect(run).toEqual({ run_id: 'run' });
    expect(tiers).toEqual([{ tier_id: 'T0', tier_index: 0, name: 'T0', description: null }]);
    expect(phases.map(({ phase_id, phase_index, tier_id, name, acceptance_criteria, dependencies }) => [phase_id, phase_index, tier_id, name, acceptance_criteria, dependencies])).toEqual([
      ['p1', 0, 'T0', 'a goal', ['it works'], []], ['p2', 1, 'T0', 'p2', [], ['p1']],
    ]);
  });

  test('E-031 the short form may say of its run what the long one does', () => {
    const short = accepted(`run: {run_id: r, project_id: p, token_cap: 7}\n${P}`);
    expect([short.plan.run, short.plan.tiers.length, short.settings.project, short.settings.tokenCap]).toEqual([{ run_id: 'r' }, 1, 'p', 7]);
    expect(parsed(`run: {run_id: r}\nrun_id: s\n${P}`)).toMatchObject({ ok: false, problems: [{ path: 'run_id', message: expect.stringContaining('named twice') }] });
    expect(parsed(`run: {run_id: r}\n${P}  tier_id: t\n`), 'a phase of a tier makes it the long one').toMatchObject({ ok: false, problems: expect.arrayContaining([expect.objectContaining({ path: 'tiers', message: 'it is missing' })]) });
  });

  test('E-010 what the plan says of the run becomes settings, and its defaults are told by their absence', () => {
    expect(accepted(`run: {run_id: r, project_id: p, safety_profile: safety_critical, token_cap: 7, phase_token_cap: 5, ci_run_cap: 3, cost_cap_usd: 0.5, max_duration_minutes: 9, max_parallel: 3, confirm_above: 0.25}\n${CANON('')}`).settings)
      .toEqual({ project: 'p', profile: 'safety_critical', tokenCap: 7, costCapMicroUsd: 500_000, confirmAboveMicroUsd: 250_000, phaseTokenCap: 5, ciRunCap: 3, durationMinutes: 9, parallel: 3 });
    expect(accepted(CANON('')).settings).toEqual({ project: 'project', profile: 'normal', tokenCap: null, costCapMicroUsd: null, confirmAboveMicroUsd: null, phaseTokenCap: null, ciRunCap: null, durationMinutes: null, parallel: null });
  });

  test('E-030 the plan protects what it names, and itself', () => {
    expect(planOf(`protected: [./a//b, a/b]\n${P}`).protected).toEqual(['a/b', 'docs/plan.yaml']);
  });

  test('R2 a minus zero of YAML is zero in the plan', () => {
    const { tiers, phases } = planOf(CANON('').replace('tier_index: 0', 'tier_index: -0').replace('phase_index: 0', 'phase_index: -0'));
    expect([tiers[0]?.tier_index, phases[0]?.phase_index]).toEqual([0, 0]);
  });

  test('E-013 a category is trimmed and lowered, and limited as it is recorded', () => {
    expect(phaseOf(CANON(', task_category: " Docs "'))?.task_category).toBe('docs');
    expect(parsed(CANON(`, task_category: ${'İ'.repeat(64)}`))).toMatchObject({ ok: false, problems: [{ path: 'phases[0].task_category' }] });
  });
});

describe('complexity', () => {
  test.each([
    ['low', 'low', 0], [' LOW ', 'low', 0], ['simple', 'low', 1], ['hard', 'high', 1], ['med', 'medium', 1], ['high_complexity', 'high', 1], ['low-level', 'low', 1],
    ['maint', 'maintenance', 1], ['maintenance_mode', 'maintenance', 1], ['constructor', 'medium', 1], ['huge', 'medium', 1],
  ])('E-017 %j is %s, with %i warnings', (given, complexity, warnings) => {
    const text = CANON(`, complexity: ${JSON.stringify(given)}`);
    expect(phaseOf(text)?.complexity).toBe(complexity);
    expect(warningsOf(text)).toHaveLength(warnings);
  });
});

describe('paths', () => {
  test.each([
    ['a/b.ts', 'a/b.ts'], ['./a', 'a'], ['././a', 'a'], ['a//b', 'a/b'], ['.//a', 'a'], ['"a"', 'a'], ['`a` (new)', 'a'], ['a (new) (really)', 'a'], [' a/ ', 'a/'], ['a b', 'a b'],
  ])('E-035 %j is read as %j, and told where it differs', (given, path) => {
    const text = `${P}  scope: {paths: [${JSON.stringify(given)}]}\n`;
    expect(phaseOf(text)?.scope.paths).toEqual([path]);
    expect(warningsOf(text)).toEqual(given === path ? [] : [`phases[0].scope.paths[0]: ${JSON.stringify(given)} is read as ${JSON.stringify(path)}`]);
  });

  test('E-035 without a scope the folders of the deliverables are it, a file at the root stands for itself', () => {
    const text = `${P}  deliverables: {code: [src/a.ts, src/b.ts], docs: README.md}\n`;
    expect(phaseOf(text)).toMatchObject({ deliverables: ['src/a.ts', 'src/b.ts', 'README.md'], scope: { paths: ['src/', 'README.md'] } });
    expect(warningsOf(text)).toEqual(['phases[0]: no scope is given: it may change src/, README.md, from its deliverables']);
  });

  test('E-014 a bare path to read is one without a reason', () => {
    expect(phaseOf(`${P}  scope: {read_only_context: [a, {path: b, reason: why}]}\n`)?.scope.read_only_context).toEqual([{ path: 'a', reason: '' }, { path: 'b', reason: 'why' }]);
  });
});

describe('commands', () => {
  const command = { kind: 'command', argv: ['npm', 'test'], timeoutMs: 600_000, workdir: '.', env: [], reports: [], coverage: null, allowWeakerTests: false, newTestsMustFailBefore: false };

  test('E-015 the command of the run is that of every phase and of the baseline, which has its own limit of time', () => {
    const { phases, baseline } = planOf(`ci: {command: npm test}\n${P}`);
    expect(phases[0]?.ci).toEqual(command);
    expect(baseline).toEqual({ ...command, timeoutMs: 180_000 });
  });

  test.each([
    ['its own command', '{command: [make, check]}', { argv: ['make', 'check'], timeoutMs: 60_000 }],
    ['its own limit of time, by either name', '{timeout: 5}', { argv: ['npm', 'test'], timeoutMs: 5000 }],
    ['its own arguments', '{args: [-x]}', { argv: ['npm', 'test', '-x'] }],
    ['its own folder and variables, in order', '{workdir: ./sub/, env: {B: "2", A: "1"}}', { workdir: 'sub/', env: [['A', '1'], ['B', '2']] }],
    ['the folder of the repository', '{workdir: .}', { workdir: '.' }],
    ['one report', '{report: out/junit.xml}', { reports: ['out/junit.xml'] }],
    ['several reports, each once', '{report: [a.xml, ./a.xml, b.json]}', { reports: ['a.xml', 'b.json'] }],
    ['coverage', '{coverage: cov/lcov.info}', { coverage: 'cov/lcov.info' }],
    ['new tests that must fail before', '{new_tests_must_fail_before: true}', { newTestsMustFailBefore: true }],
    ['weaker tests', '{allow_weaker_tests: true}', { allowWeakerTests: true }],
  ])('E-015 a phase may have %s', (_what, ci, expected) => {
    expect(phaseOf(`ci: {command: npm test, timeout_seconds: 60}\n${P}  scope: {ci: ${ci}}\n`)?.ci).toMatchObject(expected);
  });

  test('E-013 a phase\'s own entry goes before that of its scope', () => {
    expect(phaseOf(CANON(', ci: {command: a}, scope: {ci: {command: b}}'))?.ci).toMatchObject({ argv: ['a'] });
  });

  test.each([
    ['no command', '', { kind: 'none' }, { kind: 'none', reason: 'no test command for the whole run' }],
    ['skipped tests', 'ci: {skip: true, reason: why}\n', { kind: 'skip', reason: 'why' }, { kind: 'none', reason: 'no test command for the whole run' }],
    ['no baseline', 'ci: {command: x, baseline: none}\n', { kind: 'command' }, { kind: 'none', reason: 'the plan says so' }],
    ['pytest', 'ci: {type: pytest, paths: [t], args: [-q]}\n', { argv: ['pytest', 't', '-q'] }, { kind: 'command' }],
  ])('E-015 %s is recorded as such', (_what, ci, ofPhase, baseline) => {
    const { phases, baseline: ofRun } = planOf(`${ci}${P}`);
    expect(phases[0]?.ci).toMatchObject(ofPhase);
    expect(ofRun).toMatchObject(baseline);
  });

  test('DESIGN 7 what is added to a checkout is recorded as paths', () => {
    expect(planOf(`workspace: {include: [node_modules/, ./.cache], link: [data]}\n${P}`).workspace).toEqual({ setup: [], include: ['node_modules', '.cache'], link: ['data'] });
  });

  test('E-015 a set-up is argv, as a text or as a list', () => {
    expect(planOf(`workspace: {setup: ["npm ci --no-audit", [make, "a b"]]}\n${P}`).workspace.setup).toEqual([['npm', 'ci', '--no-audit'], ['make', 'a b']]);
  });
});

test.each<[string, readonly string[], string | null]>([
  ['src/a.ts', ['src/a.ts'], null], ['docs/', ['docs/'], null], ['LICENSE', ['LICENSE'], null], ['Makefile', ['Makefile'], null], ['.gitignore', ['.gitignore'], null], ['docs/dealing with errors.md', ['docs/dealing with errors.md'], null],
  ['Documentation in docs/x.md', ['docs/x.md'], 'is read as'], ['src/a.ts with tests for it', ['src/a.ts'], 'is read as'], ['src/a.ts (new', ['src/a.ts'], 'is read as'], ['src/a.ts modifications', ['src/a.ts'], 'is read as'], ['README updated', ['README'], 'is read as'], ['Procfile', ['Procfile'], null], ['.//bin', ['bin'], 'is read as'],
  ['tests', [], 'names no file'], ['polish', [], 'names no file'], ['a working parser', [], 'names no file'],
])('E-190 the deliverable %j is accepted as %j, and a change is told', (given, wanted, told) => {
  const text = `${P}  deliverables: [${JSON.stringify(given)}]\n`;
  expect(phaseOf(text)?.deliverables).toEqual(wanted);
  expect(warningsOf(text).filter((warning) => !warning.includes('no scope is given'))).toEqual(told === null ? [] : [expect.stringContaining(told)]);
});
