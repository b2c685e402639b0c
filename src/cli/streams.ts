// Streams
// =======
// stdout is the result, stderr is progress, logs and prompts. With --json nothing but JSON reaches stdout.

import { styleText } from 'node:util';

export interface Streams {
  /** Where a person answers, if one sits there. */
  readonly in?: NodeJS.ReadStream;
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
}

export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  /** One line of the result. */
  print(line: string): void;
  /** One line for people while something happens; nothing with --quiet. */
  say(line: string): void;
  /** Always said: what went wrong, and the way out. */
  warn(line: string): void;
  /** One JSON document or line of the stream. */
  emit(value: unknown): void;
  style(format: Parameters<typeof styleText>[0], text: string): string;
  readonly isTerminal: boolean;
  /** Redraws the one status line; null takes it away. */
  status(line: string | null): void;
}

/** What a terminal would act upon, but for line ends, tabs and the colours that `style` makes: models and commits choose texts. */
// oxlint-disable-next-line no-control-regex -- they are what it looks for
const ACTING = /\u001b(?!\[(?:[1-4]|2[2-4]|3[0-79])m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
export const harmless = (text: string): string => text.replace(ACTING, '\ufffd');

/** A reader that went away is no error (`| head`); a full disk is, and what runs goes on. @param lost is told once. */
export function watchStreams({ out, err }: Streams, lost: () => void): void {
  let told = false;
  err.on('error', () => {}); // there is nowhere to say it
  out.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE' || told) return;
    told = true;
    err.write(`error: the result cannot be written (${code ?? 'unknown'})\n`);
    lost();
  });
}

export const inputOf = ({ in: from, out, err }: Streams): { in: NodeJS.ReadStream; err: NodeJS.WriteStream } | null => (from?.isTTY === true && out.isTTY === true ? { in: from, err } : null);

/** Waits where the reader is slower; a reader that went away takes nothing any more. */
export function bytesTo(out: NodeJS.WriteStream): (chunk: Uint8Array) => Promise<void> {
  return (chunk) =>
    new Promise((resolve) => {
      out.write(chunk, () => resolve());
    });
}

export function outputOf(streams: Streams, options: { readonly json: boolean; readonly quiet: boolean; readonly color: boolean }): Output {
  const { out, err } = streams;
  const isTerminal = err.isTTY === true && process.env['TERM'] !== 'dumb';
  let drawn = false;
  const clear = (): void => {
    if (drawn) err.write('\r\u001b[K');
    drawn = false;
  };
  const line = (text: string): void => {
    clear();
    err.write(`${harmless(text)}\n`);
  };
  return {
    json: options.json,
    quiet: options.quiet,
    isTerminal,
    print: (text) => {
      clear();
      if (!options.json) out.write(`${harmless(text)}\n`);
    },
    say: (text) => {
      if (!options.quiet) line(text);
    },
    warn: line,
    emit: (value) => {
      out.write(`${JSON.stringify(value)}\n`);
    },
    style: (format, text) => (options.color ? styleText(format, text, { stream: out.isTTY === true ? err : out }) : text), // none into a file or a pipe
    status: (text) => {
      if (!isTerminal || options.quiet) return;
      clear();
      if (text === null) return;
      err.write([...harmless(text)].slice(0, (err.columns ?? 80) - 1).join(''));
      drawn = true;
    },
  };
}
