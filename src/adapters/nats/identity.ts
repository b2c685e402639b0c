// Who the server is
// =================
// The client hands the name of a server to TLS, but no address: a server that is given as 10.0.0.1 would be checked as
// `localhost`, so a certificate for the address would be refused, and one for any `localhost` taken.

import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

const UNNAMED = 'localhost';

/** @param hosts as they were given, without ports */
export function identityAmong(hosts: readonly string[]): (name: string, certificate: PeerCertificate) => Error | undefined {
  const addresses = hosts.map((host) => host.replace(/^\[(.*)\]$/, '$1')).filter((host) => isIP(host) !== 0);
  return (name, certificate) => {
    const isUnnamed = name === UNNAMED && addresses.length > 0 && !hosts.includes(UNNAMED);
    if (!isUnnamed) return checkServerIdentity(name, certificate);
    const wrong = addresses.map((address) => checkServerIdentity(address, certificate));
    return wrong.includes(undefined) ? undefined : wrong[0];
  };
}
