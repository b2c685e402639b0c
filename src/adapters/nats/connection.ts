// The connection
// ==============
// Where the servers are and who we are, as people set it; and NATS's errors in our words.

import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator, ErrorCode, NatsError, nkeyAuthenticator, type ConnectionOptions, type NatsConnection, type TlsOptions } from 'nats';
import { withoutCredentials } from '#src/domain/secrets.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { identityAmong } from './identity.ts';

export interface NatsOptions {
  /** `nats://host:port` or `tls://…`, several with commas; a user and password, or a token, may stand before the `@`. */
  readonly url: string;
  readonly token?: string | null;
  /** Paths of files: a seed, or credentials as `nsc` writes them. */
  readonly nkey?: string | null;
  readonly creds?: string | null;
  /** Paths of PEM files; any of them asks for TLS. */
  readonly ca?: string | null;
  readonly cert?: string | null;
  readonly key?: string | null;
  /** Told when the connection is lost and when it is back. */
  readonly tell?: (what: string) => void;
}

const CONNECT_MS = 5_000;
const RETRY_MS = 250;
/** A server that is silent for two of them is left. */
const PING_MS = 5_000;

/** @throws ExecutorError `usage.invalid` | `bus.unavailable` | `bus.refused` */
export async function connection(options: NatsOptions): Promise<NatsConnection> {
  const settings = settingsOf(options);
  try {
    const nc = await connect(settings);
    void watch(nc, options.tell ?? (() => {}));
    return nc;
  } catch (error) {
    throw busError(error, `NATS at ${String(settings.servers)}`);
  }
}

function settingsOf({ url, token, nkey, creds, ca, cert, key }: NatsOptions): ConnectionOptions {
  const servers = url.split(',').map((text) => serverOf(text.trim(), url));
  const [first] = servers;
  const asksTls = servers.some(({ tls }) => tls) || ca != null || cert != null;
  const files = { ...(ca == null ? {} : { caFile: ca }), ...(cert == null ? {} : { certFile: cert }), ...(key == null ? {} : { keyFile: key }) };
  for (const file of Object.values(files)) readable(file);
  return {
    servers: servers.map(({ host }) => host),
    name: 'autopack', noAsyncTraces: true, // an error with its stack for each request would be a third of the processor
    timeout: CONNECT_MS, pingInterval: PING_MS, maxPingOut: 2,
    reconnect: true, maxReconnectAttempts: -1, reconnectTimeWait: RETRY_MS, ignoreAuthErrorAbort: true, // BU7: without end
    ...(first?.user == null || first.pass == null ? {} : { user: first.user, pass: first.pass }),
    ...(token ?? (first?.pass == null ? first?.user : null) ? { token: token ?? first?.user ?? '' } : {}),
    ...(nkey == null ? {} : { authenticator: nkeyAuthenticator(readable(nkey)) }),
    ...(creds == null ? {} : { authenticator: credsAuthenticator(readable(creds)) }),
    ...(asksTls ? { tls: { ...files, checkServerIdentity: identityAmong(servers.map(({ name }) => name)) } as TlsOptions } : {}),
  };
}

/** @param all the list it stands in: a password with a comma in it is cut in two */
function serverOf(text: string, all: string): { name: string; host: string; user: string | null; pass: string | null; tls: boolean } {
  const url = URL.parse(text.includes('://') ? text : `nats://${text}`);
  const [user, pass] = [written(url?.username), written(url?.password)];
  if (url === null || user === null || pass === null || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '' || !isBare(url)) {
    // What stands before the last `@` may be a key, also behind a `?`: that stands in no address of NATS.
    throw new ExecutorError('usage.invalid', `${withoutCredentials(all.replaceAll('?', ''))} is no address of NATS`, { hint: 'give AUTOPACK_NATS_URL like nats://127.0.0.1:4222; a password with signs in it stands best in AUTOPACK_NATS_USER and AUTOPACK_NATS_PASSWORD' });
  }
  return { name: url.hostname, host: `${url.hostname}:${url.port || '4222'}`, user: user || null, pass: pass || null, tls: url.protocol === 'tls:' };
}

/** A path or a question stands in no address of NATS, but may in a password that was cut in two. */
const isBare = ({ pathname, search, hash }: URL): boolean => ['', '/'].includes(pathname) && search === '' && hash === '';

/** What stands in an address as `%41`. @returns null where a `%` is none */
function written(value = ''): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}

function readable(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ExecutorError('usage.invalid', `the file ${file} that NATS needs cannot be read`, { hint: 'look at the AUTOPACK_NATS_ variables', cause });
  }
}

async function watch(nc: NatsConnection, tell: (what: string) => void): Promise<void> {
  for await (const { type } of nc.status()) {
    if (type === 'disconnect') tell('the connection to NATS is lost: it is made again as soon as that is possible');
    if (type === 'reconnect') tell('the connection to NATS is back');
  }
}

/** A server that is gone or held still answers no PING, and the client waits for that without end. @throws NatsError as one that is silent does */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(NatsError.errorForCode(ErrorCode.Timeout)), ms);
  return Promise.race([work, silence]).finally(() => clearTimeout(timer));
}

const REFUSED: readonly string[] = [
  ErrorCode.AuthorizationViolation, ErrorCode.BadAuthentication, ErrorCode.BadCreds, ErrorCode.PermissionsViolation, ErrorCode.AccountExpired,
  ErrorCode.AuthenticationExpired, ErrorCode.MaxPayloadExceeded, ErrorCode.BadSubject, ErrorCode.BadHeader, ErrorCode.InvalidOption,
  ErrorCode.ServerOptionNotAvailable, ErrorCode.WssRequired, ErrorCode.Tls, 'ERR_TLS_CERT_ALTNAME_INVALID', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

const HINTS: Readonly<Record<string, string>> = {
  [ErrorCode.AuthorizationViolation]: 'give the credentials: in AUTOPACK_NATS_URL, AUTOPACK_NATS_TOKEN, AUTOPACK_NATS_NKEY or AUTOPACK_NATS_CREDS',
  [ErrorCode.ServerOptionNotAvailable]: 'it speaks no TLS: say nats:// instead of tls://, or let it speak TLS',
};

/** @returns `error` itself when it is one of ours. */
export function busError(error: unknown, where: string): ExecutorError {
  if (error instanceof ExecutorError) return error;
  const { code = '', message } = error as { code?: string; message: string };
  const isRefused = REFUSED.includes(code) || message.includes("'Authorization Violation'");
  const hint = HINTS[code] ?? (isRefused ? 'look at the AUTOPACK_NATS_ variables' : 'see that NATS runs and can be reached');
  return new ExecutorError(isRefused ? 'bus.refused' : 'bus.unavailable', `${where}: ${told(code, message)}`, { hint, cause: error });
}

function told(code: string, message: string): string {
  switch (code) {
    case ErrorCode.NoResponders:
      return 'nobody listens there';
    case ErrorCode.Timeout:
      return 'no answer in time';
    case ErrorCode.ConnectionClosed:
    case ErrorCode.ConnectionDraining:
      return 'the connection is closed';
    case ErrorCode.ConnectionRefused:
      return 'it cannot be reached';
    case ErrorCode.ServerOptionNotAvailable:
      return 'the server does not speak TLS';
    default:
      return message.slice(0, 200);
  }
}
