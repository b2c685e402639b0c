// Trials: answers through the real handlers on a real repository, and what came of each. No test is run here.

import { handlers } from '#src/effects/handlers.ts';
import { putText, type Hands, type Requested } from '#src/effects/performing.ts';
import { contextFor, sceneAt, type Scene } from '#tests/support/hands.ts';
import type { InputEvent } from '#src/record/record.ts';
import { generator } from '#tests/support/world.ts';
import { answerOf, changedTexts, modes, pathsOf, type Asked, type Mode } from './answers.ts';
import { damages, someFile, type Damage } from './damages.ts';
import { historyOf, type Change } from './histories.ts';
import { entry, plant, textOf, type Planted, type Project, type Rooted, type Tree } from './trees.ts';

export type Outcome = 'exact' | 'refused' | 'wrong';

export interface Trial {
  readonly kind: string;
  readonly mode: Mode;
  readonly where: string;
  readonly must: Damage['must'];
  readonly outcome: Outcome;
  /** The policy or a guard refused it, first or for good. */
  readonly wasPolicy: boolean;
  /** What was said of a refusal. */
  readonly said: string;
}

export const isFalseAccept = ({ must, outcome }: Trial): boolean => outcome === 'wrong' || (must === 'refused' && outcome === 'exact');
export const isFalseReject = ({ must, outcome }: Trial): boolean => must === 'exact' && outcome === 'refused';

/** A change in the repository, with what a branch that went on meanwhile has. */
interface Case {
  readonly change: Change;
  readonly asked: Asked;
  /** The branch got another file, and what then must come. */
  readonly onto: Rooted;
  readonly merged: Rooted;
  /** The branch changed the same lines; null where no line is changed. */
  readonly clash: Rooted | null;
}

export interface Bench {
  readonly scene: Scene;
  readonly cases: readonly Case[];
  readonly project: string;
}

export function benchOf(project: Project, { seed, count }: { readonly seed: number; readonly count: number }): Promise<Bench> {
  const isPublished = !project.name.includes('(');
  return benchWith(project.name, historyOf(project.tree, { random: generator(seed), count, toward: isPublished }));
}

export async function benchWith(project: string, changes: readonly Change[]): Promise<Bench> {
  const planted: Planted[] = [];
  const known = new Map<Tree, number>();
  const at = (tree: Tree, parent: number | null): number => {
    const found = known.get(tree);
    if (found !== undefined) return found;
    planted.push({ parent, tree });
    known.set(tree, planted.length - 1);
    return planted.length - 1;
  };
  const placed = changes.map((change) => {
    const [before, after] = [at(change.before, null), at(change.after, known.get(change.before) ?? null)];
    const clash = clashing(change);
    return { change, before, after, onto: at(elsewhere(change.before), before), merged: at(elsewhere(change.after), after), clash: clash === null ? null : at(clash, before) };
  });
  const { repo, ids } = plant(planted, placed.at(-1)?.after ?? 0);
  const rooted = (index: number): Rooted => ids[index] ?? { commit: '', tree: '' };
  const scene = await sceneAt(repo, { protected: ['locked/'], phases: [{ phase_id: 'p1', scope: { paths: [] } }] });
  const cases = placed.map(({ change, before, after, onto, merged, clash }, variant): Case => ({
    change, asked: { repo, before: change.before, after: change.after, from: rooted(before), to: rooted(after), variant }, onto: rooted(onto), merged: rooted(merged), clash: clash === null ? null : rooted(clash),
  }));
  return { scene, cases, project };
}

const elsewhere = (tree: Tree): Tree => new Map(tree).set('elsewhere.txt', entry('of somebody else\n'));

/** The tree before the change with the lines that it touches changed in another way. */
function clashing({ before, after }: Change): Tree | null {
  const one = changedTexts(before, after)?.find(({ old, fresh }) => old !== null && old !== '' && fresh !== null && fresh !== old);
  if (one === undefined) return null;
  const lines = (one.old ?? '').split('\n');
  const was = (textOf(before.get(one.path)) ?? '').split('\n');
  const is = (one.fresh ?? '').split('\n');
  const at = lines.findIndex((_line, index) => was[index] !== is[index]);
  if (at === -1 || (lines[at] ?? '').trim() === '') return null;
  lines[at] = 'somebody else was here first';
  return new Map(before).set(one.path, { mode: before.get(one.path)?.mode ?? '100644', bytes: Buffer.from(lines.join('\n')) });
}

