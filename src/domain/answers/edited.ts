// Edited text
// ===========
// What all operations on a text come to.

/** A file's new text, or what is wrong with its operations. */
export type Edited = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problems: readonly string[] };

/** Whole lines: a missing end of the last one is added. */
export const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
