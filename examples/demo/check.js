// Check of the demo's data
// ========================
// Plays plan and answers through without the product: each attempt on the state that the earlier phases left, with real
// git and real tests, and holds what happens against what the demo promises to show. Node 20 or later.
//
//     node examples/demo/check.js

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const HERE = dirname(fileURLToPath(import.meta.url));

/** What each phase shows: how its attempts end, in order. `tests` lists the tests that fail, all of them. */
const PROMISED = {
  'money-thousands': [{ ends: 'pass' }],
  'csv-quotes': [
    { ends: 'tests', failing: ['an empty field is a field, at the end of a line too', 'rows that are written can be read again'] },
    { ends: 'pass' },
  ],
  'entry-validation': [{ ends: 'pass' }],
  'month-filter': [{ ends: 'apply' }, { ends: 'pass' }],
  'recurring-entries': [{ ends: 'audit' }, { ends: 'pass' }],
  'category-shares': [
    { ends: 'tests', failing: ['the shares of three equal categories add up to 100'] },
    { ends: 'tests', failing: ['the shares of three equal categories add up to 100'] },
    { ends: 'pass' },
  ],
  'sealed-export': [{ ends: 'pass' }],
  'currency-places': [{ ends: 'pass' }],
  'user-guide': [{ ends: 'cut' }, { ends: 'pass' }],
};
const REPLANNED = { phase: 'category-shares', afterAttempt: 2 };
const TWO_AUDITORS = ['security_auth_change', 'external_feature_reuse_remote'];
const ASKS_A_HUMAN = ['external_feature_reuse_remote'];

/** @returns {{phase: string, tier: string, category: string, mode: string, attempt: number, ends: string, tests: string, ms: number | null}[]} */
export function checkDemo() {
  const plan = parse(readFileSync(join(HERE, 'plan.yaml'), 'utf8'));
  const script = parse(readFileSync(join(HERE, 'answers.yaml'), 'utf8'));
  const answers = answersOf(script);
  const phases = inOrder(plan);
  assert.deepEqual(phases.map(({ phase_id: id }) => id), Object.keys(PROMISED), 'the nine phases, in order');

  const repo = repository();
  try {
    const base = runTests(repo, plan.ci);
    assert.equal(base.exit, 0, 'the project passes before the first phase');
    const rows = [];
    const touched = new Map();
    let tests = base.count;
    for (const phase of phases) {
      const played = playPhase({ repo, plan, phase, answers, testsBefore: tests });
      rows.push(...played.rows.map((row) => ({ phase: phase.phase_id, tier: phase.tier_id, category: phase.task_category, mode: phase.builder_mode, ...row })));
      touched.set(phase.phase_id, played.paths);
      tests = played.tests;
    }
    assert.equal(git(repo, 'rev-list', '--count', 'HEAD').trim(), '10', 'nine commits on the base');
    assert.equal(git(repo, 'status', '--porcelain'), '', 'tests leave nothing behind');
    checkIndependence(phases, touched);
    answers.checkAllUsed();
    return rows;
  } finally {
    rmSync(repo, { recursive: true, force: true });
  }
}

// The plan

function inOrder({ tiers, phases }) {
  const tierIndex = new Map(tiers.map((tier) => [tier.tier_id, tier.tier_index]));
  const sorted = phases.toSorted((a, b) => tierIndex.get(a.tier_id) - tierIndex.get(b.tier_id) || a.phase_index - b.phase_index);
  const before = new Set();
  for (const { phase_id: id, dependencies = [] } of sorted) {
    for (const needed of dependencies) assert.ok(before.has(needed), `${id} comes after ${needed}`);
    before.add(id);
  }
  return sorted;
}

/** Phases that touch the same file are ordered by dependencies, so that any order the plan allows gives the same commits. */
function checkIndependence(phases, touched) {
  const needs = new Map();
  for (const { phase_id: id, dependencies = [] } of phases) {
    needs.set(id, new Set(dependencies.flatMap((needed) => [needed, ...needs.get(needed)])));
    for (const [other] of needs) {
      if (other === id || needs.get(id).has(other)) continue;
      const shared = touched.get(id).filter((path) => touched.get(other).includes(path));
      assert.deepEqual(shared, [], `${id} and ${other} touch the same files, but neither needs the other`);
    }
  }
}

