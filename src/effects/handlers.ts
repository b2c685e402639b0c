// Handlers
// ========
// One for each effect of the charts; the compiler lists an effect that has none. `startTimer` is the kernel's own.

import type { EffectType } from '#src/events/effects.ts';
import { askHuman } from './ask-human.ts';
import { assembleContext } from './assemble-context.ts';
import { buildCandidate } from './build-candidate.ts';
import { callAuditor } from './call-auditor.ts';
import { callBuilder } from './call-builder.ts';
import { callJudge } from './call-judge.ts';
import { callPlanner } from './call-planner.ts';
import { cleanUp } from './clean-up.ts';
import type { Handler } from './performing.ts';
import { prepareWorkspace } from './prepare-workspace.ts';
import { publish } from './publish.ts';
import { runTests } from './run-tests.ts';
import { writeCommit } from './write-commit.ts';

export const handlers: { readonly [T in Exclude<EffectType, 'startTimer'>]: Handler<T> } = {
  askHuman, assembleContext, buildCandidate, callAuditor, callBuilder, callJudge, callPlanner, cleanUp, prepareWorkspace, publish, runTests, writeCommit,
};
