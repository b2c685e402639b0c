import { describe, expect, test } from 'vitest';
import { marked, problemsOf, type PlanCase } from '#tests/support/plans.ts';

const check = (_what: string, given: string, path: string, message: string, hint: string): void => {
  const { text, line, column } = marked(given);
  const problems = problemsOf(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ line, column, path, message: expect.stringContaining(message), hint: expect.stringContaining(hint) });
};

const tiers = 'tiers:\n- {tier_id: T1, tier_index: 0, name: t}\n- {tier_id: T2, tier_index: 1, name: t}\n';
const phase = (id: string, more = '', tier = 'T1', index = 0): string => `- {phase_id: ${id}, phase_index: ${index}, tier_id: ${tier}, name: n${more}}\n`;
const P = 'phases:\n- phase_id: p1\n';

describe('names', () => {
  test.each<PlanCase>([
    ['a phase twice', `phases:\n- phase_id: a\n- ▸phase_id: a\n`, 'phases[1].phase_id', 'phase a stands twice', 'a name of its own'],
    ['a phase twice but for case', `phases:\n- phase_id: build\n- ▸phase_id: Build\n`, 'phases[1].phase_id', 'phase Build stands twice', 'build differs only in case'],
    ['a tier twice', `tiers:\n- {tier_id: T1, tier_index: 0, name: t}\n- {▸tier_id: T1, tier_index: 1, name: t}\nphases:\n${phase('a')}`, 'tiers[1].tier_id', 'tier T1 stands twice', ''],
    ['a tier index twice', `tiers:\n- {tier_id: T1, tier_index: 0, name: t}\n- {tier_id: T2, ▸tier_index: 0, name: t}\nphases:\n${phase('a')}`, 'tiers[1].tier_index', 'stands twice', ''],
    ['a place in a tier twice', `${tiers}phases:\n${phase('a')}${phase('b').replace('phase_index', '▸phase_index')}`, 'phases[1].phase_index', 'place in a tier T1/0 stands twice', ''],
    ['an unknown tier', `${tiers}phases:\n${phase('a', '', 'T3').replace('tier_id', '▸tier_id')}`, 'phases[0].tier_id', 'there is no tier T3', 'did you mean T1?'],
    ['an unknown tier like no other', `${tiers}phases:\n${phase('a', '', 'backend').replace('tier_id', '▸tier_id')}`, 'phases[0].tier_id', 'there is no tier backend', 'known: T1, T2'],
    ['too many phases', `▸phases:\n${['a', 'b', 'c', 'd'].map((id) => `- phase_id: ${id}\n`).join('')}`, 'phases', '4 phases are more than max_phases (3)', 'split the plan'],
    ['more phases than the plan allows itself', `run: {max_phases: 1}\n${tiers}▸phases:\n${phase('a')}${phase('b', '', 'T1', 1)}`, 'phases', '2 phases are more than max_phases (1)', ''],
  ])('E-012 E-013 %s is told with its place', check);
});

describe('dependencies', () => {
  test.each<PlanCase>([
    ['an unknown phase', `phases:\n- phase_id: build\n- phase_id: b\n  dependencies: [▸biuld]\n`, 'phases[1].dependencies[0]', 'there is no phase biuld', 'did you mean build?'],
    ['the second of two', `phases:\n- phase_id: a\n- phase_id: b\n  dependencies:\n  - a\n  - ▸x\n`, 'phases[1].dependencies[1]', 'there is no phase x', ''],
    ['itself', `phases:\n- phase_id: a\n  dependencies: [▸a]\n`, 'phases[0].dependencies[0]', 'a depends on itself', 'remove it'],
    ['a later tier', `${tiers}phases:\n${phase('a', ', dependencies: [▸b]')}${phase('b', '', 'T2')}`, 'phases[0].dependencies[0]', 'b is in the later tier T2, which begins only after T1 is over', 'move one of them'],
    ['a circle of two', `phases:\n- phase_id: a\n  ▸dependencies: [b]\n- phase_id: b\n  dependencies: [a]\n`, 'phases[0].dependencies', 'a → b → a', 'remove one'],
    ['a circle that is named from its first phase in the plan, wherever one enters it', `phases:\n- phase_id: a\n  dependencies: [c]\n- phase_id: b\n  ▸dependencies: [c]\n- phase_id: c\n  dependencies: [b]\n`, 'phases[1].dependencies', 'circle: b → c → b', ''],
    ['a circle by a name that stands twice', `phases:\n- phase_id: a\n  ▸dependencies: [b, b]\n- phase_id: b\n  dependencies: [a]\n`, 'phases[0].dependencies', 'a → b → a', ''],
  ])('E-037 a dependency on %s is told with its place', check);

  test('E-037 a circle is named whole, and two circles are two problems', () => {
    const plan = 'phases:\n- {phase_id: a, dependencies: [b]}\n- {phase_id: b, dependencies: [c, a]}\n- {phase_id: c, dependencies: [a]}\n';
    expect(problemsOf(plan).map(({ message }) => message)).toEqual(['the dependencies run in a circle: a → b → c → a', 'the dependencies run in a circle: a → b → a']);
  });

  test('E-037 a circle through thousands of phases is found, not stumbled over', () => {
    const count = 12_000;
    const plan = Array.from({ length: count }, (_phase, i) => `- {phase_id: p${i}, dependencies: [p${(i + 1) % count}]}\n`).join('');
    expect(problemsOf(`phases:\n${plan}`).map(({ message }) => message.slice(0, 55))).toEqual([`${count} phases are more than max_phases (3)`, 'the dependencies run in a circle: p0 → p1 → p2 → p3 → p'].map((message) => expect.stringContaining(message)));
  });

  test('E-037 a dependency on an earlier tier and on a later phase of the same tier is well', () => {
    expect(problemsOf(`${tiers}phases:\n${phase('a', ', dependencies: [b]')}${phase('b', '', 'T1', 1)}${phase('c', ', dependencies: [a]', 'T2')}`)).toEqual([]);
  });
});

