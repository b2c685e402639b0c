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
  return JSON.stringify(inOrder(value)); // its native writer gives RFC 8785's bytes for all that inOrder lets through
}

/** @returns the value itself where its keys stand in order, else a copy in order. @throws TypeError R2 */
function inOrder(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new TypeError('not well-formed text: lone surrogate');
      return value;
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError(`not a safe integer: ${String(value)}`);
      return value;
    case 'object':
      return value === null ? null : Array.isArray(value) ? list(value) : plain(value as Readonly<Record<string, unknown>>);
    default:
      throw new TypeError(`not JSON: ${typeof value}`);
  }
}

function list(value: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | null = null;
  for (let i = 0; i < value.length; i += 1) {
    if (!(i in value)) throw new TypeError('sparse array');
    const item = inOrder(value[i]);
    if (item === value[i]) continue;
    copy ??= [...value];
    copy[i] = item;
  }
  return copy ?? value;
}

function plain(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!isPlain(value)) throw new TypeError('not a plain object');
  const keys = Object.keys(value);
  if (!areInOrder(keys)) {
    const made: Record<string, unknown> = {};
    for (const key of keys.sort()) put(made, key, inOrder(value[key]));
    return made;
  }
  let copy: Record<string, unknown> | null = null;
  for (const key of keys) {
    const item = inOrder(value[key]);
    if (item === value[key]) continue;
    copy ??= { ...value };
    put(copy, key, item);
  }
  return copy ?? value;
}

function put(made: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(made, key, { value, enumerable: true });
  else made[key] = value;
}

function isPlain(value: object): boolean {
  const proto: unknown = Object.getPrototypeOf(value);
  return (proto === Object.prototype || proto === null) && Object.getOwnPropertySymbols(value).length === 0;
}

const INTEGER_LIKE = /^(0|[1-9]\d*)$/;
const KEYS_MAX = 1000;
/** Keys that were looked at: the same few hundred come again and again. Those that data makes up may not fill the memory. */
const goodKeys = new Set<string>();

/** @throws TypeError R2 for a key that JSON would move or bend. */
function areInOrder(keys: readonly string[]): boolean {
  let before = '';
  let isSorted = true;
  for (const key of keys) {
    if (!goodKeys.has(key)) {
      if (INTEGER_LIKE.test(key)) throw new TypeError(`integer-like key: ${key}`);
      if (!key.isWellFormed()) throw new TypeError('not well-formed text: lone surrogate');
      if (goodKeys.size < KEYS_MAX) goodKeys.add(key);
    }
    isSorted &&= before <= key;
    before = key;
  }
  return isSorted;
}

/** True when both give the same bytes, without writing them: `read` as JSON gave it, `made` by our own code. */
export function isSame(read: unknown, made: unknown): boolean {
  if (typeof read !== 'object' || read === null || typeof made !== 'object' || made === null) return Object.is(read, made);
  if (Array.isArray(read) || Array.isArray(made)) {
    return Array.isArray(read) && Array.isArray(made) && read.length === made.length && read.every((item, i) => isSame(item, made[i]));
  }
  const keys = Object.keys(made);
  if (keys.length !== Object.keys(read).length || !isPlain(made)) return false;
  return keys.every((key) => Object.hasOwn(read, key) && isSame((read as Record<string, unknown>)[key], (made as Record<string, unknown>)[key]));
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
