// The demo's plan with both vendors' real clients against a loopback server, recorded, and played again from the recording.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { vendorServer, type Asked, type Behaviour } from '#tests/support/vendor-server.ts';

const BIN = fileURLToPath(new URL('../../bin/autopack.js', import.meta.url));
const KEYS = { OPENAI_API_KEY: 'openai-key-of-nobody-0123456789', ANTHROPIC_API_KEY: 'anthropic-key-of-nobody-0123456789' };

interface Recorded { readonly role: string; readonly phase: string; readonly text?: string; readonly stop_reason?: 'end' | 'max_tokens' | 'refusal'; readonly usage: { readonly input: number; readonly output: number } }
interface Finished { readonly code: number | null; readonly out: string; readonly err: string }

function autopack(home: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:OPENAI|ANTHROPIC|AUTOPACK)_/.test(name)));
  const child = spawn(process.execPath, [BIN, ...args], { env: { ...inherited, AUTOPACK_HOME: home, AUTOPACK_CLOCK: '2026-01-02T03:04:05Z', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((resolve) => void child.once('close', (code) => resolve({ code, out, err })));
}

/** Gives recorded answers to whoever asks for the role and phase, in their order. */
function answering(answers: Recorded[]): (asked: Asked) => Behaviour {
  return ({ path, body }) => {
    const text = JSON.stringify(body);
    const kind = text.includes('You are an auditor') ? (path.endsWith('/messages') ? 'auditor' : 'auditor2') : text.includes('You are a planner') ? 'planner' : 'builder';
    const at = answers.findIndex(({ role, phase }) => role === kind && text.includes(phase));
    const [answer] = at === -1 ? [] : answers.splice(at, 1);
    if (answer === undefined) return { status: 404, body: '{"error":{"message":"nothing recorded"}}' };
    return { answer: { text: answer.text ?? '', stop: answer.stop_reason ?? 'end', ...answer.usage } };
  };
}

/** Until the question, its approval, and to the end. */
async function throughTheQuestion(home: string, args: readonly string[], env: Readonly<Record<string, string>>, record: string): Promise<Finished[]> {
  const asked = await autopack(home, ['run', ...args], env);
  const approved = await autopack(home, ['approve', 'demo/currency-places/9'], env);
  const finished = await autopack(home, ['resume', 'demo', '--record', record], env);
  return [asked, approved, finished];
}

const filesBelow = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)).filter((name) => statSync(name).isFile());

test('the demo over both vendors\' clients ends as with scripted answers; its recording gives the same log, and keys stay out of everything', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'autopack-vendors-'));
  const place = (name: string): { home: string; repo: string } => ({ home: join(folder, name, 'home'), repo: join(folder, name, 'repo') });
  const [scripted, live, again] = [place('scripted'), place('live'), place('again')];
  for (const { home, repo } of [scripted, live, again]) expect((await autopack(home, ['init', '--example', repo])).code).toBe(0);
  const args = (repo: string, provider: string) => [join(repo, 'plan.yaml'), '-C', repo, '--run-id', 'demo', '--provider', provider];

  const first = join(folder, 'scripted.json');
  const reference = await autopack(scripted.home, ['run', ...args(scripted.repo, `script:${join(scripted.repo, 'answers.yaml')}`), '--record', first]);
  expect(reference.code, reference.err).toBe(0);
  const answers = (JSON.parse(readFileSync(first, 'utf8')) as { answers: Recorded[] }).answers;
  expect(answers.length).toBeGreaterThan(25);

  const server = await vendorServer(answering(answers.filter(({ role }) => role !== 'human')));
  const env = { ...KEYS, OPENAI_BASE_URL: `${server.url}/v1`, ANTHROPIC_BASE_URL: server.url };
  const second = join(folder, 'live.json');
  const lived = await throughTheQuestion(live.home, args(live.repo, 'vendors'), env, second);
  await server.close();
  expect(lived.map(({ code }) => code), lived.map(({ err }) => err).join('\n')).toEqual([4, 0, 0]);
  expect(new Set(server.asked.map(({ path }) => path)), 'both vendors were asked').toEqual(new Set(['/v1/messages', '/v1/chat/completions']));

  const recording = JSON.parse(readFileSync(second, 'utf8')) as { version: 1; answers: Recorded[] };
  const third = join(folder, 'models-only.json');
  writeFileSync(third, JSON.stringify({ ...recording, answers: recording.answers.filter(({ role }) => role !== 'human') }));
  const played = await throughTheQuestion(again.home, args(again.repo, `script:${third}`), {}, join(folder, 'again.json'));
  expect(played.map(({ code }) => code), played.map(({ err }) => err).join('\n')).toEqual([4, 0, 0]);

  const logs = await Promise.all([live, again].map(({ home }) => autopack(home, ['log', 'demo', '--json'])));
  expect(logs[1]?.out).toBe(logs[0]?.out);
  for (const { home } of [live, again]) expect((await autopack(home, ['replay', 'demo', '--verify'])).code).toBe(0);
  expect(readFileSync(join(folder, 'again.json'), 'utf8')).toBe(readFileSync(second, 'utf8'));

  const said = [...lived, ...logs].map(({ out, err }) => out + err).join('');
  for (const key of Object.values(KEYS)) {
    expect(said).not.toContain(key);
    expect(filesBelow(folder).filter((file) => readFileSync(file).includes(key))).toEqual([]);
  }
  rmSync(folder, { recursive: true, force: true });
}, 300_000);
