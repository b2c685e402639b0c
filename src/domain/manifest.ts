// Manifest of a context
// =====================
// What is recorded of each file that a builder saw, or did not: E-157.

import { z } from 'zod';

const Entry = z.strictObject({ path: z.string(), sha256: z.string(), category: z.string(), bytes: z.int().nonnegative(), cut: z.boolean(), omitted: z.boolean() });
export type ManifestEntry = z.infer<typeof Entry>;

/** Path -> sha256 of the files of which every line stood in the prompt. @param text the JSON of the recorded list. */
export const shownWhole = (text: string): ReadonlyMap<string, string> => new Map(z.array(Entry).parse(JSON.parse(text)).filter(({ cut, omitted }) => !cut && !omitted).map(({ path, sha256 }) => [path, sha256]));
