// Commands of a plan
// ==================
// What runs the tests, as argv: each written `ci` is read once, where it stands, and a phase's goes before the run's.
// Sources: E-015, formats.md.

import type { Ci, CiCommand, Plan } from '#src/events/plan.ts';
import type { Path } from '#src/yaml/located.ts';
import type { CiInput, PhaseInput } from './input.ts';
import { cleanPaths, placed, tidied } from './paths.ts';
import { splitCommand } from './quoting.ts';
import type { Report } from './report.ts';

export interface CiLimits {
  readonly testsMs: number;
  readonly baselineMs: number;
}

/** As the schema of record 0 allows. */
const WORDS_MAX = 100;
/** Stands for a command that was told to be wrong; a plan with problems is never run. */
const WRONG: readonly string[] = ['false'];
const WAY_OUT = 'give argv, or a script of the repository';

/** One `ci` with its command split, its paths cleaned and its two names of the time limit made one. */
interface CleanCi extends Omit<CiInput, 'command' | 'timeout' | 'timeout_seconds' | 'report'> {
  readonly argv?: readonly string[];
  readonly reports?: readonly string[];
  readonly timeoutMs?: number;
}

export interface PlanCi {
  readonly baseline: Plan['baseline'];
  /** A phase's own entry wins, its scope's next, the run's last. */
  of(phase: PhaseInput, at: Path): Ci;
}

export function planCi(ofRun: CiInput | null | undefined, report: Report, limits: CiLimits): PlanCi {
  const run = ofRun == null ? null : cleaned(ofRun, ['ci'], report);
  if (run !== null) judge(run, { own: run, at: ['ci'] }, report);
  return {
    baseline: baselineOf(run, limits),
    of(phase, at) {
      const [written, place]: [CiInput | null, Path] = phase.ci != null ? [phase.ci, [...at, 'ci']] : [phase.scope?.ci ?? null, [...at, 'scope', 'ci']];
      if (written === null) return ciOf(run, limits);
      const own = cleaned(written, place, report);
      const whole = { ...run, ...own };
      judge(whole, { own, at: place }, report);
      return ciOf(whole, limits);
    },
  };
}

export function argvOf(command: string | readonly string[], at: Path, report: Report): readonly string[] {
  if (typeof command !== 'string') return argvProblems(command, at, report) ? WRONG : command;
  const split = splitCommand(command);
  if (split.ok && split.argv.length <= WORDS_MAX) return split.argv;
  report.problem(at, split.ok ? `the command has more than ${WORDS_MAX} words` : `the command cannot be split: ${split.message}`, WAY_OUT);
  return WRONG;
}

function argvProblems(argv: readonly string[], at: Path, report: Report): boolean {
  const isEmpty = (argv[0] ?? '').trim() === '';
  if (isEmpty) report.problem([...at, 0], 'the program is empty');
  return [isEmpty, ...argv.map((word, i) => holdsNul(word, [...at, i], report))].includes(true);
}

/** No system takes one in a command. */
function holdsNul(text: string, at: Path, { problem }: Report): boolean {
  if (text.includes('\0')) problem(at, 'it holds a NUL');
  return text.includes('\0');
}

function cleaned({ command, timeout, timeout_seconds = timeout, workdir, report: written, coverage: covers, ...rest }: CiInput, at: Path, report: Report): CleanCi {
  for (const key of ['paths', 'args'] as const) for (const { text, at: place } of placed(rest[key] ?? [], [...at, key])) holdsNul(text, place, report);
  for (const [name, value] of Object.entries(rest.env ?? {})) holdsNul(value, [...at, 'env', name], report);
  const folder = workdir === undefined || tidied(workdir) === '.' ? workdir : cleanPaths([{ text: workdir, at: [...at, 'workdir'] }], report)[0]?.text;
  return {
    ...rest,
    ...(command === undefined ? {} : { argv: argvOf(command, [...at, 'command'], report) }),
    ...(timeout_seconds === undefined ? {} : { timeoutMs: timeout_seconds * 1000 }),
    ...(folder === undefined ? {} : { workdir: tidied(folder) }),
    ...(covers === undefined ? {} : { coverage: cleanPaths([{ text: covers, at: [...at, 'coverage'] }], report)[0]?.text }),
    ...(written === undefined ? {} : { reports: cleanPaths(placed(typeof written === 'string' ? [written] : written, [...at, 'report']), report).map(({ text }) => text) }),
  };
}

/** What only the whole shows, told at the entry that brought it about. */
function judge(whole: CleanCi, { own, at }: { readonly own: CleanCi; readonly at: Path }, { problem }: Report): void {
  if (whole.skip === true) {
    if (own.skip === true && whole.reason === undefined) problem([...at, 'skip'], 'tests are skipped without a reason', 'say why in ci.reason');
    return;
  }
  if (own.type === 'custom' && whole.argv === undefined) problem([...at, 'type'], 'a custom check needs a command', 'give it in ci.command');
  const key = ([['argv', 'command'], ['args', 'args'], ['paths', 'paths']] as const).find(([name]) => own[name] !== undefined)?.[1];
  if (key !== undefined && hasCommand(whole) && wordsOf(whole).length > WORDS_MAX) problem([...at, key], `the command has more than ${WORDS_MAX} words with its arguments`, WAY_OUT);
}

const hasCommand = (ci: CleanCi): boolean => ci.argv !== undefined || ci.type === 'pytest';
const wordsOf = (ci: CleanCi): string[] => [...(ci.argv ?? ['pytest', ...(ci.paths ?? [])]), ...(ci.args ?? [])];

function ciOf(ci: CleanCi | null, { testsMs }: CiLimits): Ci {
  if (ci?.skip === true) return { kind: 'skip', reason: ci.reason ?? '' };
  return ci !== null && hasCommand(ci) ? commandOf(ci, testsMs) : { kind: 'none' };
}

function commandOf(ci: CleanCi, defaultMs: number): CiCommand {
  const env = Object.entries(ci.env ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return { kind: 'command', argv: wordsOf(ci), timeoutMs: ci.timeoutMs ?? defaultMs, workdir: ci.workdir ?? '.', env, reports: [...(ci.reports ?? [])], coverage: ci.coverage ?? null, allowWeakerTests: ci.allow_weaker_tests ?? false, newTestsMustFailBefore: ci.new_tests_must_fail_before ?? false };
}

function baselineOf(ci: CleanCi | null, { testsMs, baselineMs }: CiLimits): Plan['baseline'] {
  if (ci?.baseline === 'none') return { kind: 'none', reason: 'the plan says so' };
  if (ci === null || !hasCommand(ci) || ci.skip === true) return { kind: 'none', reason: 'no test command for the whole run' };
  const command = commandOf(ci, testsMs);
  return { ...command, timeoutMs: Math.min(command.timeoutMs, Math.max(baselineMs, ci.timeoutMs ?? 0)) };
}
