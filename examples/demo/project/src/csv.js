// Rows of text, separated by commas. Good enough for our own files; see the tests for what that means.

/**
 * @param {string} text lines of comma-separated fields; blank lines are skipped
 * @returns {string[][]}
 */
export function parseCsv(text) {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.split(','));
}

/**
 * @param {string[][]} rows
 * @returns {string} one line a row, each with its line end
 */
export function toCsv(rows) {
  return rows.map((row) => `${row.join(',')}\n`).join('');
}
