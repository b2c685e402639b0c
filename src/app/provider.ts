// Provider
// ========
// Who answers: an answers file, or the vendors' clients by the model's vendor. Keys come from the environment or from
// files that it names; they are known to this process alone.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { scriptedModels } from '#src/adapters/script/models.ts';
import type { VendorCall, VendorOptions } from '#src/adapters/wire/wire.ts';
import { quotaState, type ModelTable, type Vendors } from '#src/domain/routing.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Policy } from '#src/events/policy.ts';
import type { FailedCall, Models } from '#src/ports/models.ts';
import { setting, type Environment } from './machine.ts';

export interface Provider extends Models {
  /** sha256 over what answers, where that is a file: a resume warns when it changed. Null for vendors. */
  readonly digest: string | null;
  /** Values that must never leave this process. */
  readonly secrets: readonly string[];
}

const VENDORS = {
  openai: { key: 'OPENAI_API_KEY', url: 'OPENAI_BASE_URL', open: async (options: VendorOptions) => (await import('#src/adapters/openai/models.ts')).openaiModels(options) },
  anthropic: { key: 'ANTHROPIC_API_KEY', url: 'ANTHROPIC_BASE_URL', open: async (options: VendorOptions) => (await import('#src/adapters/anthropic/models.ts')).anthropicModels(options) },
} as const;
type Vendor = keyof typeof VENDORS;
export const vendorNames = Object.keys(VENDORS) as Vendor[];
/** A key itself, or a file that holds it. */
export const keyVariables = vendorNames.flatMap((name) => [VENDORS[name].key, `${VENDORS[name].key}_FILE`]);
export const NO_PROVIDER_HINT = `set ${vendorNames.map((name) => VENDORS[name].key).join(' or ')}, or give --provider script:FILE`;
const isVendor = (name: string): name is Vendor => name in VENDORS;

export interface ProviderOptions {
  readonly env: Environment;
  readonly table: ModelTable;
  /** The models that the run may ask. */
  readonly used: readonly string[];
  /** Vendors whose quota is used up: a call of one fails before it is made. */
  readonly spent?: ReadonlySet<string>;
}

const FREE = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
const withoutAsking = (code: string, message: string): FailedCall => ({ ok: false, retryAfterMs: 0, usage: FREE, failure: { code, message, retryable: false } });

/** Who answers where nobody needs to: a cancelled run settles without models. */
export const nobody: Provider = {
  idempotent: true, digest: null, secrets: [], human: () => null,
  call: () => Promise.resolve(withoutAsking('answer_missing', 'the run is being cancelled')),
};

/** Every model that a policy may route to. */
export const modelsUsed = ({ phases }: Policy): string[] =>
  [...new Set(phases.flatMap(({ policy }) => [...policy.builderWalk, ...policy.auditorWalk, ...(policy.auditor2Walk === null ? [] : [...policy.auditor2Walk, policy.judgeModel]), policy.plannerModel]))].sort();

/** `script:FILE` | `vendors` (each model from its own) | `openai` | `anthropic` (all from one). @throws ExecutorError `provider.invalid` */
export async function openProvider(provider: string, options: ProviderOptions): Promise<Provider> {
  if (provider.startsWith('script:')) return { ...(await scriptedModels(provider.slice('script:'.length))), secrets: [] };
  if (provider === 'vendors' || isVendor(provider)) return vendorModels(isVendor(provider) ? provider : null, options);
  throw new ExecutorError('provider.invalid', `the provider ${provider} is not known`, { hint: `give --provider script:FILE, vendors, ${vendorNames.join(' or ')}` });
}

/** As it is remembered: a relative file means nothing from elsewhere. */
export const absoluteProvider = (provider: string): string => (provider.startsWith('script:') ? `script:${resolve(provider.slice('script:'.length))}` : provider);

/** What answers when nobody says so: the vendors, where at least one can be reached. */
export const defaultProvider = (env: Environment): string | null => (configured(env).length > 0 ? 'vendors' : null);

/** Vendors with a key or a server. */
export const configured = (env: Environment): string[] => vendorNames.filter((name) => isReachable(env, name));

/** The server that is asked in place of the vendor's own; null for that one. */
export const serverOf = (env: Environment, name: string): string | null => (isVendor(name) ? setting(env, VENDORS[name].url) : null);

const isReachable = (env: Environment, name: Vendor): boolean => [VENDORS[name].key, `${VENDORS[name].key}_FILE`, VENDORS[name].url].some((variable) => setting(env, variable) !== null);

