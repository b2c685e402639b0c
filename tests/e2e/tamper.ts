// Tamper
// ======
// `npm run e2e:tamper`: every byte of the exported file of a small run changed in turn, a sample of those of the demo's,
// the tail cut off everywhere, every column of every record and body of both stores. `--sample N`: bytes of the demo.
// Each must be exit 8 and name the record that it concerns.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportRun } from '#src/app/export.ts';
import { openStore } from '#src/app/machine.ts';
import { demoIn, lifeFor, RUN, startArgs } from '#tests/support/killing.ts';
import { bytesOf, finishedRun, NEVER } from '#tests/support/real-run.ts';
import { cutTails, isMissed, isMisplaced, tamperBytes, tamperStore } from '#tests/support/tamper.ts';
import { temporary } from '#tests/support/user-repository.ts';

const BIT = 0x01;
const CASE = 0x20; // the other case of a letter

interface Subject {
  readonly path: string;
  readonly run: string;
  /** One byte of so many; 1 for all. */
  readonly step: (bytes: number) => number;
}

const folder = temporary('autopack-tamper-');
const missed: string[] = [];
const told = (line: string): boolean => process.stdout.write(`${line}\n`);

async function tamper({ path, run, step }: Subject): Promise<void> {
  const store = await openStore(`sqlite:${path}`, NEVER);
  const bytes = await bytesOf(exportRun(store, run));
  await store.close();
  let changed = 0;
  for (const mask of [BIT, CASE]) {
    for await (const tampered of tamperBytes(bytes, step(bytes.length), mask)) {
      changed += 1;
      if (isMissed(tampered)) missed.push(`${run}: byte ${tampered.at} of ${tampered.expected}: ${tampered.verdict.exit} ${tampered.verdict.message}`);
    }
  }
  let cuts = 0;
  for await (const { at, verdict } of cutTails(bytes)) {
    cuts += 1;
    if (verdict.exit !== 8) missed.push(`${run}: cut at ${at}: ${verdict.exit} ${verdict.message}`);
  }
  let columns = 0;
  for await (const change of tamperStore(path, run)) {
    columns += 1;
    if (isMisplaced(change, run)) missed.push(`${run}: ${change.what}: ${change.verdict.exit} ${change.verdict.message}`);
  }
  told(`${run}: ${changed} changed bytes of ${bytes.length}, ${cuts} cut tails, ${columns} changed columns`);
}

const { values } = parseArgs({ options: { sample: { type: 'string', default: '1000' } } });
const started = performance.now();
const path = join(folder, 'small.db');
await (await finishedRun({ a: 'one\n' }, `sqlite:${path}`)).store.close();
await tamper({ path, run: 'small', step: () => 1 });
const place = await demoIn(folder, 'demo');
const { code } = await lifeFor(place, startArgs(place));
if (code !== 0) missed.push(`the demo exits ${code}`);
await tamper({ path: join(place.home, 'store.db'), run: RUN, step: (bytes) => Math.max(1, Math.floor(bytes / Number(values.sample))) });
told(`${missed.length === 0 ? 'every change was noticed, each with its record' : `${missed.length} missed`}; ${((performance.now() - started) / 1000).toFixed(1)} s`);
for (const line of missed.slice(0, 50)) told(line);
rmSync(folder, { recursive: true });
process.exitCode = missed.length === 0 ? 0 : 1;
