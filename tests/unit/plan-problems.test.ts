import { describe, expect, test } from 'vitest';
import { marked, problemsOf, type PlanCase } from '#tests/support/plans.ts';

const P = 'phases:\n- phase_id: p1\n';
const CANON = 'run: {run_id: r}\ntiers:\n- {tier_id: T1, tier_index: 0, name: t}\nphases:\n- {phase_id: p1, phase_index: 0, tier_id: T1, name: n';

const check = (_what: string, given: string, path: string, message: string, hint: string): void => {
  const { text, line, column } = marked(given);
  const problems = problemsOf(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ file: 'plan.yaml', line, column, path, message: expect.stringContaining(message), hint: expect.stringContaining(hint) });
};

describe('the text', () => {
  test.each<PlanCase>([
    ['an empty file', '▸', '', 'it is empty', 'phases'],
    ['a file of comments', '▸# nothing\n\n', '', 'it is empty', 'phases'],
    ['a lone null', '▸~\n', '', 'it is empty', ''],
    ['two documents', 'phases: []\n▸---\na: 1\n', '', 'a second document', '---'],
    ['a tab', 'phases:\n▸\t- phase_id: p1\n', '', '', ''],
    ['a key twice', `${P}▸phases: []\n`, '', 'unique', ''],
    ['an alias without an anchor', 'phases: ▸*a\n', '', 'nresolved alias', ''],
    ['an alias bomb', `▸a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nphases: [${'*c,'.repeat(9)}]\n`, '', 'alias', 'write the values out'],
    ['an alias of itself', 'phases: &a [▸*a, *a]\n', 'phases[0]', 'itself', ''],
    ['deep nesting', `▸phases: ${'['.repeat(40)}${']'.repeat(40)}\n`, '', 'nested deeper than 30', ''],
    ['half a character', 'phases:\n- phase_id: p1\n  ▸description: "\\ud800"\n', 'phases[0].description', 'not well-formed', ''],
    ['half a character in a key', 'phases:\n- ▸phase_id: p1\n  "\\ud800": 1\n', 'phases[0]', 'not well-formed', ''],
    ['a text', '▸hello\n', '', 'expected object', ''],
    ['a list', '▸- phase_id: p1\n', '', 'expected object', ''],
  ])('E-031 %s is told with its place', check);
});

test.each([
  ['an open bracket', 'phases: [{phase_id: p1\n', 2, ''], ['an open quote', 'phases:\n- phase_id: "p1\n', 2, ''], ['a colon too many', 'phases:\n- a: b: c\n', 2, ''], ['very deep nesting', `phases: ${'['.repeat(20_000)}`, 1, 'deeper than 30'],
])('E-031 %s is told in its line, by the first problem at least', (_what, text, line, message) => {
  const [first] = problemsOf(text);
  expect(first).toMatchObject({ line: expect.any(Number), message: expect.stringContaining(message) });
  expect(Math.abs((first?.line ?? 9) - line)).toBeLessThanOrEqual(1);
});

describe('unknown keys, at every level', () => {
  test.each<PlanCase>([
    ['of the short form', `▸phasess: []\n${P}`, 'phasess', 'unknown key', 'did you mean phases?'],
    ['of a short phase', `${P}  ▸success_citeria: [a]\n`, 'phases[0].success_citeria', 'unknown key', 'did you mean success_criteria?'],
    ['of the canonical form', `▸phase: []\n${CANON}}\n`, 'phase', 'unknown key', 'did you mean phases?'],
    ['of a canonical phase', `${CANON}, ▸phase_idx: 1}\n`, 'phases[0].phase_idx', 'unknown key', 'did you mean phase_id?'],
    ['of the run', `${CANON}}\n`.replace('run_id: r', 'run_id: r, ▸tokencap: 1'), 'run.tokencap', 'unknown key', 'did you mean token_cap?'],
    ['of a tier', `${CANON}}\n`.replace('name: t', 'name: t, ▸descripton: x'), 'tiers[0].descripton', 'unknown key', 'did you mean description?'],
    ['of a scope', `${P}  scope: {▸path: [a]}\n`, 'phases[0].scope.path', 'unknown key', 'did you mean paths?'],
    ['of a read-only entry', `${P}  scope: {read_only_context: [{path: a, ▸reasn: x}]}\n`, 'phases[0].scope.read_only_context[0].reasn', 'unknown key', 'did you mean reason?'],
    ['of deliverables', `${P}  deliverables: {▸coed: [a]}\n`, 'phases[0].deliverables.coed', 'unknown key', 'did you mean code?'],
    ['of ci', `ci: {▸comand: x}\n${P}`, 'ci.comand', 'unknown key', 'did you mean command?'],
    ['of a phase\'s ci', `${CANON}, ci: {command: x, ▸enviroment: {}}}\n`, 'phases[0].ci.enviroment', 'unknown key', 'known here: skip'],
    ['of the workspace', `workspace: {▸set-up: []}\n${P}`, 'workspace.set-up', 'unknown key', 'did you mean setup?'],
    ['named like a part of every object', `▸constructor: 1\n${P}`, 'constructor', 'unknown key', 'known here'],
  ])('E-031 an unknown key %s is told with what may have been meant', check);
});

