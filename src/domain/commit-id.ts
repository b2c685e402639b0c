// Commit ids
// ==========
// The bytes of a commit and its id, without git: the same log gives the same ids on every machine.

import { createHash } from 'node:crypto';

export interface CommitParts {
  readonly tree: string;
  /** Null for the first commit of a repository. */
  readonly parent: string | null;
  /** What a merge brings in. */
  readonly merged?: string;
  readonly message: string;
  /** Seconds since the epoch. */
  readonly atSeconds: number;
}

const WHO = 'autopack <autopack@localhost>';

/** A message ends with one line feed at least; NUL cannot be in a commit. */
export function commitBytes({ tree, parent, merged, message, atSeconds }: CommitParts): Buffer {
  const text = message.toWellFormed().replaceAll('\0', '');
  const ended = text.endsWith('\n') ? text : `${text}\n`;
  const parents = [parent, merged].map((id) => (id == null ? '' : `parent ${id}\n`)).join('');
  return Buffer.from(`tree ${tree}\n${parents}author ${WHO} ${atSeconds} +0000\ncommitter ${WHO} ${atSeconds} +0000\n\n${ended}`, 'utf8');
}

export function commitId(parts: CommitParts, objectFormat: 'sha1' | 'sha256'): string {
  const bytes = commitBytes(parts);
  return createHash(objectFormat).update(`commit ${bytes.length}\0`).update(bytes).digest('hex');
}