describe('paths', () => {
  test.each<PlanCase>([
    ['an absolute one', `${P}  scope: {paths: [▸/etc/passwd]}\n`, 'phases[0].scope.paths[0]', 'it is absolute', 'relative to the root'],
    ['one of a drive', `${P}  scope: {paths: [a, ▸'C:/x']}\n`, 'phases[0].scope.paths[1]', 'it is absolute', ''],
    ['one of two slashes', `${P}  scope: {paths: [▸//host/x]}\n`, 'phases[0].scope.paths[0]', 'it is absolute', ''],
    ['one that leaves', `${P}  scope: {paths: [▸../x]}\n`, 'phases[0].scope.paths[0]', 'it leaves the repository', ''],
    ['one that leaves and comes back', `${P}  scope: {paths: [▸a/../b]}\n`, 'phases[0].scope.paths[0]', 'it leaves the repository', ''],
    ['a backslash', `${P}  scope: {paths: [▸'src\\a.ts']}\n`, 'phases[0].scope.paths[0]', 'it holds a backslash', ''],
    ['a NUL', `${P}  scope: {paths: [▸"a\\0b"]}\n`, 'phases[0].scope.paths[0]', 'it holds a NUL', ''],
    ['a home', `${P}  scope: {paths: [▸'~/x']}\n`, 'phases[0].scope.paths[0]', 'it begins with ~', ''],
    ['nothing but spaces', `${P}  scope: {paths: [▸'  ']}\n`, 'phases[0].scope.paths[0]', 'it is empty', ''],
    ['a long one', `${P}  scope: {paths: [▸${'x'.repeat(513)}]}\n`, 'phases[0].scope.paths[0]', 'longer than 512', ''],
    ['a long one to read', `${P}  scope: {read_only_context: [▸${'x'.repeat(513)}]}\n`, 'phases[0].scope.read_only_context[0]', 'longer than 512', ''],
    ['an absolute one to read', `${P}  scope: {read_only_context: [{path: a}, ▸{path: /b}]}\n`, 'phases[0].scope.read_only_context[1]', 'it is absolute', ''],
    ['a deliverable that leaves', `${P}  deliverables: [▸../x]\n`, 'phases[0].deliverables[0]', 'it leaves the repository', ''],
    ['a deliverable of the scope', `${P}  scope: {deliverables: [▸/x], paths: [a]}\n`, 'phases[0].scope.deliverables[0]', 'it is absolute', ''],
    ['a protected one of the plan', `protected: [▸/x]\n${P}`, 'protected[0]', 'it is absolute', ''],
    ['a working folder', `ci: {command: x, ▸workdir: /tmp}\n${P}`, 'ci.workdir', 'it is absolute', ''],
    ['too many', `${P}  scope: {▸paths: [a, b, c]}\n`, 'phases[0].scope.paths', '3 paths are more than 2', 'name folders'],
    ['.git', `${P}  scope: {paths: [▸.git/config]}\n`, 'phases[0].scope.paths[0]', '.git/config: is, or may be taken for, .git', 'no phase may change it'],
    ['what the configuration protects', `${P}  scope: {paths: [▸.autonomous_runs/x]}\n`, 'phases[0].scope.paths[0]', '.autonomous_runs', ''],
    ['what the plan protects', `protected: [config/]\n${P}  scope: {paths: [▸config/]}\n`, 'phases[0].scope.paths[0]', 'config/: is protected by the plan', ''],
    ['the plan itself', `${P}  scope: {paths: [▸docs/plan.yaml]}\n`, 'phases[0].scope.paths[0]', 'is protected by the plan', ''],
  ])('E-014 E-034 %s as a path is told with its place', check);

  test('E-034 a scope that comes from protected deliverables is told too', () => {
    expect(problemsOf(`protected: [a/]\n${P}  deliverables: [a/b.ts]\n`).map(({ message }) => message)).toEqual(['a/: is protected by the plan']);
  });
});

