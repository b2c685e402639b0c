// The command line as a function: words and a ledger go in, text and an exit code come out.

import { toCsv } from './csv.js';
import { parseLedger, toRows, totals } from './ledger.js';
import { formatAmount, sum } from './money.js';

export const USAGE = `usage: tally COMMAND < LEDGER

  list    the entries, in order of date
  sum     what each category cost, and the total
  csv     the entries for a spreadsheet
  help    this text
`;

const commands = {
  list: (entries) => entries.map(describe).join(''),
  sum: (entries) => table([...totals(entries), ['total', sum(entries.map(({ cents }) => cents))]]),
  csv: (entries) => toCsv(toRows(entries)),
};

/**
 * @param {string[]} argv the words after `tally`
 * @param {string} text the ledger
 * @returns {{out: string, err: string, code: number}}
 */
export function run(argv, text) {
  const [name = 'help'] = argv;
  if (name === 'help') return { out: USAGE, err: '', code: 0 };
  if (!Object.hasOwn(commands, name)) return { out: '', err: `tally: no command "${name}"; see "tally help"\n`, code: 2 };
  try {
    return { out: commands[name](parseLedger(text)), err: '', code: 0 };
  } catch (error) {
    return { out: '', err: `tally: ${error.message}\n`, code: 1 };
  }
}

function describe({ date, category, cents, note }) {
  return `${`${date}  ${category.padEnd(12)}${formatAmount(cents).padStart(10)}  ${note}`.trimEnd()}\n`;
}

function table(rows) {
  return rows.map(([name, cents]) => `${name.padEnd(12)}${formatAmount(cents).padStart(10)}\n`).join('');
}
