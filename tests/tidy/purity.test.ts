// Impure words in pure folders: what would make a replay differ. The engine refuses a part of it at run time; this
// sees all of it, also where no test goes. Each rule names the cure.

import { expect, test } from 'vitest';
import { filesBelow, importsOf, places, told, type Finding, type Source } from './sources.ts';

const PURE = ['machines', 'projections', 'src/domain', 'src/record', 'src/events', 'src/kernel/step.ts', 'src/kernel/engine.ts'];
/** node:crypto may be imported here, and only to hash. */
const HASHING = /^src\/record\/|^src\/domain\/commit-id\.ts$/;
const HASHES = new Set(['createHash', 'hash']);

const CLOCK = "take the record's `at`: an `...AtMs` field of event or params";
const ADAPTER = 'make it an effect: a handler of src/effects behind a port of src/ports';
const TIMER = 'ask for a `startTimer` effect and react to `timer.fired`';
const CHANCE = 'derive it from actor and counter, or let an effect bring it in as a result';
const LOCALE = 'compare with < and >, format by hand: locales differ between machines';

interface Rule {
  readonly word: string;
  readonly pattern: RegExp;
  readonly cure: string;
  /** Shows it biting. */
  readonly sample: string;
}

const RULES: readonly Rule[] = [
  { word: 'Date.now', pattern: /\bDate\s*\.\s*now\b/g, cure: CLOCK, sample: 'const at = Date.now();' },
  { word: 'new Date()', pattern: /\bnew\s+Date\s*\(\s*\)|\bnew\s+Date\b(?!\s*\()|(?<!new\s+)\bDate\s*\(/g, cure: CLOCK, sample: 'const at = new Date();' },
  { word: 'local time', pattern: /\.(?:get|set)(?:FullYear|Month|Date|Day|Hours|Minutes|TimezoneOffset)\b/g, cure: 'use the getUTC… methods: time zones differ between machines', sample: 'const hour = date.getHours();' },
  { word: 'performance', pattern: /\bperformance\s*\./g, cure: CLOCK, sample: 'performance.now();' },
  { word: 'Math.random', pattern: /\bMath\s*\.\s*random\b/g, cure: CHANCE, sample: 'Math.random();' },
  { word: 'randomness', pattern: /\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b/g, cure: CHANCE, sample: 'const id = crypto.randomUUID();' },
  { word: 'process', pattern: /\bprocess\s*[.[]/g, cure: 'hand it in: policy is pinned in record 0, the machine belongs to src/app', sample: "const path = process.env['PATH'];" },
  { word: 'globalThis', pattern: /\bglobalThis\b/g, cure: 'hand it in as a parameter', sample: 'globalThis.x = 1;' },
  { word: 'fetch', pattern: /(?<![.\w])fetch\s*\(/g, cure: ADAPTER, sample: "fetch('http://localhost');" },
  { word: 'timers', pattern: /\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/g, cure: TIMER, sample: 'setTimeout(f, 1);' },
  { word: 'async', pattern: /\basync\b|\bawait\b|\bnew\s+Promise\b|\.then\s*\(/g, cure: `a pure function waits for nothing: ${ADAPTER}`, sample: 'const f = async () => 1;' },
  { word: 'console', pattern: /\bconsole\s*\./g, cure: 'say it as a fact, or return it', sample: "console.log('x');" },
  { word: 'dynamic import', pattern: /\bimport\s*\(/g, cure: 'import it at the top', sample: "const x = import('./x.ts');" },
  { word: 'locale', pattern: /\.\s*(?:localeCompare|toLocale\w+)\b|\bIntl\s*\./g, cure: LOCALE, sample: 'a.localeCompare(b);' },
];

const wordsOf = (source: Source): Finding[] => RULES.flatMap(({ word, pattern, cure }) => places(source, pattern, `${word} in a pure file; ${cure}`));

function modulesOf({ path, text }: Source): Finding[] {
  return importsOf(text).flatMap(({ specifier, names, line }) => {
    if (!specifier.startsWith('node:')) return [];
    if (specifier === 'node:crypto' && HASHING.test(path) && names.length > 0 && names.every((name) => HASHES.has(name))) return [];
    const cure = specifier === 'node:crypto' ? 'hash with sha256 of src/record/canonical.ts' : ADAPTER;
    return [{ path, line, what: `${specifier} in a pure file; ${cure}` }];
  });
}

const sample = (path: string, text: string): string[] => told([...wordsOf({ path, text }), ...modulesOf({ path, text })]);

test('no pure file holds a word of clock, chance, machine or locale', () => {
  const sources = filesBelow(PURE);
  expect(told(sources.flatMap((source) => [...wordsOf(source), ...modulesOf(source)]))).toEqual([]);
  for (const folder of PURE) expect(filesBelow([folder]), folder).not.toEqual([]);
});

test.each(RULES)('$word bites, and the rule names the cure', ({ word, cure, sample: text }) => {
  expect(sample('machines/x.ts', text)).toContain(`machines/x.ts:1: ${word} in a pure file; ${cure}`);
});

test('a date made of a number, a fetched value or a method of that name is pure', () => {
  expect(sample('machines/x.ts', 'new Date(at).toISOString(); const fetched = plan.fetch(at); type P = Promise<void>;')).toEqual([]);
});

test.each(['fs', 'fs/promises', 'child_process', 'os', 'path', 'timers/promises', 'sqlite', 'net', 'worker_threads'])('node:%s is refused in a pure file', (name) => {
  expect(sample('src/domain/x.ts', `import * as x from 'node:${name}';`)).toHaveLength(1);
});

test('node:crypto is there to hash, in two places', () => {
  expect(sample('src/record/x.ts', "import { createHash, hash as oneShot } from 'node:crypto';")).toEqual([]);
  expect(sample('src/domain/commit-id.ts', "import { createHash } from 'node:crypto';")).toEqual([]);
  expect(sample('src/domain/gate.ts', "import { createHash } from 'node:crypto';")[0]).toContain('hash with sha256 of src/record/canonical.ts');
  expect(sample('src/record/x.ts', "import { createHmac } from 'node:crypto';")).toHaveLength(1);
});
