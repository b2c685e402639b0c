// Secrets
// =======
// What must never enter a prompt, a record or a patch: keys by their shape. Nothing is masked inside a patch; a text
// that holds one is refused whole.

const SHAPES: readonly RegExp[] = [
  /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{24,}/,
  // Headers may stand before the body, and inside JSON its lines end in a written `\n`.
  /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[^]{0,300}?[A-Za-z0-9+/]{48}/,
  /\bgh[pousr]_[A-Za-z0-9]{36,}/,
  /\bgithub_pat_[A-Za-z0-9_]{36,}/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /\bxox[abprs]-[A-Za-z0-9-]{20,}/,
];

/** @param known values of keys that this machine uses, whatever their shape. */
export const isSecretFree = (text: string, known: readonly string[] = []): boolean => SHAPES.every((shape) => !shape.test(text)) && known.every((value) => !text.includes(value));
