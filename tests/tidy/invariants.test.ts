// A number is a promise that some test cites; a promise without a test is advice, and advice gets no number.

import { expect, test } from 'vitest';
import { citations, citedIn, isCited, promises, promisesOf, type Promised } from './invariants.ts';

/** Promises that no test cites yet, `id file`. The list may only shrink: an entry that is cited fails. */
const NOT_YET: readonly string[] = [];

/** Ids that two files define: one number, two meanings. The list may only shrink. */
const SHARED: readonly string[] = [];

/** `N5 machines/run.ts` of each promise that nobody cites. */
function uncited(): Promised[] {
  const cited = citations();
  return promises().filter((promise) => !isCited(promise, SHARED.includes(promise.id), cited));
}
const keyOf = ({ id, path }: Promised): string => `${id} ${path}`;

test('every numbered promise is cited by a test that keeps it', () => {
  const forgotten = uncited().filter((promise) => !NOT_YET.includes(keyOf(promise)));
  expect(forgotten.map(({ id, path, line, text }) => `${path}:${line}: ${id} is cited by no test; write \`test('${id} …')\` (${text})`)).toEqual([]);
});

test('a promise that is kept leaves the list of those that are not', () => {
  const still = new Set(uncited().map(keyOf));
  expect(NOT_YET.filter((key) => !still.has(key)), 'it is cited, or gone: take it out of NOT_YET').toEqual([]);
});

test('a number has one meaning', () => {
  const homes = new Map<string, Set<string>>();
  for (const { id, path } of promises()) homes.set(id, (homes.get(id) ?? new Set()).add(path));
  const shared = [...homes].filter(([, paths]) => paths.size > 1);
  expect(shared.filter(([id]) => !SHARED.includes(id)).map(([id, paths]) => `${id} is defined in ${[...paths].join(' and ')}; give one of them a letter of its own`)).toEqual([]);
  expect(SHARED.filter((id) => shared.every(([known]) => known !== id)), 'take it out of SHARED').toEqual([]);
});

test('what a test cites is promised somewhere', () => {
  const defined = new Set(promises().map(({ id }) => id));
  const letters = new Set([...defined].map((id) => id.replace(/\d+$/, '')));
  const unknown = citations().filter(({ id }) => letters.has(id.replace(/\d+$/, '')) && !defined.has(id));
  expect(unknown.map(({ id, path }) => `${path} cites ${id}, which no header promises; was it renumbered?`)).toEqual([]);
});

test('where two files share a number, a test of the one does not keep the other', () => {
  const promise = { id: 'P1', line: 1, text: '' };
  const cited = [{ id: 'P1', path: 'tests/contract/processes.test.ts' }];
  expect(isCited({ ...promise, path: 'src/ports/processes.ts' }, true, cited)).toBe(true);
  expect(isCited({ ...promise, path: 'machines/phase-context.ts' }, true, cited)).toBe(false);
  expect(isCited({ ...promise, path: 'machines/phase-context.ts' }, false, cited)).toBe(true);
});

test('promises are read from headers alone', () => {
  const text = "// Step\n// ====\n// One sentence.\n//\n//   K2. First, in\n//       two lines.\n//   K31. Second.\n\nconst a = 1;\n//   K9. No header.";
  expect(promisesOf({ path: 'x.ts', text }).map(({ id, line }) => `${id}:${line}`)).toEqual(['K2:5', 'K31:7']);
});

test('a title or a comment cites, a word in the middle of a string does not', () => {
  expect([...citedIn("test('L1, L2 appends are atomic', f); // keeps K4\nconst a = 'see P3'; test(`N1 ${x} passes`, f);")]).toEqual(['L1', 'L2', 'K4', 'N1']);
  expect([...citedIn("const S1 = 'a'; const b = 'E1abc';")]).toEqual([]);
});
