// Canonical JSON
// ==============
// The one writer of everything that is hashed: bytes stored are bytes hashed.
//
//   R1. Equal values give equal bytes: keys in UTF-16 code unit order (RFC 8785), no spaces.
//   R2. What JSON would drop, round or reorder is refused: undefined, NaN, -0, fractions, unsafe
//       integers, integer-like keys, lone surrogates, sparse arrays, anything but plain objects.
//
// Source: DESIGN 3, kernel 2.

import { createHash, hash as oneShot } from 'node:crypto';

/** @throws TypeError naming what cannot stand in a record. */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      return integer(value);
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? list(value) : plain(value);
    default:
      throw new TypeError(`not JSON: ${typeof value}`);
  }
}

function text(value: string): string {
  if (!value.isWellFormed()) throw new TypeError('not well-formed text: lone surrogate');
  return JSON.stringify(value);
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError(`not a safe integer: ${String(value)}`);
  return String(value);
}

function list(value: readonly unknown[]): string {
  let out = '[';
  for (let i = 0; i < value.length; i += 1) {
    if (!(i in value)) throw new TypeError('sparse array');
    out += (i === 0 ? '' : ',') + canonical(value[i]);
  }
  return `${out}]`;
}

const INTEGER_LIKE = /^(0|[1-9]\d*)$/;

function plain(value: object): string {
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== null) throw new TypeError('not a plain object');
  if (Object.getOwnPropertySymbols(value).length > 0) throw new TypeError('symbol key');
  let out = '{';
  for (const key of Object.keys(value).sort()) {
    if (INTEGER_LIKE.test(key)) throw new TypeError(`integer-like key: ${key}`);
    out += `${out === '{' ? '' : ','}${text(key)}:${canonical((value as Record<string, unknown>)[key])}`;
  }
  return `${out}}`;
}

/** @returns 64 lower-case hex digits of the UTF-8 bytes. */
export function sha256(data: string | Uint8Array): string {
  return oneShot('sha256', data, 'hex');
}

export interface GrowingHash {
  add(bytes: Uint8Array): void;
  /** Of what was added so far. */
  hex(): string;
}

export function growingSha256(): GrowingHash {
  const hash = createHash('sha256');
  return { add: (bytes) => void hash.update(bytes), hex: () => hash.copy().digest('hex') };
}
