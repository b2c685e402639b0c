// What a ledger takes
// ===================
// Records of runs, whole, in their chain, and nothing else: whoever reaches the bus writes no other stream, no other
// product's events, no damaged history and no answer for a run that is not there. It does not run the charts: that is what whoever reads does.

import { ExecutorError } from '#src/errors/errors.ts';
import { Id } from '#src/events/define.ts';
import { fromStored } from '#src/kernel/log.ts';
import type { EventStore, NewEvent } from '#src/ports/event-store.ts';
import { Latest } from '#src/record/latest.ts';
import { GENESIS, originOf, RECORD_BYTES_MAX, runOf, sealed, streamOf, type RunRecord } from '#src/record/record.ts';
import type { LedgerRules } from './ledger.ts';
import { isSubmissionMark } from './submission.ts';

/** Of so many streams the last record is known without a look into the store. */
const KNOWN_MAX = 10_000;

type Link = Pick<RunRecord, 'run' | 'seq' | 'hash' | 'at'>;

export function ledgerRules(events: EventStore): LedgerRules {
  const known = new Latest<string, Link>(KNOWN_MAX); // stream -> a record that stands in it
  const linkAt = async (run: string, seq: number): Promise<Link | null> => {
    const kept = known.get(streamOf(run));
    if (kept?.seq === seq) return kept;
    const [stored] = await events.read(streamOf(run), { from: seq, limit: 1 });
    return stored === undefined ? null : fromStored(run, stored);
  };
  const remember = ({ run, seq, hash, at }: Link): void => void known.set(streamOf(run), { run, seq, hash, at });
  return {
    async append(stream, expected, added) {
      const run = runIn(stream);
      const records = added.map((event, i) => recordIn(run, event, expected + 1 + i));
      let before = await predecessor(records[0], linkAt);
      for (const record of records) {
        if (before === 'unknown') break; // nothing stands there: the store says so itself
        hold(record, before);
        before = record;
      }
      return records;
    },
    appended(records) {
      const last = records.at(-1);
      if (last !== undefined) remember(last);
    },
    async run(run, memo) {
      runIn(streamOf(run));
      if (memo === undefined || known.has(streamOf(run)) || isSubmissionMark(memo)) return;
      const first = await linkAt(run, 0);
      if (first === null) throw refused(`there is no run ${run} that it could be an answer of`);
      remember(first);
    },
  };
}

const refused = (why: string): ExecutorError => new ExecutorError('ledger.refused', `the ledger refuses it: ${why}`);

function runIn(stream: string): string {
  const run = runOf(stream) ?? '';
  if (!Id.safeParse(run).success) throw refused(`${stream} is no stream of a run`);
  return run;
}

/** @throws ExecutorError `record.damaged` | `ledger.refused` */
function recordIn(run: string, event: NewEvent, revision: number): RunRecord {
  const bytes = Buffer.byteLength(event.data);
  if (bytes > RECORD_BYTES_MAX) throw refused(`a record of ${bytes} bytes is above ${RECORD_BYTES_MAX}`);
  const record = fromStored(run, { ...event, stream: streamOf(run), revision, position: 0 });
  if (!isCanonical(record, event.data)) throw new ExecutorError('record.damaged', `record ${run}@${revision}: its bytes are not canonical`);
  return record;
}

/** One value, one text: else two readers could take the same bytes for different records. */
function isCanonical(record: RunRecord, text: string): boolean {
  try {
    return sealed(record).body === text;
  } catch {
    return false; // what canonical text refuses, or nested deeper than anybody writes
  }
}

/** Null before the first record of a run. */
async function predecessor(record: RunRecord | undefined, linkAt: (run: string, seq: number) => Promise<Link | null>): Promise<Link | null | 'unknown'> {
  if (record === undefined) return 'unknown';
  const origin = originOf(record);
  if (origin !== null && record.seq === 0) {
    if (!Id.safeParse(origin.run).success) throw refused(`${origin.run} is no run`);
    const forked = await linkAt(origin.run, origin.seq);
    if (forked?.hash !== origin.hash) throw new ExecutorError('record.damaged', `record ${record.run}@0: it goes on from ${origin.run}@${origin.seq}, which is not in this store`);
    return forked;
  }
  return record.seq === 0 ? null : ((await linkAt(record.run, record.seq - 1)) ?? 'unknown');
}

function hold({ run, seq, prev, at }: RunRecord, before: Link | null): void {
  if (prev !== (before?.hash ?? GENESIS)) throw new ExecutorError('record.damaged', `record ${run}@${seq}: it does not follow from the record before it`);
  if (at < (before?.at ?? 0)) throw new ExecutorError('record.damaged', `record ${run}@${seq}: it is older than the record before it`);
}
