// `doctor` as people start it: each thing that would stop a run is a line with its way out, and it leaves no trace.

import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openSqliteStore } from '#src/adapters/sqlite/store.ts';
import { startWireServer } from '#tests/support/eventstore-wire/server.ts';
import { autopack, leftBehind, linesOf, makePlace, plainNode, removePlace, runArgs, theirs, writePlan, type Options, type Place } from '#tests/support/e2e.ts';
import { startTeam } from '#tests/support/team.ts';
import { skipWithout } from '#tests/support/tools.ts';
import { vendorServer } from '#tests/support/vendor-server.ts';

vi.setConfig({ testTimeout: 120_000 }); // several processes each, on a machine that may be busy

interface Document {
  readonly ok: boolean;
  readonly findings: readonly { readonly name: string; readonly level: string; readonly text: string; readonly fix: string | null }[];
}

interface Case {
  readonly title: string;
  readonly args?: (place: Place) => readonly string[];
  readonly prepare?: (place: Place) => void;
  readonly options?: (place: Place) => Options;
  readonly exit: number;
  /** The line that tells. */
  readonly says: readonly [level: string, name: string, text: RegExp, fix?: RegExp];
}

const healthy = ({ plan, repo, answers }: Place): string[] => ['doctor', plan, '-C', repo.root, '--provider', `script:${answers}`];

const CASES: readonly Case[] = [
  { title: 'where all is well', exit: 0, says: ['ok', 'plan', /1 phases, and their commands are there/] },
  { title: 'with uncommitted files', prepare: ({ repo }) => writeFileSync(join(repo.root, 'new.txt'), 'x'), exit: 0, says: ['warn', 'workspace', /1 uncommitted files/, /commit/] },
  { title: 'outside of a repository', args: ({ folder }) => ['doctor', '-C', folder], exit: 1, says: ['fail', 'workspace', /not inside a git repository/, /git init/] },
  { title: 'without a key', args: ({ repo }) => ['doctor', '-C', repo.root], options: () => ({ env: { OPENAI_API_KEY: '', ANTHROPIC_API_KEY: '' } }), exit: 0, says: ['warn', 'provider', /no model/, /OPENAI_API_KEY/] },
  { title: 'with an unknown provider', args: ({ repo }) => ['doctor', '-C', repo.root, '--provider', 'oracle'], exit: 1, says: ['fail', 'provider', /oracle is not known/, /script:FILE/] },
  { title: 'with a plan whose command is missing', prepare: (place) => writePlan(place, { ci: { command: ['no-such-command'] } }), exit: 1, says: ['fail', 'plan', /not found: no-such-command/, /another command/] },
  { title: 'with a plan that is none', prepare: ({ plan }) => writeFileSync(plan, 'phases: [}'), exit: 1, says: ['fail', 'plan', /plan\.yaml:1:/, /./] },
  { title: 'with a folder for a store', prepare: ({ home }) => mkdirSync(join(home, 'store.db'), { recursive: true }), exit: 1, says: ['fail', 'store', /store\.db/, /--store/] },
  { title: 'with a store elsewhere', options: ({ folder }) => ({ env: { AUTOPACK_STORE: `sqlite:${join(folder, 'elsewhere', 'runs.db')}` } }), exit: 0, says: ['ok', 'store', /elsewhere\/runs\.db \(AUTOPACK_STORE\)/] },
];