type PhaseFields = Partial<Requested['plan']['phases'][number]>;

interface Put {
  readonly shown: Rooted;
  readonly onto: Rooted;
  readonly mode: Mode;
  readonly answer: string;
  readonly phase: PhaseFields;
}

const withPhase = (hands: Hands, fields: PhaseFields): Hands => ({ ...hands, requested: { ...hands.requested, plan: { ...hands.requested.plan, phases: hands.requested.plan.phases.map((phase) => ({ ...phase, ...fields })) } } });
let effects = 0;

async function perform(hands: Hands, type: 'assembleContext' | 'buildCandidate', params: object): Promise<InputEvent> {
  const handler = handlers[type] as (performing: unknown) => Promise<InputEvent>;
  return handler({ run: 'h', id: `phase:p1/${(effects += 1)}`, place: { run: 'h', seq: 7 }, at: 1_767_323_045_000, params, signal: new AbortController().signal, hands });
}

const contexts = new WeakMap<Hands, Map<string, InputEvent>>();

/** What the builder was shown; the same for all answers to one question. */
async function contextOf(hands: Hands, shown: Rooted, phase: PhaseFields): Promise<InputEvent> {
  const known = contexts.get(hands) ?? new Map<string, InputEvent>();
  contexts.set(hands, known);
  const key = `${shown.commit} ${JSON.stringify(phase.scope?.paths ?? [])}`;
  const context = known.get(key) ?? (await perform(withPhase(hands, phase), 'assembleContext', contextFor(shown.commit)));
  known.set(key, context);
  return context;
}

async function put({ hands }: Scene, { shown, onto, mode, answer, phase }: Put): Promise<InputEvent> {
  const context = await contextOf(hands, shown, phase);
  if (context.type !== 'context.assembled') return context; // more than a builder can be shown: nothing is asked
  return perform(withPhase(hands, phase), 'buildCandidate', { phase: 'p1', attempt: 1, mode, answer: await putText(hands.blobs, answer), partial: null, shown: { base: shown.commit, manifest: context.data['manifest'] }, base: onto.commit });
}

const FLAG = /\b(allow_mass_deletion|allow_mass_addition|allow_symbol_removal): true would allow it|\b(change_size): large_refactor would allow it/g;

/** As a person would go on: what a guard refuses is allowed by the flag that it names, and tried again. */
async function allowing(scene: Scene, request: Put): Promise<{ readonly event: InputEvent; readonly wasPolicy: boolean }> {
  let phase = request.phase;
  for (let tries = 0; ; tries += 1) {
    const event = await put(scene, { ...request, phase });
    const isPolicy = event.data['kind'] === 'policy_refused';
    const said = isPolicy ? await scene.text(event.data['problems']) : '';
    const flags: Record<string, unknown> = Object.fromEntries([...said.matchAll(FLAG)].map(([, flag, size]) => (size === undefined ? [flag, true] : [size, 'large_refactor'])));
    if (Object.keys(flags).length === 0 || tries === 4) return { event, wasPolicy: isPolicy || tries > 0 };
    phase = { ...phase, ...flags };
  }
}

const changedPaths = ({ asked: { before, after } }: Case): string[] => pathsOf(before, after);
const scopeOf = (one: Case): PhaseFields => ({ scope: { paths: changedPaths(one), read_only_context: [], deliverables_manifest: [] } });

/** A file of more lines than may be given whole is refused by the guard, and only another format helps. */
const isTooLong = ({ asked: { before, after } }: Case, mode: Mode): boolean => mode !== 'structured_edit' && mode !== 'diff' && (changedTexts(before, after) ?? []).some(({ old, fresh }) => fresh !== null && (old?.split('\n').length ?? 0) > 1000);