// The answers

function answersOf({ version, answers, defaults }) {
  assert.equal(version, 1);
  const used = new Set();
  const find = (role, phase, attempt) => {
    const match = answers.find((answer) => answer.role === role && answer.phase === phase && (answer.attempt ?? attempt) === attempt);
    if (match !== undefined) used.add(match);
    const answer = match ?? defaults[role];
    assert.ok(answer, `no answer of ${role} for ${phase}, attempt ${attempt}`);
    if (role !== 'human') {
      assert.ok(answer.usage.input >= 1000 && answer.usage.input <= 6000, `${phase}: input`);
      assert.ok(answer.usage.output >= 250 && answer.usage.output <= 4400, `${phase}: output`);
    }
    return { ...answer, text: answer.file === undefined ? answer.text : readFileSync(join(HERE, answer.file), 'utf8') };
  };
  const checkAllUsed = () => {
    const left = answers.filter((answer) => !used.has(answer)).map(({ role, phase, attempt }) => `${role} ${phase} ${attempt}`);
    assert.deepEqual(left, [], 'every answer is asked for');
    const named = answers.flatMap(({ file }) => (file === undefined ? [] : [file])).sort();
    assert.deepEqual(readdirSync(join(HERE, 'answers')).map((name) => `answers/${name}`).sort(), named, 'every file of answers/ is named once');
  };
  return { find, checkAllUsed };
}

// One phase

function playPhase({ repo, plan, phase, answers, testsBefore }) {
  const id = phase.phase_id;
  const rows = [];
  const failures = [];
  for (const [index, promised] of PROMISED[id].entries()) {
    const attempt = index + 1;
    const played = playAttempt({ repo, plan, phase, answers, attempt, testsBefore });
    const { ends, failing, output, tests } = played;
    assert.equal(ends, promised.ends, `${id}, attempt ${attempt}:\n${output ?? ''}`);
    if (ends === 'tests') {
      assert.deepEqual(failing, promised.failing, `${id}, attempt ${attempt}`);
      failures.push(output);
    }
    rows.push({ attempt, ends, tests: tests === undefined ? '' : `${tests.count} run, ${tests.failed} fail`, ms: tests?.ms ?? null });
    if (REPLANNED.phase === id && REPLANNED.afterAttempt === attempt) checkReplan(answers.find('planner', id, attempt), phase, failures);
    if (ends === 'pass') {
      git(repo, 'commit', '-q', '-m', `${id}: ${phase.name}`);
      return { rows, paths: played.paths, tests: tests.count };
    }
    git(repo, 'reset', '-q', '--hard');
    git(repo, 'clean', '-fdq');
  }
  throw new assert.AssertionError({ message: `${id} never passes` });
}

function playAttempt({ repo, plan, phase, answers, attempt, testsBefore }) {
  const id = phase.phase_id;
  const built = answers.find('builder', id, attempt);
  if (built.stop_reason === 'max_tokens') {
    assert.throws(() => JSON.parse(built.text), SyntaxError, `${id}: a cut answer cannot be read`);
    return { ends: 'cut' };
  }
  const { applied, output } = phase.builder_mode === 'diff' ? applyDiff(repo, built.text) : applyFiles(repo, built.text);
  if (!applied) return { ends: 'apply', output };
  git(repo, 'add', '--all');
  const paths = checkCandidate(repo, phase);
  const tests = runTests(repo, plan.ci);
  if (tests.exit !== 0) return { ends: 'tests', failing: tests.failing, output: tests.output, tests, paths };
  assert.ok(tests.count >= testsBefore, `${id}: no test gets lost`);
  const approved = audit({ repo, phase, answers, attempt });
  if (!approved) return { ends: 'audit', tests, paths };
  if (ASKS_A_HUMAN.includes(phase.task_category)) assert.equal(answers.find('human', id, attempt).choose, 'approve');
  return { ends: 'pass', output: tests.output, tests, paths };
}

