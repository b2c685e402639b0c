// Runs that were recorded once and must replay for ever, and what holds the charts' versions to them.

import { expect, test } from 'vitest';
import type { z } from 'zod';
import { pinsFor, systemFor, versions } from '#src/app/pins.ts';
import { effects } from '#src/events/effects.ts';
import { facts } from '#src/events/facts.ts';
import { inputs } from '#src/events/inputs.ts';
import { edgesNotTaken, historiesOf, historyVersions, pinsOf, replay } from '#tests/support/histories.ts';
import { isLocked, nameOf, objections } from '#tests/support/lock-charts.ts';

const today = nameOf(versions);

test.each(historyVersions())('K10 every run that %s recorded replays as it was recorded', (version) => {
  const histories = historiesOf(version);
  expect(histories.length).toBeGreaterThan(0);
  expect(histories.flatMap(({ name, records }) => {
    const { divergence } = replay(records, systemFor);
    return divergence === null ? [] : [`${name}@${divergence.seq} ${divergence.what}`];
  })).toEqual([]);
  expect(histories.filter(({ records }) => nameOf(pinsOf(records)) !== version).map(({ name }) => name), 'filed under another version').toEqual([]);
});

test('the recorded runs of today\'s versions take every edge of both charts', () => {
  const taken = historiesOf(today).map(({ records }) => replay(records, systemFor).edges);
  expect(edgesNotTaken(taken)).toEqual([]);
  expect(edgesNotTaken(taken.slice(1)), 'none of them is idle').not.toEqual([]);
});

test('machines/versions.json holds today\'s bytes, and every recorded run replays under them: else run npm run lock', () => {
  expect(isLocked(), 'charts or schemas changed: npm run lock').toBe(true);
  expect(objections()).toEqual([]);
});

test('a run that other bytes recorded is refused, naming both', () => {
  const pins = pinsFor(new Map());
  const others = { ...pins, charts: pins.charts.map((chart) => ({ ...chart, sha256: '0'.repeat(64) })) };
  expect(() => systemFor({ pins: others })).toThrow(/^the run is pinned to autopack .*phase@1 \(000000000000\).*; this is autopack .*phase@1 \((?!000000000000)/);
  expect(() => systemFor({})).toThrow(/an unreadable version/);
});

test('E1 every input, fact and effect of every recorded run is what its type and version mean today', () => {
  const shapes = [...Object.values(inputs), ...Object.values(facts), ...Object.values(effects)];
  const schemas = new Map(shapes.map(({ type, data, params }: { type: string; data?: z.ZodType; params?: z.ZodType }) => [type, data ?? params]));
  const versionsOf = new Map(Object.values(inputs).map(({ type, v }) => [type as string, v]));
  const seen = new Set<string>();
  const check = (place: string, type: string, value: unknown): string[] => {
    seen.add(type);
    const found = schemas.get(type)?.safeParse(value);
    return found?.success === true ? [] : [`${place} ${type}: ${found?.error.message ?? 'no such type'}`];
  };
  const problems = historyVersions().flatMap(historiesOf).flatMap(({ name, records }) => records.flatMap(({ seq, event, facts: said, effects: asked }) => [
    ...(versionsOf.get(event.type) === event.v ? [] : [`${name}@${seq} ${event.type} is of version ${event.v}`]),
    ...check(`${name}@${seq}`, event.type, event.data), ...said.flatMap(({ type, data }) => check(`${name}@${seq}`, type, data)), ...asked.flatMap(({ type, params }) => check(`${name}@${seq}`, type, params)),
  ]));
  expect(problems).toEqual([]);
  expect([...schemas.keys()].filter((type) => !seen.has(type)), 'what no recorded run holds, but for forks').toEqual(['run.forked']);
});
