// Definitions
// ===========
// The three kinds of things that stand in a record, each a strict schema with a sentence for docs/events.md.
//
//   E1. A type name never changes meaning: a new shape is a new version plus an upcaster.
//   E2. By schema a field is either a bounded value or a `Ref`, always the same.

import { z } from 'zod';

export type Shape = Record<string, z.ZodType>;

/** An input: what happened, past tense, dotted. `answers` names the effect type(s) whose result it is; empty = a command. */
export interface InputDef<T extends string = string, S extends Shape = Shape> {
  readonly type: T;
  readonly v: number;
  readonly doc: string;
  readonly answers: readonly string[];
  readonly data: z.ZodObject<S>;
}

export interface FactDef<T extends string = string, S extends Shape = Shape> {
  readonly type: T;
  readonly doc: string;
  readonly data: z.ZodObject<S>;
}

export interface EffectDef<T extends string = string, S extends Shape = Shape> {
  readonly type: T;
  readonly doc: string;
  /** Its answers are kept by the memo: what arrived is never asked again. */
  readonly paid: boolean;
  readonly params: z.ZodObject<S>;
}

export function defineInput<const T extends string, S extends Shape>(type: T, v: number, answers: readonly string[], doc: string, shape: S): InputDef<T, S> {
  return { type, v, doc, answers, data: z.strictObject(shape) as z.ZodObject<S> };
}

export function defineFact<const T extends string, S extends Shape>(type: T, doc: string, shape: S): FactDef<T, S> {
  return { type, doc, data: z.strictObject(shape) as z.ZodObject<S> };
}

export function defineEffect<const T extends string, S extends Shape>(type: T, options: { paid: boolean }, doc: string, shape: S): EffectDef<T, S> {
  return { type, doc, paid: options.paid, params: z.strictObject(shape) as z.ZodObject<S> };
}

export const Tokens = z.int().nonnegative();
export const MicroUsd = z.int().nonnegative();
export const Ms = z.int().nonnegative();
export const Attempt = z.int().min(1);
export const Name = z.string().min(1).max(128);
/** Ids of runs, tiers and phases; distinct when case is folded. */
export const ID = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
export const Id = z.string().regex(ID);
export const ObjectId = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/);
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** Answer formats of a builder: `src/domain/answers/formats.ts`. */
export const BuilderMode = z.enum(['full_file', 'structured_edit', 'ndjson', 'diff']);
export type BuilderMode = z.infer<typeof BuilderMode>;
/** How a change came into the tree: written by us, or the rung of the ladder that took a patch. */
export const Rung = z.enum(['written', 'strict', 'whitespace', 'three_way']);
export const Text = z.string().max(500);

/** What counts against accounts: the cost is rounded up per call. */
export const billed = { inputTokens: Tokens, outputTokens: Tokens, costMicroUsd: MicroUsd };
/** What one model call used; the tokens that a vendor's cache gave or took are among the input. */
export const spent = { ...billed, cacheReadTokens: Tokens, cacheWriteTokens: Tokens };