test.concurrent.each(CASES.map((item) => [item.title, item] as const))('doctor %s says so with the way out, and leaves no trace', async (_title, { args = healthy, prepare, options, exit, says: [level, name, text, fix] }) => {
  const place = makePlace();
  prepare?.(place);
  const before = theirs(place.repo.root);
  const finished = await autopack(place, [...args(place), '--json'], options?.(place));
  expect(finished.code, finished.err).toBe(exit);
  const [document] = linesOf(finished) as unknown as Document[];
  const found = document?.findings.find((finding) => finding.name === name);
  expect(found).toMatchObject({ level, text: expect.stringMatching(text), fix: fix === undefined ? null : expect.stringMatching(fix) });
  expect(document?.ok).toBe(exit === 0);
  expect(document?.findings.every((finding) => finding.level === 'ok' || finding.fix !== null), 'what is not well has a way out').toBe(true);
  expect(theirs(place.repo.root)).toEqual(before);
  expect(readdirSync(place.folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.includes('doctor-'))).toEqual([]);
  expect(leftBehind(place)).toEqual([]);
  removePlace(place);
});

test('doctor with a state folder that cannot be written says so', async () => {
  const place = makePlace();
  mkdirSync(place.home);
  chmodSync(place.home, 0o500);
  const finished = await autopack(place, healthy(place), { node: plainNode });
  expect(finished.code).toBe(1);
  expect(finished.out).toMatch(/fail +state folder +.* cannot be written: EACCES\n +make it writable, or name another with AUTOPACK_HOME/);
  chmodSync(place.home, 0o700);
  removePlace(place);
});

test('a clock behind the newest record is told, whatever the relay wrote behind that record', async () => {
  const place = makePlace();
  expect((await autopack(place, runArgs(place))).code).toBe(0);
  const { events, close } = await openSqliteStore({ path: join(place.home, 'store.db') });
  await events.append('relay-progress', -1, ['{"position":1}', 'no JSON'].map((data, i) => ({ id: String(i), type: 'relay.progress', data, metadata: { hash: String(i), nonce: 'n' } })));
  await close();
  const finished = await autopack(place, healthy(place), { env: { AUTOPACK_CLOCK: '2026-01-01T00:00:00Z' } });
  expect(finished.out).toMatch(/warn +clock +the clock is \d+ s behind the newest record\n +set the clock/);
  removePlace(place);
});

test('a vendor is asked one short question, and only where it is named; its key is told to nobody', async () => {
  const place = makePlace();
  const server = await vendorServer(() => ({ answer: { text: 'ok', stop: 'end', input: 9, output: 1 } }));
  const env = { OPENAI_API_KEY: 'key-of-nobody-0123456789', OPENAI_BASE_URL: `${server.url}/v1` };
  const silent = await autopack(place, ['doctor', '-C', place.repo.root], { env });
  expect([silent.code, server.asked.length]).toEqual([0, 0]);
  const asked = await autopack(place, ['doctor', '-C', place.repo.root, '--provider', 'openai'], { env });
  expect(asked.code, asked.out).toBe(0);
  expect(asked.out).toMatch(/ok +provider +\S+ at http:\/\/127\.0\.0\.1:\d+\/v1 answered \(10 tokens\)/);
  expect(server.asked).toHaveLength(1);
  for (const { out, err } of [silent, asked]) expect(out + err).not.toContain(env.OPENAI_API_KEY);
  await server.close();
  const gone = await autopack(place, ['doctor', '-C', place.repo.root, '--provider', 'openai'], { env });
  expect(gone.code).toBe(1);
  expect(gone.out).toMatch(/fail +provider +\S+ at http:\S+ gave no answer: [a-z_]+: .*\n +check key, base URL/);
  removePlace(place);
});

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const SERVICES = ['NATS', 'ledger', 'EventStoreDB', 'relay', 'team'];

/** What doctor says of the services, in its order, and how it ends. */
async function servicesSeen(place: Place, env: Options['env'] = {}): Promise<{ readonly code: number | null; readonly seen: Document['findings'] }> {
  const finished = await autopack(place, ['doctor', '-C', place.repo.root, '--provider', `script:${place.answers}`, '--json'], { env: { AUTOPACK_CLOCK: undefined, ...env } });
  const [document] = linesOf(finished) as unknown as Document[];
  return { code: finished.code, seen: (document?.findings ?? []).filter(({ name }) => SERVICES.includes(name)) };
}

