// Secrets
// =======
// What must never enter a prompt, a record or a patch: keys by their shape. Nothing is masked inside a patch; a text
// that holds one is refused whole.

import { isKeyName } from './command-env.ts';

const SHAPES: readonly RegExp[] = [
  /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{24,}/,
  // Headers may stand before the body, and inside JSON its lines end in a written `\n`.
  /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[^]{0,300}?[A-Za-z0-9+/]{48}/,
  /\bgh[pousr]_[A-Za-z0-9]{36,}/,
  /\bgithub_pat_[A-Za-z0-9_]{36,}/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /\bxox[abprs]-[A-Za-z0-9-]{20,}/,
];

/** @param known values of keys that this machine uses, whatever their shape. */
export const isSecretFree = (text: string, known: readonly string[] = []): boolean => SHAPES.every((shape) => !shape.test(text)) && known.every((value) => !text.includes(value));

const WHOLE_KEY = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [^-\n]{0,60}-----|$)/g;
const MASK = '[a key was here]';

/** For what is recorded of a test's output and of problems: never for a patch. */
export function withoutSecrets(text: string, known: readonly string[] = []): string {
  if (isSecretFree(text, known)) return text;
  const shaped = SHAPES.reduce((left, shape) => left.replace(new RegExp(shape.source, 'g'), MASK), text.replace(WHOLE_KEY, (block) => (isSecretFree(block) ? block : MASK)));
  return known.reduce((left, value) => left.replaceAll(value, MASK), shaped);
}

/**
 * Addresses without users, passwords and tokens, for what is shown and logged: `nats://user:password@host`, `esdb://…`,
 * several with commas, with or without a scheme. What stands before an `@` goes, whatever else it holds: a password may be
 * written with `@`, `,`, `/` or `?` in it, so the place of one without a scheme may go with it. A path after `sqlite:` is no address.
 */
export const withoutCredentials = (text: string): string => (text.startsWith('sqlite:') ? text : text.replaceAll(CREDENTIALS, '$1'));

/** From `://`, or the beginning, to the last `@` before the next `://`; a `@` behind a `?` only where there is no other. */
const CREDENTIALS = /(:\/\/|^)(?:(?:(?!:\/\/)[^?])*|(?:(?!:\/\/).)*)@/g;

/** Shorter values are words that may stand anywhere. */
const KNOWN_MIN = 16;
const PASSWORD_MIN = 8;

/** Values of an environment whose names say that they are keys; places of files are none. And passwords in addresses. */
export const secretsIn = (env: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(env).flatMap(([name, value = '']) => [...(isKey(name, value) ? [value] : []), ...passwordsIn(value)]);

/** Ours of the bus counts as it would in an address. */
const isKey = (name: string, value: string): boolean =>
  name === 'AUTOPACK_NATS_PASSWORD' ? value.length >= PASSWORD_MIN : isKeyName(name) && value.length >= KNOWN_MIN && !/^[/.~]|\s/.test(value);

/** `nats://user:password@host`, or `nats://token@host`; several with commas. */
const passwordsIn = (value: string): string[] => [...value.matchAll(/\b[a-z][a-z0-9+.-]*:\/\/(?:[^/\s@:,]*:)?([^/\s@:,]+)@/gi)].flatMap(([, password = '']) => (password.length >= PASSWORD_MIN ? [password] : []));
