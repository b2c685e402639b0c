// assembleContext: what the builder will see, from the base alone, and the format it is asked to answer in.

import { changeClassOf, classInputOf } from '#src/domain/guards.ts';
import { chooseMode, formats, type BuilderMode } from '#src/domain/answers/formats.ts';
import { selectContext, type Selected } from '#src/domain/context.ts';
import type { ManifestEntry } from '#src/domain/manifest.ts';
import { hiddenIn, numbered, pathName, quoted, visible } from '#src/domain/prompt.ts';
import { selectLimit } from '#src/domain/output-limit.ts';
import { isSecretFree } from '#src/domain/secrets.ts';
import type { TreeFile } from '#src/ports/workspace.ts';
import { canonical, sha256 } from '#src/record/canonical.ts';
import { failed, phaseOf, policyOf, putText, result, type Handler, type Hands, type Requested } from './performing.ts';

const BYTES_PER_TOKEN_TENTHS = 25;
const PATHS_LISTED_MAX = 400;

export const assembleContext: Handler<'assembleContext'> = async ({ run, params, hands }) => {
  await hands.workspace.reopen(run, params.base);
  const files = await hands.workspace.files(await hands.workspace.treeOf(params.base));
  const phase = phaseOf(hands, params.phase);
  const { tokensMax, fileBytesMax, filesMax } = hands.requested.policy.context;
  const regular = files.filter(({ mode }) => mode === '100644' || mode === '100755');
  const { selected, tooLarge } = selectContext({
    files: regular, scope: phase.scope.paths, readOnly: phase.scope.read_only_context.map(({ path }) => path),
    text: [phase.name, phase.description, ...phase.acceptance_criteria, ...phase.deliverables].join('\n'),
    bytesMax: Math.floor((tokensMax * BYTES_PER_TOKEN_TENTHS) / 10), fileBytesMax, filesMax,
  });
  if (tooLarge.length > 0) return failed('context_too_large', { detail: tooLarge.slice(0, 5).join(', ') });
  const shown = await readSelected(hands, selected, regular);
  const lines = shown.flatMap(({ text, category }) => (text === null || category !== 'modifiable' ? [] : [text.split('\n').length - 1]));
  const { mode, reason } = chooseMode({
    wanted: policyOf(hands, params.phase).builderMode, deliverables: phase.deliverables.length, scopePaths: phase.scope.paths.length,
    files: shown.filter(({ text }) => text !== null).length, linesMax: Math.max(0, ...lines), text: `${phase.name}\n${phase.description ?? ''}`,
  });
  const context = render(shown, regular.map(({ path }) => path), formats[mode].numbered);
  const entries = shown.map(({ entry }) => entry);
  return result('context.assembled', {
    context: await putText(hands.blobs, context),
    manifest: await putText(hands.blobs, canonical(entries)),
    files: entries.filter(({ omitted }) => !omitted).length,
    omitted: entries.filter(({ omitted }) => omitted).length,
    tokens: Math.ceil((Buffer.byteLength(context) * 10) / BYTES_PER_TOKEN_TENTHS),
    mode,
    modeReason: reason,
    outputTokens: limitOf(hands, phase, mode, new Set(files.map(({ path }) => path))),
  });
};

function limitOf(hands: Hands, phase: Requested['plan']['phases'][number], mode: BuilderMode, present: ReadonlySet<string>): number {
  const { outputTokens, outputTokensMax } = policyOf(hands, phase.phase_id);
  return selectLimit({
    category: phase.task_category, complexity: phase.complexity, deliverables: phase.deliverables, exists: (path) => present.has(path), scope: phase.scope.paths,
    isLarge: mode === 'full_file' || changeClassOf(classInputOf(phase)) === 'large_refactor', base: outputTokens, max: outputTokensMax,
  });
}

interface Shown { readonly path: string; readonly category: Selected['category']; readonly entry: ManifestEntry; /** Null where it is left out. */ readonly text: string | null }

async function readSelected(hands: Hands, selected: readonly Selected[], files: readonly TreeFile[]): Promise<Shown[]> {
  const blobs = new Map(files.map(({ path, blob }) => [path, blob]));
  const wanted = selected.filter(({ omitted }) => !omitted).map(({ path }) => path);
  const bodies = await hands.workspace.readAll(wanted.map((path) => blobs.get(path) ?? ''));
  const bytes = new Map(wanted.map((path, at) => [path, bodies[at]]));
  return selected.map(({ path, size, category }) => {
    const body = bytes.get(path);
    const raw = body === undefined ? '' : Buffer.from(body).toString('utf8');
    // Binary content helps nobody; a file that holds a key never leaves the machine.
    const isShown = body !== undefined && !raw.includes('\0') && isSecretFree(raw, hands.secrets);
    return { path, category, entry: { path, sha256: body === undefined ? '' : sha256(body), category, bytes: size, cut: false, omitted: !isShown }, text: isShown ? raw : null };
  });
}

function render(files: readonly Shown[], all: readonly string[], withNumbers: boolean): string {
  // A file that may be changed is shown as it is: what the builder does not see, it would delete or fail to match.
  const parts = files.flatMap(({ path, category, text }) => {
    if (text === null) return [];
    const hidden = category === 'modifiable' ? hiddenIn(text) : '';
    return [category === 'modifiable' ? quoted(`File ${pathName(path)} (may be changed${hidden === '' ? '' : `; ${hidden}`}):`, withNumbers ? numbered(text) : text) : quoted(`File ${pathName(path)} (for reading only):`, visible(text))];
  });
  const left = files.filter(({ text }) => text === null).map(({ path }) => path);
  if (left.length > 0) parts.push(quoted('Files that exist and are not shown:', left.slice(0, 40).map(pathName).join('\n')));
  parts.push(quoted('All files of the repository:', [...all].sort().slice(0, PATHS_LISTED_MAX).map(pathName).join('\n')));
  return parts.join('\n');
}