const answers = (name: string, version: string) => ({ name, level: 'ok', text: expect.stringMatching(new RegExp(`^${name} ${version} answers in [\\d.]+ ms$`)), fix: null });
const nats = answers('NATS', '\\d+\\.\\d+\\.\\d+ at nats://127\\.0\\.0\\.1:\\d+');
const away = (name: string, level: string, text: RegExp, fix: RegExp) => ({ name, level, text: expect.stringMatching(text), fix: expect.stringMatching(fix) });

test('without a team doctor says so in one line', async () => {
  const place = makePlace();
  closing.push(() => removePlace(place));
  expect(await servicesSeen(place)).toEqual({ code: 0, seen: [{ name: 'team', level: 'ok', text: expect.stringContaining('not configured'), fix: null }] });
});

describe.skipIf(skipWithout('nats-server'))('doctor in a team', () => {
  test('names NATS, ledger and relay with version and round trip, each in a line of its own, and what is away with its way out', async () => {
    const place = makePlace();
    const team = await startTeam(place);
    closing.push(() => removePlace(place), () => team.dispose());
    const noRelay = away('relay', 'warn', /^no relay leads$/, /autopack relay --store/);
    const none = await servicesSeen(place, { AUTOPACK_NATS_URL: team.server.url });
    expect(none).toEqual({ code: 0, seen: [nats, away('ledger', 'warn', /^no ledger answers: /, /autopack ledger/), noRelay] });
    await team.serve('ledger');
    expect(await servicesSeen(place, team.env)).toEqual({ code: 0, seen: [nats, answers('ledger', '\\d+\\.\\d+\\.\\d+'), noRelay] });
    const relay = await team.serve('relay');
    expect(await servicesSeen(place, team.env)).toEqual({ code: 0, seen: [nats, answers('ledger', '\\d+\\.\\d+\\.\\d+'), answers('relay', '\\d+\\.\\d+\\.\\d+')] });
    relay.child.kill('SIGKILL');
    await relay.done;
    const { seen: [, , killed] } = await servicesSeen(place, team.env);
    expect(killed).toEqual(away('relay', 'warn', new RegExp(`process ${relay.child.pid} on \\S+, does not answer$`), /autopack relay --store/));
    await team.server.stop();
    const gone = await servicesSeen(place, team.env);
    expect(gone).toEqual({ code: 1, seen: [away('NATS', 'fail', /^NATS at 127\.0\.0\.1:\d+: it cannot be reached$/, /see that NATS runs/), away('ledger', 'fail', /cannot be asked while NATS is away/, /mend NATS first/), away('relay', 'warn', /cannot be asked while NATS is away/, /mend NATS first/)] });
  });

  test('names an EventStoreDB with its round trip, and its password never', async () => {
    const [place, server] = [makePlace(), await startWireServer()];
    closing.push(() => removePlace(place), () => server.kill());
    const env = { AUTOPACK_STORE: server.url.replace('//', '//admin:hunter2@') };
    const store = answers('EventStoreDB', 'of unknown version at esdb://127\\.0\\.0\\.1:\\d+\\S*');
    expect(await servicesSeen(place, env)).toEqual({ code: 0, seen: [store] });
    const team = await startTeam(place);
    closing.push(() => team.dispose());
    await team.serve('ledger');
    const both = await servicesSeen(place, { ...env, AUTOPACK_NATS_URL: team.server.url });
    expect(both.seen.map(({ name, level }) => `${level} ${name}`)).toEqual(['ok NATS', 'ok ledger', 'ok EventStoreDB', 'warn relay']);
    await server.kill();
    const gone = await servicesSeen(place, env);
    expect(gone).toEqual({ code: 1, seen: [away('EventStoreDB', 'fail', /127\.0\.0\.1:\d+/, /\w/)] });
    expect(JSON.stringify([both, gone])).not.toContain('hunter2');
  });
});
