// What many trials come to, as people and programs read it.

import { isFalseAccept, isFalseReject, type Trial } from './trials.ts';

interface Count {
  tried: number;
  exact: number;
  refused: number;
  wrong: number;
}

export interface Tally {
  readonly tried: number;
  readonly falseAccepts: number;
  readonly falseRejects: number;
  readonly policyRefused: number;
  readonly byKind: Readonly<Record<string, Readonly<Count>>>;
}

export function tallyOf(trials: readonly Trial[]): Tally {
  const byKind: Record<string, Count> = {};
  for (const { kind, outcome } of trials) {
    const count = (byKind[kind] ??= { tried: 0, exact: 0, refused: 0, wrong: 0 });
    count.tried += 1;
    count[outcome] += 1;
  }
  const count = (holds: (trial: Trial) => boolean): number => trials.filter(holds).length;
  return { tried: trials.length, falseAccepts: count(isFalseAccept), falseRejects: count(isFalseReject), policyRefused: count(({ wasPolicy }) => wasPolicy), byKind };
}

/** One line for each trial that came out as it must not. */
export const complaints = (trials: readonly Trial[]): string[] =>
  trials.filter((trial) => isFalseAccept(trial) || isFalseReject(trial)).map((trial) => `${isFalseAccept(trial) ? 'false accept' : 'false reject'}: ${trial.kind}, ${trial.mode}, ${trial.where}${trial.said === '' ? '' : `: ${trial.said}`}`);
