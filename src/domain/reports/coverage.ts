// Coverage
// ========
// Lines that a run of the tests went through, from lcov and Cobertura. Lines are counted, totals that a file states are
// not believed. Anything else is unknown, which is neither 0 nor 100. Source: E-174.

import { SaxesParser } from 'saxes';

interface Lines { readonly covered: number; readonly all: number }

const DEPTH_MAX = 100;

/** Covered lines in basis points, rounded down; null where it is unknown. */
export function coverageBp(text: string): number | null {
  const lines = /^\s*</.test(text) ? cobertura(text.replace(/^\uFEFF/, '').trim()) : lcov(text);
  return lines === null || lines.all === 0 ? null : Math.floor((lines.covered * 10_000) / lines.all);
}

/** Records of `SF:file … end_of_record`; a cut one makes the whole unknown. */
function lcov(text: string): Lines | null {
  let [covered, all, isOpen] = [0, 0, false];
  for (const line of text.split('\n')) {
    if (line.startsWith('SF:')) isOpen = true;
    else if (line.startsWith('end_of_record')) isOpen = false;
    const hits = isOpen ? /^DA:\d+,(-?\d+)/.exec(line)?.[1] : undefined;
    if (hits === undefined) continue;
    all += 1;
    if (Number(hits) > 0) covered += 1;
  }
  return isOpen ? null : { covered, all };
}

/** Lines of classes; those of their methods are the same ones again. A document type is passed over, it defines nothing here. */
function cobertura(text: string): Lines | null {
  const parser = new SaxesParser();
  const path: string[] = [];
  let [covered, all] = [0, 0];
  parser.on('error', (error) => { throw error; });
  parser.on('opentag', ({ name, attributes: { hits } }) => {
    if (path.length >= DEPTH_MAX || (path.length === 0 && name !== 'coverage')) throw new Error('no report of coverage');
    if (name === 'line' && path.at(-1) === 'lines' && path.at(-2) === 'class') {
      all += 1;
      if (Number(hits) > 0) covered += 1;
    }
    path.push(name);
  });
  parser.on('closetag', () => { path.pop(); });
  try {
    parser.write(text).close();
  } catch {
    return null;
  }
  return { covered, all };
}
