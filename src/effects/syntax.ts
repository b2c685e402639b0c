// Syntax
// ======
// Whether a file of the repository could be read by what it is written for: the parsers of others, in this process, none
// of which runs what it reads. What a parser gives up on for its depth or a proposal of its own is not called wrong.

import type { ParserPlugin } from '@babel/parser';
import { isYaml } from '#src/yaml/syntax.ts';
import { judgeSyntax, languageToRead, type Language, type Written } from '#src/domain/deliverables.ts';
import type { Refusal } from '#src/domain/guards.ts';

/** What some write before every engine runs it. */
const PROPOSALS: readonly ParserPlugin[] = ['decorators', 'decoratorAutoAccessors'];

type Reads = (text: string) => boolean;

/** A file's refusals; a parser is loaded only when there is something for it to read. */
export async function judgeFile(file: Written): Promise<Refusal[]> {
  const language = languageToRead(file);
  return language === null ? [] : judgeSyntax(file, await syntaxReader(language));
}

async function syntaxReader(language: Language): Promise<Reads> {
  switch (language) {
    case 'JSON':
      return (text) => passes(() => JSON.parse(withoutMark(text)) as unknown, SyntaxError);
    case 'YAML':
      return isYaml;
    case 'TOML':
      return tomlReader();
    case 'JavaScript':
      return programReader(['jsx'], ['flow', 'jsx']);
    case 'TypeScript':
      return programReader(['typescript']);
    case 'TSX':
      return programReader(['typescript', 'jsx']);
  }
}

const withoutMark = (text: string): string => text.replace(/^\uFEFF/, '');

async function tomlReader(): Promise<Reads> {
  const { parse, TomlError } = await import('smol-toml');
  return (text) => passes(() => parse(withoutMark(text)), TomlError);
}

/** Only what cannot be read at all is told: with recovery, names declared twice and the like are none of our business. @param dialects of which one must do */
async function programReader(...dialects: readonly (readonly ParserPlugin[])[]): Promise<Reads> {
  const { parse } = await import('@babel/parser');
  const isProgram = (text: string, plugins: readonly ParserPlugin[]): boolean =>
    passes(() => parse(text, { sourceType: 'unambiguous', errorRecovery: true, allowReturnOutsideFunction: true, allowAwaitOutsideFunction: true, plugins: [...plugins, ...PROPOSALS] }), SyntaxError);
  return (text) => dialects.some((plugins) => isProgram(withoutMark(text), plugins));
}

function passes(read: () => unknown, wrong: new (...args: never[]) => Error): boolean {
  try {
    read();
    return true;
  } catch (error) {
    return !(error instanceof wrong);
  }
}
