// Documents of the catalogue
// ==========================
// docs/events.md from the schemas. `npm run docs` writes it; a test holds the file against the schemas.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import * as define from '#src/events/define.ts';
import { effects, FeedbackItem } from '#src/events/effects.ts';
import { facts } from '#src/events/facts.ts';
import { inputs, Issue, Spent, Verdict } from '#src/events/inputs.ts';
import { Plan } from '#src/events/plan.ts';
import { Pins, Policy } from '#src/events/policy.ts';
import { Ref } from '#src/record/ref.ts';

const FILE = fileURLToPath(new URL('../../docs/events.md', import.meta.url));

/** Schemas that are spoken of by their name. `Attempt`, `Tokens` … are plain numbers: their bounds say as much. */
const NAMED: readonly (readonly [string, z.ZodType])[] = [
  ['Ref', Ref], ['Id', define.Id], ['Name', define.Name], ['ObjectId', define.ObjectId], ['Sha256', define.Sha256], ['Text', define.Text],
  ['Issue', Issue], ['Verdict', Verdict], ['Spent', Spent], ['FeedbackItem', FeedbackItem], ['Plan', Plan], ['Pins', Pins], ['Policy', Policy],
];
/** Their fields are theirs: docs of plan and policy would be a second truth. */
const OPAQUE = new Set(['Plan', 'Pins', 'Policy']);

interface Def {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly values?: readonly unknown[];
  readonly entries?: Readonly<Record<string, string>>;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly options?: readonly z.ZodType[];
  readonly keyType?: z.ZodType;
  readonly valueType?: z.ZodType;
}

interface Bounds {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly pattern?: string;
}

const defOf = (schema: z.ZodType): Def => schema._zod.def as unknown as Def;
const boundsOf = (schema: z.ZodType): Bounds => schema.toJSONSchema() as Bounds;
const literal = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value));

/** A schema as people write types: `'end' | 'refusal'`, `integer ≥ 1`, `list of Issue, at most 40`. */
export function typeText(schema: z.ZodType, named = true): string {
  const name = NAMED.find(([, known]) => known === schema)?.[0];
  if (named && name !== undefined) return name;
  const { type, innerType, element, values, entries, shape, options, keyType, valueType } = defOf(schema);
  switch (type) {
    case 'nullable':
      return `${typeText(innerType as z.ZodType)} or null`;
    case 'optional':
      return `${typeText(innerType as z.ZodType)}, may be missing`;
    case 'default':
    case 'readonly':
      return typeText(innerType as z.ZodType);
    case 'string':
      return stringText(boundsOf(schema));
    case 'number':
      return integerText(boundsOf(schema));
    case 'boolean':
      return 'boolean';
    case 'literal':
      return (values ?? []).map(literal).join(' \\| ');
    case 'enum':
      return Object.values(entries ?? {}).map(literal).join(' \\| ');
    case 'array':
      return listText(element as z.ZodType, boundsOf(schema));
    case 'object':
      return `{${Object.entries(shape ?? {}).map(([key, field]) => `${key}: ${typeText(field)}`).join(', ')}}`;
    case 'union':
      return (options ?? []).map((option) => typeText(option)).join(' \\| ');
    case 'record':
      return `map of ${typeText(keyType as z.ZodType)} to ${typeText(valueType as z.ZodType)}`;
    default:
      throw new Error(`docs: no words for a schema of type ${type}; add them in tests/support/docs.ts`);
  }
}

function stringText({ minLength, maxLength, pattern }: Bounds): string {
  if (pattern !== undefined) return `text like \`${pattern.replaceAll('|', '\\|')}\``;
  if (maxLength === undefined) return 'text';
  return minLength === undefined ? `text, at most ${maxLength}` : `text, ${minLength} to ${maxLength}`;
}

function integerText({ minimum, maximum, exclusiveMinimum }: Bounds): string {
  const least = exclusiveMinimum === undefined ? minimum : exclusiveMinimum + 1;
  const isLow = least !== undefined && least > Number.MIN_SAFE_INTEGER;
  const isHigh = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (isLow && isHigh) return `integer, ${least} to ${maximum}`;
  return isLow ? `integer ≥ ${least}` : isHigh ? `integer ≤ ${maximum}` : 'integer';
}

function listText(element: z.ZodType, { minItems, maxItems }: Bounds): string {
  const size = maxItems === undefined ? '' : minItems === undefined ? `, at most ${maxItems}` : `, ${minItems} to ${maxItems}`;
  return `list of ${typeText(element)}${size}`;
}

function fields(object: z.ZodType): string[] {
  const rows = Object.entries(defOf(object).shape ?? {}).map(([name, schema]) => `| \`${name}\` | ${typeText(schema)} |`);
  return rows.length === 0 ? ['No fields.', ''] : ['| field | type |', '| --- | --- |', ...rows, ''];
}

const names = (list: readonly string[]): string => list.map((name) => `\`${name}\``).join(', ');

function inputsText(): string[] {
  return Object.values(inputs).flatMap(({ type, v, doc, answers, data }) => {
    const list: readonly string[] = answers;
    const answered = list.length === 0 ? '' : list.includes('*') ? ' Answers any effect.' : ` Answers ${names(list)}.`;
    return [`### \`${type}\` v${v}`, '', `${doc}${answered}`, '', ...fields(data)];
  });
}

function effectsText(): string[] {
  return Object.values(effects).flatMap(({ type, doc, paid, params }) => {
    const results = Object.values(inputs).filter(({ answers }) => (answers as readonly string[]).includes(type)).map((input) => input.type);
    return [`### \`${type}\``, '', `${doc}${paid ? ' Paid: what arrived is kept and never asked again.' : ''} Answered by ${names(results)}${type === 'startTimer' ? ' of the kernel' : ', or `effect.failed`'}.`, '', ...fields(params)];
  });
}

export function docsText(): string {
  return `${[
    '# Events',
    '',
    'Everything that can stand in a record, from the schemas of `src/events`. Generated by `npm run docs`; do not edit.',
    'A type name never changes meaning: a new shape is a new version. Times are integer milliseconds, money is integer',
    'micro-dollars, ratios are basis points; a body that may be long is a `Ref` to a blob.',
    '',
    '## Named types',
    '',
    '| name | type |',
    '| --- | --- |',
    ...NAMED.map(([name, schema]) => `| ${name} | ${OPAQUE.has(name) ? `see \`src/events/${name === 'Plan' ? 'plan' : 'policy'}.ts\`` : typeText(schema, false)} |`),
    '',
    '## Inputs',
    '',
    'What enters the log from outside: `event` of a record. A result names in `cause` the effect that it answers.',
    '',
    ...inputsText(),
    '## Effects',
    '',
    'What is to be done: `effects` of a record, each with an id of actor and counter.',
    '',
    ...effectsText(),
    '## Facts',
    '',
    'What was decided and why: `facts` of a record. They follow from inputs; nothing is decided from them again.',
    '',
    ...Object.values(facts).flatMap(({ type, doc, data }) => [`### \`${type}\``, '', doc, '', ...fields(data)]),
  ].join('\n').trimEnd()}\n`;
}

export const writtenDocs = (): string => readFileSync(FILE, 'utf8');

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(FILE, docsText());
