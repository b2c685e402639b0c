// Command service
// ===============
// Commands of the team over the bus: `autopack.v1.<run>.command.<name>`, one request and one answer, kept by no feed. Each
// is what the command line's command of that name does: the same function, the same record.

import type { Logger } from 'pino';
import { z } from 'zod';
import { appendedOf } from '#src/adapters/ledger/wire.ts';
import { ExecutorError, type Rejection } from '#src/errors/errors.ts';
import { Id } from '#src/events/define.ts';
import { unknownRun } from '#src/kernel/history.ts';
import type { Bus, BusMessage } from '#src/ports/bus.ts';
import { decodeJson } from '#src/record/json.ts';
import { streamOf } from '#src/record/record.ts';
import { answer, cancel, retry, skip, type Clocked, type Log } from './commands.ts';
import { serve } from './serving.ts';

const VERSION = 1;
/** A name with dots comes here too, and is told that it is none. */
const FILTER = 'autopack.v1.*.command.>';
const QUEUE = 'commands';

const Envelope = z.object({ v: z.int() });
const Text = z.string().max(500).default('');
const reasoned = z.strictObject({ v: z.int(), reason: Text });
const answering = z.strictObject({ v: z.int(), question: z.string().max(200), note: Text });

export interface CommandDeps {
  readonly bus: Bus;
  readonly machine: Clocked;
  readonly store: Log;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

type Accepted = Readonly<Record<string, string | number>>;
type Act = (deps: Pick<CommandDeps, 'machine' | 'store'>, run: string) => Promise<Accepted | Rejection>;

interface Command {
  /** What is asked, parsed. @throws ZodError */
  parse(body: unknown): Act;
}

const command = <S extends z.ZodType>(schema: S, act: (deps: Pick<CommandDeps, 'machine' | 'store'>, run: string, asked: z.infer<S>) => Promise<Accepted | Rejection>): Command => ({
  parse(body) {
    const asked = schema.parse(body);
    return (deps, run) => act(deps, run, asked);
  },
});

const COMMANDS: Readonly<Record<string, Command>> = {
  cancel: command(reasoned, async ({ machine, store }, run, { reason }) => seqOf(await cancel(machine, store, run, reason === '' ? 'cancelled by command' : reason))),
  approve: command(answering.extend({ option: z.string().max(100).nullable().default(null) }), async ({ machine, store }, run, { question, option, note }) => answer(machine, store, { question: ofRun(run, question), option, note })),
  reject: command(answering, async ({ machine, store }, run, { question, note }) => answer(machine, store, { question: ofRun(run, question), option: 'reject', note })),
  retry: command(z.strictObject({ v: z.int(), phase: z.string().max(200), note: Text }), async ({ machine, store }, run, { phase, note }) => retry(machine, store, { run, phase, note })),
  skip: command(reasoned.extend({ phase: z.string().max(200) }), async ({ machine, store }, run, { phase, reason }) => seqOf(await skip(machine, store, { run, phase, reason: reason === '' ? 'skipped by command' : reason }))),
};

const seqOf = (outcome: { readonly seq: number } | Rejection): Accepted | Rejection => ('rejected' in outcome ? outcome : { seq: outcome.seq });

function ofRun(run: string, question: string): string {
  if (!question.startsWith(`${run}/`)) throw new ExecutorError('question.unknown', `${question} is no question of ${run}`, { hint: 'its id begins with the run that the subject names' });
  return question;
}

/** @returns what ends it: no new command is taken, those under way are answered first */
export async function serveCommands(deps: CommandDeps): Promise<{ close(): Promise<void> }> {
  return serve(deps.bus, { filter: FILTER, queue: QUEUE, answer: (message) => obey(deps, message) });
}

async function obey(deps: CommandDeps, { subject, body, respond }: BusMessage): Promise<void> {
  const [, , run = '', , ...name] = subject.split('.');
  const tell = (answered: object): void => respond(Buffer.from(JSON.stringify({ v: VERSION, ...answered })));
  try {
    const act = commandOf(name.join('.'), body);
    if (!Id.safeParse(run).success) throw unknownRun(run);
    const outcome = await act(deps, run);
    if ('rejected' in outcome) return tell({ accepted: false, code: outcome.code, message: outcome.message, hint: null });
    deps.logger.info({ subject }, 'accepted');
    await deps.bus.publish(appendedOf(streamOf(run)), new Uint8Array()).catch(() => {}); // who follows looks every second
    tell({ accepted: true, ...outcome });
  } catch (error) {
    const known = error instanceof ExecutorError ? error : new ExecutorError('store.unavailable', `the service met an error: ${error instanceof Error ? error.message : String(error)}`);
    deps.logger.warn({ subject, code: known.code, why: known.message }, 'refused');
    tell({ accepted: false, code: known.code, message: known.message, hint: known.hint });
  }
}

/** @throws ExecutorError `usage.invalid` naming what is wrong with it */
function commandOf(name: string, body: Uint8Array): Act {
  const known = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (known === undefined) throw refused(`there is no command ${name}`, `known: ${Object.keys(COMMANDS).join(', ')}`);
  const value = decode(body);
  const envelope = Envelope.safeParse(value);
  if (!envelope.success) throw refused('the message has no version', 'send {"v": 1, …}');
  if (envelope.data.v !== VERSION) throw refused(`the message has version ${envelope.data.v}, this service knows ${VERSION}`, 'use the same version of autopack on both sides');
  try {
    return known.parse(value);
  } catch (error) {
    throw refused(error instanceof z.ZodError ? z.prettifyError(error).slice(0, 500) : String(error), 'docs/alerts.md names the fields of each');
  }
}

const refused = (why: string, hint: string): ExecutorError => new ExecutorError('usage.invalid', `the command is refused: ${why}`, { hint });

function decode(body: Uint8Array): unknown {
  try {
    return decodeJson(body);
  } catch {
    throw refused('it is no JSON', 'send {"v": 1, …}');
  }
}