describe('values', () => {
  test.each<PlanCase>([
    ['a number in a command', `ci: {command: [node, --test, ▸8080]}\n${P}`, 'ci.command[2]', 'expected string', ''],
    ['a number in a command of setup', `workspace: {setup: [[npm, ci], [sleep, ▸1]]}\n${P}`, 'workspace.setup[1][1]', 'expected string', ''],
    ['no phases', 'run_id: r\n▸'.replace('▸', '').replace('run_id', '▸run_id'), 'phases', '', ''],
    ['empty phases', '▸phases: []\n', 'phases', 'at least one phase', ''],
    ['phases of another type', '▸phases: p1\n', 'phases', 'expected array', ''],
    ['a numeric id', 'phases:\n- ▸phase_id: 1\n', 'phases[0].phase_id', 'quotes', ''],
    ['a numeric dependency', `${P}  dependencies: [▸7]\n`, 'phases[0].dependencies[0]', 'quotes', ''],
    ['a numeric run id', `▸run_id: 7\n${P}`, 'run_id', 'quotes', ''],
    ['a missing id', 'phases:\n- ▸description: x\n', 'phases[0].phase_id', 'missing', ''],
    ['an id with a space', 'phases:\n- ▸phase_id: a b\n', 'phases[0].phase_id', 'an id is a letter', ''],
    ['an id that is a path', 'phases:\n- ▸phase_id: a/b\n', 'phases[0].phase_id', 'an id is a letter', ''],
    ['an id of 65 characters', `phases:\n- ▸phase_id: ${'a'.repeat(65)}\n`, 'phases[0].phase_id', 'an id is a letter', ''],
    ['an empty name', `${CANON}}\n`.replace('name: n', '▸name: ""'), 'phases[0].name', '', ''],
    ['an empty goal', `${P}  ▸goal: ''\n`, 'phases[0].goal', '', ''],
    ['a fraction as index', `${CANON}}\n`.replace('phase_index: 0', '▸phase_index: 0.5'), 'phases[0].phase_index', 'int', ''],
    ['a time that no clock reaches', `${CANON}}\n`.replace('run_id: r', 'run_id: r, ▸max_duration_minutes: 9007199254740991'), 'run.max_duration_minutes', '5256000', ''],
    ['a text as token cap', `${CANON}}\n`.replace('run_id: r', 'run_id: r, ▸token_cap: many'), 'run.token_cap', 'number', ''],
    ['an unknown profile', `${CANON}}\n`.replace('run_id: r', 'run_id: r, ▸safety_profile: wild'), 'run.safety_profile', 'safety_critical', ''],
    ['E-657 a deliverable outside of the scope', `${P}  deliverables: [src/a, src/, lib, ▸docs/a]\n  scope: {paths: [src/, lib/]}\n`, 'phases[0].deliverables[3]', 'outside of the scope', 'scope.paths'],
    ['E-657 a deliverable outside of the manifest', `${P}  deliverables: [src/a, ▸src/b]\n  scope: {paths: [src/], deliverables_manifest: [src/a]}\n`, 'phases[0].deliverables[1]', 'not in deliverables_manifest', 'add it'],
    ['another builder mode', `${CANON}, ▸builder_mode: patch}\n`, 'phases[0].builder_mode', 'full_file, structured_edit, ndjson or diff', ''],
    ['zero attempts', `${CANON}, ▸max_builder_attempts: 0}\n`, 'phases[0].max_builder_attempts', '', ''],
    ['an include that leaves', `workspace: {include: [▸../x]}\n${P}`, 'workspace.include[0]', 'leaves the repository', ''],
    ['an include of keys', `workspace: {include: [a, ▸config/.env]}\n${P}`, 'workspace.include[1]', 'a file for keys', 'no checkout'],
    ['a link of git', `workspace: {link: [▸.git/hooks]}\n${P}`, 'workspace.link[0]', '.git', 'no checkout'],
    ['git', `workspace: {▸git: true}\n${P}`, 'workspace.git', 'comes with a later version', ''],
    ['shell: true', `ci: {command: x, ▸shell: true}\n${P}`, 'ci.shell', 'no shell', ''],
    ['coverage outside of the repository', `ci: {command: x, ▸coverage: /a.info}\n${P}`, 'ci.coverage', '', ''],
    ['a report outside of the repository', `ci: {command: x, report: [▸../a.xml]}\n${P}`, 'ci.report[0]', '', ''],
    ['the name of a variable', `ci: {command: x, env: {▸"1a": x}}\n${P}`, 'ci.env.1a', 'not the name of a variable', ''],
    ['a set', `${P}  dependencies: ▸!!set {a, b}\n`.replace('▸', '').replace('dependencies', '▸dependencies'), 'phases[0].dependencies', 'expected array', ''],
  ])('E-010 E-013 E-015 %s is told with its place', check);

  test('E-031 no message is above a line, and each is a sentence for people', () => {
    for (const { message, hint } of problemsOf(`x: 1\n${P}  scope: {paths: 7, ci: {type: jest}}\n  deliverables: 7\n`)) expect(`${message}${hint}`).toMatch(/^[^\n]{3,300}$/);
  });
});

