// The catalogue and what stands for it: handlers, results, the document, the lock.

import { expect, test } from 'vitest';
import { z } from 'zod';
import { handlers } from '#src/effects/handlers.ts';
import { effects } from '#src/events/effects.ts';
import { facts } from '#src/events/facts.ts';
import { inputs } from '#src/events/inputs.ts';
import { docsText, writtenDocs } from '#tests/support/docs.ts';
import { filesBelow, importsOf, pieces, seen, type Source } from './sources.ts';

const EFFECTS = Object.keys(effects);
/** The kernel's own: it waits, nobody performs. */
const KERNELS = 'startTimer';
const INPUTS = Object.values(inputs).map(({ type, answers, data }) => ({ type: type as string, answers: answers as readonly string[], data: data as z.ZodType }));
const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

test('docs/events.md is what the schemas say: else run npm run docs', () => {
  expect(writtenDocs() === docsText(), 'schemas changed: run npm run docs').toBe(true);
});

test('docs/events.md names every input, effect and fact with every field', () => {
  const text = docsText();
  for (const name of seen([...INPUTS.map(({ type }) => type), ...EFFECTS, ...Object.keys(facts)], 'catalogue')) expect(text).toContain(`### \`${name}\``);
  for (const { data } of INPUTS) for (const field of fieldsOf(data)) expect(text).toContain(`| \`${field}\` | `);
});

test('each effect but the timer has exactly one handler, in a file of its name', () => {
  expect(Object.keys(handlers).sort()).toEqual(seen(EFFECTS, 'effects').filter((name) => name !== KERNELS).sort());
  const source = filesBelow(['src/effects/handlers.ts'])[0] as Source;
  const files = importsOf(source.text).filter(({ specifier, typeOnly }) => specifier.startsWith('./') && !typeOnly).map(({ specifier, names }) => `${names.join()} ${specifier}`);
  expect(files.sort()).toEqual(Object.keys(handlers).map((name) => `${name} ./${kebab(name)}.ts`).sort());
});

test('each effect is answered by an input of its own, and each answer names a known effect', () => {
  const answered = new Set(INPUTS.flatMap(({ answers }) => answers));
  expect(EFFECTS.filter((name) => !answered.has(name)).map((name) => `${name} has no result in src/events/inputs.ts`)).toEqual([]);
  expect([...answered].filter((name) => name !== '*' && !EFFECTS.includes(name)).map((name) => `an input answers ${name}, which is no effect`)).toEqual([]);
});

/** Types in `result('…', …)` of the handlers: what they bring into the log. */
const resultsIn = (sources: readonly Source[]): string[] =>
  sources.flatMap(({ text }) => pieces(text).flatMap(({ kind, text: part }, i, all) => (kind === 'string' && /\bresult\(\s*$/.test(all[i - 1]?.text ?? '') ? [part.slice(1, -1)] : [])));

test('each result of a handler is a declared answer, and each declared answer is given by a handler', () => {
  const given = new Set(seen(resultsIn(filesBelow(['src/effects'])), 'results'));
  const declared = INPUTS.filter(({ answers }) => answers.length > 0 && !answers.includes(KERNELS)).map(({ type }) => type);
  expect([...given].filter((type) => !declared.includes(type)).map((type) => `${type} is given by a handler and answers nothing`)).toEqual([]);
  expect(declared.filter((type) => !given.has(type)).map((type) => `${type} is declared and no handler gives it`)).toEqual([]);
});

test('every type is dotted, in words of small letters, and stands once', () => {
  const types = [...INPUTS.map(({ type }) => type), ...Object.keys(facts)];
  expect(types.filter((type) => !/^[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)+$/.test(type))).toEqual([]);
  expect(types.filter((type, i) => types.indexOf(type) !== i)).toEqual([]);
  expect(Object.entries(facts).filter(([name, { type }]) => name !== type)).toEqual([]);
  expect(Object.entries(effects).filter(([name, { type }]) => name !== type)).toEqual([]);
});

interface Inner { readonly type: string; readonly innerType?: z.ZodType; readonly element?: z.ZodType; readonly shape?: Record<string, z.ZodType>; readonly options?: readonly z.ZodType[]; readonly catchall?: z.ZodType }
const inner = (schema: z.ZodType): Inner => schema._zod.def as unknown as Inner;
const fieldsOf = (schema: z.ZodType): string[] => Object.keys(inner(schema).shape ?? {});

/** What has no bound, or lets in what nobody described. */
function unbounded(schema: z.ZodType, path: string): string[] {
  const { type, innerType, element, shape, options } = inner(schema);
  const bounds = schema.toJSONSchema() as { maxLength?: number; pattern?: string; maxItems?: number };
  const below = [
    ...(innerType === undefined ? [] : unbounded(innerType, path)),
    ...(element === undefined ? [] : unbounded(element, `${path}[]`)),
    ...Object.entries(shape ?? {}).flatMap(([key, field]) => unbounded(field, `${path}.${key}`)),
    ...(options ?? []).flatMap((option) => unbounded(option, path)),
  ];
  if (type === 'string' && bounds.maxLength === undefined && bounds.pattern === undefined) below.push(`${path}: text without a limit`);
  if (type === 'array' && bounds.maxItems === undefined) below.push(`${path}: list without a limit`);
  if (type === 'any' || type === 'unknown' || type === 'record') below.push(`${path}: ${type}`);
  return below;
}

/** Record 0 is bounded as a whole: the plan by its canonical bytes, the rest by the limit on every record. */
const BOUNDED_AS_A_WHOLE = 'run.requested';

test('E2 every field of input, effect and fact is a bounded value or a reference', () => {
  const schemas = [...INPUTS.filter(({ type }) => type !== BOUNDED_AS_A_WHOLE).map(({ type, data }) => [type, data] as const), ...Object.values(effects).map(({ type, params }) => [type, params as z.ZodType] as const), ...Object.values(facts).map(({ type, data }) => [type, data as z.ZodType] as const)];
  expect(seen(schemas, 'schemas').flatMap(([type, schema]) => unbounded(schema, type)).map((place) => `${place}; bound it, or make it a Ref`)).toEqual([]);
  const sample = z.strictObject({ a: z.string(), b: z.array(z.string().max(1)).nullable(), c: z.unknown(), d: z.int(), e: z.enum(['f']) });
  expect(unbounded(sample, 'x')).toEqual(['x.a: text without a limit', 'x.b: list without a limit', 'x.c: unknown']);
});
