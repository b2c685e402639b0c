// Risk
// ====
// What a change looks like, from 0 to 100, before anybody has an opinion of it. Source: E-175.

import { isTestFile } from './test-strength.ts';

/** What is counted of a change beside its lines. */
export interface RiskTraits {
  /** Files below a path that the configuration calls critical. */
  readonly criticalFiles: number;
  /** Schemas, settings, environments. */
  readonly dataFiles: number;
  readonly testFiles: number;
  /** Marks of unfinished work in added lines. */
  readonly markers: number;
}

const DATA_FILE = /\.(?:sql|ya?ml|env|production)$/;
const MARKER = /\b(?:TO[D]O|FIX[M]E|HA[C]K|X{3}|TEMP)\b/g;

/** @param critical names of folders or files, each anywhere in a path. @param diff a unified one. */
export function riskTraits(paths: readonly string[], diff: string, critical: readonly string[]): RiskTraits {
  const below = (path: string): boolean => critical.some((name) => `/${path}/`.includes(`/${name}/`));
  const added = diff.split('\n').filter((line) => line.startsWith('+') && !line.startsWith('+++ '));
  const count = (is: (path: string) => boolean): number => paths.filter(is).length;
  return { criticalFiles: count(below), dataFiles: count((path) => DATA_FILE.test(path)), testFiles: count(isTestFile), markers: added.reduce((sum, line) => sum + (line.match(MARKER) ?? []).length, 0) };
}

export interface RiskInput extends RiskTraits {
  readonly added: number;
  readonly removed: number;
  /** The phase may delete as much as it wants: that alone is no risk then. */
  readonly allowMassDeletion: boolean;
}

/** Points of the highest bound that is passed. */
const passed = (value: number, bounds: readonly (readonly [number, number])[]): number => bounds.reduce((points, [bound, worth]) => (value > bound ? worth : points), 0);

export function riskScore({ added, removed, allowMassDeletion, criticalFiles, dataFiles, testFiles, markers }: RiskInput): number {
  const changed = added + removed;
  const points = [
    passed(changed, [[200, 10], [500, 20], [1000, 25]]),
    allowMassDeletion ? 0 : passed(removed - added, [[100, 20], [200, 40]]),
    Math.min(criticalFiles * 15, 30),
    Math.min(dataFiles * 5, 15),
    changed > 50 && testFiles === 0 ? 20 : 0,
    Math.min(markers * 3, 10),
  ];
  return Math.min(100, points.reduce((sum, each) => sum + each, 0));
}

export type RiskLevel = 'low' | 'medium' | 'high' | 'critical';
export const riskLevel = (score: number): RiskLevel => (score >= 70 ? 'critical' : score >= 50 ? 'high' : score >= 25 ? 'medium' : 'low');
