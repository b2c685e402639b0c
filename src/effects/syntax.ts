// Syntax
// ======
// Whether a file of the repository could be read by what it is written for: the parsers of others, in this process, none
// of which runs what it reads. What a parser gives up on for its depth or a proposal of its own is not called wrong.

import type { ParserPlugin } from '@babel/parser';
import { isYaml } from '#src/yaml/syntax.ts';
import type { Language } from '#src/domain/deliverables.ts';

/** What some write before every engine runs it. */
const PROPOSALS: readonly ParserPlugin[] = ['decorators', 'decoratorAutoAccessors'];

/** Parsers are loaded when a patch is judged, not at the start. */
export async function syntaxReader(): Promise<(language: Language, text: string) => boolean> {
  const [{ parse: parseToml, TomlError }, { parse }] = await Promise.all([import('smol-toml'), import('@babel/parser')]);
  /** Only what cannot be read at all is told: with recovery, names declared twice and the like are none of our business. */
  const isProgram = (text: string, plugins: readonly ParserPlugin[]): boolean =>
    passes(() => parse(text, { sourceType: 'unambiguous', errorRecovery: true, allowReturnOutsideFunction: true, allowAwaitOutsideFunction: true, plugins: [...plugins, ...PROPOSALS] }), SyntaxError);
  return (language, text) => {
    const body = text.replace(/^\uFEFF/, '');
    switch (language) {
      case 'JSON':
        return passes(() => JSON.parse(body) as unknown, SyntaxError);
      case 'YAML':
        return isYaml(text);
      case 'TOML':
        return passes(() => parseToml(body), TomlError);
      case 'JavaScript':
        return isProgram(body, ['jsx']) || isProgram(body, ['flow', 'jsx']);
      case 'TypeScript':
        return isProgram(body, ['typescript']);
      case 'TSX':
        return isProgram(body, ['typescript', 'jsx']);
    }
  };
}

function passes(read: () => unknown, wrong: new (...args: never[]) => Error): boolean {
  try {
    read();
    return true;
  } catch (error) {
    return !(error instanceof wrong);
  }
}
