// Strength of tests
// =================
// How much the text of test files asserts, roughly and in any language: a change that leaves less of it than there was
// weakens them. A tautology asserts nothing.

/** A file of tests by its place or name. */
const TEST_FILE = /(?:^|\/)(?:tests?|__tests__|specs?|testing)\/|(?:^|\/)(?:test|tests|conftest|test_[^/]*)\.\w+$|[._-](?:test|tests|spec)\.\w+$|(?:Test|Tests|Spec)\.\w+$/;

export const isTestFile = (path: string): boolean => TEST_FILE.test(path);

const COMMENT = /^\s*(?:\/\/|#|\*|\/\*|--)/;
const ASSERTION = /\bassert\w*\b(?!\s*(?:=[^=]|from\b|,|\}))|\bexpect(?:\.\w+)?\s*\(|\.should\b|\bt\.(?:is|not|ok|notOk|true|false|truthy|falsy|equals?|notEqual|same|strictSame|match|deepEquals?|throws|rejects|pass|fail|error)\s*\(|\bself\.fail\s*\(|\bpytest\.(?:raises|warns)\b/g;
const IMPORT = /^\s*(?:import\b|from\s+\S+\s+import\b|(?:const|let|var)\b[^=]*=\s*(?:await\s+import|require)\s*\()/;
const TAUTOLOGY = /\bassert\s+(?:True|1)\s*(?:#|$)|\bassert(?:\.ok|\.equal|\.strictEqual)?\s*\(\s*(?:true|1|!0)\s*(?:,\s*(?:true|1|['"`].*)\s*)?\)|\bexpect\(\s*(true|false|1|0|null)\s*\)\s*\.\s*(?:toBe|toEqual|toStrictEqual)\(\s*\1\s*\)|\bexpect\(\s*(?:true|1)\s*\)\s*\.\s*toBeTruthy\(|\bassertTrue\(\s*True\s*\)|\bt\.(?:ok|pass|true)\(\s*(?:true|1)?\s*[,)]/;

export function assertionsIn(text: string): number {
  let count = 0;
  for (const line of text.split('\n')) {
    if (line.length > 2000 || COMMENT.test(line) || IMPORT.test(line) || TAUTOLOGY.test(line)) continue;
    count += [...line.matchAll(ASSERTION)].length;
  }
  return count;
}