/** Strictly: no fuzz, no shifted hunk, no white space looked over. */
function applyDiff(repo, text) {
  const patch = join(repo, '.git', 'answer.patch');
  writeFileSync(patch, text);
  git(repo, 'apply', '--numstat', patch); // well formed, whether it fits or not
  const { status, stderr } = spawnGit(repo, ['apply', '--index', '--verbose', patch]);
  if (status === 0) assert.doesNotMatch(stderr, /offset|fuzz|whitespace|trailing/i);
  for (const line of text.split('\n')) assert.doesNotMatch(line, /^\+\s*(\.\.\.|# \.\.\.|.*(rest of|more code|code omitted))/, 'nothing is left out');
  return { applied: status === 0, output: stderr };
}

function applyFiles(repo, text) {
  const answer = JSON.parse(text);
  assert.deepEqual(Object.keys(answer), ['summary', 'files']);
  for (const { path, mode, new_content: content, ...rest } of answer.files) {
    assert.deepEqual(rest, {});
    assert.equal(mode, existsSync(join(repo, path)) ? 'modify' : 'create', path);
    assert.ok(content.endsWith('\n'), path);
    mkdirSync(dirname(join(repo, path)), { recursive: true });
    writeFileSync(join(repo, path), content);
  }
  return { applied: true, output: '' };
}

/** Scope, and the guards that a builder's answer has to pass: shrinking, growing, churn, lost functions. */
function checkCandidate(repo, phase) {
  const id = phase.phase_id;
  const paths = git(repo, 'diff', '--cached', '--name-only', '--no-renames').trim().split('\n');
  assert.deepEqual(paths, phase.scope.paths.toSorted(), `${id}: touches its scope, all of it and nothing else`);
  const smallFix = phase.complexity === 'low' || (phase.complexity === 'medium' && phase.acceptance_criteria.length <= 3);
  for (const path of paths) {
    const old = spawnGit(repo, ['show', `HEAD:${path}`]);
    if (old.status !== 0) continue;
    const now = readFileSync(join(repo, path), 'utf8');
    const [before, after] = [lines(old.stdout), lines(now)];
    assert.ok(after >= before * 0.4 && after <= before * 3, `${id}: ${path} keeps its size (${before} to ${after} lines)`);
    const churn = (churnOf(git(repo, 'diff', '--cached', '-U0', '--', path)) / before) * 100;
    if (smallFix) assert.ok(churn <= 30, `${id}: ${path} is changed by ${churn.toFixed(0)} %`);
    const lost = symbols(old.stdout).filter((name) => !symbols(now).includes(name));
    assert.deepEqual(lost, [], `${id}: ${path} keeps its functions`);
  }
  return paths;
}

const lines = (text) => text.split('\n').length - 1;
const symbols = (text) => [...text.matchAll(/^(?:export )?(?:function|const|class) (\w+)/gm)].map(([, name]) => name);
const churnOf = (diff) =>
  [...diff.matchAll(/^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/gm)].reduce((all, [, old = 1, now = 1]) => all + Math.max(Number(old), Number(now)), 0);

function audit({ repo, phase, answers, attempt }) {
  const roles = TWO_AUDITORS.includes(phase.task_category) ? ['auditor', 'auditor2'] : ['auditor'];
  const verdicts = roles.map((role) => answers.find(role, phase.phase_id, attempt).json);
  for (const { approved, issues, summary } of verdicts) {
    assert.ok(summary.length > 0);
    assert.equal(approved, issues.every(({ severity }) => severity === 'minor'), 'a rejection has a reason, an approval has none against it');
    for (const issue of issues) {
      assert.deepEqual(Object.keys(issue), ['severity', 'category', 'description', 'file_path', 'line_number', 'suggestion']);
      assert.ok(lines(readFileSync(join(repo, issue.file_path), 'utf8')) >= issue.line_number, 'the place exists');
    }
  }
  return verdicts.every(({ approved }) => approved);
}

/** The same failure twice, by the words of the output; then a revised description that is another one. */
function checkReplan({ json }, phase, failures) {
  assert.deepEqual(Object.keys(json), ['description', 'reason']);
  assert.ok(json.description.length >= 20 && json.description !== phase.description);
  const [first, second] = failures.slice(-2).map(normalise);
  for (const part of [(text) => text, (text) => text.slice(0, 500), (text) => text.slice(-500)]) {
    const ratio = similarity(part(first), part(second));
    assert.ok(ratio >= 0.8, `the failures before the re-plan are alike (${ratio.toFixed(2)})`);
  }
}

const normalise = (text) => text.toLowerCase().replace(/(?:\.{0,2}\/)?(?:[\w.-]+\/)+[\w.-]+/g, '<path>').replace(/\s+/g, ' ').trim();

/** Ratcliff-Obershelp: 0 nothing in common, 1 equal. */
function similarity(a, b) {
  const common = (left, right) => {
    let best = { length: 0, a: 0, b: 0 };
    let previous = new Uint32Array(right.length + 1);
    for (let i = 1; i <= left.length; i += 1) {
      const row = new Uint32Array(right.length + 1);
      for (let j = 1; j <= right.length; j += 1) {
        if (left[i - 1] !== right[j - 1]) continue;
        row[j] = previous[j - 1] + 1;
        if (row[j] > best.length) best = { length: row[j], a: i - row[j], b: j - row[j] };
      }
      previous = row;
    }
    if (best.length === 0) return 0;
    const rest = common(left.slice(0, best.a), right.slice(0, best.b)) + common(left.slice(best.a + best.length), right.slice(best.b + best.length));
    return best.length + rest;
  };
  return (2 * common(a, b)) / (a.length + b.length || 1);
}

// The world

function repository() {
  const repo = mkdtempSync(join(tmpdir(), 'autopack-demo-check-'));
  cpSync(join(HERE, 'project'), repo, { recursive: true });
  git(repo, 'init', '-q');
  git(repo, 'add', '--all');
  git(repo, 'commit', '-q', '-m', 'tally 0.3');
  return repo;
}

/** Neither the git around us nor a test runner around us may be felt inside. */
function environment() {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_') && !name.startsWith('NODE_') && name !== 'FORCE_COLOR');
  return { ...Object.fromEntries(own), GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', LC_ALL: 'C', NO_COLOR: '1' };
}

function spawnGit(repo, words) {
  const settings = ['-c', 'user.name=demo', '-c', 'user.email=demo@localhost', '-c', 'core.autocrlf=false', '-c', 'commit.gpgsign=false'];
  return spawnSync('git', [...settings, ...words], { cwd: repo, encoding: 'utf8', env: environment() });
}

function git(repo, ...words) {
  const { status, stdout, stderr } = spawnGit(repo, words);
  assert.equal(status, 0, `git ${words.join(' ')}: ${stderr}`);
  return stdout;
}

function runTests(repo, { command: [program, ...words], timeout_seconds: seconds }) {
  assert.equal(program, 'node');
  const startedMs = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: repo, encoding: 'utf8', env: environment(), timeout: seconds * 1000 });
  const output = stdout + stderr;
  const number = (word) => Number(new RegExp(`^(?:#|ℹ) ${word} (\\d+)$`, 'm').exec(output)?.[1]);
  const failing = [...output.matchAll(/^(?:not ok \d+ - |✖ )(.+?)(?: \([\d.]+ms\))?$/gm)].map(([, name]) => name).filter((name) => name !== 'failing tests:');
  return { exit: status, output, count: number('tests'), failed: number('fail'), failing: [...new Set(failing)], ms: Math.round(performance.now() - startedMs) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = checkDemo();
  const columns = ['phase', 'tier', 'category', 'mode', 'attempt', 'ends', 'tests', 'ms'];
  const cells = [columns, ...rows.map((row) => columns.map((name) => String(row[name] ?? '')))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index].length)));
  for (const line of cells) console.log(line.map((cell, index) => cell.padEnd(widths[index])).join('  ').trimEnd());
  console.log(`\n${new Set(rows.map(({ phase }) => phase)).size} phases, ${rows.length} attempts, each as announced (Node ${process.versions.node})`);
}
