// Commands over the bus: each is the same record as the command line's, what is no command appends nothing.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { virtualClock } from '#src/adapters/clock/clock.ts';
import { memoryBroker, memoryBus } from '#src/adapters/memory/bus.ts';
import { memoryStore } from '#src/adapters/memory/store.ts';
import { serveCommands } from '#src/app/command-service.ts';
import { appendedOf } from '#src/adapters/ledger/wire.ts';
import { readHistory } from '#src/kernel/history.ts';
import { toStored } from '#src/kernel/log.ts';
import type { Bus } from '#src/ports/bus.ts';
import { sealed, streamOf, type RunRecord } from '#src/record/record.ts';
import { recordRun } from '#tests/support/recorded.ts';

const RUN = 'asked';
/** A run as it stands when a phase asks and offers another attempt, and another one has not ended. */
function waiting(): { readonly records: readonly RunRecord[]; readonly phase: string; readonly question: string } {
  for (let seed = 1; seed < 200; seed += 1) {
    const { records } = recordRun(seed, RUN, ['a', 'b']);
    const seq = records.findIndex(({ effects }) => effects.some(({ type, params }) => type === 'askHuman' && (params['options'] as string[]).includes('again')));
    const asked = records[seq]?.effects.find(({ type }) => type === 'askHuman');
    const isYoung = records.slice(0, seq).every(({ event, facts }) => event.type !== 'run.cancel_requested' && facts.every(({ type }) => type !== 'phase.ended' && type !== 'run.paused'));
    if (asked !== undefined && isYoung) return { records: records.slice(0, seq + 1), phase: String(asked.params['phase']), question: `${RUN}/${asked.id.slice('phase:'.length)}` };
  }
  throw new Error('no recorded run asks');
}

const { records: past, phase, question } = waiting();
let store: ReturnType<typeof memoryStore>;
let bus: Bus;
let service: { close(): Promise<void> };
const nudged: string[] = [];

beforeEach(async () => {
  const broker = memoryBroker();
  [store, bus] = [memoryStore(), memoryBus(broker)];
  nudged.splice(0);
  for (const record of past) await store.events.append(streamOf(RUN), record.seq - 1, [toStored(sealed(record), 'n')]);
  await bus.listen(appendedOf('*'), ({ subject }) => void nudged.push(subject));
  service = await serveCommands({ bus: memoryBus(broker), store, machine: { clock: virtualClock(Date.UTC(2027, 0, 1)) }, logger: { warn: () => {}, info: () => {} } });
});
afterEach(async () => {
  await service.close();
  await bus.close();
});

async function ask(subject: string, body: unknown): Promise<Record<string, unknown>> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
  return JSON.parse(Buffer.from(await bus.request(subject, bytes, 1_000)).toString('utf8')) as Record<string, unknown>;
}
const command = (name: string, body: object = {}): Promise<Record<string, unknown>> => ask(`autopack.v1.${RUN}.command.${name}`, { v: 1, ...body });
const added = async (): Promise<RunRecord[]> => (await readHistory(store.events, RUN)).slice(past.length);
const said = async (): Promise<unknown[]> => (await added()).map(({ to, event: { type, data } }) => [to, type, data]);

describe('commands over the bus', () => {
  test('an answer is recorded once, the same again is accepted without a record, another is rejected', async () => {
    expect(await command('approve', { question, option: 'again', note: 'look twice' })).toEqual({ v: 1, accepted: true, run: RUN, option: 'again' });
    expect(await command('approve', { question, option: 'again', note: 'look twice' })).toMatchObject({ accepted: true });
    expect(await command('reject', { question })).toMatchObject({ accepted: false, code: expect.stringMatching(/^(answered|unknown_option)$/) });
    expect(await said()).toEqual([[`phase:${phase}`, 'question.answered', { option: 'again', note: 'look twice', by: 'human' }]]);
    expect(nudged).toContain(appendedOf(streamOf(RUN)));
  });

  test('retry answers the open question, and is rejected where nobody is asked', async () => {
    expect(await command('retry', { phase, note: 'again' })).toEqual({ v: 1, accepted: true, question });
    expect(await command('retry', { phase })).toMatchObject({ accepted: false, message: expect.stringContaining(phase) });
    expect(await said()).toEqual([[`phase:${phase}`, 'question.answered', { option: 'again', note: 'again', by: 'human' }]]);
  });

  test('skip leaves a phase out, cancel ends the run; the second time both are rejected', async () => {
    expect(await command('skip', { phase, reason: 'not now' })).toEqual({ v: 1, accepted: true, seq: past.length });
    expect(await command('skip', { phase })).toMatchObject({ accepted: false });
    expect(await command('cancel')).toEqual({ v: 1, accepted: true, seq: past.length + 1 });
    expect(await command('cancel')).toMatchObject({ accepted: false, code: 'not_accepted' });
    expect(await said()).toEqual([[`phase:${phase}`, 'phase.skip_requested', { reason: 'not now' }], ['run', 'run.cancel_requested', { reason: 'cancelled by command' }]]);
  });

  const to = (run: string, name: string): string => `autopack.v1.${run}.command.${name}`;
  test.each([
    ['an unknown name', to(RUN, 'resume'), { v: 1 }, 'usage.invalid'],
    ['a name with a dot', to(RUN, 'cancel.now'), { v: 1 }, 'usage.invalid'],
    ['a name that every object has', to(RUN, 'constructor'), { v: 1 }, 'usage.invalid'],
    ['no version', to(RUN, 'cancel'), {}, 'usage.invalid'],
    ['another version', to(RUN, 'cancel'), { v: 2 }, 'usage.invalid'],
    ['a field too many', to(RUN, 'cancel'), { v: 1, force: true }, 'usage.invalid'],
    ['a field too few', to(RUN, 'skip'), { v: 1 }, 'usage.invalid'],
    ['a reason that is too long', to(RUN, 'cancel'), { v: 1, reason: 'x'.repeat(501) }, 'usage.invalid'],
    ['no JSON', to(RUN, 'cancel'), '{"v": 1', 'usage.invalid'],
    ['a run that is none', to('$sys', 'cancel'), { v: 1 }, 'run.unknown'],
    ['an unknown run', to('other', 'cancel'), { v: 1 }, 'run.unknown'],
    ['an unknown phase', to(RUN, 'skip'), { v: 1, phase: 'zzz' }, 'phase.unknown'],
    ["another run's question", to('other', 'approve'), { v: 1, question }, 'question.unknown'],
    ['an unknown question', to(RUN, 'approve'), { v: 1, question: `${RUN}/a/99999` }, 'question.unknown'],
  ])('%s is refused with its reason, and nothing is appended', async (_, subject, body, code) => {
    expect(await ask(subject, body)).toEqual({ v: 1, accepted: false, code, message: expect.any(String), hint: expect.any(String) });
    expect(await added()).toEqual([]);
    expect(nudged).toEqual([]);
  });

  test.each(['autopack.v1.*.command.cancel', 'autopack.v1.a.b.command.cancel', 'autopack.v1..command.cancel'])('nobody listens to %s', async (subject) => {
    await expect(ask(subject, { v: 1 })).rejects.toMatchObject({ code: expect.stringMatching(/^bus\./) });
  });
});
