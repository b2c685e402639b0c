// Guards
// ======
// What a change may do to the files it touches, beyond their paths. Pure; every refusal names the rule and what would
// allow it. A whole file says nothing of what it leaves out, so the guards of size and symbols look at whole files;
// the rest looks at every change, whatever its format. Sources: E-123…E-128, E-191, E-193, E-201, E-609, E-651…E-657.

import type { Phase } from '#src/events/plan.ts';
import { lostSymbols } from './symbols.ts';

/** One changed file; null where it is absent. */
export interface GuardedFile {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
  /** The answer gave all of the file. */
  readonly whole: boolean;
}

export type ChangeClass = 'small_fix' | 'large_refactor';

export interface GuardRules {
  readonly changeClass: ChangeClass;
  readonly allowMassDeletion: boolean;
  readonly allowMassAddition: boolean;
  readonly allowSymbolRemoval: boolean;
  /** Percent, factor in percent, lines. */
  readonly limits: GuardLimits;
}

export interface GuardLimits {
  /** Share of its lines that a file may lose, in percent. */
  readonly shrinkPercent: number;
  /** How much longer a file may grow, in percent of its lines. */
  readonly growthPercent: number;
  /** Share of its lines that a small fix may change, in percent. */
  readonly churnPercent: number;
  /** Shares say nothing of a file with fewer lines. */
  readonly linesMin: number;
  /** A longer file is changed by edits, not given whole. */
  readonly wholeLinesMax: number;
  /** Share of its symbols that a small fix may take from a file, in percent. */
  readonly symbolsLostPercent: number;
  /** A file of that many lines keeps at least that similarity, in percent. */
  readonly similarLinesMin: number;
  readonly similarityPercent: number;
  /** Symbols that no change takes from a file, small or large. */
  readonly alwaysPreserve: readonly string[];
}

