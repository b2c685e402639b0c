// alerts
// ======
// What people want to be told of, as it happens or since a time; each once, though the bus may bring it twice.

import { once } from 'node:events';
import { KINDS, SEVERITIES, type Alert } from '#projections/alerts.ts';
import { ALERTS, alertFilter } from '#src/app/feeds.ts';
import { finishCommand, tellFinish } from '#src/app/on-finish.ts';
import { openBus } from '#src/app/team.ts';
import { secretsIn } from '#src/domain/secrets.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { Id } from '#src/events/define.ts';
import type { Context } from './context.ts';
import type { Output } from './streams.ts';

export interface AlertsOptions {
  readonly since?: string;
  readonly run?: string;
  readonly severity?: string;
  readonly kind?: string;
  readonly exec?: string;
  readonly durable?: string;
}

/** So many ids are remembered to know a repeat. */
const SEEN_MAX = 10_000;

export async function alertsCommand(context: Context, options: AlertsOptions): Promise<number> {
  const { machine, output, stop } = context;
  const argv = finishCommand(options.exec, '--exec');
  const from = options.since === undefined ? ('new' as const) : sinceOf(options.since, Date.now());
  const durable = durableOf(options.durable);
  oneOf('--severity', options.severity, SEVERITIES);
  oneOf('--kind', options.kind, KINDS);
  if (options.run !== undefined && !Id.safeParse(options.run).success) throw new ExecutorError('usage.invalid', `--run ${options.run} is no name of a run`);
  const bus = await openBus(machine);
  try {
    await bus.feed(ALERTS);
    const seen = new Set<string>();
    const { goesOn } = await bus.consume({ feed: ALERTS.name, filter: alertFilter(options), durable, from }, async ({ body }) => {
      const alert = JSON.parse(Buffer.from(body).toString('utf8')) as Alert;
      if (seen.has(alert.id)) return;
      const problem = argv === null ? null : await tellFinish(argv, alert, { env: machine.env, secrets: secretsIn(machine.env) });
      if (problem !== null) {
        output.warn(`--exec: ${problem}; told again`);
        throw new Error(problem);
      }
      show(output, alert);
      remember(seen, alert.id);
    });
    if (goesOn && options.since !== undefined) output.warn(`--durable ${durable} was there: it goes on where it stopped, and --since is for a new one`);
    output.say('alerts ready');
    if (!stop.signal.aborted) await once(stop.signal, 'abort');
    return stop.code() ?? 0;
  } finally {
    await bus.close();
  }
}

function remember(seen: Set<string>, id: string): void {
  seen.add(id);
  const [oldest] = seen;
  if (seen.size > SEEN_MAX && oldest !== undefined) seen.delete(oldest);
}

const COLOURS = { info: 'cyan', warn: 'yellow', critical: 'red' } as const;

function show(output: Output, alert: Alert): void {
  if (output.json) output.emit(alert);
  output.print(`${alert.at} ${output.style(COLOURS[alert.severity], alert.severity)} ${alert.kind} ${alert.runId}${alert.phase === null ? '' : `/${alert.phase}`}: ${alert.message}`);
  if (alert.next !== null) output.print(output.style('dim', `  ${alert.next}`));
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `15m`, `2h`, `7d`, or a time in ISO 8601. */
function sinceOf(text: string, now: number): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const at = unit === '' ? (/^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN) : now - Number(count) * (UNITS[unit] ?? 0);
  if (!Number.isFinite(at)) throw new ExecutorError('usage.invalid', `--since ${text} is no time`, { hint: 'give 15m, 2h, 7d or ISO 8601' });
  return Math.max(0, at);
}

function oneOf(option: string, text: string | undefined, known: readonly string[]): void {
  if (text !== undefined && !known.includes(text)) throw new ExecutorError('usage.invalid', `${option} ${text} is not known`, { hint: `known: ${known.join(', ')}` });
}

function durableOf(name: string | undefined): string | null {
  if (name !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(name)) throw new ExecutorError('usage.invalid', `--durable ${name} is no name`, { hint: 'letters, digits, - and _' });
  return name ?? null;
}
