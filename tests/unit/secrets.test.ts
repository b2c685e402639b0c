import { expect, test } from 'vitest';
import { isSecretFree } from '#src/domain/secrets.ts';

const LETTERS = 'AbCdEfGhIjKlMnOpQrStUvWxYz0123456789';
const BODY = `${LETTERS}${LETTERS}`;
// Put together here, so that no scanner takes the tests for a leak.
const begin = (kind: string): string => `-----${'BEGIN'} ${kind}-----`;

test.each([
  ['an OpenAI key', `sk-${LETTERS}`], ['a project key', `sk-proj-${LETTERS}`], ['an Anthropic key', `sk-ant-api03-${LETTERS}`], ['a GitHub token', `ghp_${LETTERS}`], ['a fine-grained GitHub token', `github_pat_${LETTERS}`],
  ['an AWS key', `AKIA${'ABCDEFGHIJKLMNOP'}`], ['a Slack token', `xoxb-${'1234567890-abcdefghij'}`],
  ['a private key', `${begin('PRIVATE KEY')}\n${BODY}\n`], ['an RSA key with CRLF', `${begin('RSA PRIVATE KEY')}\r\n${BODY}`], ['an OpenSSH key', `${begin('OPENSSH PRIVATE KEY')}\n${BODY}`],
  ['an encrypted key with headers', `${begin('RSA PRIVATE KEY')}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123\n\n${BODY}`],
  ['a key inside JSON', JSON.stringify({ private_key: `${begin('PRIVATE KEY')}\n${BODY}\n` })], ['a PGP key', `${begin('PGP PRIVATE KEY BLOCK')}\n\n${BODY}`], ['a key in an indented block', `key: |\n  ${begin('EC PRIVATE KEY')}\n  ${BODY}`],
])('DESIGN 7: a text with %s is not free of secrets', (_what, text) => {
  expect(isSecretFree(`const a = "${text}";`)).toBe(false);
  expect(isSecretFree(text)).toBe(false);
});

test.each([
  '', 'sk-', 'sk-short', 'risk-management-of-the-whole-enterprise-system', 'ask-me-anything-about-the-weather-today', 'ghp_short', 'AKIAshort', 'AKIA', 'xoxb-', LETTERS, `sha256:${'0123456789abcdef'.repeat(4)}`,
  begin('PUBLIC KEY') + BODY, begin('CERTIFICATE') + BODY, `if (text.includes('${begin('PRIVATE KEY')}')) throw new Error('no');`, `${begin('PRIVATE KEY')}${' '.repeat(100)}`,
])('DESIGN 7: %j is an ordinary text', (text) => {
  expect(isSecretFree(text)).toBe(true);
});

test.each(['sk-', 'A', ' ', '-----BEGIN ', `${'-----BEGIN'} PRIVATE KEY-----`, 'A '])('DESIGN 7: a text of nothing but %j is judged in no time to speak of', (unit) => {
  const before = performance.now();
  isSecretFree(unit.repeat(400_000 / unit.length));
  expect(performance.now() - before).toBeLessThan(1000);
});
