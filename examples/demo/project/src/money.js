// Money is kept as whole cents: 0.1 + 0.2 is somebody else's bug.

const AMOUNT = /^(-?)(\d+)(?:\.(\d{1,2}))?$/;

/**
 * Reads an amount as people write it.
 *
 * @param {string} text such as "12", "12.5" or "-12.50"
 * @returns {number} whole cents
 */
export function parseAmount(text) {
  const match = AMOUNT.exec(text);
  if (match === null) throw new Error(`not an amount: "${text}"`);
  const [, sign, whole, fraction = ''] = match;
  const cents = Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
  if (!Number.isSafeInteger(cents)) throw new Error(`too large an amount: "${text}"`);
  return sign === '-' && cents !== 0 ? -cents : cents;
}

/**
 * Writes cents so that `parseAmount` reads the same cents again.
 *
 * @param {number} cents
 * @returns {string} such as "12.50"
 */
export function formatAmount(cents) {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  const sign = cents < 0 ? '-' : '';
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** @param {Iterable<number>} amounts in cents */
export function sum(amounts) {
  let total = 0;
  for (const amount of amounts) total += amount;
  return total;
}
