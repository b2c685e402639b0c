// Accounts by signature
// =====================
// What `nsc` makes for a server that knows its users by an operator's signature alone: the server's settings, and the file of
// credentials of one user.

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { nkeys } from 'nats';

interface KeyPair {
  getSeed(): Uint8Array;
  getPublicKey(): string;
  sign(input: Uint8Array): Uint8Array;
}
/** nats types what it brings from nkeys.js as nothing. */
const { createOperator, createAccount, createUser } = nkeys as unknown as Record<'createOperator' | 'createAccount' | 'createUser', () => KeyPair>;

const url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(issuer: KeyPair, subject: KeyPair, nats: Readonly<Record<string, unknown>>): string {
  const claims = { iat: 1_700_000_000, iss: issuer.getPublicKey(), name: String(nats['type']), sub: subject.getPublicKey(), nats: { version: 2, ...nats } };
  const signed = `${url({ typ: 'JWT', alg: 'ed25519-nkey' })}.${url({ jti: createHash('sha256').update(JSON.stringify(claims)).digest('hex'), ...claims })}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}

const WITHOUT_END = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };

export interface SignedAccount {
  /** In the words of nats-server's own configuration. */
  readonly settings: string;
  /** Writes the credentials of a user of it, as `nsc` does. */
  user(file: string): void;
}

/** An operator with one account that the server knows. */
export function signedAccount(): SignedAccount {
  const [operator, account] = [createOperator(), createAccount()];
  const known = token(operator, account, { type: 'account', limits: WITHOUT_END });
  return {
    settings: `operator: ${token(operator, operator, { type: 'operator' })}\nresolver: MEMORY\nresolver_preload: { ${account.getPublicKey()}: ${known} }`,
    user(file) {
      const user = createUser();
      const jwt = token(account, user, { type: 'user', subs: -1, data: -1, payload: -1 });
      const seed = Buffer.from(user.getSeed()).toString();
      writeFileSync(file, `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`);
    },
  };
}