/** The answer as it should be: on its base, on a branch that went on elsewhere, and on one that went on right there. */
export async function wholeTrials({ scene, cases, project }: Bench): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const [index, one] of cases.entries()) {
    const { change, asked } = one;
    for (const mode of modes) {
      const answer = answerOf(mode, asked);
      if (answer === null) continue;
      const where = `${project} #${index} ${change.kind}`;
      const request = { shown: asked.from, mode, answer, phase: change.isForbidden ? {} : scopeOf(one) };
      const plain = await allowing(scene, { ...request, onto: asked.from });
      if (plain.event.type === 'effect.failed') continue;
      const may = change.isForbidden ? 'refused' : isTooLong(one, mode) ? 'safe' : 'exact';
      trials.push(await judged(scene, { kind: change.isForbidden ? 'forbidden path' : 'correct', mode, where, must: may }, { ...plain, wanted: asked.to }));
      if (may !== 'exact' || index % 5 !== 0) continue;
      const moved = await allowing(scene, { ...request, onto: one.onto });
      trials.push(await judged(scene, { kind: 'the branch moved elsewhere', mode, where, must: 'exact' }, { ...moved, wanted: one.merged }));
      if (one.clash === null) continue;
      const met = await allowing(scene, { ...request, onto: one.clash });
      trials.push(await judged(scene, { kind: 'wrong base: the branch changed the same lines', mode, where, must: 'refused' }, { ...met, wanted: asked.to }));
    }
  }
  return trials;
}

interface Came {
  readonly event: InputEvent;
  readonly wasPolicy: boolean;
  readonly wanted: Rooted;
}

async function judged(scene: Scene, about: Pick<Trial, 'kind' | 'mode' | 'where' | 'must'>, { event, wasPolicy, wanted }: Came): Promise<Trial> {
  const isRefused = event.type === 'candidate.refused';
  const outcome = isRefused ? 'refused' : event.data['tree'] === wanted.tree ? 'exact' : 'wrong';
  return { ...about, outcome, wasPolicy, said: isRefused ? `${String(event.data['code'])}: ${(await scene.text(event.data['problems'])).slice(0, 400)}` : '' };
}

/** What changes, a file beside it, and whatever a damage adds: so it is never the scope alone that refuses. */
const wideScope = (one: Case): PhaseFields => {
  const added = ['src/', 'config/', 'notes/', 'locked/', 'LOCKED/', '.git/', '.GIT/', 'git~1/', '.autonomous_runs/', '.ɡit/', 'other.txt', 'evil', 'evil.bin', 'sub'];
  const beside = someFile(one.asked) ?? 'other.txt';
  const paths = [...changedPaths(one), beside, beside.toUpperCase(), beside.toLowerCase()];
  return { scope: { paths: [...new Set([...added, ...paths])], read_only_context: [], deliverables_manifest: [] } };
};

/** Damages of the answers to some of the cases; `each` takes every so many of them for each damage. */
export async function damagedTrials({ scene, cases, project }: Bench, each: number): Promise<Trial[]> {
  const trials: Trial[] = [];
  const sound = cases.filter(({ change }) => !change.isForbidden);
  for (const [number, { kind, must, made }] of damages.entries()) {
    for (const mode of modes) {
      for (let index = (number * 3) % each; index < sound.length; index += each) {
        const one = sound[index];
        if (one === undefined || isTooLong(one, mode)) continue;
        const answer = answerOf(mode, one.asked);
        const damaged = answer === null ? null : made({ mode, answer, asked: one.asked });
        if (damaged === null || damaged === answer) continue;
        const came = await allowing(scene, { shown: one.asked.from, onto: one.asked.from, mode, answer: damaged, phase: wideScope(one) });
        if (came.event.type === 'effect.failed') continue;
        trials.push(await judged(scene, { kind, mode, where: `${project} #${index} ${one.change.kind}`, must }, { ...came, wanted: came.event.data['tree'] === one.asked.from.tree && must === 'safe' ? one.asked.from : one.asked.to }));
      }
    }
  }
  return trials;
}