test('E-031 JSON is read as the YAML that it is, with the same places', () => {
  const problems = problemsOf('{\n  "phases": [\n    {"phase_id": 1,\n     "scop": {}}\n  ]\n}\n');
  expect(problems.map(({ line, column, path }) => [line, column, path])).toEqual([[3, 6, 'phases[0].phase_id'], [4, 6, 'phases[0].scop']]);
});

test('E-031 several problems of several kinds are told at once, in order of place', () => {
  const text = `run: {run_id: r, tokn_cap: 1}
tiers:
- {tier_id: T1, tier_index: 0, name: t}
- {tier_id: t1, tier_index: 1, name: t}
phases:
- {phase_id: p1, phase_index: 0, tier_id: T9, name: n, dependencies: [p1]}
- {phase_id: 2, phase_index: 1, tier_id: T1, name: n, dependencies: [px]}
- {phase_id: P1, phase_index: 0, tier_id: T1, nam: n, dependencies: [{toString: 1}]}
`;
  expect(problemsOf(text).map(({ line, path, message }) => `${line} ${path}: ${message}`)).toEqual([
    '1 run.tokn_cap: unknown key', '4 tiers[1].tier_id: tier t1 stands twice', '6 phases[0].tier_id: there is no tier T9', '6 phases[0].dependencies[0]: p1 depends on itself',
    '7 phases[1].phase_id: an id is text: put it in quotes', '7 phases[1].dependencies[0]: there is no phase px', expect.stringMatching(/^8 phases\[2\]\.name: /), '8 phases[2].phase_id: phase P1 stands twice',
    '8 phases[2].nam: unknown key', '8 phases[2].dependencies[0]: an id is text: put it in quotes',
  ]);
});

test('E-031 nesting that overflows the reader is one problem, not one for each level', () => {
  expect(problemsOf('['.repeat(200_000)).map(({ message }) => message)).toEqual(['it is nested deeper than 30 levels']);
});

test('E-031 what a broken schema leaves readable is judged too: paths, commands, deliverables, order', () => {
  const problems = problemsOf(`tiers: [{tier_id: T1, tier_index: 0, name: t}]
colour: red
ci: {command: "make test && echo"}
phases:
- {phase_id: a/b, phase_index: 0, tier_id: T1, name: n, scope: {paths: [/etc/passwd, 5, ok.txt]}, dependencies: [p2]}
- {phase_id: p2, phase_index: one, tier_id: T1, name: n, scope: {paths: [src/]}, deliverables: [doc.md], dependencies: [a/b, gone]}
`);
  expect(problems.map(({ path }) => path)).toEqual(['colour', 'ci.command', 'phases[0].phase_id', 'phases[0].scope.paths[0]', 'phases[0].scope.paths[1]', 'phases[1].phase_index', 'phases[1].deliverables[0]', 'phases[1].dependencies[0]', 'phases[1].dependencies[1]']);
});
