// assembleContext: what the builder will see, from the base alone.

import { selectContext, type Selected } from '#src/domain/context.ts';
import { quoted, visible } from '#src/domain/prompt.ts';
import { isSecretFree } from '#src/domain/secrets.ts';
import { canonical, sha256 } from '#src/record/canonical.ts';
import { failed, phaseOf, putText, result, type Handler, type Hands } from './performing.ts';

interface Entry { readonly path: string; readonly sha256: string; readonly category: string; readonly bytes: number; readonly cut: boolean; readonly omitted: boolean }

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
  const blobs = new Map(regular.map(({ path, blob }) => [path, blob]));
  const { text, entries } = await render(hands, selected, blobs, regular.map(({ path }) => path));
  return result('context.assembled', {
    context: await putText(hands.blobs, text),
    manifest: await putText(hands.blobs, canonical(entries)),
    files: entries.filter(({ omitted }) => !omitted).length,
    omitted: entries.filter(({ omitted }) => omitted).length,
    tokens: Math.ceil((Buffer.byteLength(text) * 10) / BYTES_PER_TOKEN_TENTHS),
  });
};

async function render(hands: Hands, selected: readonly Selected[], blobs: ReadonlyMap<string, string>, all: readonly string[]): Promise<{ text: string; entries: Entry[] }> {
  const parts: string[] = [];
  const entries: Entry[] = [];
  for (const { path, size, category, omitted } of selected) {
    const body = omitted ? null : await hands.workspace.read(blobs.get(path) ?? '');
    const raw = body === null ? '' : Buffer.from(body).toString('utf8');
    // Binary content helps nobody; a file that holds a key never leaves the machine.
    const shown = body !== null && !raw.includes('\0') && isSecretFree(raw, hands.secrets);
    entries.push({ path, sha256: body === null ? '' : sha256(body), category, bytes: size, cut: false, omitted: !shown });
    if (!shown) continue;
    // A file that may be changed is shown as it is: what the builder does not see, it would delete or fail to match.
    if (category === 'modifiable') parts.push(quoted(`File ${path} (may be changed):`, raw));
    else parts.push(quoted(`File ${path} (for reading only):`, visible(raw)));
  }
  const left = entries.filter(({ omitted }) => omitted).map(({ path }) => path);
  if (left.length > 0) parts.push(quoted('Files that exist and are not shown:', left.slice(0, 40).join('\n')));
  parts.push(quoted('All files of the repository:', [...all].sort().slice(0, PATHS_LISTED_MAX).join('\n')));
  return { text: parts.join('\n'), entries };
}