describe('commands', () => {
  test.each<PlanCase>([
    ['a pipe', `ci: {▸command: 'npm test | tee log'}\n${P}`, 'ci.command', '"|" has no meaning: no shell runs the command', 'give argv'],
    ['a pipe where no baseline is wanted', `ci: {▸command: 'a | b', baseline: none}\n${P}`, 'ci.command', '"|" has no meaning', ''],
    ['a variable', `${P}  scope: {ci: {▸command: 'X=1 npm test'}}\n`, 'phases[0].scope.ci.command', 'use ci.env', ''],
    ['an open quote', `ci: {▸command: 'npm "test'}\n${P}`, 'ci.command', 'a " is not closed', ''],
    ['nothing', `ci: {▸command: ''}\n${P}`, 'ci.command', 'it is empty', ''],
    ['an empty program', `ci: {command: [▸'', x]}\n${P}`, 'ci.command[0]', 'the program is empty', ''],
    ['a NUL in argv', `ci: {command: [a, ▸"b\\0"]}\n${P}`, 'ci.command[1]', 'it holds a NUL', ''],
    ['a NUL in a text', `ci: {▸command: "a b\\0"}\n${P}`, 'ci.command', 'it holds a NUL', ''],
    ['a NUL in an argument', `ci: {command: a, args: [▸"b\\0"]}\n${P}`, 'ci.args[0]', 'it holds a NUL', ''],
    ['a NUL in a variable', `ci: {command: a, env: {▸A: "b\\0"}}\n${P}`, 'ci.env.A', 'it holds a NUL', ''],
    ['more than 100 words', `ci: {▸command: '${'a '.repeat(101)}'}\n${P}`, 'ci.command', 'more than 100 words', ''],
    ['more than 100 words with its arguments', `ci: {▸command: a, args: [${'b,'.repeat(100)}]}\n${P}`, 'ci.command', 'more than 100 words', ''],
    ['a setup with a pipe', `workspace: {setup: [npm ci, ▸'a | b']}\n${P}`, 'workspace.setup[1]', 'no shell', ''],
    ['an empty setup', `workspace: {setup: [▸'']}\n${P}`, 'workspace.setup[0]', 'it is empty', ''],
    ['too many words of a set-up', `workspace: {setup: [▸'${'a '.repeat(101)}']}\n${P}`, 'workspace.setup[0]', 'more than 100 words', ''],
    ['too many words by the arguments of a phase', `ci: {command: [${'a,'.repeat(60)}]}\n${P}  scope: {ci: {▸args: [${'b,'.repeat(60)}]}}\n`, 'phases[0].scope.ci.args', 'more than 100 words', ''],
    ['a pipe of the run, inherited by a phase with a time limit of its own', `ci: {▸command: 'a | b'}\n${P}  scope: {ci: {timeout: 5}}\n`, 'ci.command', '"|" has no meaning', ''],
    ['a pipe where the tests are skipped', `ci: {▸command: 'a | b', skip: true, reason: why}\n${P}`, 'ci.command', '"|" has no meaning', ''],
    ['none where the type is custom', `ci: {▸type: custom}\n${P}`, 'ci.type', 'needs a command', ''],
    ['tests skipped without a reason', `ci: {▸skip: true}\n${P}- phase_id: p2\n`, 'ci.skip', 'without a reason', 'ci.reason'],
    ['a phase\'s tests skipped without a reason', `${P}  scope: {ci: {▸skip: true}}\n`, 'phases[0].scope.ci.skip', 'without a reason', ''],
  ])('E-015 %s in a command is told once, with its place', check);
});
