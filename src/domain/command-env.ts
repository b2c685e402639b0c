// The environment of commands
// ===========================
// Fixed, so that a test cannot read our keys and sees the same world on every machine. Source: DESIGN 3, 7.

export interface CommandPlaces {
  /** Absolute. */
  readonly home: string;
  readonly temp: string;
  /** The search path. */
  readonly path: string;
}

/** What looks like a key has no business in a command that we did not write. */
const KEY = /KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|PRIVATE|(^|_)AUTH(_|$)/i;
export const isKeyName = (name: string): boolean => KEY.test(name);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @param extra the phase's `ci.env`; it may choose language and time zone, not the places. */
export function commandEnv({ home, temp, path }: CommandPlaces, extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const allowed = Object.entries(extra).filter(([name]) => NAME.test(name) && !/^AUTOPACK_/i.test(name) && !isKeyName(name));
  return { LANG: 'C.UTF-8', TZ: 'UTC', ...Object.fromEntries(allowed), PATH: path, HOME: home, TMPDIR: temp, USER: 'autopack' };
}
