// assembleContext: what the builder will see, from the base's tree alone, and the format it is asked to answer in.

import { changeClassOf, classInputOf } from '#src/domain/guards.ts';
import { chooseMode, formats } from '#src/domain/answers/formats.ts';
import { contextTree, type ContextTree, type Wish } from '#src/domain/context/candidates.ts';
import { saysGenerated, type Unseen } from '#src/domain/context/kinds.ts';
import { importsOf } from '#src/domain/context/neighbours.ts';
import { selectContext, type Limits, type Selected, type Selection } from '#src/domain/context/selection.ts';
import { sourceOf } from '#src/domain/context/source.ts';
import { contextText, shownFile, type ShownFile } from '#src/domain/context/text.ts';
import type { ManifestEntry } from '#src/domain/manifest.ts';
import { charsIn, contextTokensFor, tokensIn } from '#src/domain/prompt-budget.ts';
import { selectLimit } from '#src/domain/output-limit.ts';
import { isRegular, judgePaths } from '#src/domain/path-policy.ts';
import { isSecretFree } from '#src/domain/secrets.ts';
import type { BuilderMode } from '#src/events/define.ts';
import type { TreeFile } from '#src/ports/workspace.ts';
import { canonical, sha256 } from '#src/record/canonical.ts';
import { failed, partOf, policyOf, putText, result, type Handler, type Hands, type Performing, type Requested } from './performing.ts';
import { builderPrompt, wordsBeside } from './prompts.ts';

const PLAIN = '100644';

type Params = Performing<'assembleContext'>['params'];
type Phase = Requested['plan']['phases'][number];

export const assembleContext: Handler<'assembleContext'> = async ({ run, params, hands }) => {
  await hands.workspace.reopen(run, params.base);
  const files = await hands.workspace.files(params.tree ?? (await hands.workspace.treeOf(params.base)));
  // Links and submodules are never followed: what they name is not in the tree.
  const regular = files.filter(({ mode }) => isRegular(mode));
  const phase = partOf(hands, params);
  const tree = contextTree(regular);
  const { chosen, read } = await choose(hands, params, { phase, tree });
  if (chosen.tooLarge.length > 0) return failed('context_too_large', { detail: chosen.tooLarge.slice(0, 5).join(', ') });
  const shown = chosen.selected.map((file) => shownAs(hands, file, read.get(file.path)));
  const lines = shown.flatMap(({ text, mayChange }) => (text === null || !mayChange ? [] : [text.split('\n').length - 1]));
  const { mode, reason } = chooseMode({
    wanted: policyOf(hands, params.phase).builderMode, deliverables: phase.deliverables.length, scopePaths: phase.scope.paths.length,
    files: shown.filter(({ text }) => text !== null).length, linesMax: Math.max(0, ...lines), text: `${phase.name}\n${phase.description ?? ''}`,
  });
  const context = contextText({ files: shown, missing: chosen.missing, paths: regular.length === files.length ? tree.paths : files.map(({ path }) => path).sort(), numbered: formats[mode].numbered });
  const entries = shown.map((file): ManifestEntry => entryOf(file, read.get(file.path)));
  return result('context.assembled', {
    context: await putText(hands.blobs, context),
    manifest: await putText(hands.blobs, canonical(entries)),
    files: entries.filter(({ omitted }) => !omitted).length,
    omitted: entries.filter(({ omitted }) => omitted).length,
    tokens: tokensIn(Buffer.byteLength(context)),
    mode,
    modeReason: reason,
    outputTokens: limitOf(hands, phase, mode, tree.files),
  });
};

function limitOf(hands: Hands, phase: Phase, mode: BuilderMode, present: Pick<ReadonlySet<string>, 'has'>): number {
  const { outputTokens, outputTokensMax } = policyOf(hands, phase.phase_id);
  return selectLimit({
    category: phase.task_category, complexity: phase.complexity, deliverables: phase.deliverables, exists: (path) => present.has(path), scope: phase.scope.paths,
    isLarge: mode === 'full_file' || changeClassOf(classInputOf(phase)) === 'large_refactor', base: outputTokens, max: outputTokensMax,
  });
}

interface Base { readonly phase: Phase; readonly tree: ContextTree<TreeFile> }
interface Chosen { readonly chosen: Selection; readonly read: ReadonlyMap<string, Uint8Array> }

