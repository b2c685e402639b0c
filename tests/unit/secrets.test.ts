import { expect, test } from 'vitest';
import { isSecretFree, secretsIn, withoutCredentials, withoutSecrets } from '#src/domain/secrets.ts';

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

test('DESIGN 7 keys are struck out of a text, and nothing else is', () => {
  const block = `${begin('PRIVATE KEY')}\n${BODY}\n-----${'END'} PRIVATE KEY-----`;
  expect(withoutSecrets(`a sk-${LETTERS} b\n${block}\nc ghp_${LETTERS} d hush e hush`, ['hush'])).toBe('a [a key was here] b\n[a key was here]\nc [a key was here] d [a key was here] e [a key was here]');
  expect(withoutSecrets(`x ${begin('PRIVATE KEY')}\n${BODY} cut off`)).toBe('x [a key was here]');
  expect(withoutSecrets('sk-short and risk-management', ['hush'])).toBe('sk-short and risk-management');
});

test('DESIGN 7 a variable is a key by its name, unless it is a short word or a place', () => {
  expect(secretsIn({ SERVICE_TOKEN: 'q7-hush-nobody-knows', DB_PASSWORD: 'short', SSH_AUTH_SOCK: '/run/user/1000/agent', HOME: 'a-long-value-of-no-secret', EMPTY_KEY: undefined })).toEqual(['q7-hush-nobody-knows']);
});

test('DESIGN 7 the password of an address is a key, whatever its variable is called; a user and a short word are none', () => {
  expect(secretsIn({ AUTOPACK_NATS_URL: 'nats://team:hunter-22@a:4222,tls://t0ken-of-b@b', HOME_PAGE: 'https://host/a@b', SSH: 'ssh://git@host', OTHER: 'nats://team:short@a' })).toEqual(['hunter-22', 't0ken-of-b']);
});

test('DESIGN 7 the password of the bus is a key as in an address, whichever way it is given', () => {
  expect(secretsIn({ AUTOPACK_NATS_URL: 'nats://a:4222', AUTOPACK_NATS_USER: 'somebody', AUTOPACK_NATS_PASSWORD: 'hunter 22' })).toEqual(['hunter 22']);
  expect(secretsIn({ AUTOPACK_NATS_PASSWORD: 'short' })).toEqual([]);
});

test.each([
  ['nats://team@a:4222', 'nats://a:4222'],
  ['nats://t0ken-of-a@a', 'nats://a'],
  ['tls://team:hush@a:4222', 'tls://a:4222'],
  ['esdb://admin:h%40sh@a:2113?tls=false', 'esdb://a:2113?tls=false'],
  ['nats://team:h@sh@a', 'nats://a'],
  ['esdb://admin:h/u?s,h@a:2113', 'esdb://a:2113'],
  ['nats://team:hush@a:1,nats://team:hush@b:2,tls://t0ken@c', 'nats://a:1,nats://b:2,tls://c'],
  ['nats://team:hush@a, nats://b', 'nats://a, nats://b'],
  ['esdb+discover://admin:hush@a:1,b:2?tls=true', 'esdb+discover://a:1,b:2?tls=true'],
  ['esdb://admin:hush@a?tlsCaFile=/home/me@work/ca.pem&userKeyFile=/k.pem', 'esdb://a?tlsCaFile=/home/me@work/ca.pem&userKeyFile=/k.pem'],
  ['team:hush@a:4222', 'a:4222'],
  ['team:hush@a,team:hush@b', 'b'],
])('DESIGN 7: of the address %s only %s is shown', (address, shown) => {
  expect(withoutCredentials(address)).toBe(shown);
});

test.each(['nats://a:4222,b:4222', 'esdb://a:2113?tls=false', 'ledger:', 'memory:', 'sqlite:/home/me@work/a//b@c.db'])('DESIGN 7: %s has nothing to hide', (address) => {
  expect(withoutCredentials(address)).toBe(address);
});