export interface Refusal {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export function judgeGuards(files: readonly GuardedFile[], rules: GuardRules): Refusal[] {
  return files.flatMap((file) => [...wholeFileRules(file, rules), ...smallChangeRules(file, rules), ...preserveRules(file, rules), ...markerRules(file)]);
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
const isExempt = (path: string): boolean => /\.ya?ml$/i.test(path) || isManifest(path);
const isManifest = (path: string): boolean => /(?:^|\/)(?:package\.json|package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|Cargo\.lock|poetry\.lock|uv\.lock|composer\.lock|Gemfile\.lock|go\.sum)$/i.test(path);

export interface ClassInput {
  readonly scope: readonly string[];
  readonly changeSize: ChangeClass | null;
  readonly allowSymbolRemoval: boolean;
  readonly complexity: 'low' | 'medium' | 'high' | 'maintenance';
  readonly criteria: number;
}

/** What a phase of the plan says of its size. */
export const classInputOf = ({ scope, change_size, allow_symbol_removal, complexity, acceptance_criteria }: Phase): ClassInput =>
  ({ scope: scope.paths, changeSize: change_size, allowSymbolRemoval: allow_symbol_removal, complexity, criteria: acceptance_criteria.length });

/** E-123: first match wins. */
export function changeClassOf({ scope, changeSize, allowSymbolRemoval, complexity, criteria }: ClassInput): ChangeClass {
  if (changeSize !== null) return changeSize;
  if (allowSymbolRemoval || scope.some(isExempt)) return 'large_refactor';
  return complexity === 'low' || (complexity === 'medium' && criteria <= 3) ? 'small_fix' : 'large_refactor';
}

/** E-124 to E-128. */
function wholeFileRules({ path, before, after, whole }: GuardedFile, rules: GuardRules): Refusal[] {
  if (!whole || before === null || after === null || before === after) return [];
  const { limits, changeClass } = rules;
  const refusal = (code: string, message: string): Refusal[] => [{ path, code, message }];
  const [old, fresh] = [linesOf(before), linesOf(after)];
  if (old.length > limits.wholeLinesMax) return refusal('readonly_violation', `it has ${old.length} lines, and more than ${limits.wholeLinesMax} are not given whole; builder_mode: structured_edit or diff would let it be edited`);
  const found: Refusal[] = [];
  const small = old.length < limits.linesMin;
  const percent = (part: number): number => Math.round((part * 100) / old.length);
  if (!small && !rules.allowMassDeletion && (old.length - fresh.length) * 100 > limits.shrinkPercent * old.length) {
    found.push(...refusal('suspicious_shrinkage', `it shrinks from ${old.length} to ${fresh.length} lines (${percent(old.length - fresh.length)} %, at most ${limits.shrinkPercent} %); allow_mass_deletion: true would allow it`));
  }
  if (!small && !rules.allowMassAddition && !/\.ya?ml$/i.test(path) && fresh.length * 100 > limits.growthPercent * old.length) {
    found.push(...refusal('suspicious_growth', `it grows from ${old.length} to ${fresh.length} lines (at most ${limits.growthPercent} %); allow_mass_addition: true would allow it`));
  }
  if (changeClass !== 'small_fix') return found;
  const changed = small || isExempt(path) ? 0 : churnOf(old, fresh);
  if (changed * 100 > limits.churnPercent * old.length) {
    found.push(...refusal('churn_limit_exceeded', `${changed} of ${old.length} lines change (${percent(changed)} %, at most ${limits.churnPercent} % in a small fix); change_size: large_refactor would allow it`));
  }
  const lost = rules.allowSymbolRemoval ? [] : lostSymbols(path, before, after).lost;
  if (lost.length > 0) found.push(...refusal('symbol_missing_after_full_file_replacement', `${lost.slice(0, 10).join(', ')} ${lost.length === 1 ? 'is' : 'are'} missing; allow_symbol_removal: true would allow it`));
  return found;
}

/** E-201, E-609: what no small change does to a file, whatever its format. */
function smallChangeRules({ path, before, after, whole }: GuardedFile, rules: GuardRules): Refusal[] {
  if (before === null || after === null || rules.changeClass !== 'small_fix') return [];
  const { limits } = rules;
  const found: Refusal[] = [];
  const { lost, old } = lostSymbols(path, before, after);
  if (!whole && !rules.allowSymbolRemoval && lost.length > 1 && lost.length * 100 > limits.symbolsLostPercent * old) {
    found.push({ path, code: 'symbols_lost', message: `${lost.length} of ${old} symbols are gone (${lost.slice(0, 10).join(', ')}); allow_symbol_removal: true would allow it` });
  }
  const lines = linesOf(before);
  if (!rules.allowMassDeletion && lines.length >= limits.similarLinesMin) {
    const alike = similarity(lines, linesOf(after));
    if (alike < limits.similarityPercent) found.push({ path, code: 'structure_lost', message: `of ${lines.length} lines ${alike} % stay alike (at least ${limits.similarityPercent} %); change_size: large_refactor would allow it` });
  }
  return found;
}

/** E-127: by the configuration alone, for every class and format. */
function preserveRules({ path, before, after }: GuardedFile, { limits: { alwaysPreserve } }: GuardRules): Refusal[] {
  const lost = before === null || alwaysPreserve.length === 0 ? [] : lostSymbols(path, before, after ?? '').lost.filter((name) => alwaysPreserve.includes(name));
  return lost.length === 0 ? [] : [{ path, code: 'preserved_symbol_missing', message: `${lost.join(', ')} must stay; only guards.alwaysPreserve of the configuration would allow it` }];
}

/** E-201: marks of a merge that was never ended; those that were there before may stay. */
function markerRules({ path, before, after }: GuardedFile): Refusal[] {
  const marks = (text: string | null): number => (text?.match(/^(?:<{7}|>{7})(?: .*)?\r?$/gm) ?? []).length;
  return marks(after) > marks(before) ? [{ path, code: 'conflict_markers', message: 'it holds conflict markers (<<<<<<< or >>>>>>>)' }] : [];
}

/** E-126: a replaced line counts once, as do an added and a removed one. */
export function churnOf(before: readonly string[], after: readonly string[]): number {
  return Math.max(before.length, after.length) - common(before, after);
}

/** 2 × common / all, in percent, rounded down. */
function similarity(before: readonly string[], after: readonly string[]): number {
  const all = before.length + after.length;
  return all === 0 ? 100 : Math.floor((200 * common(before, after)) / all);
}

const EXACT_MAX = 4_000_000;

/** Lines that both have in the same order; without order where that would take too long. */
function common(before: readonly string[], after: readonly string[]): number {
  let from = 0;
  while (from < before.length && from < after.length && before[from] === after[from]) from += 1;
  let [oldEnd, newEnd] = [before.length, after.length];
  while (oldEnd > from && newEnd > from && before[oldEnd - 1] === after[newEnd - 1]) [oldEnd, newEnd] = [oldEnd - 1, newEnd - 1];
  const [old, fresh] = [before.slice(from, oldEnd), after.slice(from, newEnd)];
  const ends = before.length - old.length;
  return ends + (old.length * fresh.length <= EXACT_MAX ? longestCommon(old, fresh) : sharedCount(old, fresh));
}

function longestCommon(old: readonly string[], fresh: readonly string[]): number {
  let row = new Uint32Array(fresh.length + 1);
  for (const line of old) {
    const next = new Uint32Array(fresh.length + 1);
    for (let at = 1; at <= fresh.length; at += 1) next[at] = line === fresh[at - 1] ? (row[at - 1] ?? 0) + 1 : Math.max(row[at] ?? 0, next[at - 1] ?? 0);
    row = next;
  }
  return row[fresh.length] ?? 0;
}

function sharedCount(old: readonly string[], fresh: readonly string[]): number {
  const left = new Map<string, number>();
  for (const line of old) left.set(line, (left.get(line) ?? 0) + 1);
  return fresh.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count > 0;
  }).length;
}
