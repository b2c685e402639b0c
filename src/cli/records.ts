// Records for people
// ==================

import type { RunRecord } from '#src/record/record.ts';
import type { Output } from './streams.ts';

export function recordLines(output: Output, { run, seq, at, to, event, moves, facts, effects }: RunRecord): string[] {
  const { style } = output;
  const cause = event.cause === undefined ? '' : style('dim', ` answers ${event.cause}`);
  return [
    `${style('bold', `${run}@${seq}`)} ${style('dim', new Date(at).toISOString())} ${style('cyan', event.type)} → ${to}${cause}`,
    ...(Object.keys(event.data).length === 0 ? [] : [`       ${style('dim', 'input')}  ${brief(event.data)}`]),
    ...moves.map(({ actor, from, to: target }) => `       ${style('green', 'move')}   ${actor} ${from} → ${target}`),
    ...facts.map(({ actor, type, data }) => `       ${style('yellow', 'fact')}   ${actor} ${type} ${brief(data)}`),
    ...effects.map(({ id, type, params }) => `       ${style('magenta', 'effect')} ${id} ${type} ${brief(params)}`),
  ];
}

function brief(data: Record<string, unknown>): string {
  const text = JSON.stringify(data);
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