/** Twice: what the files import is known only when they are read. */
async function choose(hands: Hands, params: Params, { phase, tree }: Base): Promise<Chosen> {
  const wish = await wishOf(hands, params, phase);
  const limits = await limitsOf(hands, params, phase);
  const near = selectContext(tree, wish, limits).selected.filter(({ mayChange, category, omitted }) => !omitted && (mayChange || category === 'named'));
  const read = await readFiles(hands, near, tree);
  const imported = near.flatMap(({ path }) => importsOf(path, Buffer.from(read.get(path) ?? '').toString('utf8'), { has: (target) => tree.files.has(target) }));
  const chosen = selectContext(tree, { ...wish, imported }, limits);
  const more = await readFiles(hands, chosen.selected.filter(({ path, omitted }) => !omitted && !read.has(path)), tree);
  return { chosen, read: new Map([...read, ...more]) };
}

async function wishOf(hands: Hands, params: Params, { phase_id: id, name, description, task_category: category, scope, deliverables, acceptance_criteria: criteria }: Phase): Promise<Wish> {
  const beside = await wordsBeside(hands, params);
  const { context, protectedPaths } = hands.requested.policy;
  const judged = new Map<string, boolean>(); // each path is asked for twice
  return {
    scope: scope.paths, readOnly: scope.read_only_context.map(({ path }) => path), deliverables, feedback: beside.feedback, imported: [],
    text: [name, description, ...criteria, ...deliverables, beside.revision].join('\n'),
    source: sourceOf({ id, name, description: description ?? '', category: category ?? '', scope: scope.paths }, context.patterns),
    isProtected: (path) => {
      const known = judged.get(path) ?? judgePaths([{ path, oldMode: PLAIN, newMode: PLAIN }], { scope: [], readOnly: [], protectedPaths }).length > 0;
      judged.set(path, known);
      return known;
    },
  };
}

async function readFiles(hands: Hands, files: readonly Selected[], { files: known }: ContextTree<TreeFile>): Promise<Map<string, Uint8Array>> {
  const bodies = await hands.workspace.readAll(files.map(({ path }) => known.get(path)?.blob ?? ''));
  return new Map(files.map(({ path }, at) => [path, bodies[at] ?? new Uint8Array()]));
}

/** E-137: what is left of the model's window beside everything else that the prompt says. */
async function limitsOf(hands: Hands, params: Params, phase: Phase): Promise<Limits> {
  const { tokensSteps, heuristic, ...limits } = hands.requested.policy.context;
  const { system, prompt } = await builderPrompt(hands, { ...params, mode: 'full_file' }, '');
  const outputTokensMax = Math.max(params.outputTokensMax, limitOf(hands, phase, 'full_file', new Set()));
  const tokens = contextTokensFor({ model: params.model, outputTokensMax, otherChars: system.length + prompt.length, steps: params.least ? tokensSteps.slice(-1) : tokensSteps });
  return { ...limits, bytesMax: charsIn(tokens), heuristic: { filesMax: heuristic.filesMax, bytesMax: charsIn(heuristic.tokensMax) } };
}

/** A file as the builder reads it; what turns out to be no text, to hold a key or to be generated is left out after all. */
function shownAs(hands: Hands, file: Selected, body: Uint8Array | undefined): ShownFile {
  const nothing = { ...file, text: null, cut: false };
  if (file.omitted || body === undefined) return nothing;
  const text = Buffer.from(body).toString('utf8');
  const unseen = unseenText(hands, file, { text, isText: !text.includes('\0') && Buffer.from(text, 'utf8').equals(Buffer.from(body)) });
  return unseen === null ? shownFile(file, text, hands.requested.policy.context.excerptMax) : { ...nothing, category: unseen, mayChange: false };
}

function unseenText({ secrets }: Hands, { mayChange, category }: Selected, { text, isText }: { readonly text: string; readonly isText: boolean }): Unseen | null {
  if (!isText) return 'binary';
  if (!isSecretFree(text, secrets)) return 'secret';
  return !mayChange && category !== 'read_only' && saysGenerated(text) ? 'generated' : null;
}

/** E-157. */
const entryOf = ({ path, size, category, cut, text }: ShownFile, body: Uint8Array | undefined): ManifestEntry =>
  ({ path, sha256: body === undefined || text === null ? '' : sha256(body), category, bytes: size, cut, omitted: text === null });