const vendorFor = (only: Vendor | null, table: ModelTable, model: string): Vendor | null => only ?? (table.models.get(model)?.provider as Vendor | undefined) ?? null;

export interface VendorOptionsOf {
  readonly env: Environment;
  readonly table: ModelTable;
  /** Beside those of the configuration. */
  readonly disabled: readonly string[];
  /** Tokens of the last seven days by vendor. */
  readonly used: ReadonlyMap<string, number>;
  /** Somebody with keys of their own will ask them. */
  readonly isElsewhere?: boolean;
}

/** Who would answer, and how each one stands. An answers file needs no key and has no quota. @throws ExecutorError `usage.invalid` */
export function vendorsBy(provider: string, { env, table, disabled, used, isElsewhere = false }: VendorOptionsOf): Vendors {
  const unknown = disabled.filter((name) => !isVendor(name));
  if (unknown.length > 0) throw new ExecutorError('usage.invalid', `--disable-provider ${unknown.join(', ')} is no vendor`, { hint: vendorNames.join(' or ') });
  const off = new Set([...table.disabledVendors, ...disabled]);
  return {
    of: (model) => vendorFor(isVendor(provider) ? provider : null, table, model),
    state(vendor) {
      if (off.has(vendor)) return 'disabled';
      if (provider.startsWith('script:')) return 'open';
      return isVendor(vendor) && (isElsewhere || isReachable(env, vendor)) ? quotaState(used.get(vendor) ?? 0, table.quotas.get(vendor)) : 'keyless';
    },
  };
}

async function vendorModels(only: Vendor | null, { env, table, used, spent }: ProviderOptions): Promise<Provider> {
  const vendorOf = (model: string): Vendor | null => vendorFor(only, table, model);
  const needed = vendorNames.filter((name) => used.some((model) => vendorOf(model) === name));
  const missing = needed.filter((name) => !isReachable(env, name));
  if (missing.length > 0) throw noKey(missing, used.filter((model) => missing.some((name) => vendorOf(model) === name)));
  const opened = await Promise.all(needed.map(async (name) => [name, await optionsOf(env, name)] as const));
  const calls = new Map<Vendor, VendorCall>(await Promise.all(opened.map(async ([name, options]) => [name, await VENDORS[name].open(options)] as const)));
  return {
    idempotent: false,
    digest: null,
    secrets: opened.flatMap(([, { apiKey }]) => (apiKey === null ? [] : [apiKey])),
    human: () => null,
    call(request, signal) {
      const name = vendorOf(request.model);
      const call = name === null ? undefined : calls.get(name);
      if (call === undefined) throw new Error(`no client for ${request.model}`);
      if (name !== null && spent?.has(name) === true) return Promise.resolve(withoutAsking('quota_spent', `the weekly quota of ${name} is used up`));
      // A server of one's own may know no schemas: the prompt asks for the same.
      const isHeld = table.models.get(request.model)?.structured === true && setting(env, VENDORS[name as Vendor].url) === null;
      return call(isHeld ? request : { ...request, schema: null }, signal);
    },
  };
}

function noKey(names: readonly Vendor[], models: readonly string[]): ExecutorError {
  const variables = names.map((name) => VENDORS[name].key).join(' and ');
  return new ExecutorError('provider.invalid', `no key for ${names.join(' and ')}, which ${models.join(', ')} would be asked of`, { hint: `set ${variables} (or …_FILE, or …_BASE_URL for a server without keys), or give --provider script:FILE` });
}

async function optionsOf(env: Environment, name: Vendor): Promise<VendorOptions> {
  const { key, url } = VENDORS[name];
  const baseUrl = setting(env, url);
  if (baseUrl !== null && !isBaseUrl(baseUrl)) throw new ExecutorError('provider.invalid', `${url} is not a base URL: http or https, without user, query or fragment`);
  return { apiKey: setting(env, key) ?? (await keyIn(env, `${key}_FILE`)), baseUrl };
}

async function keyIn(env: Environment, variable: string): Promise<string | null> {
  const file = setting(env, variable);
  if (file === null) return null;
  const key = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (key === '' || /\s/.test(key)) throw new ExecutorError('provider.invalid', `${variable} names a file that holds no key`, { hint: 'one line, readable by this user' });
  return key;
}

/** A user, query or fragment in it would end in logs, or be a mistake. */
function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === '');
}
