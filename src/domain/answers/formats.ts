// Answer formats
// ==============
// The one table of what a builder may answer in: the part of the prompt that describes it, the schema that a vendor can
// hold a model to, and the parser. Prompt, call and reader all come here, so they cannot disagree (E-628).

import type { BuilderMode } from '#src/events/define.ts';
import type { Whole } from './continuation.ts';
import { joinedSections, parseDiff, wholeSections } from './diff.ts';
import type { Edit, Unread } from './edits.ts';
import { editsOfFiles, fullFileSchema, joinedFiles, parseFullFile, wholeFiles } from './full-file.ts';
import { parseNdjson } from './ndjson.ts';
import { parseStructuredEdit, structuredEditSchema } from './structured-edit.ts';

export type BuilderAnswer = { readonly ok: true; readonly edits: readonly Edit[] } | { readonly ok: true; readonly diff: string } | Unread;

export interface AnswerFormat {
  /** Template of `config/prompts` that describes it. */
  readonly prompt: string;
  /** Null where an answer is no single JSON object. */
  readonly schema: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> } | null;
  /** Whether files are shown with the numbers of their lines. */
  readonly numbered: boolean;
  parse(answer: string): BuilderAnswer;
  /** How a cut answer is continued (E-134); null where nothing tells which of its files are complete. */
  readonly continuation: { whole(cut: string): Whole | null; joined(whole: string, rest: string): string } | null;
}

export const formats: { readonly [M in BuilderMode]: AnswerFormat } = {
  full_file: {
    prompt: 'builder-full-file', schema: fullFileSchema, numbered: false,
    parse: (answer) => {
      const parsed = parseFullFile(answer);
      return parsed.ok ? { ok: true, edits: editsOfFiles(parsed.files) } : parsed;
    },
    continuation: { whole: wholeFiles, joined: joinedFiles },
  },
  structured_edit: { prompt: 'builder-structured-edit', schema: structuredEditSchema, numbered: true, parse: parseStructuredEdit, continuation: null },
  ndjson: { prompt: 'builder-ndjson', schema: null, numbered: false, parse: parseNdjson, continuation: null },
  diff: { prompt: 'builder-diff', schema: null, numbered: false, parse: parseDiff, continuation: { whole: wholeSections, joined: joinedSections } },
};

export interface ModeInput {
  /** The plan's own wish, which wins over every rule. */
  readonly wanted: BuilderMode | null;
  readonly deliverables: number;
  readonly scopePaths: number;
  /** Files of the context. */
  readonly files: number;
  /** Lines of the longest file that may be changed. */
  readonly linesMax: number;
  /** Name and description. */
  readonly text: string;
}

const LINES_HARD = 1000;
const SEVERAL = /\bmultiple files\b|\bcreate\b[^.]*\b(?:files|modules)\b|^[^\n]*template/i;

/** E-120: which format an attempt asks for, and why; first match wins. `diff` only where the plan asks for it. */
export function chooseMode({ wanted, deliverables, scopePaths, files, linesMax, text }: ModeInput): { readonly mode: BuilderMode; readonly reason: string } {
  if (wanted !== null) return { mode: wanted, reason: 'the plan says so' };
  if (deliverables >= 5) return { mode: 'ndjson', reason: `${deliverables} deliverables` };
  if (linesMax > LINES_HARD && !SEVERAL.test(text)) return { mode: 'structured_edit', reason: `a file of ${linesMax} lines` };
  if (linesMax <= LINES_HARD && files >= 30) return { mode: 'structured_edit', reason: `${files} files of context` };
  if (linesMax <= LINES_HARD && scopePaths > 6) return { mode: 'structured_edit', reason: `${scopePaths} paths of scope` };
  return { mode: 'full_file', reason: 'the default' };
}
